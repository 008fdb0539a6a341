"""What callers get of what hooks return, where several operations need the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from vca_core._engine.operation import RunningOperation
from vca_core.backend import ExecutionEnvironment
from vca_core.errors import BackendError
from vca_core.plain import kind_of, weight
from vca_core.tasks import compute_in_thread

R = TypeVar("R")

_LIGHT = 500
_PER_CHARACTERS = 50
"""Up to which weight (`vca_core.plain.weight`) an answer is checked, copied and scrubbed in a few milliseconds."""


async def aside_if_heavy(given: object, work: Callable[[], R]) -> R:
    """Work on what a system or a charm said, in a thread if that may be long: it may say things of any size.

    Args:
        given: what it said.
        work: what is done with it, without changing anything.
    """
    if weight(given, _LIGHT, characters=_PER_CHARACTERS) < _LIGHT:
        return work()
    return await compute_in_thread(work)


def address_of(value: object, op: RunningOperation) -> str | None:
    """The address of an EE that was made, registered or resumed; it is noted to be kept in the EE's record.

    Raises:
        BackendError: it is not an address, or the backend never had the ee_id stored.
    """
    if value is not None and not isinstance(value, str):
        raise BackendError(f"the backend returned {kind_of(value)} where an address is expected")
    if not op.trail.is_created:
        raise BackendError(f"the backend ended {op.operation} without `await op.created(locator)`")
    op.trail.address = value
    return value


def check_nothing(_value: object, _op: RunningOperation) -> None:
    """The answer of an operation that returns nothing."""


def check_listing(records: Iterable[object] | None) -> list[ExecutionEnvironment]:
    """Check what a backend listed.

    Raises:
        BackendError: something in it is not a record of an EE.
    """
    listed: list[ExecutionEnvironment] = []
    for record in records or ():
        if not isinstance(record, ExecutionEnvironment):
            raise BackendError(f"the backend listed {kind_of(record)} where ExecutionEnvironment is expected")
        listed.append(record)
    return listed
