"""Wrong usage, such as an unknown option: shown as JSON where JSON is wanted."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress
from itertools import takewhile
from typing import Any

import typer
from typer.core import TyperGroup

from vca_core.cli.output import echo, print_json

_WrongUsage: type[Exception] = typer.BadParameter.__mro__[2]
"""The class of all errors that are shown with a usage; typer has no public name for it."""


class Commands(TyperGroup):
    """The commands of `vca`; with ``--json``, wrong usage is one JSON document, too."""

    def main(self, args: Sequence[str] | None = None, *rest: Any, **named: Any) -> Any:
        """Run the command that the arguments name."""
        if not named.get("standalone_mode", True):
            return super().main(args, *rest, **named)
        given = list(sys.argv[1:] if args is None else args)
        named["standalone_mode"] = False
        try:
            ended = super().main(args, *rest, **named)
        except _WrongUsage as error:
            ended = getattr(error, "exit_code", 2)
            if "--json" in takewhile(lambda word: word != "--", given):
                _tell(error)
            else:
                with suppress(OSError):  # of a disk that is full
                    error.show()  # type: ignore[attr-defined]  # typer has no public name for its class
        except typer.Abort:  # the input ended at a question
            echo("Stopped.", err=True)
            ended = 1
        sys.exit(ended if isinstance(ended, int) else 0)


def _tell(error: Any) -> None:
    from vca_core.errors import BadArguments

    print_json({"error": BadArguments(error.format_message(), []).as_data()})
