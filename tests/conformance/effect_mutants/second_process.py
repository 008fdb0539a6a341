"""Mutants: what is remembered by the process, where it should be asked of the system."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from conformance.effect_mutants.base import PersistentMutant, caught_by

from vca_core import refusals
from vca_core.artifacts import Artifact
from vca_core.backend import Operation, RelationEnd
from vca_core.errors import ExecutionError
from vca_core.hookspecs import hookimpl
from vca_core.naming import EeId, Namespace
from vca_fake.options import InstallOptions
from vca_fake.software import merge_options


class ConfiguresFromMemory(PersistentMutant):
    """Every option that this process ever set is set again, and no other one is."""

    CAUGHT_BY = caught_by("options_set_by_two_processes_are_all_kept")

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._options: dict[EeId, dict[str, Any]] = {}

    @hookimpl
    async def install_configuration_sw(
        self,
        op: Operation,
        ee_id: EeId,
        artifact: Artifact,
        config: Mapping[str, Any],
        num_units: int,
        options: InstallOptions,
    ) -> None:
        await super().install_configuration_sw(op, ee_id, artifact, config, num_units, options)
        self._options[ee_id] = dict(config)

    @hookimpl
    async def configure(self, op: Operation, ee_id: EeId, values: Mapping[str, Any]) -> None:
        mine = self._options.setdefault(ee_id, {})
        mine.update(values)
        if len(self._options) and any(value is not None for value in mine.values()):
            await self.set_options(ee_id, {})
        await super().configure(op, ee_id, mine)


class WritesAllOptionsBack(PersistentMutant):
    """All options are read, and written with those that are given: what is set in between is lost."""

    CAUGHT_BY = caught_by("options_set_by_two_processes_at_once_are_kept")

    @hookimpl
    async def configure(self, op: Operation, ee_id: EeId, values: Mapping[str, Any]) -> None:
        after = await self.edit(ee_id, lambda one: merge_options(one, values))
        await op.held()
        await self._lives.pause("configure", ee_id)
        await self.set_options(ee_id, after)


class CountsUnitsItself(PersistentMutant):
    """How many units are missing is worked out from how many this process had made."""

    CAUGHT_BY = caught_by("units_made_by_two_processes_are_counted_once")

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._units: dict[EeId, int] = {}

    @hookimpl
    async def scale(self, op: Operation, ee_id: EeId, num_units: int) -> None:
        there = await self.count_units(ee_id)
        missing = num_units - self._units.get(ee_id, there)
        self._units[ee_id] = num_units
        await super().scale(op, ee_id, there + missing)


class RemovesItsOwnRelationsOnly(PersistentMutant):
    """A relation that another process made is taken for one that is not there."""

    CAUGHT_BY = caught_by("a_relation_of_one_process_is_removed_by_another")

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._made: set[frozenset[EeId]] = set()

    @hookimpl
    async def add_relation(self, op: Operation, end_1: RelationEnd, end_2: RelationEnd) -> None:
        await super().add_relation(op, end_1, end_2)
        self._made.add(frozenset((end_1.ee_id, end_2.ee_id)))

    @hookimpl
    async def remove_relation(self, op: Operation, end_1: RelationEnd, end_2: RelationEnd) -> None:
        if frozenset((end_1.ee_id, end_2.ee_id)) in self._made:
            await super().remove_relation(op, end_1, end_2)


class TellsOfEveryNs(PersistentMutant):
    """A status is that of all network services."""

    CAUGHT_BY = caught_by("what_is_read_of_an_ns_shows_no_other_one[get_status]")

    @hookimpl
    async def get_status(self, namespace: Namespace) -> dict[str, Any]:
        everything = {model.name: sorted(model.applications) for model in await self._worlds.models()}
        return {**await super().get_status(namespace), "others": everything}


class MeasuresEveryNs(PersistentMutant):
    """Metrics are those of all network services."""

    CAUGHT_BY = caught_by("what_is_read_of_an_ns_shows_no_other_one[get_metrics]")

    @hookimpl
    async def get_metrics(self, namespace: Namespace) -> dict[str, Any]:
        everything = {name: 1 for model in await self._worlds.models() for name in [model.name, *model.applications]}
        return {**await super().get_metrics(namespace), **everything}


class KnowsVersionsFromMemory(PersistentMutant):
    """Whether it is the installed version of a charm is known to the process that installed it."""

    CAUGHT_BY = caught_by(
        "what_a_second_process_is_refused_changes_nothing[connected]",
        "what_a_second_process_is_refused_changes_nothing[gone]",
    )

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._installed_here: set[EeId] = set()

    @hookimpl
    async def install_configuration_sw(
        self,
        op: Operation,
        ee_id: EeId,
        artifact: Artifact,
        config: Mapping[str, Any],
        num_units: int,
        options: InstallOptions,
    ) -> None:
        digest, charm = await artifact.digest(), await artifact.read()
        there = await self.edit(ee_id, lambda one: one.charm)
        if there is not None and there.name == charm.name and ee_id not in self._installed_here:
            await self.edit(ee_id, lambda one: setattr(one, "digest", digest))
        await super().install_configuration_sw(op, ee_id, artifact, config, num_units, options)
        self._installed_here.add(ee_id)


class UndoesWhatFollowedAFailure(PersistentMutant):
    """A primitive that fails leaves the options as they were when it began."""

    CAUGHT_BY = caught_by("a_failure_undoes_nothing_another_process_changed")

    @hookimpl
    async def exec_primitive(
        self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any], unit: str | None
    ) -> dict[str, Any]:
        before = await self.options_of(ee_id)
        try:
            return await super().exec_primitive(op, ee_id, primitive, params, unit)
        except ExecutionError:
            await self.set_options(ee_id, before)
            raise


class SkipsWhatItSetBefore(PersistentMutant):
    """A value that this process set last is not set again, whatever others have set since."""

    CAUGHT_BY = caught_by("options_set_by_two_processes_are_all_kept")

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._sent: dict[tuple[EeId, str], Any] = {}

    @hookimpl
    async def configure(self, op: Operation, ee_id: EeId, values: Mapping[str, Any]) -> None:
        asked = {(ee_id, name): value for name, value in values.items()}
        new = {key[1]: value for key, value in asked.items() if key not in self._sent or self._sent[key] != value}
        await super().configure(op, ee_id, new)
        self._sent.update(asked)


class KnowsItsOwnUnits(PersistentMutant):
    """Which units there are is asked once, and again when this process has scaled."""

    CAUGHT_BY = caught_by("units_made_by_two_processes_are_counted_once")

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._known: dict[EeId, list[str]] = {}

    @hookimpl
    async def scale(self, op: Operation, ee_id: EeId, num_units: int) -> None:
        await super().scale(op, ee_id, num_units)
        self._known[ee_id] = await self._units_of(ee_id)

    @hookimpl
    async def exec_primitive(
        self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any], unit: str | None
    ) -> dict[str, Any]:
        if ee_id not in self._known:
            self._known[ee_id] = await self._units_of(ee_id)
        if unit is not None and unit not in self._known[ee_id]:
            raise refusals.no_unit(unit, ee_id, self._known[ee_id])
        return await super().exec_primitive(op, ee_id, primitive, params, unit)

    async def _units_of(self, ee_id: EeId) -> list[str]:
        return await self.edit(ee_id, lambda one: [unit.id for unit in one.units])
