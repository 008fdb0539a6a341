"""What `--verbose` and `--debug` log, to stderr, without what is secret."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Clean(Protocol):
    """Takes what is secret out of a line of the log."""

    def __call__(self, line: str, /, *, is_ours: bool) -> str:
        """Clean a line.

        Args:
            line: with all that belongs to it.
            is_ours: whether it has only words of ours.
        """


class _CleanLines(logging.Formatter):
    def __init__(self, form: str, clean: Clean) -> None:
        super().__init__(form)
        self._clean = clean

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        return self._clean(line, is_ours=_is_ours(record) and not record.exc_info)


def _is_ours(record: logging.LogRecord) -> bool:
    """Whether one of our packages has logged it (``vca_core.stores``), or a backend (``vca.backend.NAME``)."""
    package = record.name.partition(".")[0]
    return package == "vca" or package.startswith("vca_")


def _is_shown(record: logging.LogRecord) -> bool:
    """Whether a record is shown. Libraries show at the level DEBUG what they were given, such as whole statements."""
    return record.levelno >= logging.INFO or _is_ours(record)


def _is_foreign(record: logging.LogRecord) -> bool:
    """Whether a record is shown without `--verbose`: what the core and backends warn of, the command says otherwise."""
    return record.name.partition(".")[0] not in ("vca", "vca_core")


@contextmanager
def log_to_stderr(verbose: int, clean: Clean) -> Iterator[None]:
    """Log, for the length of a ``with`` block.

    Args:
        verbose: 0: warnings of libraries only; 1: from the level INFO on; 2: our own debug messages, too.
        clean: takes what is secret out of each line.
    """
    root = logging.getLogger()
    level, wanted = root.level, (logging.WARNING, logging.INFO, logging.DEBUG)[verbose]
    handler = logging.StreamHandler(sys.stderr)
    handler.setLevel(wanted)
    handler.addFilter(_is_shown if verbose else _is_foreign)
    handler.setFormatter(_CleanLines(logging.BASIC_FORMAT if verbose else "%(message)s", clean))
    root.addHandler(handler)
    root.setLevel(wanted)
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
