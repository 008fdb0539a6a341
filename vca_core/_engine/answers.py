"""What callers get of what hooks return, where several operations need the same."""

from __future__ import annotations

from collections.abc import Iterable

from vca_core._engine.operation import RunningOperation
from vca_core.backend import ExecutionEnvironment
from vca_core.errors import BackendError
from vca_core.plain import kind_of


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
