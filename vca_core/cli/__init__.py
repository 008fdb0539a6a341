"""The command `vca`. Modules are named after their commands; they import what they need when they are run."""

from __future__ import annotations

import sys
from itertools import takewhile

from vca_core.extras import install_from_clone


def main() -> None:
    """Run the command; the entry point."""
    try:
        from vca_core.cli.app import app, help_of  # typer and rich are an extra
        from vca_core.cli.output import echo, flush, is_output_lost, stand_in_for_closed
    except ModuleNotFoundError as error:
        if error.name not in ("typer", "rich"):
            raise
        print(f"vca: the command needs typer and rich; {install_from_clone('cli')}", file=sys.stderr)  # noqa: T201 - there is nothing else to say it with
        sys.exit(2)
    stand_in_for_closed()
    words = list(takewhile(lambda word: word != "--", sys.argv[1:]))
    if {"--help", "-h"} & set(words):
        echo(help_of(words))
    else:
        app(prog_name="vca")
    flush()
    if is_output_lost():
        sys.exit(1)
