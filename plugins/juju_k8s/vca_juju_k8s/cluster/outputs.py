"""What a program prints: read as it comes, and bounded, so that it fills neither memory nor disk."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

_CHUNK = 65_536


class Output:
    """One output of a program, within a ``with`` block.

    Its end is not waited for: whatever the program has started may hold the pipe open for longer.

    Args:
        most: how many bytes may be printed.
        kept: how many of them are kept, the last ones.
    """

    def __init__(self, most: int, kept: int) -> None:
        self.most = most
        self._kept = kept
        self._text = bytearray()
        self._count = 0
        self._reader, self.writer = os.pipe()
        os.set_blocking(self._reader, False)
        self._exceeded: Callable[[], None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()
        os.close(self._reader)
        os.close(self.writer)

    @property
    def is_exceeded(self) -> bool:
        """Whether more was printed than may be; what came after that was not read."""
        return self._count > self.most

    def start(self, exceeded: Callable[[], None]) -> None:
        """Begin to read.

        Args:
            exceeded: called once more was printed than may be.
        """
        self._exceeded = exceeded
        asyncio.get_running_loop().add_reader(self._reader, self._read)

    def rest(self) -> bytes:
        """Read what is left when the program has ended, and give what is kept."""
        self._stop()
        while self._read():
            pass
        return bytes(self._text)

    def _read(self) -> bool:
        """Read a part; False: there is none just now, or enough was read."""
        chunk = b""
        if not self.is_exceeded:
            with suppress(BlockingIOError):
                chunk = os.read(self._reader, _CHUNK)
        self._count += len(chunk)
        self._text += chunk
        del self._text[: -self._kept]
        if self.is_exceeded:
            self._stop()
        return bool(chunk)

    def _stop(self) -> None:
        exceeded, self._exceeded = self._exceeded, None
        if exceeded is None:
            return
        asyncio.get_running_loop().remove_reader(self._reader)
        if self.is_exceeded:
            exceeded()
