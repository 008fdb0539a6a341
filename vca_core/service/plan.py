"""The steps that bring a service up, and which waits for which."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from vca_core.secrets import secrets_in
from vca_core.service.inputs import Inputs, move_places, place_of
from vca_core.service.ns_file import Relation, Service, Vnf
from vca_core.written import spell


class StepState(enum.StrEnum):
    """What becomes of a step."""

    WAITING = "waiting"
    """For others, or for its turn."""
    RUNNING = "running"
    DONE = "done"
    KEPT = "kept"
    """Done by an earlier run; nothing was changed."""
    FAILED = "failed"
    BLOCKED = "blocked"
    """Not begun, since one that it waits for failed."""


Kind = Literal["create", "register", "install", "relate", "run"]


@dataclass(frozen=True, slots=True)
class Step:
    """One operation.

    Args:
        key: names it, in the ledger too: ``core/create``.
        kind: what it does.
        title: for people.
        vnfs: the VNFs that it concerns.
        needs: keys of the steps and joints that have to be done before.
        inputs: what it is made of, but for what is in charms.
        number: position of a primitive in its VNF's ``day1``.
        relation: what is related.
    """

    key: str
    kind: Kind
    title: str
    vnfs: tuple[str, ...]
    needs: tuple[str, ...]
    inputs: Inputs
    number: int = 0
    relation: Relation | None = None


@dataclass(frozen=True, slots=True)
class Joint:
    """What several steps wait for together, each of which would have a thousand needs otherwise.

    A VNF without Day-1 primitives has one: what comes after the VNF waits for it.

    Args:
        key: names it, among the steps.
        needs: keys of the steps and joints that have to be done before.
    """

    key: str
    needs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """How a service is brought up. Its size grows with that of the service, and no faster.

    Args:
        steps: each behind those it waits for.
        joints: each behind those it waits for.
    """

    steps: list[Step]
    joints: list[Joint]

    @property
    def parts(self) -> list[Step | Joint]:
        """All that may be waited for."""
        return [*self.steps, *self.joints]


def plan(service: Service) -> Plan:
    """Plan the steps of a service.

    A VNF is created, then its charm installed. Relations wait for both their charms. The Day-1 primitives of a VNF
    run one after the other, when all its relations are there and those of the VNFs in its ``after`` are done.

    Args:
        service: the service.
    """
    steps = [*_machines_and_charms(service), *_relations(service)]
    joints: list[Joint] = []
    last = _last_before_day1(service, steps)
    waited_for = {other for vnf in service.vnfs.values() for other in vnf.after}
    references = service.references
    for name in _sort_vnfs(service):
        before = (name, *service.vnfs[name].after)
        previous = tuple(dict.fromkeys(key for vnf in before for key in last[vnf]))
        for number, primitive in enumerate(service.vnfs[name].day1):
            values: dict[str, Any] = {"run": primitive.run, "with_": spell(primitive.with_)}
            values |= {"unit": primitive.unit, "timeout": primitive.timeout}
            referred = move_places(references.get(name, ()), place_of("day1", number, "with"), "/with_")
            key, title = f"{name}/day1/{number}", f"{name}: run {primitive.run}"
            steps.append(Step(key, "run", title, (name,), previous, Inputs(values, referred), number))
            previous = (key,)
        if len(previous) > 1 and name in waited_for:  # what comes after it waits for what it waits for
            joints.append(Joint(f"{name}/day1", previous))
            previous = (joints[-1].key,)
        last[name] = previous
    return Plan(steps, joints)


def _machines_and_charms(service: Service) -> Iterator[Step]:
    references = service.references
    for name, vnf in service.vnfs.items():
        referred = references.get(name, frozenset())
        place: dict[str, Any] = {
            "namespace": str(service.namespace(name)),
            "connector": vnf.connector or service.connector,
        }
        if vnf.machine is None:
            inputs = Inputs(
                {**place, "options": vnf.options.create}, move_places(referred, "/options/create", "/options")
            )
            create = Step(f"{name}/create", "create", f"{name}: create", (name,), (), inputs)
        else:
            places = move_places(referred, "/options/register", "/options")
            made: dict[str, Any] = {**place, "host": vnf.host, "options": vnf.options.register_}
            inputs = Inputs(made, places, _secret_credentials(vnf, referred))
            create = Step(f"{name}/register", "register", f"{name}: register", (name,), (), inputs)
        yield create
        if vnf.charm is not None:
            values = {"config": spell(vnf.config), "units": vnf.units, "options": vnf.options.install}
            places = move_places(referred, "/config", "/config") | move_places(referred, "/options/install", "/options")
            title = f"{name}: install {vnf.charm}"
            yield Step(f"{name}/install", "install", title, (name,), (create.key,), Inputs(values, places))


def _secret_credentials(vnf: Vnf, referred: frozenset[str]) -> dict[str, Any]:
    """What is secret of a machine's credentials; its host is none, and is compared as it is."""
    return {
        name: value
        for name, value in (vnf.machine or {}).items()
        if name not in ("hostname", "port") and (place_of("machine", name) in referred or secrets_in({name: value}))
    }


def _relations(service: Service) -> Iterator[Step]:
    for relation in service.relations:
        vnfs = tuple(vnf for vnf, _ in relation.ends)
        needs = tuple(dict.fromkeys(f"{vnf}/install" for vnf in vnfs))
        inputs = Inputs({"relation": str(relation)})
        yield Step(f"{relation}/relate", "relate", f"relate {relation}", vnfs, needs, inputs, relation=relation)


def _last_before_day1(service: Service, steps: list[Step]) -> dict[str, Sequence[str]]:
    last: dict[str, list[str]] = {name: [] for name in service.vnfs}
    for step in steps:
        for name in step.vnfs:
            if step.kind == "relate":
                last[name].append(step.key)
            else:
                last[name] = [step.key]
    return dict(last)


def _sort_vnfs(service: Service) -> list[str]:
    """The VNFs, each behind those in its ``after``; the model has made sure that there is no circle."""
    ordered: dict[str, None] = {}
    for name in service.vnfs:
        waiting = [(name, iter(service.vnfs[name].after))]
        while waiting:  # a chain may be longer than Python's stack
            behind, others = waiting[-1]
            other = None if behind in ordered else next(others, None)
            if other is None:
                ordered[behind] = None
                waiting.pop()
            elif other not in ordered:
                waiting.append((other, iter(service.vnfs[other].after)))
    return list(ordered)
