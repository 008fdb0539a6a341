"""How commands tell what they have to tell: tables for people, JSON for machines."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console


def print_json(data: Any) -> None:
    """Print a JSON document."""
    typer.echo(json.dumps(data, indent=2, default=str))


def console() -> Console:
    """What tables are printed on; plain where it is no terminal, in CI, and with NO_COLOR."""
    from rich.console import Console  # it takes a moment, and --json needs none

    lively = is_lively()
    return Console(
        highlight=False,
        soft_wrap=not lively,
        force_terminal=lively,
        no_color=not lively,
        width=None if sys.stdout.isatty() else 200,
    )


def is_lively() -> bool:
    """Whether somebody looks on: a terminal, not CI, and colours are not unwanted."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and not os.environ.get("CI")


def print_table(titles: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table without lines."""
    made = [[("" if cell is None else str(cell)) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(titles, *made, strict=True)]
    for row in [list(titles), *made]:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
