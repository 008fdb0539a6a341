"""Every effect mutant under the kit: run by `test_effect_mutants`, as a programme."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from conformance.effect_mutants import (
    again,
    cancelled,
    charm_files,
    connectors,
    disclosures,
    earlier,
    failed_units,
    hooks,
    identity,
    installs,
    leftovers,
    namesakes,
    options,
    ownership,
    potemkin,
    primitives,
    process,
    programs,
    reads,
    relations,
    second_process,
    side_by_side,
    statuses,
    texts,
    units,
    upgraded_units,
    upgrades,
    versions,
)
from conformance.effect_mutants.base import EffectMutant, PersistentMutant

from vca_core.testing import BackendConformance, Faults, Subject
from vca_fake import Script
from vca_fake.faults import FakeFaults

_FAMILIES = (
    options,
    primitives,
    relations,
    units,
    upgraded_units,
    installs,
    failed_units,
    versions,
    reads,
    ownership,
    identity,
    leftovers,
    second_process,
    connectors,
    side_by_side,
    texts,
    namesakes,
    upgrades,
    again,
    charm_files,
    process,
    disclosures,
    programs,
    hooks,
    cancelled,
    earlier,
    statuses,
    potemkin,
)


class _Faults(FakeFaults):
    """The fake's, and what it cannot lose: it says so to the mutant that would."""

    @contextlib.asynccontextmanager
    async def lose(self, ee_id: str) -> AsyncIterator[None]:
        """Mark one as not to be reached."""
        vars(self._script)["lost"] = ee_id
        try:
            yield
        finally:
            del vars(self._script)["lost"]


def _adopted(cls: type[EffectMutant]) -> type[BackendConformance]:
    class Adopted(BackendConformance):
        @pytest.fixture
        def script(self) -> Script:
            return Script()

        @pytest.fixture
        def subject(self, script: Script, tmp_path: Path) -> Subject:
            options = {"latency": 0.001, "script": script, "programs": str(tmp_path / "programs")}
            persistent = issubclass(cls, PersistentMutant)
            if persistent:
                options["state"] = str(tmp_path / "world.db")
            host = {"hostname": "10.0.0.9", "username": "ubuntu", "password": "canary-5d0a"}
            return Subject(cls.__name__, options=options, credentials=host, persistent=persistent, disposable=True)

        @pytest.fixture
        def faults(self, script: Script) -> Faults:
            return _Faults(script)

    Adopted.__name__ = Adopted.__qualname__ = f"Test{cls.__name__}"
    return Adopted


def all_mutants() -> list[type[EffectMutant]]:
    """The mutants, without what several of them share."""
    return list(dict.fromkeys(cls for family in _FAMILIES for cls in _mutants_of(family)))


def sample() -> list[type[EffectMutant]]:
    """The first mutant of each family."""
    return [_mutants_of(family)[0] for family in _FAMILIES]


def _mutants_of(family: ModuleType) -> list[type[EffectMutant]]:
    found = [value for name, value in vars(family).items() if isinstance(value, type) and not name.startswith("_")]
    return [cls for cls in found if issubclass(cls, EffectMutant) and cls not in (EffectMutant, PersistentMutant)]


_classes: dict[str, Any] = {f"Test{cls.__name__}": _adopted(cls) for cls in all_mutants()}
globals().update(_classes)
