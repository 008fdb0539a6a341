"""Text that fits a terminal: lines fold at blanks, tables fold or leave columns out, and no word is ever broken."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

_BETWEEN = 2
"""Blanks between two columns."""


@dataclass(frozen=True)
class Laid:
    """A table that was laid out.

    Args:
        titles: its first lines.
        rows: the lines of each row.
        left_out: the titles of the columns that it had no room for.
    """

    titles: list[str]
    rows: list[list[str]]
    left_out: list[str]

    @property
    def lines(self) -> list[str]:
        """All its lines."""
        return [*self.titles, *(line for row in self.rows for line in row)]


def lay_out(
    titles: Sequence[str], rows: Sequence[Sequence[str]], width: int | None = None, spare: Sequence[str] = ()
) -> Laid:
    """Lay a table out.

    Where it is too wide, cells fold at their blanks. Where words are too long for that, columns are left out; and of
    rows for which even that is not enough, each cell stands in a line of its own, behind its title.

    Args:
        titles: of the columns.
        rows: the cells.
        width: of the terminal; None: as wide as it takes.
        spare: titles of columns that can be left out, the first one first.
    """
    cells = [[make_printable(cell, lines=True) for cell in row] for row in rows]
    left_out: list[str] = []
    while True:
        kept = [number for number, title in enumerate(titles) if title not in left_out]
        heads = [titles[number] for number in kept]
        table = [[row[number] for number in kept] for row in cells]
        widths = _widths(heads, table, width)
        if widths is not None:
            return Laid(_row(heads, widths), [_row(row, widths) for row in table], left_out)
        waiting = [title for title in spare if title not in left_out]
        if not waiting:
            return _lay_out_in_part(titles, cells, width or 0)
        left_out.append(waiting[0])


def _lay_out_in_part(titles: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> Laid:
    """Lay out as many rows as a table has room for, those with the longest words as records."""
    needs = [sum(max(map(cells_of, cell.split()), default=0) for cell in row) for row in rows]
    by_need = sorted(range(len(rows)), key=needs.__getitem__)

    def widths_of(count: int) -> list[int] | None:
        return _widths(titles, [rows[number] for number in by_need[:count]], width)

    fitting = bisect_left(range(1, len(rows) + 1), True, key=lambda count: widths_of(count) is None)  # noqa: FBT003 - what is looked for
    widths = widths_of(fitting) if fitting else None
    if widths is None:
        return Laid([], [_record(titles, row, width) for row in rows], [])
    in_table = set(by_need[:fitting])
    laid = [
        _row(row, widths) if number in in_table else _record(titles, row, width)[:-1] for number, row in enumerate(rows)
    ]
    return Laid(_row(titles, widths), laid, [])


def fold(text: str, width: int) -> str:
    """Fold lines at blanks where they are longer than a terminal; their indent is kept."""
    return "\n".join(folded for line in text.split("\n") for folded in _fold_line(line, width))


def make_printable(text: str, *, lines: bool = False) -> str:
    """Write out what would move the cursor or change the terminal, such as the escape sequences of a charm.

    Args:
        text: any text.
        lines: whether blanks at line ends are taken off, too.
    """
    if text.isprintable():
        return text
    shown = "".join(
        one if one.isprintable() or one in "\n\t" else one.encode("unicode_escape").decode()
        for one in text.replace("\r\n", "\n")
    )
    shown = shown.expandtabs(4)
    return "\n".join(line.rstrip() for line in shown.split("\n")).rstrip("\n") if lines else shown


def cells_of(text: str) -> int:
    """How many cells of a terminal a text takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len  # few need it

    return cell_len(text)


def _widths(titles: Sequence[str], rows: Sequence[Sequence[str]], width: int | None) -> list[int] | None:
    """How wide each column gets; None: they do not fit."""
    columns = [list(column) for column in zip(titles, *rows, strict=True)]
    wanted = [max(cells_of(line) for cell in column for line in cell.split("\n")) for column in columns]
    if width is None:
        return wanted
    least = [max((cells_of(word) for cell in column for word in cell.split()), default=0) for column in columns]
    room = width - _BETWEEN * (len(columns) - 1)
    if sum(least) > room:
        return None
    while sum(wanted) > room:  # at the cost of the widest that can still be folded
        widest = max((one for one in range(len(wanted)) if wanted[one] > least[one]), key=lambda one: wanted[one])
        wanted[widest] = max(least[widest], wanted[widest] - (sum(wanted) - room))
    return wanted


def _row(cells: Sequence[str], widths: Sequence[int]) -> list[str]:
    columns = [fold(cell, width).split("\n") for cell, width in zip(cells, widths, strict=True)]
    made = []
    for number in range(max(map(len, columns))):
        parts = [column[number] if number < len(column) else "" for column in columns]
        padded = (part + " " * (width - cells_of(part)) for part, width in zip(parts, widths, strict=True))
        made.append((" " * _BETWEEN).join(padded).rstrip())
    return made


def _record(titles: Sequence[str], row: Sequence[str], width: int) -> list[str]:
    shown = [f"{title}: {cell}" if title else cell for title, cell in zip(titles, row, strict=True) if cell]
    return [*(line for cell in shown for line in fold(cell, width).split("\n")), ""]


def _fold_line(line: str, width: int) -> list[str]:
    if cells_of(line) <= width:
        return [line]
    indent = line[: len(line) - len(line.lstrip())]
    folded: list[str] = []
    for word in line.split():
        if folded and cells_of(folded[-1]) + 1 + cells_of(word) <= width:
            folded[-1] += f" {word}"
        else:
            folded.append(f"{indent}{word}")
    return folded
