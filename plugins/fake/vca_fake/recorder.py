"""What was asked of the fake, for tests to read back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a hook.

    Args:
        operation: the hook's name.
        namespace: of the EE or of the NS; empty for what concerns none.
        ee_id: the EE; None where there was none yet.
        primitive: what was run.
        params: names of its parameters, or of the options that were set; values may be secrets.
    """

    operation: str
    namespace: str = ""
    ee_id: str | None = None
    primitive: str | None = None
    params: tuple[str, ...] = ()


class Recorder:
    """Keeps the calls, oldest first."""

    def __init__(self) -> None:
        self._calls: list[Call] = []

    def add(self, call: Call) -> None:
        """Keep a call."""
        self._calls.append(call)

    def clear(self) -> None:
        """Forget all calls."""
        self._calls.clear()

    def __iter__(self) -> Iterator[Call]:
        return iter(self._calls)

    def __len__(self) -> int:
        return len(self._calls)

    def operations(self, namespace: str | None = None) -> list[str]:
        """The operations in their order; a primitive as ``exec_primitive:touch``.

        Args:
            namespace: only those of this one.
        """
        return [
            call.operation if call.primitive is None else f"{call.operation}:{call.primitive}"
            for call in self._calls
            if namespace in (None, call.namespace)
        ]
