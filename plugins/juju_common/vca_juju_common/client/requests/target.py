"""What requests need of a model and of a controller: they know nothing else of those who send them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, Protocol, TypeVar

from vca_juju_common.client.debts import Debts, Undo
from vca_juju_common.client.state import State
from vca_juju_common.client.transport.dial import Dialer
from vca_juju_common.client.transport.wire import Wire

R = TypeVar("R")


class Facades(Protocol):
    """Something that is logged in to one API of a controller."""

    @property
    def controller_uuid(self) -> str:
        """The controller's uuid; empty before the first login."""

    async def facade(self, name: str, *, repeat: bool = True) -> Any:
        """Return an instance of a facade's generated class.

        Args:
            name: name of the facade.
            repeat: whether its requests may be sent again when an answer was lost.
        """

    async def call(self, facade: str, request: str, params: Any = None) -> dict[str, Any]:
        """Send a request that changes no EE, such as one that reads, and return its answer as plain data.

        Args:
            facade: name of the facade.
            request: name of its method.
            params: what it takes.
        """


class Target(Facades, Protocol):
    """A model to send requests to."""

    @property
    def uuid(self) -> str:
        """The model's uuid."""

    @property
    def name(self) -> str:
        """The model's name, as the user sees it."""

    @property
    def outage(self) -> float:
        """Seconds for which the controller may be away, or upgraded."""

    @property
    def dialer(self) -> Dialer:
        """The way to the controller, for what does not go over the model's connection."""

    @property
    def state(self) -> State:
        """What is known of the model now."""

    @property
    def lock(self) -> asyncio.Lock:
        """Held while something without a name of its own is made in the model."""

    @property
    def debts(self) -> Debts[Target]:
        """What could not be undone yet."""

    def owe(self, undo: Undo[Target]) -> None:
        """Undo something beside, as soon as there is a connection.

        Args:
            undo: undoes it.
        """

    def note(self, tag: str, notes: Mapping[str, str]) -> None:
        """Put notes into the state that were just made at an entity.

        Args:
            tag: the entity's.
            notes: texts by name; an empty one is a note that was taken away.
        """

    async def resync(self) -> Wire:
        """Wait until the state is as new as the newest connection, and return that connection."""

    async def answer_or_undo(self, work: Coroutine[Any, Any, R], late: Callable[[R], Awaitable[None]]) -> R:
        """Send a request that has to be undone if its caller no longer waits for the answer.

        Args:
            work: sends it, and returns the answer.
            late: undoes it, where the caller was cancelled before.
        """

    async def wait(self, look: Callable[[], R | None]) -> R:
        """Wait for something in the state.

        Args:
            look: finds it; None: it is not there yet.
        """
