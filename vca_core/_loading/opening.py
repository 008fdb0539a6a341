"""Opens something once for all that need it, each of whom waits within limits of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from vca_core.errors import VcaConnectionError, VcaError, VcaTimeoutError
from vca_core.secrets import add_reason, as_vca_error
from vca_core.tasks import OwnedTasks, end_of, reason_of_end, settle

FAREWELL = 1.0
"""Seconds that an abandoned opening has to end, and to say what it waited for."""


class Opening:
    """What has to be open before it is used: a backend, the extensions.

    Args:
        owner: for the names of tasks.
        what: how errors call it: ``the backend was``.
        work: opens it.
        scrub: takes secrets out of a text of ours.
        scrub_foreign: the same for what others wrote.

    Attributes:
        is_open: whether it is open; who closes it says so here.
    """

    def __init__(
        self,
        owner: str,
        what: str,
        work: Callable[[], Awaitable[None]],
        scrub: Callable[[str], str] = str,
        scrub_foreign: Callable[[str], str] = str,
    ) -> None:
        self._what = what
        self._work = work
        self._scrub = scrub
        self._scrub_foreign = scrub_foreign
        self._tasks = OwnedTasks(owner)
        self._opening: asyncio.Task[VcaError | None] | None = None
        self._waiting = 0
        self._abandoned: asyncio.Task[VcaError | None] | None = None
        self.is_open = False

    async def ensure(self, limit: float) -> None:
        """Open it, unless it is open; once for all callers.

        When the last one leaves before it is done, opening is cancelled.

        Args:
            limit: seconds that opening may take at most, for the caller who asks first.

        Raises:
            VcaError: it could not be opened; the next call tries again.
        """
        while not self.is_open:
            if self._opening is None:
                self._opening = self._tasks.spawn(self._open(limit), "open")
            opening = self._opening
            self._waiting += 1
            try:
                await asyncio.wait((opening,))
            except asyncio.CancelledError as cancelled:
                if self._waiting == 1 and not opening.done():
                    self._abandoned = opening  # else the next caller would wait for what hangs
                    opening.cancel()
                    await settle(opening, FAREWELL)
                    cancelled.__cause__ = reason_of_end(end_of(opening))
                raise
            finally:
                self._waiting -= 1
            if opening is self._abandoned:
                continue
            error = opening.result() if not opening.cancelled() else VcaConnectionError("opening was cancelled")
            if error is not None:
                raise error.duplicate()

    async def cancel(self, limit: float) -> list[str]:
        """End an opening that is under way.

        Args:
            limit: seconds that it has to end.

        Returns:
            The names of tasks that still live.
        """
        return await self._tasks.cancel(limit)

    async def _open(self, limit: float) -> VcaError | None:
        try:
            async with asyncio.timeout(limit):
                await self._work()
        except TimeoutError as error:
            if isinstance(error, VcaError):
                return as_vca_error(error, self._scrub, self._scrub_foreign)
            timeout = VcaTimeoutError(f"{self._what} not opened within {limit:g} s", "total", limit)
            return add_reason(timeout, error, self._scrub)
        except (asyncio.CancelledError, KeyboardInterrupt, GeneratorExit):
            raise
        except BaseException as error:  # noqa: BLE001 - a hook may raise anything
            return as_vca_error(error, self._scrub, self._scrub_foreign)
        else:
            self.is_open = True
            return None
        finally:
            self._opening = None
