"""What is true of each operation, whatever the backend: one row, beside its hook in `vca_core.hookspecs`."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import pluggy

hookspec = pluggy.HookspecMarker("vca")

F = TypeVar("F", bound=Callable[..., Any])


class Scope(enum.Enum):
    """What an operation makes or removes."""

    NOTHING = enum.auto()
    ENVIRONMENT = enum.auto()
    NAMESPACE = enum.auto()


@dataclass(frozen=True, slots=True)
class OperationTraits:
    """What is true of an operation, whatever the backend.

    Args:
        creates: whether it makes an execution environment.
        resumes: whether it goes on with one that is there.
        removes: what is not there any more once it succeeded.
        is_aggregate: whether its outcome, in success, is the status of the EE itself: a blocked charm is RUNNING.
        takes_options: whether callers may give ``options``.
        reads: whether it only reads: it takes no lock, has no outcome and creates nothing.
        claims: whether it gives an EE to its namespace: it claims the names, and the backend calls ``op.created``.
        end: the word that stands at the home of an EE that it removed.
        reports_to_home: whether, without a ``db_dict``, it reports to the home of its EE: it changes what the EE is.
    """

    creates: bool = False
    resumes: bool = False
    removes: Scope = Scope.NOTHING
    is_aggregate: bool = False
    takes_options: bool = False
    reads: bool = False
    reports_to_home: bool = False
    end: str = ""
    claims: bool = False


TRAITS: dict[str, OperationTraits] = {}
"""What is true of each operation, by its hook's name."""


def operation_hook(
    *,
    creates: bool = False,
    resumes: bool = False,
    removes: Scope = Scope.NOTHING,
    is_aggregate: bool = False,
    takes_options: bool = False,
    reads: bool = False,
    end: str = "",
) -> Callable[[F], F]:
    """Mark the spec of an operation, with what is true of it; see `OperationTraits`."""

    def mark(spec: F) -> F:
        at_home = creates or is_aggregate or removes is Scope.ENVIRONMENT
        TRAITS[spec.__name__] = OperationTraits(
            creates, resumes, removes, is_aggregate, takes_options, reads, at_home, end, claims=creates or resumes
        )
        return hookspec(firstresult=True)(spec)

    return mark
