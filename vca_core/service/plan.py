"""The steps that bring a service up, and which waits for which."""

from __future__ import annotations

import enum
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from vca_core.secrets import SecretValues, scrub_plain, secrets_in
from vca_core.service.ns_file import Relation, Service
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
        digest: of what it is made of; secrets are left out.
        number: position of a primitive in its VNF's ``day1``.
        relation: what is related.
        secrets: the secrets that it is made of; never shown.
    """

    key: str
    kind: Kind
    title: str
    vnfs: tuple[str, ...]
    needs: tuple[str, ...]
    digest: str
    number: int = 0
    relation: Relation | None = None
    secrets: tuple[str, ...] = field(default=(), repr=False)


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


def plan(service: Service, contents: Mapping[str, str] | None = None) -> Plan:
    """Plan the steps of a service.

    A VNF is created, then its charm installed. Relations wait for both their charms. The Day-1 primitives of a VNF
    run one after the other, when all its relations are there and those of the VNFs in its ``after`` are done.

    Args:
        service: the service.
        contents: digests of what is in its charms, by the paths that name them: an installation is another one where
            the content is, and not where only the path is. Of those that are not there, the path counts.
    """
    steps = [*_machines_and_charms(service, contents or {}), *_relations(service)]
    joints: list[Joint] = []
    last = _last_before_day1(service, steps)
    waited_for = {other for vnf in service.vnfs.values() for other in vnf.after}
    for name in _sort_vnfs(service):
        before = (name, *service.vnfs[name].after)
        previous = tuple(dict.fromkeys(key for vnf in before for key in last[vnf]))
        for number, primitive in enumerate(service.vnfs[name].day1):
            made = primitive.model_dump(mode="json") | {"with_": spell(primitive.with_)}
            step = Step(
                f"{name}/day1/{number}",
                "run",
                f"{name}: run {primitive.run}",
                (name,),
                previous,
                _digest(made),
                number,
                secrets=_secrets(made),
            )
            steps.append(step)
            previous = (step.key,)
        if len(previous) > 1 and name in waited_for:  # what comes after it waits for what it waits for
            joints.append(Joint(f"{name}/day1", previous))
            previous = (joints[-1].key,)
        last[name] = previous
    return Plan(steps, joints)


def _machines_and_charms(service: Service, contents: Mapping[str, str]) -> Iterator[Step]:
    for name, vnf in service.vnfs.items():
        place = [str(service.namespace(name)), vnf.connector or service.connector]
        if vnf.machine is None:
            create = Step(
                f"{name}/create", "create", f"{name}: create", (name,), (), _digest([*place, vnf.options.create])
            )
        else:
            made: list[Any] = [*place, vnf.host, vnf.options.register_]
            create = Step(
                f"{name}/register",
                "register",
                f"{name}: register",
                (name,),
                (),
                _digest(made),
                secrets=_secrets(vnf.machine),
            )
        yield create
        if vnf.charm is not None:
            made = [contents.get(vnf.charm, vnf.charm), spell(vnf.config), vnf.units, vnf.options.install]
            title = f"{name}: install {vnf.charm}"
            yield Step(
                f"{name}/install", "install", title, (name,), (create.key,), _digest(made), secrets=_secrets(made)
            )


def _relations(service: Service) -> Iterator[Step]:
    for relation in service.relations:
        vnfs = tuple(vnf for vnf, _ in relation.ends)
        needs = tuple(dict.fromkeys(f"{vnf}/install" for vnf in vnfs))
        title = f"relate {relation}"
        yield Step(f"{relation}/relate", "relate", title, vnfs, needs, _digest(str(relation)), relation=relation)


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


def _secrets(made: Any) -> tuple[str, ...]:
    return tuple(sorted(secrets_in(made)))


def _digest(made: Any) -> str:
    scrub = SecretValues(secrets_in(made)).scrub  # a digest of a short password could be guessed
    text = scrub(json.dumps(scrub_plain(made, scrub), sort_keys=True, default=str))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
