"""Wrong usage, such as an unknown option: shown as JSON where JSON is wanted."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import takewhile
from typing import Any

import typer
from typer.core import TyperGroup

_WrongUsage: type[Exception] = typer.BadParameter.__mro__[2]
"""The class of all errors that are shown with a usage; typer has no public name for it."""


class Commands(TyperGroup):
    """The commands of `vca`; with ``--json``, wrong usage is one JSON document, too."""

    def main(self, args: Sequence[str] | None = None, *rest: Any, **named: Any) -> Any:
        """Run the command that the arguments name."""
        given = list(sys.argv[1:] if args is None else args)
        if "--json" not in takewhile(lambda word: word != "--", given) or not named.get("standalone_mode", True):
            return super().main(args, *rest, **named)
        named["standalone_mode"] = False
        try:
            ended = super().main(args, *rest, **named)
        except _WrongUsage as error:
            _tell(error)
            ended = getattr(error, "exit_code", 2)
        sys.exit(ended if isinstance(ended, int) else 0)


def _tell(error: Any) -> None:
    from vca_core.cli.output import print_json
    from vca_core.errors import BadArguments

    print_json({"error": BadArguments(error.format_message(), []).as_data()})
