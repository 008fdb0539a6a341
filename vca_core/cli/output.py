"""What commands print: tables for people, JSON for machines."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, TextIO

import typer

from vca_core.cli.tables import fold, lay_out, make_printable

if TYPE_CHECKING:
    from rich.console import Console


_lost: list[OSError] = []
"""Why standard output cannot be written to any more."""


def stand_in_for_closed() -> None:
    """Let a program whose streams were closed by its caller, as by ``<&- >&- 2>&-``, go on with none.

    Otherwise the next files that it opens, such as a database, would have their numbers, and be written to.
    """
    if sys.stdin is None:  # which type checkers do not believe, here and below
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: PTH123, SIM115 - as long as the program lives
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - as above
        _lose(OSError(errno.EBADF, "standard output is closed"), sys.stdout)
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - as above


def echo(text: str = "", *, err: bool = False, stream: TextIO | None = None) -> None:
    """Print a line, or on a terminal as many as it takes so that no word is broken.

    If its pipe was closed, or the disk is full, a command goes on: what it does is worth more than what it
    says. That is reported once, and `is_output_lost` is true from then on.
    """
    stream = stream or (sys.stderr if err else sys.stdout)
    width = _width_of(stream)
    text = make_printable(text)
    _write(text if width is None else fold(text, width), stream)


def _write(text: str, stream: TextIO | None = None) -> None:
    stream = stream or sys.stdout
    try:
        typer.echo(text, file=stream)
    except OSError as error:
        if stream is not sys.stderr:
            _lose(error, stream)


def _width_of(stream: TextIO | None) -> int | None:
    """How wide a stream's terminal is; None: it is not a terminal, and lines stay as they are."""
    return shutil.get_terminal_size().columns if stream is not None and stream.isatty() else None


def flush() -> None:
    """Write what is held back, as `echo`."""
    try:
        sys.stdout.flush()
    except OSError as error:
        _lose(error, sys.stdout)


def is_output_lost() -> bool:
    """Whether something could not be printed."""
    return bool(_lost)


def _lose(error: OSError, stream: TextIO) -> None:
    is_first = not _lost
    _lost.append(error)
    with contextlib.suppress(OSError, ValueError):
        # Also what Python still holds back goes there, or it would complain at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    if is_first:
        other = sys.stderr if stream is sys.stdout else sys.__stderr__
        with contextlib.suppress(OSError):
            typer.echo(f"vca: nothing more can be printed: {error.strerror}", file=other)


def print_json(data: Any) -> None:
    """Print a JSON document."""
    _write(json.dumps(data, indent=2, default=str))


def console() -> Console:
    """What tables are printed on; plain where it is not a terminal, in CI, and with NO_COLOR."""
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
    """Whether a person watches: a terminal, not CI, and colours are not unwanted."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and not os.environ.get("CI")


def print_table(titles: Sequence[str], rows: Iterable[Sequence[object]], spare: Sequence[str] = ()) -> None:
    """Print a table without lines; on a terminal it fits.

    Args:
        titles: of its columns.
        rows: their cells; None is an empty one.
        spare: titles of columns that can be left out, the first one first.
    """
    made = [[("" if cell is None else str(cell)) for cell in row] for row in rows]
    laid = lay_out(titles, made, _width_of(sys.stdout), spare)
    for line in laid.lines:
        _write(line)
    if laid.left_out:
        echo(f"(too narrow for {', '.join(laid.left_out)})")
