"""The command `vca`. Modules are named after their commands; they import what they need when they are run."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command; the entry point."""
    try:
        from vca_core.cli.app import app  # noqa: PLC0415 - typer and rich are an extra
    except ModuleNotFoundError as error:
        if error.name not in ("typer", "rich"):
            raise
        print("vca: the command needs typer and rich; install them: pip install 'vca-core[cli]'", file=sys.stderr)  # noqa: T201 - there is nothing else to tell it with
        sys.exit(2)
    app(prog_name="vca")
