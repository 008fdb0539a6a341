"""The steps that bring a service up, and which waits for which."""

from __future__ import annotations

import enum
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from vca_core.secrets import SecretValues, secrets_in
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
        needs: keys of the steps that have to be done before.
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


def plan(service: Service, contents: Mapping[str, str] | None = None) -> list[Step]:
    """Make the steps of a service; each comes behind those it waits for.

    A VNF is created, then its charm installed. Relations wait for both their charms. The Day-1 primitives of a VNF
    run one after the other, when all its relations are there and those of the VNFs in its ``after`` are done.

    Args:
        service: the service.
        contents: digests of what is in its charms, by the paths that name them: an installation is another one where
            the content is, and not where only the path is. Of those that are not there, the path counts.
    """
    steps = [*_machines_and_charms(service, contents or {}), *_relations(service)]
    last = _last_before_day1(service, steps)
    for name in _sort_vnfs(service):
        if not service.vnfs[name].day1:
            continue  # what comes after it waits for what it waits for: `_predecessors`
        previous = _predecessors(service, last, name)
        for number, primitive in enumerate(service.vnfs[name].day1):
            made = primitive.model_dump(mode="json") | {"with_": spell(primitive.with_)}
            step = Step(
                f"{name}/day1/{number}",
                "run",
                f"{name}: run {primitive.run}",
                (name,),
                tuple(dict.fromkeys(previous)),
                _digest(made),
                number,
                secrets=_secrets(made),
            )
            steps.append(step)
            previous = [step.key]
        last[name] = previous
    return steps


def _predecessors(service: Service, last: Mapping[str, list[str]], name: str) -> list[str]:
    """What has to be done before the Day-1 primitives of a VNF; each once, however many ways lead to it."""
    found = dict.fromkeys(last[name])
    waiting, seen = list(service.vnfs[name].after), {name}
    while waiting:
        other = waiting.pop()
        if other not in seen:
            seen.add(other)
            found.update(dict.fromkeys(last[other]))
            if not service.vnfs[other].day1:
                waiting += service.vnfs[other].after
    return list(found)


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


def _last_before_day1(service: Service, steps: list[Step]) -> dict[str, list[str]]:
    last: dict[str, list[str]] = {name: [] for name in service.vnfs}
    for step in steps:
        for name in step.vnfs:
            if step.kind == "relate":
                last[name].append(step.key)
            else:
                last[name] = [step.key]
    return last


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
    text = json.dumps(made, sort_keys=True, default=str)
    text = SecretValues(secrets_in(made)).scrub(text)  # a digest of a short password could be guessed
    return hashlib.sha256(text.encode()).hexdigest()[:16]
