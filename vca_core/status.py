"""What the orchestrator learns about an execution environment: five words for what native systems say in dozens.

`native_to_status` is the documented table, with what was wrong in it repaired; `aggregate` makes one status of an EE's
entities.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType


class DeploymentStatus(enum.StrEnum):
    """The status words that an orchestrator's database holds."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Entity:
    """Something whose state a backend reports: ``Entity("unit", "simple/0")``.

    Args:
        kind: ``machine``, ``unit``, ``application`` or ``action``; a backend of another world may use words of its own.
        id: the entity's name in the backend's system.
    """

    kind: str
    id: str

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


@dataclass(frozen=True, slots=True)
class EntityState:
    """What the last report said about an entity.

    Args:
        entity: which one.
        native: the word its own system uses, such as ``"maintenance"``; ``""`` while it has none.
        detail: what its system says besides, for people.
        status: what the word means; None: by the documented table.
    """

    entity: Entity
    native: str
    detail: str = ""
    status: DeploymentStatus | None = None

    @property
    def meaning(self) -> DeploymentStatus:
        """The status, by the documented table unless the backend gave its own; a unit without a state is PENDING."""
        if self.status is not None:
            return self.status
        if self.entity.kind == "unit" and not self.native:
            return DeploymentStatus.PENDING
        return native_to_status(self.entity.kind, self.native)


_S = DeploymentStatus

_WORKLOAD = {
    "waiting": _S.RUNNING,
    "maintenance": _S.RUNNING,
    "active": _S.COMPLETED,
    "blocked": _S.RUNNING,
    "error": _S.FAILED,
}

NATIVE_STATUS: Mapping[str, Mapping[str, DeploymentStatus]] = MappingProxyType(
    {
        "application": MappingProxyType(_WORKLOAD),
        "unit": MappingProxyType({**_WORKLOAD, "failed": _S.FAILED, "lost": _S.FAILED}),
        "action": MappingProxyType(
            {
                "pending": _S.PENDING,
                "running": _S.RUNNING,
                "completed": _S.COMPLETED,
                "failed": _S.FAILED,
                "cancelled": _S.FAILED,
                "aborted": _S.FAILED,
                "error": _S.FAILED,
            }
        ),
        "machine": MappingProxyType(
            {
                "pending": _S.PENDING,
                "started": _S.COMPLETED,
                "down": _S.FAILED,
                "error": _S.FAILED,
                "provisioning error": _S.FAILED,
            }
        ),
    }
)
"""The documented table: native word by entity kind. What is not in it is UNKNOWN, an unknown kind included."""


STATUS_WORDS = frozenset(word for words in NATIVE_STATUS.values() for word in words) | frozenset(DeploymentStatus)
"""All words of the table: a status is no secret, even if it is also a password."""


def native_to_status(kind: str, native: str | None) -> DeploymentStatus:
    """Return what a native status word means.

    Args:
        kind: kind of entity: ``application``, ``unit``, ``action`` or ``machine``.
        native: the word, case-sensitive; None or ``""`` when there is none.

    Returns:
        The status; UNKNOWN for a word or a kind that the table does not have.
    """
    return NATIVE_STATUS.get(kind, {}).get(native or "", DeploymentStatus.UNKNOWN)


_BADNESS = (_S.COMPLETED, _S.RUNNING, _S.PENDING, _S.UNKNOWN, _S.FAILED)


def aggregate(states: Iterable[EntityState]) -> EntityState | None:
    """Find the state that speaks for a whole execution environment.

    The worst of FAILED > UNKNOWN > PENDING > RUNNING > COMPLETED over its units; while there are no units over its
    machines; where there is neither, over whatever else it has. Actions never count: they belong to the operation that
    runs them.

    Args:
        states: the states of the entities that are present.

    Returns:
        The worst state, the first one among equals; None when nothing is present.
    """
    by_kind: dict[str, list[EntityState]] = {}
    for state in states:
        by_kind.setdefault(state.entity.kind, []).append(state)
    by_kind.pop("action", None)
    rest = [state for states_of_kind in by_kind.values() for state in states_of_kind]
    present = by_kind.get("unit") or by_kind.get("machine") or rest
    return max(present, key=lambda state: _BADNESS.index(state.meaning), default=None)
