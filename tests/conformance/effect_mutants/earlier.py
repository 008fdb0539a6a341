"""Mutants: what was true of an earlier charm, relation, order or connection, and is taken to be true still."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from conformance.effect_mutants.base import EffectMutant, caught_by

from vca_core import refusals
from vca_core.artifacts import Artifact
from vca_core.backend import Operation, RelationEnd
from vca_core.hookspecs import hookimpl
from vca_core.naming import EeId
from vca_core.status import Entity
from vca_core.testing.charms import LIMITED
from vca_fake.hook_tools import Action
from vca_fake.options import UpgradeOptions
from vca_fake.script import Rule
from vca_fake.world import Application, Model


class KnowsTheVersionOfTheInstall(EffectMutant):
    """Which version is there is noted by the install, and by no upgrade."""

    CAUGHT_BY = caught_by("an_upgrade_brings_the_new_charm_to_every_unit")

    @hookimpl
    async def upgrade(
        self, op: Operation, ee_id: EeId, artifact: Artifact, config: Mapping[str, Any], options: UpgradeOptions
    ) -> None:
        noted = await self.edit(ee_id, lambda one: one.digest)
        await super().upgrade(op, ee_id, artifact, config, options)
        await self.edit(ee_id, lambda one: setattr(one, "digest", noted))


class KeepsEarlierDefaults(EffectMutant):
    """What nobody set keeps the default of the version that was there first."""

    CAUGHT_BY = caught_by("an_option_that_a_version_lacks_goes_with_it")

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._first: dict[EeId, dict[str, Any]] = {}
        self._made = self._programs._make
        vars(self._programs).update(_make=self._make)

    def _make(self, model: Model, application: Application, *given: Any, **named: Any) -> Action | None:
        made = self._made(model, application, *given, **named)
        if made is None or application.charm is None:
            return made
        options = application.charm.options
        first = self._first.setdefault(application.ee_id, dict(options))
        kept = {
            name: first[name].default
            for name in made.options.keys() & first.keys() - application.config.keys()
            if first[name].type == options[name].type
        }
        return replace(made, options={**made.options, **kept})


class CountsRelationsThatWereRemoved(EffectMutant):
    """A relation counts for the limit of its endpoint, also when it was removed."""

    CAUGHT_BY = caught_by(
        "an_endpoint_takes_no_more_than_its_limit[first]", "an_endpoint_takes_no_more_than_its_limit[second]"
    )

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._taken: dict[EeId, EeId] = {}

    @hookimpl
    async def add_relation(self, op: Operation, end_1: RelationEnd, end_2: RelationEnd) -> None:
        for end, other in ((end_1, end_2), (end_2, end_1)):
            if end.endpoint == LIMITED and self._taken.get(end.ee_id, other.ee_id) != other.ee_id:
                raise refusals.limit_reached(f"{end.ee_id.application}:{LIMITED}", 1)
        await super().add_relation(op, end_1, end_2)
        for end, other in ((end_1, end_2), (end_2, end_1)):
            if end.endpoint == LIMITED:
                self._taken[end.ee_id] = other.ee_id


class OrdersUnitsAnewWhenOpened(EffectMutant):
    """Read from its system, units come in another order, and so another one leads."""

    CAUGHT_BY = caught_by("a_primitive_is_run_on_the_leader")

    @hookimpl
    async def open(self) -> None:
        await super().open()
        for model in await self._worlds.models():
            for one in list(model.applications.values()):
                await self.edit(one.ee_id, _reverse_units)


def _reverse_units(application: Application) -> None:
    application.states.sort(key=lambda state: state.entity.id, reverse=True)


class ReportsNothingAfterALoss(EffectMutant):
    """What is watched is not watched any more once a connection was lost."""

    CAUGHT_BY = caught_by("what_was_there_is_there_when_the_connection_is_back")

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._is_watched = True
        self._tell, self._lives._report = self._lives._report, self._tell_while_watched
        self._put = self.script.put_in_front
        vars(self.script).update(put_in_front=self._put_in_front)

    def _tell_while_watched(self, ee_id: EeId, entity: Entity, native: str | None, detail: str) -> None:
        if self._is_watched:
            self._tell(ee_id, entity, native, detail)

    @contextlib.contextmanager
    def _put_in_front(self, rules: Sequence[Rule]) -> Iterator[None]:
        self._is_watched = self._is_watched and not rules[0].disconnect
        with self._put(rules):
            yield

    @hookimpl
    async def open(self) -> None:
        self._is_watched = True
        await super().open()
