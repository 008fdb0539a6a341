"""Every mutant under the kit, and the backend that they are made of: run by `test_mutants`, as a programme."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from conformance.mutants import (
    connection,
    creates,
    deletes,
    identity,
    leftovers,
    primitives,
    reads,
    reports,
    second_process,
    secrecy,
    waiting,
)
from conformance.mutants.world import Good, Mutant, World

from vca_core.testing import BackendConformance, Faults, Subject

_FAMILIES = (
    leftovers,
    waiting,
    reads,
    reports,
    primitives,
    secrecy,
    identity,
    creates,
    deletes,
    connection,
    second_process,
)


def _adopt(cls: type[Good]) -> type[BackendConformance]:
    class Adopted(BackendConformance):
        @pytest.fixture
        def world(self) -> World:
            return World()

        @pytest.fixture
        def subject(self, world: World) -> Subject:
            options = {"world": world}
            return Subject(cls.__name__, options=options, works=("work", {"what": "x"}), persistent=True, patience=0.3)

        @pytest.fixture
        def faults(self, world: World) -> Faults:
            return world

    Adopted.__name__ = Adopted.__qualname__ = f"Test{cls.__name__}"
    return Adopted


def all_backends() -> list[type[Good]]:
    """The good one, and the mutants."""
    return [Good, *(cls for family in _FAMILIES for cls in _mutants_of(family))]


def _mutants_of(family: ModuleType) -> list[type[Mutant]]:
    found = [value for value in vars(family).values() if isinstance(value, type)]
    return [cls for cls in found if issubclass(cls, Mutant) and cls is not Mutant]


_classes: dict[str, Any] = {f"Test{cls.__name__}": _adopt(cls) for cls in all_backends()}
globals().update(_classes)
