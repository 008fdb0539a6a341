"""The token of Juju's account, where it ends: renewed in time, and when it is not taken any more."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from logging import LoggerAdapter
from typing import Any

from vca_core.errors import VcaError
from vca_core.tasks import OwnedTasks
from vca_juju_k8s.cluster.tokens import pause_of

AGAIN = 30.0
"""Seconds after which it is tried again, where a token could not be renewed."""

_FAREWELL = 5.0


class Renewal:
    """Renews a token for as long as a session is open.

    Args:
        renew: does it once; gives the seconds that the new token lives, None: it does not end.
        log: where it is noted that this failed.
    """

    def __init__(self, renew: Callable[[], Awaitable[float | None]], log: LoggerAdapter[Any]) -> None:
        self._renew = renew
        self._log = log
        self._asked = asyncio.Event()
        self._tasks = OwnedTasks("token of Juju's account")

    def start(self, pause: float | None) -> None:
        """Begin.

        Args:
            pause: seconds until another token is due; None: nobody knows, and it is renewed soon.
        """
        self._tasks.spawn(self._run(AGAIN if pause is None else pause), "renew")

    def ask(self) -> None:
        """Renew it now: it was refused."""
        self._asked.set()

    async def close(self) -> None:
        """End; nothing is left."""
        await self._tasks.cancel(_FAREWELL)

    async def _run(self, delay: float) -> None:
        while True:
            try:
                async with asyncio.timeout(delay):
                    await self._asked.wait()
            except TimeoutError:
                pass
            self._asked.clear()
            try:
                life = await self._renew()
            except VcaError as error:
                self._log.warning("the token of Juju's account was not renewed: %s", error.message)
                delay = AGAIN
            else:
                if life is None:
                    return
                delay = pause_of(life)
