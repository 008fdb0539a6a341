"""Seeing that models are gone: one poll of the controller's list, for all who wait for the end of one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import Protocol

from vca_core.errors import ConflictError, VcaError
from vca_core.tasks import OwnedTasks
from vca_juju_common.client.retries import pauses
from vca_juju_common.client.state import State

SLOWLY = 5.0
"""Seconds between two checks of the list while nothing hints at the end of a model."""


class Departing(Protocol):
    """A model that is on its way out."""

    @property
    def name(self) -> str:
        """The model's name."""

    @property
    def state(self) -> State:
        """What is known of it; empty when it is dead."""


def still_there(model: Departing) -> VcaError:
    """Make the error that says what keeps a model from going, as far as that is known.

    Args:
        model: one that is listed still, though its end was asked for.
    """
    state = model.state
    held = [
        *(f"application {name}" for name in state.applications),
        *(f"machine {one.id} ({one.agent.current or 'pending'})" for one in state.machines.values()),
        *(f"relation {key}" for key in state.relations if not state.applications),
        *(f"remote application {name}" for name in state.remotes),
    ]
    why = "it is dead, and Juju has not removed it"
    if state.models:
        why = f"it still holds {', '.join(held)}" if held else "it is dying, with nothing in it that keeps it"
    return ConflictError(f"model {model.name} is on its way out and listed still: {why}; see 'juju show-model'")


class Departures:
    """Waits until the controller lists models no more.

    Nothing else shows it. Between dead and removed, which may take minutes, logins and most requests say that a model
    is not found, but its name is taken.

    Args:
        listed: asks for the uuids of the models that there are.
    """

    def __init__(self, listed: Callable[[], Awaitable[Collection[str]]]) -> None:
        self._listed = listed
        self._leaving: dict[str, asyncio.Future[None]] = {}
        self._waiting: dict[str, int] = {}
        self._hint = asyncio.Event()
        self._tasks = OwnedTasks("models that go")
        self._poller: asyncio.Task[None] | None = None

    async def wait_gone(self, uuid: str) -> None:
        """Wait until a model is not listed any more. The caller's deadline bounds it.

        Args:
            uuid: the model's.

        Raises:
            VcaError: the list cannot be read.
        """
        self._waiting[uuid] = self._waiting.get(uuid, 0) + 1
        gone = self._leaving.setdefault(uuid, asyncio.get_running_loop().create_future())
        if self._poller is None or self._poller.done():  # one that just ended is owned for a moment yet
            self._poller = self._tasks.spawn(self._poll(), "poll")
        try:
            await asyncio.shield(gone)
        except VcaError as error:
            raise error.duplicate() from error.__cause__  # several may wait
        finally:
            self._waiting[uuid] -= 1
            if not self._waiting[uuid]:
                del self._waiting[uuid]
                if self._leaving.get(uuid) is gone:
                    del self._leaving[uuid]

    def hasten(self) -> None:
        """Look soon: a connection to a model ended, as it does when the model is dead."""
        self._hint.set()

    async def close(self) -> None:
        """End the poll."""
        await self._tasks.cancel(10.0)

    async def _poll(self) -> None:
        try:
            await self._look_until_gone()
        except Exception as error:  # noqa: BLE001 - raised to those who wait
            leaving, self._leaving = self._leaving, {}
            for gone in leaving.values():
                gone.set_exception(error)
                gone.exception()  # those who waited may have left

    async def _look_until_gone(self) -> None:
        waits = pauses(SLOWLY, SLOWLY)
        while self._leaving:
            try:
                async with asyncio.timeout(next(waits)):
                    await self._hint.wait()
            except TimeoutError:
                pass
            else:
                self._hint.clear()
                waits = pauses(most=SLOWLY)
                await asyncio.sleep(next(waits))  # it is dead now, and not removed yet
            asked = set(self._leaving)
            there = await self._listed()
            for uuid in asked.difference(there) & self._leaving.keys():
                self._leaving.pop(uuid).set_result(None)
