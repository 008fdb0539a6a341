"""How commands tell what they have to tell: tables for people, JSON for machines."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console


_lost: list[OSError] = []
"""Why standard output cannot be written to any more."""


def echo(text: str = "", *, err: bool = False) -> None:
    """Print a line.

    Where nobody reads it any more, or the disk is full, a command goes on: what it does is worth more than what it
    says. That is told once, and `is_output_lost` says it.
    """
    try:
        typer.echo(text, err=err)
    except OSError as error:
        if not err:
            _lose(error)


def flush() -> None:
    """Write what is held back, as `echo`."""
    try:
        sys.stdout.flush()
    except OSError as error:
        _lose(error)


def is_output_lost() -> bool:
    """Whether something could not be printed."""
    return bool(_lost)


def _lose(error: OSError) -> None:
    first = not _lost
    _lost.append(error)
    with contextlib.suppress(OSError, ValueError):
        # Also what Python still holds back goes there, or it would complain at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if first:
        with contextlib.suppress(OSError):
            typer.echo(f"vca: nothing more can be printed: {error.strerror}", err=True)


def print_json(data: Any) -> None:
    """Print a JSON document."""
    echo(json.dumps(data, indent=2, default=str))


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
        echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
