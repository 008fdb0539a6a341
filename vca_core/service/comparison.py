"""Compares what the steps of a service are made of with what they were made of when they were done."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from vca_core.errors import BadArguments
from vca_core.secrets import secrets_in
from vca_core.service.charms import CharmFacts
from vca_core.service.inputs import FORM, Inputs, first_digest
from vca_core.service.ledger import Done
from vca_core.service.ns_file import Service
from vca_core.service.plan import Step
from vca_core.service.seals import MOST, Seals
from vca_core.tasks import compute_in_thread

R = TypeVar("R")

_INSTEAD = {"create": "register", "register": "create"}
"""What would be done for a VNF where its machine was made, or was there, when it was brought up."""


@dataclass(frozen=True, slots=True)
class _Facts:
    """What a step is compared by.

    Args:
        secret: the places of its secrets.
        sealable: those of its secrets that a seal may be kept of.
        has_others: whether there are secrets that none may be kept of.
    """

    secret: frozenset[str]
    sealable: tuple[str, ...]
    has_others: bool

    @classmethod
    def of(cls, step: Step, secret: frozenset[str]) -> _Facts:
        sealable, is_all = step.inputs.sealable(secret)
        return cls(secret, tuple(sealable), not is_all)


@dataclass
class ComparedSecrets:
    """What is known of the secrets of steps that are done.

    Args:
        changed: the titles of steps that were done with other secrets.
        unknown: the titles of steps of which that is not known, since what was kept of them could have been guessed.
        renewed: what is to be kept of steps now, by key: they have more secrets than were known, or an earlier release
            kept too much of them.
    """

    changed: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    renewed: dict[str, Done] = field(default_factory=dict)


class Comparison:
    """Compares the steps of a service with what was done.

    Args:
        service: the service.
        steps: its steps.
        charms: what counts of its charms, by path.
        done: what was done, by key.
    """

    def __init__(
        self, service: Service, steps: Sequence[Step], charms: Mapping[str, CharmFacts], done: Mapping[str, Done]
    ) -> None:
        self._service = service
        self._steps = steps
        self._charms = charms
        self._done = done
        self._gone: set[str] = set()
        self._facts: dict[str, _Facts] = {}
        self._to_seal: set[tuple[str, ...]] = set()
        self._seals = Seals(next((one.seal for one in done.values() if one.seal and not _is_first(one)), None))

    async def check_unchanged(self, entries: Mapping[str, Mapping[str, Any]]) -> list[str]:
        """Refuse to go on where what was done would be done otherwise now.

        Args:
            entries: what is kept of the VNFs.

        Returns:
            What could not be compared.

        Raises:
            BadArguments: steps have other inputs; or the charm of one that is done is looked for where it never was, or
                cannot be read.
        """
        for name, vnf in self._service.vnfs.items():
            key = f"{name}/install"
            if vnf.charm is None or key not in self._done:
                continue
            charm = self._charms[vnf.charm]
            if charm.absent is not None and vnf.charm == entries.get(name, {}).get("charm"):
                self._gone.add(key)  # nothing says that its content is another one
            elif (error := charm.absent or charm.broken) is not None:
                error.rename({"artifact_path": f"vnfs.{name}.charm"})
                raise error
        if changed := await compute_in_thread(self._find_changed):
            raise BadArguments(
                f"steps that are done have other inputs now: {'; '.join(step.title for step in changed)}. Undo the "
                "change here (what is in charms counts, too), and make it with `vca run` if it is wanted (the "
                f"primitive config sets options); or delete the service first: `vca delete .{self._service.ns}`",
                [step.key for step in changed],
            )
        return [
            f"{step.title}: the charm is not there any more, and was not compared"
            for step in self._steps
            if step.key in self._gone
        ]

    def _find_changed(self) -> list[Step]:
        changed = []
        for step in self._steps:
            charm = self._service.vnfs[step.vnfs[0]].charm
            declared = frozenset() if charm is None else self._charms[charm].secret_names
            facts = self._facts[step.key] = _Facts.of(step, step.inputs.find_secrets(declared))
            if facts.sealable and len(self._to_seal) < MOST:
                self._to_seal.add(facts.sealable)
            before = self._done.get(step.key)
            if before is None:
                is_changed = f"{step.vnfs[0]}/{_INSTEAD.get(step.kind)}" in self._done
            else:
                is_changed = not self._is_same(step, before)
            if is_changed:
                changed.append(step)
        return changed

    def _is_same(self, step: Step, before: Done) -> bool:
        if _is_first(before):
            return step.key in self._gone or before.digest == first_digest(self._first_inputs(step))
        is_charm_same = step.key in self._gone or before.charm == self.charm_of(step)
        return is_charm_same and before.digest == step.inputs.digest(before.secret)

    def charm_of(self, step: Step) -> str | None:
        """What is kept of the content of the charm that a step installs; None: it installs none."""
        charm = self._service.vnfs[step.vnfs[0]].charm
        return None if step.kind != "install" or charm is None else self._charms[charm].content

    def _first_inputs(self, step: Step) -> Any:
        """What earlier releases made a step's digest of."""
        values = step.inputs.values
        if step.kind == "run":
            return dict(values)
        if step.kind == "relate":
            return values["relation"]
        if step.kind == "install":
            return [self.charm_of(step) or self._service.vnfs[step.vnfs[0]].charm, *values.values()]
        return list(values.values())

    async def compare_secrets(self, done: Mapping[str, Done]) -> ComparedSecrets:
        """Compare the secrets of the steps that are done, after `check_unchanged`.

        Args:
            done: what is done still.
        """
        steps = [step for step in self._steps if step.key in done]
        kept = await compute_in_thread(lambda: {step.key: self._kept_facts(step, done[step.key]) for step in steps})
        pairs = dict.fromkeys((done[key].seal or "", one.sealable) for key, one in kept.items() if done[key].seal)
        some = list(pairs)[:MOST]
        ends = await _compute_all([partial(self._seals.is_of, seal, texts) for seal, texts in some])
        are_same = dict(zip(some, ends, strict=True))
        compared = ComparedSecrets()
        same: list[Step] = []
        other: list[Step] = []
        for step in steps:
            before, facts = done[step.key], kept[step.key]
            # Where nothing is sealed, earlier releases had all in the digest, which is the same.
            is_same = _is_first(before) or not (facts.sealable or facts.has_others)
            found = are_same.get((before.seal, facts.sealable)) if before.seal else is_same or None
            if found is False:
                compared.changed.append(step.title)
            elif found is None or facts.has_others:
                compared.unknown.append(step.title)
            is_more_secret = not self._facts[step.key].secret <= before.secret
            if step.key not in self._gone and (_is_first(before) or is_more_secret):
                (same if found else other).append(step)
        seals = await _compute_all([partial(self._seals.make, self._sealable(step)) for step in same])
        for step, seal in [*zip(same, seals, strict=True), *((step, None) for step in other)]:
            compared.renewed[step.key] = self.done_now(step, done[step.key].ee_id, seal)
        return compared

    def _kept_facts(self, step: Step, before: Done) -> _Facts:
        """What the seal is of that was kept of a step."""
        if _is_first(before):
            secrets = secrets_in(step.inputs.aside or self._first_inputs(step))
            return _Facts(frozenset(), tuple(sorted(secrets)), has_others=False)
        facts = self._facts[step.key]
        return facts if before.secret == facts.secret else _Facts.of(step, before.secret)

    async def seal(self, step: Step) -> str | None:
        """Make the seal of a step's secrets, before it is run: to keep what is done should take no time."""
        texts = self._sealable(step)
        return await compute_in_thread(partial(self._seals.make, texts)) if texts else None

    def _sealable(self, step: Step) -> tuple[str, ...]:
        texts = self._facts[step.key].sealable
        return texts if texts in self._to_seal else ()

    def done_now(self, step: Step, ee_id: str | None, seal: str | None) -> Done:
        """What is to be kept of a step that is done.

        Args:
            step: the step.
            ee_id: of the execution environment that it made.
            seal: the seal of its secrets.
        """
        secret = self._facts[step.key].secret
        return Done(step.inputs.digest(secret), ee_id, seal, self.charm_of(step), secret)

    def attempt(self, step: Step) -> str:
        """Name what an attempt to install leaves behind where it fails: the charm, and what comes with it."""
        options = Inputs({"charm": self.charm_of(step), "options": step.inputs.values["options"]})
        return options.digest(self._facts[step.key].secret)


def _is_first(done: Done) -> bool:
    """Whether an earlier release has kept it, which put values into digests that are secret by reference only."""
    return not done.digest.startswith(FORM)


async def _compute_all(works: Iterable[Callable[[], R]]) -> list[R]:
    return await asyncio.gather(*(compute_in_thread(work) for work in works))
