"""A primitive that takes its time, and whether its program runs: seen where the units are on this machine."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from vca_core.testing.kit import Kit
from vca_core.testing.onlookers import command_lines_with

LONG = 60.0
"""Seconds that outlast all that is done beside a nap."""

_BEGIN, _GRACE = 2.0, 3.0
"""Seconds until a program has begun, where it is not seen; and for one to be gone."""
_MOMENT = 0.01


@dataclass(frozen=True)
class Nap:
    """A call of the primitive `nap` of the kit's charm.

    Args:
        task: makes the call.
        seconds: how long it takes; no other one takes as long.
    """

    task: asyncio.Task[Any]
    seconds: str

    @property
    def is_seen(self) -> bool:
        """Whether its program is seen to run: as all programs of charms are, on the machine of its unit."""
        return bool(command_lines_with(self.seconds))

    async def is_gone(self, kit: Kit) -> bool:
        """Whether its program does not run any more, or soon does not."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(kit.limit(_GRACE)):
                while self.is_seen:  # noqa: ASYNC110 - a process of others can only be looked for
                    await asyncio.sleep(_MOMENT)
        return not self.is_seen

    async def wait_begun(self, kit: Kit) -> None:
        """Wait until its program runs, as far as that can be known."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(kit.limit(_BEGIN)):
                while not self.is_seen and not self.task.done():  # noqa: ASYNC110 - as above
                    await asyncio.sleep(_MOMENT)
        if self.task.done():
            output = self.task.result()
            raise AssertionError(f"`nap` of the kit's charm was to take {self.seconds} s, and gave {output!r} at once")


@contextlib.asynccontextmanager
async def take_nap(kit: Kit, ee_id: str, seconds: float, mark: str = "nap", **params: str) -> AsyncIterator[Nap]:
    """Have a program run while something else is done; it is ended then.

    Args:
        kit: where.
        ee_id: where the kit's own charm is installed.
        seconds: how long it takes.
        mark: what the unit notes, as for `look`.
        params: further parameters.
    """
    length = f"{kit.limit(seconds):.2f}{int.from_bytes(os.urandom(4))}"
    work = kit.connector.exec_primitive(ee_id, "nap", {"mark": mark, "seconds": length, **params})
    nap = Nap(asyncio.create_task(work), length)
    try:
        await nap.wait_begun(kit)
        yield nap
    finally:
        nap.task.cancel()
        await asyncio.gather(nap.task, return_exceptions=True)
