"""Pseudo-terminals: a command runs in one, and what its screen shows can be read."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

import pyte
from support.commands import environment

INTERRUPT = "\x03\n"
"""Ctrl-C at a question. The return key wakes a reader that Ctrl-C came too early for: Python takes note of a signal and
goes on to read, where it comes after the last instruction that looks for signals and before the reading itself."""

_PATIENCE = 60.0
"""Seconds that a screen may take to show what is waited for."""


class Terminal:
    """The command `vca` in a pseudo-terminal.

    Args:
        folder: where it runs.
        words: what is typed behind `vca`.
        columns: how wide the terminal is.
        rows: how high.
    """

    def __init__(self, folder: Path, *words: str, columns: int, rows: int = 60) -> None:
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        surroundings = {
            name: value for name, value in environment().items() if name not in ("CI", "NO_COLOR", "COLUMNS", "LINES")
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "vca_core.cli", *words],
            cwd=folder, env={**surroundings, "TERM": "xterm-256color"},
            stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(theirs, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - its Ctrl-C is for us only so
        )  # fmt: skip
        os.close(theirs)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._ours)

    @property
    def lines(self) -> list[str]:
        """What the screen shows, without blanks at line ends and without the empty lines below."""
        return "\n".join(line.rstrip() for line in self._screen.display).rstrip().split("\n")

    def wait_for(self, shown: Callable[[list[str]], bool]) -> None:
        """Wait until the screen shows something."""
        while not shown(self.lines):
            if not self._read():
                raise AssertionError(f"the screen never showed it: {self.lines}")

    def wait(self) -> int:
        """Wait for the end; give the exit code."""
        while self._read():
            pass
        return self.process.wait(_PATIENCE)

    def type(self, text: str) -> None:
        """Type something."""
        os.write(self._ours, text.encode())

    def _read(self) -> bool:
        """Take what was written meanwhile; False: the command ended."""
        end = time.monotonic() + _PATIENCE
        if not select.select([self._ours], [], [], end - time.monotonic())[0]:
            raise AssertionError(f"nothing more came: {self.lines}")
        try:
            got = os.read(self._ours, 65536)
        except OSError:  # as Linux tells that nobody has the other end any more
            return False
        self._stream.feed(got)
        return bool(got)
