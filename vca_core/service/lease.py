"""One apply of an NS at a time, whichever processes of whichever hosts share its status store.

The lease of an NS is a document in that store. Its holder renews it: it changes a word in it every few seconds. Who
waits for it watches that word by its own clock, so the clocks of two hosts are never compared. If the word stays the
same for `GONE` seconds while the store answers, the holder is gone, and its lease is taken over; at once if it was a
process of this machine that does not exist any more. A holder that could not renew its lease begins nothing new.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from vca_core._schema import newer_error, schema_fields
from vca_core.errors import StoreError, VcaError
from vca_core.stores import StatusStore

COLLECTION = "vca_leases"
"""The collection: one document for each NS that is being applied."""

GONE = 20.0
"""Seconds without a renewal after which a holder is gone; longer than a replica set needs for another primary."""

_RENEWED = 3.0
"""Seconds between two renewals."""

_SURE = 12.0
"""Seconds after a renewal for which its holder may begin something: others wait for longer before they take over."""

_BETWEEN = 0.25
"""Seconds between two looks at a lease that another one has: stores announce nothing."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has a lease, for people.

    Args:
        process: its number.
        host: the name of its host.
        since: when it got the lease, by its own clock.
    """

    process: object
    host: object
    since: object

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Holder:
        """Read it from a lease."""
        return cls(document.get("process"), document.get("host"), document.get("since"))

    def __str__(self) -> str:
        return f"process {self.process} on host {self.host}, since {self.since}"


OnWait = Callable[[Holder], None]
"""Called once, when another process applies the same service, with what is known of that one."""


class Lease:
    """The lease of an NS, for one run.

    Args:
        store: the status store.
        identity: the lease's ``_id``.
        grace: seconds to wait for a store that fails meanwhile.
        on_wait: called once, if another one has it.
    """

    def __init__(self, store: StatusStore, identity: str, grace: float, on_wait: OnWait) -> None:
        self._store = store
        self._id = identity
        self._grace = grace
        self._on_wait = on_wait
        self._holder = secrets.token_hex(8)
        self._renewed_at = 0.0
        self._is_renewed = asyncio.Event()
        self._trouble: Exception | None = None

    @asynccontextmanager
    async def hold(self) -> AsyncIterator[None]:
        """Hold it, from when no other one does.

        Raises:
            StoreError: the store fails, a newer release has the lease, or another one took it over meanwhile: what ran
                was cancelled then.
        """
        failure: BaseException | None = None
        try:
            await self._take()
            try:
                async with asyncio.TaskGroup() as group:
                    keeping = group.create_task(self._keep(), name=f"lease {self._id}")
                    try:
                        yield
                    finally:
                        keeping.cancel()
            except BaseExceptionGroup as raised:
                failure = next((one for one in raised.exceptions if isinstance(one, _LostError)), raised.exceptions[0])
        except VcaError:
            raise  # it was not got; whether it was, if only the answer was lost, is found out by who wants it next
        except BaseException:
            await self._give_back()
            raise
        await self._give_back()
        if failure is not None:
            raise failure

    async def check(self) -> None:
        """Check that no other one can have it, before something is begun; waits for a store that fails.

        Raises:
            StoreError: it could not be renewed for so long that another one may have taken it over.
        """
        if asyncio.get_running_loop().time() - self._renewed_at < _SURE:
            return
        self._is_renewed.clear()
        try:
            async with asyncio.timeout(self._grace):
                await self._is_renewed.wait()
        except TimeoutError:
            why = "" if self._trouble is None else f": {self._trouble}"
            raise StoreError(
                f"the lease {self._id!r} in {COLLECTION} could not be renewed, and another process may take it over"
                f"{why}; run this again when the store answers"
            ) from self._trouble

    async def _take(self) -> None:
        loop = asyncio.get_running_loop()
        seen: object = None
        seen_at = failing_at = 0.0
        is_told = False
        while True:
            began = loop.time()
            try:
                there = await self._try_to_take(seen, is_gone=seen is not None and began - seen_at >= GONE)
            except VcaError as error:
                failing_at = failing_at or began
                if not is_told or not error.retryable or began - failing_at > self._grace:
                    raise
                seen = None  # who could not read does not know whether it was renewed meanwhile
            else:
                failing_at = 0.0
                if there is None:
                    self._renewed_at = began
                    return
                if (word := _word_in(there)) != seen:
                    seen, seen_at = word, loop.time()
                if not is_told:
                    self._on_wait(Holder.of(there))
                    is_told = True
            await asyncio.sleep(_BETWEEN)

    async def _try_to_take(self, seen: object, *, is_gone: bool) -> Mapping[str, Any] | None:
        """Try to take it.

        Args:
            seen: what was seen of another one's; None: nothing.
            is_gone: whether that one is gone, if nothing else is to be seen now.

        Returns:
            The lease of who has it; None: it is this one's.
        """
        mine = self._document()
        there = None if seen is None else await self._store.get(COLLECTION, {"_id": self._id})
        while there is None:
            if await self._store.ensure(COLLECTION, mine):
                return None
            there = await self._store.get(COLLECTION, {"_id": self._id})
        holder, word = _word_in(there)
        if holder == self._holder:
            return None  # it was taken before; only the answer was lost
        if (is_gone and (holder, word) == seen) or _has_ended(there):
            query = {"_id": self._id, "holder": holder, "word": word}  # no two renewals have the same
            if await self._store.set(COLLECTION, query, {name: mine[name] for name in mine if name != "_id"}):
                return None
        return there

    def _document(self) -> dict[str, Any]:
        return {
            "_id": self._id,
            "holder": self._holder,
            "word": secrets.token_hex(8),
            "process": os.getpid(),
            "host": socket.gethostname(),
            "machine": _machine(),
            "since": f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC",
            **schema_fields(),
        }

    async def _keep(self) -> None:
        """Renew it, until another one has it.

        A copy of a renewal that arrives late makes others wait a little longer, and nothing else.
        """
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_RENEWED)
            began = loop.time()
            query = {"_id": self._id, "holder": self._holder}
            try:
                async with asyncio.timeout(self._grace):
                    if not await self._store.set(COLLECTION, query, {"word": secrets.token_hex(8)}):
                        raise await self._loss()
            except _LostError:
                raise
            except (VcaError, TimeoutError) as error:
                self._trouble = error
            else:
                self._renewed_at = began
                self._is_renewed.set()

    async def _loss(self) -> _LostError:
        there = await self._store.get(COLLECTION, {"_id": self._id})
        who = "somebody removed it" if there is None else f"{Holder.of(there)} has taken it over"
        why = "" if self._trouble is None else f" ({self._trouble})"
        return _LostError(
            f"the lease {self._id!r} in {COLLECTION} was not renewed in time{why}, and {who}: what ran here was "
            "cancelled; run this again when that one has ended"
        )

    async def _give_back(self) -> None:
        with suppress(VcaError, TimeoutError):  # then it is taken over when it is not renewed any more
            async with asyncio.timeout(self._grace):
                await self._store.delete(COLLECTION, {"_id": self._id, "holder": self._holder})


class _LostError(StoreError):
    """Another one has the lease by now."""


def _word_in(document: Mapping[str, Any]) -> tuple[str, str]:
    """Whose a lease is, and what that one changes.

    Raises:
        StoreError: a newer release has it, or it is damaged.
    """
    if (newer := newer_error(document)) is not None:
        raise newer
    holder, word = document.get("holder"), document.get("word")
    if not isinstance(holder, str) or not isinstance(word, str):
        raise StoreError(
            f"the lease {document.get('_id')!r} in {COLLECTION} is damaged, or something else wrote it; delete it",
            retryable=False,
        )
    return holder, word


def _machine() -> str | None:
    """What all processes have in common that see each other's numbers, and no others; None: that cannot be found out.

    The processes of a container have numbers of their own, and so has a machine after each start.
    """
    try:
        start = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        return f"{start}/{Path('/proc/self/ns/pid').stat().st_ino}"
    except (OSError, ValueError):
        return None


def _has_ended(document: Mapping[str, Any]) -> bool:
    """Whether the process that has a lease is known not to exist any more."""
    machine, process = document.get("machine"), document.get("process")
    if machine is None or machine != _machine() or not isinstance(process, int) or process <= 0:
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return False
