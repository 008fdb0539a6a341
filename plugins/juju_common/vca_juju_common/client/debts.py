"""What operations could not undo in a model: it is kept until it is undone, or the model is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from vca_juju_common.client.errors import ApiError
from vca_juju_common.client.holding import ask_first
from vca_juju_common.client.state import State


class Debtor(Protocol):
    """What has to be known of a model to find what is owed there."""

    @property
    def state(self) -> State:
        """What is known of the model now."""

    @property
    def lock(self) -> asyncio.Lock:
        """Held while something without a name of its own is made in the model."""


ModelT = TypeVar("ModelT", bound=Debtor)

Undo = Callable[[ModelT], Awaitable[None]]
Find = Callable[[ModelT], Undo[ModelT] | None]


@dataclass(frozen=True, slots=True)
class _Doubt(Generic[ModelT]):
    find: Find[ModelT]
    until: float | None


class Debts(Generic[ModelT]):
    """Debts outlive connections, and what is known of the model meanwhile.

    They are handed the model that there is when they are looked at or settled, and know no more of it than `Debtor`.

    Attributes:
        claimed: machines that requests of ours made, and that are in use.
        unclaimed: machines that appeared while an answer was lost, and that may belong to others.
    """

    def __init__(self) -> None:
        self.claimed: set[str] = set()
        self.unclaimed: set[str] = set()
        self._owed: list[Undo[ModelT]] = []
        self._doubts: list[_Doubt[ModelT]] = []
        self._settling = asyncio.Lock()

    def __bool__(self) -> bool:
        return bool(self._owed or self._doubts)

    def owe(self, undo: Undo[ModelT]) -> None:
        """Undo something when there is a connection again, or when an operation changes the model."""
        self._owed.append(undo)

    def doubt(self, find: Find[ModelT], until: float | None = None) -> None:
        """Have a look at what may have come of a request whose answer was lost.

        Args:
            find: finds what has to be undone, if anything.
            until: time of the loop until which it may come; None: it has come, or not, when the state is read next. No
                longer than that: the longer we wait, the likelier it is that what we find belongs to others.
        """
        self._doubts.append(_Doubt(find, until))

    def look(self, model: ModelT, *, whole: bool) -> bool:
        """Check what is in doubt, after the state has changed.

        Args:
            model: whose.
            whole: whether the state was read as a whole.

        Returns:
            Whether something is to be undone now.
        """
        doubts, self._doubts = self._doubts, []
        now = asyncio.get_running_loop().time()
        found = False
        for doubt in doubts:
            is_open = not whole if doubt.until is None else now < doubt.until
            # What a request under way makes looks like what comes late; before a reading, nothing is due.
            is_due = whole if doubt.until is None else is_open and not model.lock.locked()
            undo = doubt.find(model) if is_due else None
            if undo is not None:
                self._owed.append(undo)
                found = True
            elif is_open:
                self._doubts.append(doubt)
        if whole:
            self.claimed.intersection_update(model.state.machines)
            self.unclaimed.intersection_update(model.state.machines)
        return found or (whole and bool(self._owed))

    async def settle(self, model: ModelT) -> None:
        """Undo what is owed; what fails again for want of a connection stays owed."""
        async with self._settling:  # later callers wait for what is being undone
            owed, self._owed = self._owed, []
            while owed:
                undo = owed.pop()
                try:
                    with ask_first(None):
                        await undo(model)
                except ApiError:  # the controller does not let us: trying again would change nothing
                    continue
                except BaseException:
                    self._owed += [*owed, undo]
                    raise
