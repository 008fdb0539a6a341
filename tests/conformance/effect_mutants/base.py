"""What the mutants are made of: the fake, which runs the programs of charms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeVar

from vca_core.naming import EeId
from vca_fake.backend import FakeBackend
from vca_fake.world import Application

R = TypeVar("R")


class EffectMutant(FakeBackend):
    """The fake, with a defect in what it does."""

    CAUGHT_BY: ClassVar[frozenset[str]] = frozenset()
    """The checks that are meant for it: all of them fail."""

    async def edit(self, ee_id: EeId, work: Callable[[Application], R]) -> R:
        """Change an application behind the back of whoever asks."""
        return await self._lives.change(ee_id, lambda application, _: work(application))

    async def options_of(self, ee_id: EeId) -> dict[str, Any]:
        """The values that are set."""
        return await self.edit(ee_id, lambda application: dict(application.config))

    async def set_options(self, ee_id: EeId, values: Mapping[str, Any]) -> None:
        """Set them to these, and no others."""

        def put(application: Application) -> None:
            application.config = dict(values)

        await self.edit(ee_id, put)

    async def count_units(self, ee_id: EeId) -> int:
        """How many units there are."""
        return await self.edit(ee_id, lambda application: len(application.units))


class PersistentMutant(EffectMutant):
    """Its world is in a file, so that a second process sees the same."""


def caught_by(*checks: str) -> frozenset[str]:
    """Checks by their names without ``test_``."""
    return frozenset(f"test_{check}" for check in checks)
