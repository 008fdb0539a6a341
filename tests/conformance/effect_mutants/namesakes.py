"""Mutants: what is kept by a name that another EE has, too, or an earlier one had."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from conformance.effect_mutants.base import EffectMutant, PersistentMutant, caught_by

from vca_core.artifacts import Artifact
from vca_core.backend import ExecutionEnvironment, Operation
from vca_core.errors import AlreadyExists
from vca_core.hookspecs import hookimpl
from vca_core.naming import EeId, Namespace
from vca_core.status import Entity
from vca_fake.options import CreateOptions
from vca_fake.requests import Ground
from vca_fake.world import Model


class ReportsToTheNewestNamesake(EffectMutant):
    """EEs are found by the names of their applications, and an application of another NS may have the same one."""

    CAUGHT_BY = caught_by("what_was_reported_last_is_what_is_listed")

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._newest: dict[str, EeId] = {}
        self._tell, self._lives._report = self._lives._report, self._tell_newest

    def _tell_newest(self, ee_id: EeId, entity: Entity, *said: Any) -> None:
        self._tell(self._newest.get(ee_id.application, ee_id), entity, *said)

    @hookimpl
    async def create_execution_environment(
        self, op: Operation, namespace: Namespace, artifact: Artifact | None, options: CreateOptions
    ) -> str:
        address = await super().create_execution_environment(op, namespace, artifact, options)
        assert op.ee_id is not None
        self._newest[op.ee_id.application] = op.ee_id
        return address


class ConfiguresTheNewestNamesake(EffectMutant):
    """As above, for options."""

    CAUGHT_BY = caught_by("options_of_one_ee_are_no_other_ones")

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._newest: dict[str, EeId] = {}

    @hookimpl
    async def create_execution_environment(
        self, op: Operation, namespace: Namespace, artifact: Artifact | None, options: CreateOptions
    ) -> str:
        address = await super().create_execution_environment(op, namespace, artifact, options)
        assert op.ee_id is not None
        self._newest[op.ee_id.application] = op.ee_id
        return address

    @hookimpl
    async def configure(self, op: Operation, ee_id: EeId, values: Mapping[str, Any]) -> None:
        await super().configure(op, self._newest.get(ee_id.application, ee_id), values)


class KeepsAddressesByTheNamesOfApplications(EffectMutant):
    """An address is asked for once."""

    CAUGHT_BY = caught_by("addresses_made_at_once_are_each_its_own")

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._known: dict[str, str] = {}

    @hookimpl
    async def list_execution_environments(self, namespace: Namespace | None) -> Sequence[ExecutionEnvironment]:
        return [
            replace(one, address=self._known.setdefault(one.ee_id.application, one.address or ""))
            for one in await super().list_execution_environments(namespace)
        ]


class KeepsTheAddressOfAnEarlierEe(PersistentMutant):
    """An address is asked for once, and an EE that is made anew has the names of the earlier one."""

    CAUGHT_BY = caught_by("a_new_ee_has_nothing_of_an_earlier_one")

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._known: dict[tuple[str, str], str] = {}

    async def _wait_for_address(self, ee_id: EeId) -> str:
        address = await super()._wait_for_address(ee_id)
        return self._known.setdefault((ee_id.model, ee_id.application), address)

    @hookimpl
    async def list_execution_environments(self, namespace: Namespace | None) -> Sequence[ExecutionEnvironment]:
        return [
            replace(one, address=self._known.get((one.ee_id.model, one.ee_id.application), one.address))
            for one in await super().list_execution_environments(namespace)
        ]


class RegistersAHostForEverybody(EffectMutant):
    """Nobody looks whether a host belongs to another namespace."""

    CAUGHT_BY = caught_by("a_host_belongs_to_one_ee")

    @hookimpl
    async def register_execution_environment(
        self, op: Operation, namespace: Namespace, credentials: Mapping[str, Any]
    ) -> str:
        ee_id = await self._add(op, namespace, credentials["hostname"], Ground(self.host.options.base))
        return await self._wait_for_address(ee_id)


class KeepsHostsThatWereDeregistered(EffectMutant):
    """Whose host it is is remembered, and never forgotten."""

    CAUGHT_BY = caught_by("a_host_belongs_to_one_ee")

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._taken: dict[str, Namespace] = {}

    @hookimpl
    async def register_execution_environment(
        self, op: Operation, namespace: Namespace, credentials: Mapping[str, Any]
    ) -> str:
        owner = self._taken.setdefault(credentials["hostname"], namespace)
        if owner != namespace:
            raise AlreadyExists(f"{credentials['hostname']} belongs to {owner}")
        return await super().register_execution_environment(op, namespace, credentials)


class FindsUnitsByAPartOfTheirNames(EffectMutant):
    """The first unit whose name has what was asked for in it is taken."""

    CAUGHT_BY = caught_by("a_unit_that_is_not_there_is_not_found")

    @hookimpl
    async def exec_primitive(
        self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any], unit: str | None
    ) -> dict[str, Any]:
        there = await self.edit(ee_id, lambda one: [entity.id for entity in one.units])
        found = None if unit is None else next((name for name in there if unit in name), unit)
        return await super().exec_primitive(op, ee_id, primitive, params, found)


class DeletesRelationsOfNamesakes(EffectMutant):
    """Relations are found by the name of an application, and a delete takes them."""

    CAUGHT_BY = caught_by("relations_go_with_their_ee")

    @hookimpl
    async def delete_execution_environment(self, op: Operation, ee_id: EeId) -> None:
        await super().delete_execution_environment(op, ee_id)

        def part(model: Model) -> None:
            model.relations = [
                pair for pair in model.relations if all(name != ee_id.application for _, name, _ in pair)
            ]

        for model in await self._worlds.models():
            await self._worlds.change(model.name, part)


class DeletesFilesOfNamesakes(EffectMutant):
    """What an EE has on disk is found by the name of its application, and a delete takes it."""

    CAUGHT_BY = caught_by("a_delete_leaves_what_others_have")

    @hookimpl
    async def delete_execution_environment(self, op: Operation, ee_id: EeId) -> None:
        for one in await self.list_execution_environments(None):
            if one.ee_id.application == ee_id.application:
                await self._programs.forget(one.ee_id)
        await super().delete_execution_environment(op, ee_id)


class DeletesFilesOfSimilarModels(EffectMutant):
    """What a model has on disk is found by the beginning of its name."""

    CAUGHT_BY = caught_by("a_delete_leaves_what_others_have")

    @hookimpl
    async def delete_namespace(self, op: Operation, namespace: Namespace) -> None:
        model = self.host.names.model(namespace)
        for one in await self.list_execution_environments(None):
            if one.ee_id.model.startswith(model):
                await self._programs.forget(one.ee_id)
        await super().delete_namespace(op, namespace)
