"""Scriptable faults: of the wire, of logins, of deltas and of lives."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal

from vca_jujusim.problems import CONTENTION, Refusal

Effect = Literal["drop-before", "drop-after", "hang-before", "hang-after", "refuse", "result", "delay", "redirect"]
LoginTrouble = Literal["redirect", "redirect-info", "discharge", "migrating", "upgrading"]
Outcome = Literal["completed", "failed", "cancelled", "aborted", "error", "hang"]


@dataclass(slots=True)
class Counted:
    """Something that happens to some of many: `skip` are left alone first, then `times` are hit; None: all."""

    skip: int = 0
    times: int | None = 1
    hits: int = 0

    def take_hit(self) -> bool:
        """Whether this one is hit; counts."""
        if self.skip > 0:
            self.skip -= 1
            return False
        if self.times is not None and self.hits >= self.times:
            return False
        self.hits += 1
        return True


@dataclass(slots=True, kw_only=True)
class WireFault(Counted):
    """What happens to requests that match.

    Args:
        request: a pattern of `Facade.Method`, as `Application.Deploy` or `*`.
        effect: what happens, before or after the request took effect.
        model: only in connections to this model, by name.
        index: for `result`: which result of a bulk call.
        error: for `refuse` and `result`: the error.
        seconds: for `delay`: how late the answer is.
        location: for `redirect`: where to.
        status: for `redirect`: of HTTP.
    """

    request: str
    effect: Effect
    model: str | None = None
    index: int = 0
    error: Refusal | None = None
    seconds: float = 0.0
    location: str = ""
    status: int = 302

    def matches(self, request: str, model: str | None) -> bool:
        """Whether it is about such a request."""
        return fnmatchcase(request, self.request) and self.model in {None, model}


@dataclass(slots=True)
class WireFaults:
    """Faults of requests, tried in the order in which they were added."""

    rules: list[WireFault] = field(default_factory=list)

    def take(self, request: str, model: str | None) -> list[WireFault]:
        """Those that hit this request: single results and delays together, else one."""
        found: list[WireFault] = []
        for rule in self.rules:
            alone = rule.effect not in {"result", "delay"}
            if alone and any(one.effect not in {"result", "delay"} for one in found):
                continue
            if rule.matches(request, model) and rule.take_hit():
                found.append(rule)
        return found


@dataclass(slots=True)
class DeltaFaults:
    """How often deltas come twice, or after newer ones of the same entity; None: always."""

    duplicate: Counted = field(default_factory=lambda: Counted(times=0))
    late: Counted = field(default_factory=lambda: Counted(times=0))

    def take_duplicate(self) -> bool:
        """Whether the deltas of this answer come twice."""
        return self.duplicate.take_hit()

    def take_late(self) -> bool:
        """Whether the first delta of this answer comes again later."""
        return self.late.take_hit()


@dataclass(slots=True, kw_only=True)
class LifeFault(Counted):
    """What happens in lives that match.

    Args:
        kind: `freeze` (no step is taken), `provisioning`, `agent`, `hook`, `blocked`, `action`, `stick`.
        entity: the kind of entity: machine, unit, application, action, model; of `stick` which
            applications, or namespace.
        name: a pattern of its name; of an action the action's name; of a unit or a hook the unit's name.
        message: what the status says.
        outcome: of an action.
        output: of an action.
        retry: of a hook: whether Juju runs it again by itself.
    """

    kind: Literal["freeze", "provisioning", "agent", "hook", "blocked", "action", "stick"]
    entity: str
    name: str = "*"
    message: str = ""
    outcome: Outcome = "failed"
    output: dict[str, Any] | None = None
    retry: bool = True
    hook: str = "install"


@dataclass(slots=True)
class LifeFaults:
    """Faults of lives."""

    rules: list[LifeFault] = field(default_factory=list)

    def take(self, kind: str, entity: str, name: str, hook: str | None = None) -> LifeFault | None:
        """The first that hits this entity."""
        for rule in self.rules:
            if rule.kind != kind or rule.entity != entity or (hook is not None and rule.hook != hook):
                continue
            if fnmatchcase(name, rule.name) and rule.take_hit():
                return rule
        return None


@dataclass(slots=True)
class Faults:
    """All faults of a simulated controller. `nth` counts from 1; `times=None` means from then on."""

    wire: WireFaults = field(default_factory=WireFaults)
    deltas: DeltaFaults = field(default_factory=DeltaFaults)
    lives: LifeFaults = field(default_factory=LifeFaults)
    login: LoginTrouble | None = None
    login_of: Literal["any", "controller", "model"] = "any"
    upgrade_refusals: int | None = None
    disorder: int = 5
    """Requests of one connection are done and answered in any order, as in Juju: how often each lets others go first,
    at the most. 0: in the order in which they come."""
    chance: random.Random = field(default_factory=lambda: random.Random(0))  # noqa: S311 - disorder, no secret
    """Decides how often."""

    async def overtake(self) -> None:
        """Let others go first."""
        for _ in range(self.chance.randint(0, self.disorder)):
            await asyncio.sleep(0)

    def note_upgrade_refusal(self) -> None:
        """Count a request that is refused because the controller is upgraded; after the last one, logins are free."""
        if self.upgrade_refusals is not None:
            self.upgrade_refusals -= 1
            if self.upgrade_refusals <= 0 and self.login == "upgrading":
                self.login = None

    def _wire(self, request: str, effect: Effect, nth: int, times: int | None, **more: Any) -> WireFault:
        rule = WireFault(request=request, effect=effect, skip=nth - 1, times=times, **more)
        self.wire.rules.append(rule)
        return rule

    def drop(
        self,
        request: str,
        when: Literal["before", "after"] = "after",
        *,
        nth: int = 1,
        times: int | None = 1,
        model: str | None = None,
    ) -> WireFault:
        """The connection is cut at a request, before or after it took effect.

        `connect` stands for the opening of a websocket, `charms.upload` and `resources.upload` for uploads.
        """
        return self._wire(request, "drop-before" if when == "before" else "drop-after", nth, times, model=model)

    def hang(
        self,
        request: str,
        when: Literal["before", "after"] = "before",
        *,
        nth: int = 1,
        times: int | None = 1,
        model: str | None = None,
    ) -> WireFault:
        """A request is never answered; whether it takes effect is said by `when`."""
        return self._wire(request, "hang-before" if when == "before" else "hang-after", nth, times, model=model)

    def delay(
        self, request: str, seconds: float, *, nth: int = 1, times: int | None = None, model: str | None = None
    ) -> WireFault:
        """Answers come late."""
        return self._wire(request, "delay", nth, times, seconds=seconds, model=model)

    def refuse(
        self,
        request: str,
        message: str,
        code: str = "",
        *,
        nth: int = 1,
        times: int | None = 1,
        model: str | None = None,
    ) -> WireFault:
        """A request fails as a whole, without effect."""
        return self._wire(request, "refuse", nth, times, error=Refusal(message, code), model=model)

    def redirect(self, request: str, location: str, *, status: int = 302, times: int | None = None) -> WireFault:
        """HTTP's answer is that it is elsewhere: to `connect`, `charms.upload` or `resources.upload`."""
        return self._wire(request, "redirect", 1, times, location=location, status=status)

    def contention(self, request: str, *, times: int | None = 1, whole: bool = True) -> WireFault:
        """Answer "state changing too quickly": nothing was done, and a retry helps. In a result, unless `whole`."""
        error = Refusal("state changing too quickly; try again soon", CONTENTION)
        return self._wire(request, "refuse" if whole else "result", 1, times, error=error)

    def aborted_transaction(self, request: str, *, times: int | None = 1, whole: bool = True) -> WireFault:
        """Answer "transaction aborted": as `contention`, in the words of the database."""
        return self._wire(request, "refuse" if whole else "result", 1, times, error=Refusal("transaction aborted"))

    def result_error(
        self, request: str, message: str, code: str = "", *, index: int = 0, nth: int = 1, times: int | None = 1
    ) -> WireFault:
        """One result of a bulk call is an error; that item is not done, the others are."""
        return self._wire(request, "result", nth, times, index=index, error=Refusal(message, code))

    def _life(self, rule: LifeFault) -> LifeFault:
        self.lives.rules.append(rule)
        return rule

    def freeze(self, entity: str, name: str = "*") -> LifeFault:
        """An entity stays as it is: an action hangs, a model stays dying, a machine pending. Ends with `thaw`."""
        return self._life(LifeFault(kind="freeze", entity=entity, name=name, times=None))

    def provisioning_error(
        self, machine: str = "*", message: str = "no matching agent binaries", *, nth: int = 1, times: int | None = 1
    ) -> LifeFault:
        """A machine cannot be had from the cloud."""
        return self._life(
            LifeFault(kind="provisioning", entity="machine", name=machine, message=message, times=times, skip=nth - 1)
        )

    def hook_error(
        self, unit: str = "*", hook: str = "install", *, times: int | None = 1, retry: bool = True
    ) -> LifeFault:
        """A hook fails `times` times (None: always); Juju runs it again by itself unless `retry` is False."""
        return self._life(LifeFault(kind="hook", entity="unit", name=unit, hook=hook, times=times, retry=retry))

    def fail_agent(
        self, unit: str = "*", message: str = "cannot download charm", *, times: int | None = None
    ) -> LifeFault:
        """The agent of a unit fails where it would install the charm, and does nothing more."""
        return self._life(LifeFault(kind="agent", entity="unit", name=unit, message=message, times=times))

    def block(self, unit: str = "*", message: str = "needs a human", *, times: int | None = 1) -> LifeFault:
        """A unit comes to blocked, where it would be active."""
        return self._life(LifeFault(kind="blocked", entity="unit", name=unit, message=message, times=times))

    def action(
        self,
        name: str = "*",
        outcome: Outcome = "failed",
        *,
        message: str = "",
        output: dict[str, Any] | None = None,
        nth: int = 1,
        times: int | None = 1,
    ) -> LifeFault:
        """An action ends so, or never (`hang`)."""
        return self._life(
            LifeFault(
                kind="action",
                entity="action",
                name=name,
                outcome=outcome,
                message=message,
                output=output,
                times=times,
                skip=nth - 1,
            )
        )

    def stick(
        self, application: str = "*", when: Literal["always", "empty", "early"] = "always", *, times: int | None = None
    ) -> LifeFault:
        """An application on Kubernetes never goes, not even by force; the end of its model by force takes it along.

        Args:
            application: a pattern of its name.
            when: it is asked to: at any time (juju#21605), while it has no units (juju#21608), or before one of them
                has a pod (juju#22599).
            times: how often; None: always.
        """
        entity = "application" if when == "always" else f"{when} application"
        return self._life(LifeFault(kind="stick", entity=entity, name=application, times=times))

    def stick_namespace(self, model: str = "*", *, times: int | None = 1) -> LifeFault:
        """A model is gone, and its namespace stays in the cluster, on its way out, until a test takes it away.

        Args:
            model: a pattern of its name.
            times: how often; None: always.
        """
        return self._life(LifeFault(kind="stick", entity="namespace", name=model, times=times))

    def clear(self) -> None:
        """No more faults. Lives that were frozen go on with `SimulatedController.wake`."""
        self.wire.rules.clear()
        self.lives.rules.clear()
        self.deltas.duplicate = Counted(times=0)
        self.deltas.late = Counted(times=0)
        self.login = None
