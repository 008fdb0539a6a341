"""What callers get of what hooks return, where several operations need the same."""

from __future__ import annotations

from collections.abc import Iterable

from vca_core._engine.operation import RunningOperation
from vca_core.backend import ExecutionEnvironment
from vca_core.errors import BackendError


def nothing(_value: object, _op: RunningOperation) -> None:
    """The answer of an operation that returns nothing."""


def checked_listing(records: Iterable[object] | None) -> list[ExecutionEnvironment]:
    """Check what a backend listed.

    Raises:
        BackendError: something in it is not a record of an EE.
    """
    listed: list[ExecutionEnvironment] = []
    for record in records or ():
        if not isinstance(record, ExecutionEnvironment):
            raise BackendError(f"the backend listed {type(record).__name__} where ExecutionEnvironment is expected")
        listed.append(record)
    return listed
