"""Which execution environments a model holds, and what the core learns about them, as it happens."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from vca_core.errors import VcaError
from vca_core.naming import EeId, NameRules, Namespace
from vca_core.refusals import already_exists, removal_under_way, shared_application, shared_model
from vca_core.status import DeploymentStatus, Entity, EntityState
from vca_juju_common.client.interface import Model
from vca_juju_common.client.state import State
from vca_juju_common.client.things import DEAD_AGENTS, Change, Machine, Thing, Unit
from vca_juju_common.ground import NOTED, Ground
from vca_juju_common.notes import LOCATOR_NOTE, NAMESPACE_NOTE, namespace_in

Report = Callable[[EeId, Entity, str | None, str, DeploymentStatus | None], None]

Key = TypeVar("Key")

_SHOWN = frozenset({"machine", "unit", "application", "annotation"})
"""The kinds of things that statuses come from, or that say whose they are."""

SETTLED = frozenset({"active", "blocked"})
"""The words of units that nothing more is waited for."""


@dataclass(frozen=True, slots=True)
class Environment:
    """An execution environment, as the model keeps it.

    Args:
        ee_id: its id.
        namespace: the canonical one; None: it is not ours.
    """

    ee_id: EeId
    namespace: Namespace | None


def environments_in(model: Model, rules: NameRules, ground: Ground) -> dict[str, Environment]:
    """The execution environments of a model, by application.

    Args:
        model: which one.
        rules: names applications.
        ground: what they run on.
    """
    state = model.state
    found: dict[str, Environment] = {}
    for bearer in ground.bearers(state):
        application = rules.application(bearer.namespace)
        found.setdefault(application, Environment(EeId(model.name, application, bearer.locator), bearer.namespace))
    for application in state.applications:
        if application in found:
            continue
        notes = state.notes(f"application-{application}")
        locator = notes.get(LOCATOR_NOTE) or ground.locator_of(state.units_of(application))
        if locator:
            found[application] = Environment(EeId(model.name, application, locator), namespace_in(notes))
    return found


def is_leaving(model: Model, ee_id: EeId) -> bool:
    """Whether an execution environment is on its way out: its machine, or its application, is dying."""
    machine = model.state.machines.get(ee_id.locator)
    application = model.state.applications.get(ee_id.application)
    return any(thing is not None and thing.life in {"dying", "dead"} for thing in (machine, application))


def has_environments(state: State, ground: Ground) -> bool:
    """Whether something in a model bears a namespace."""
    noted = any(NAMESPACE_NOTE in state.notes(f"application-{name}") for name in state.applications)
    return noted or any(True for _ in ground.bearers(state))


def check_namespace(model: Model, rules: NameRules, ground: Ground, namespace: Namespace) -> None:
    """Refuse a namespace that would share a model or an application with another one.

    Raises:
        BadArguments: it would; the text names both.
    """
    application = rules.application(namespace)
    for environment in environments_in(model, rules, ground).values():
        other = environment.namespace
        if other is None:
            continue
        if other.ns_id != namespace.ns_id:
            raise shared_model(namespace.ns_id, other.ns_id, model.name)
        if environment.ee_id.application == application and other != namespace.canonical:
            raise shared_application(namespace, other, model.name, application)


async def check_free(model: Model, rules: NameRules, ground: Ground, namespace: Namespace) -> None:
    """Refuse to make what exists; by a state that is read anew, since another client may just have removed it.

    Raises:
        AlreadyExists: the namespace has an execution environment.
        ConflictError: it has one that is on its way out.
        BadArguments: it would share one, or a model, with another namespace.
    """
    try:
        _check_free(model, rules, ground, namespace)
    except VcaError:
        await model.reread()
        _check_free(model, rules, ground, namespace)


def _check_free(model: Model, rules: NameRules, ground: Ground, namespace: Namespace) -> None:
    check_namespace(model, rules, ground, namespace)
    there = environments_in(model, rules, ground).get(rules.application(namespace))
    if there is not None:
        raise (removal_under_way if is_leaving(model, there.ee_id) else already_exists)(there.ee_id, namespace)


def entity_state(thing: Machine | Unit) -> EntityState:
    """What is reported of a machine or a unit."""
    if isinstance(thing, Machine):
        if thing.instance.current == "provisioning error":
            return EntityState(Entity("machine", thing.id), thing.instance.current, thing.instance.message)
        detail = thing.agent.message or thing.instance.message
        return EntityState(Entity("machine", thing.id), thing.agent.current or "pending", detail)
    if thing.agent.current in DEAD_AGENTS:
        return EntityState(
            Entity("unit", thing.name), thing.agent.current, thing.agent.message or thing.workload.message
        )
    return EntityState(Entity("unit", thing.name), thing.workload.current, thing.workload.message)


def application_state(model: Model, name: str) -> EntityState | None:
    """What is reported of an application; None: it is not there."""
    application = model.state.applications.get(name)
    if application is None:
        return None
    word = model.state.status_of(application)
    return EntityState(Entity("application", name), word.current, word.message)


class Reporter:
    """Reports to the core what is seen of execution environments, from what deltas change.

    Args:
        rules: names applications.
        ground: what they run on.
        report: the core's.
    """

    def __init__(self, rules: NameRules, ground: Ground, report: Report) -> None:
        self._rules = rules
        self._ground = ground
        self._report = report
        # By model, so that what is done for one does not grow with the others.
        self._owners: dict[str, dict[Entity, EeId]] = {}
        self._adopted: dict[str, dict[str, EeId]] = {}
        self._reasons: dict[str, dict[str, dict[str, str]]] = {}

    def adopt(self, model: Model, ee_id: EeId) -> None:
        """Take in an execution environment that was just made, and report what is known of it."""
        self._adopted.setdefault(model.name, {})[ee_id.application] = ee_id
        self._report_states(model, ee_id, states_of(model, self._rules, self._ground, ee_id))

    def release(self, ee_id: EeId) -> None:
        """Forget an execution environment that is gone."""
        _pop(self._adopted, ee_id.model, ee_id.application)
        reasons = self._reasons.get(ee_id.model, {})
        for unit in [name for name in reasons if name.partition("/")[0] == ee_id.application]:
            del reasons[unit]
        for entity in [entity for entity, owner in self._owners.get(ee_id.model, {}).items() if owner == ee_id]:
            _pop(self._owners, ee_id.model, entity)
            self._report(ee_id, entity, None, "", None)

    def release_model(self, name: str) -> None:
        """Forget all execution environments of a model that is gone."""
        for ee_id in {*self._adopted.get(name, {}).values(), *self._owners.get(name, {}).values()}:
            self.release(ee_id)
        self._reasons.pop(name, None)

    def explain(self, model: Model, source: str, reasons: Mapping[str, str]) -> None:
        """Say why units are not ready, beside their own messages, and report it.

        Args:
            model: where they are.
            source: who says it, which stands before the reason.
            reasons: by unit; empty: that source has none, or none any more.
        """
        for name, reason in reasons.items():
            unit = model.state.units.get(name)
            if self.note_reason(model, name, source, reason) and unit is not None:
                owner = self._owners.get(model.name, {}).get(Entity("unit", name))
                if owner is not None:
                    self._report_states(model, owner, [entity_state(unit)])

    def note_reason(self, model: Model, unit: str, source: str, reason: str) -> bool:
        """Note why a unit is not ready, which is reported when the unit is; see `explain`.

        Returns:
            Whether another reason of that source was known.
        """
        of_model = self._reasons.setdefault(model.name, {})
        known = of_model.get(unit, {})
        before = known.get(source, "")
        known = {name: text for name, text in {**known, source: reason}.items() if text}
        if known:
            of_model[unit] = known
        else:
            of_model.pop(unit, None)
        return before != reason

    def complete(self, model: str, state: EntityState) -> EntityState:
        """A state with the reasons that are known beside it, as long as it is not one of success.

        Args:
            model: the name of its model.
            state: as Juju has it.
        """
        if state.entity.kind != "unit" or state.native in SETTLED:
            return state
        known = self._reasons.get(model, {}).get(state.entity.id, {})
        reasons = [f"{source}: {reason}" for source, reason in sorted(known.items())]
        return replace(state, detail="; ".join([*filter(None, [state.detail]), *reasons]))

    def observe(self, model: Model, changes: Sequence[Change]) -> None:
        """Report what changed in a model."""
        changes = [change for change in changes if change[0][0] in _SHOWN]
        if not changes:
            return
        known = {name: one.ee_id for name, one in environments_in(model, self._rules, self._ground).items()}
        known |= self._adopted.get(model.name, {})
        by_machine = {ee_id.locator: ee_id for ee_id in known.values()}
        for unit in model.state.units.values():
            if unit.application in known:
                by_machine.setdefault(unit.machine, known[unit.application])
        touched = {id_.partition("/")[0] for (kind, id_), _ in changes if kind in {"application", "unit"}}
        for (kind, id_), thing in changes:
            if kind == "annotation":
                self._drop_unborne(model, known)
            if thing is None:
                owner = _pop(self._owners, model.name, Entity(kind, id_))
                if owner is not None:
                    self._report(owner, Entity(kind, id_), None, "", None)
            elif kind == "annotation":
                for ee_id in known.values():
                    if id_ in {self._ground.tag_of(model, ee_id), f"application-{ee_id.application}"}:
                        self._report_states(model, ee_id, states_of(model, self._rules, self._ground, ee_id))
            else:
                self._tell_one(model, known, by_machine, thing)
        for name in sorted(touched & known.keys()):
            state = application_state(model, name)
            if state is not None:
                self._report_states(model, known[name], [state])

    def _drop_unborne(self, model: Model, known: dict[str, EeId]) -> None:
        """Report what was only noted, and is noted no more, as gone."""
        noted = [one for one in self._owners.get(model.name, {}) if one.kind == NOTED]
        for entity in noted:
            states = self._ground.states_of(model, self._rules, known[entity.id]) if entity.id in known else []
            if entity not in {state.entity for state in states}:
                owner = _pop(self._owners, model.name, entity)
                if owner is not None:
                    self._report(owner, entity, None, "", None)

    def _tell_one(self, model: Model, known: dict[str, EeId], by_machine: dict[str, EeId], thing: Thing) -> None:
        if isinstance(thing, Machine):
            ee_id = by_machine.get(thing.id)
        elif isinstance(thing, Unit):
            ee_id = known.get(thing.application)
            machine = model.state.machines.get(thing.machine)
            if (
                ee_id is not None
                and machine is not None
                and Entity("machine", machine.id) not in self._owners.get(model.name, {})
            ):
                self._report_states(model, ee_id, [entity_state(machine)])
        else:
            return
        if ee_id is not None:
            self._report_states(model, ee_id, [entity_state(thing)])

    def _report_states(self, model: Model, ee_id: EeId, states: Sequence[EntityState]) -> None:
        for one in states:
            state = self.complete(model.name, one)
            self._owners.setdefault(model.name, {})[state.entity] = ee_id
            self._report(ee_id, state.entity, state.native, state.detail, state.status)


def _pop(by_model: dict[str, dict[Key, EeId]], model: str, key: Key) -> EeId | None:
    """Take something out, and its model when nothing else is left of it."""
    of_model = by_model.get(model, {})
    found = of_model.pop(key, None)
    if not of_model:
        by_model.pop(model, None)
    return found


def states_of(model: Model, rules: NameRules, ground: Ground, ee_id: EeId) -> list[EntityState]:
    """The states of an execution environment's entities, now."""
    states = ground.states_of(model, rules, ee_id)
    states += [entity_state(unit) for unit in model.state.units_of(ee_id.application)]
    application = application_state(model, ee_id.application)
    return states if application is None else [*states, application]
