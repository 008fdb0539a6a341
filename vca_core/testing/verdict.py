"""What the results of a suite amount to: a level, a line for each check, plain data."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass, field
from typing import Any, Literal

_MADE_NAMES = re.compile(r"kit[0-9a-f]{8}")

Outcome = Literal["passed", "failed", "skipped", "xfailed"]

_LACKING = {"install_configuration_sw": "installs no charms", "exec_primitive": "runs no primitives"}
"""What is said of a backend without a hook by which effects are seen."""

_WITHOUT = {
    "no fixture `second_store`": "several processes",
    "no fixture `outage`": "outages",
    "no fixture `lost_answers`": "lost answers",
}
"""What a store's level says nothing about, by how the reason begins for which its checks were skipped."""


class Level(enum.StrEnum):
    """How far a backend or a store fulfils the contract."""

    NONE = "NONE"
    """A check failed, or is expected to fail."""
    BASE = "BASE"
    """No check failed that needs no faults of the system behind it; the subject does not let all of them run."""
    FULL = "FULL"
    """No check failed, and none was left out for want of something that the subject could have said or given."""

    @property
    def rank(self) -> int:
        """Higher for a level that promises more."""
        return list(Level).index(self)


@dataclass(frozen=True)
class CheckResult:
    """What came of one check.

    Args:
        name: the check's, with its parameter in brackets.
        outcome: what came of it.
        reason: why it failed or was skipped; empty when it passed.
        with_faults: whether it needs faults of the system.
        hooks: the hooks that it is about.
    """

    name: str
    outcome: Outcome
    reason: str = ""
    with_faults: bool = False
    hooks: frozenset[str] = frozenset()

    @property
    def title(self) -> str:
        """The name as a sentence."""
        name, bracket, parameter = self.name.removeprefix("test_").partition("[")
        return f"{name.replace('_', ' ')}{f' ({parameter[:-1]})' if bracket else ''}"


@dataclass
class Verdict:
    """What came of one suite.

    Args:
        subject: the backend's name, or what the store is.
        adopted: the class that adopted the suite.
        about: what is known of the subject, for machines: distribution, versions, capabilities.
        results: in the order in which they came.
        left_out: the checks that were not run, for whatever reason (a selection, a plugin of pytest).
    """

    subject: str
    adopted: str = ""
    about: dict[str, Any] = field(default_factory=dict)
    results: list[CheckResult] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    @property
    def level(self) -> Level:
        """The level that the results amount to."""
        outcomes = {result.outcome for result in self.results}
        if (
            self.left_out
            or not outcomes & {"passed"}
            or any(result.outcome in ("failed", "xfailed") and not result.with_faults for result in self.results)
        ):
            return Level.NONE
        if self.wanting or any(one.outcome in ("failed", "xfailed") for one in self.results):
            return Level.BASE
        return Level.FULL

    @property
    def title(self) -> str:
        """The level in words: with how effects were seen, and which faults there were none of."""
        capabilities = set(self.about.get("capabilities", ()))
        words = [str(self.level)]
        if self.level is Level.FULL and capabilities:
            lacking = [lack for hook, lack in _LACKING.items() if hook not in capabilities]
            if lacking:
                words.append(f"effects not seen: it {' and '.join(lacking)}")
            elif "describe_execution_environment" not in capabilities:
                words.append("effects seen through `look` only")
        if any(result.reason == NO_STREAM for result in self.results):
            words.append("streams of events not examined: the system only answers")
        if any(result.reason == NO_HOOKS for result in self.results):
            words.append("failing hooks not examined: none is run")
        if any(result.reason in (NO_LATER_HOOKS, NO_LEADERS) for result in self.results):
            words.append("hooks that fail on some units only not examined")
        without = [said for why, said in _WITHOUT.items() if any(one.reason.startswith(why) for one in self.results)]
        if without:
            words.append(f"but for what was not examined: {', '.join(without)}")
        return ", ".join(words)

    @property
    def wanting(self) -> dict[str, int]:
        """What keeps the level from being FULL although nothing failed, with how many checks it was wanted for."""
        reasons = [result.reason for result in self.results if result.outcome == "skipped"]
        return {reason: reasons.count(reason) for reason in WANTING if reason in reasons}

    @property
    def examined(self) -> dict[str, tuple[int, int]]:
        """Of how many checks of a capability something came, and how many there are."""
        found = {}
        for hook in sorted(self.about.get("capabilities", ())):
            about = [result for result in self.results if hook in result.hooks]
            if about:
                found[hook] = sum(result.outcome != "skipped" for result in about), len(about)
        return found

    @property
    def not_examined(self) -> list[str]:
        """The capabilities of which no check was passed or failed: they are there, and nothing is known of them."""
        looked_at = {hook for one in self.results if one.outcome != "skipped" for hook in one.hooks}
        # Every check makes, lists and deletes.
        looked_at |= {"list_execution_environments", "delete_execution_environment"}
        return sorted(set(self.about.get("capabilities", ())) - looked_at)

    @property
    def failures(self) -> list[CheckResult]:
        """The checks that failed."""
        return [result for result in self.results if result.outcome == "failed"]

    @property
    def causes(self) -> dict[str, list[CheckResult]]:
        """The checks that failed, by why; what differs only in names that the kit made is one cause."""
        found: dict[str, list[CheckResult]] = {}
        for result in self.failures:
            found.setdefault(_MADE_NAMES.sub("kit...", result.reason), []).append(result)
        return found

    def count(self, outcome: Outcome) -> int:
        """How many checks came out so."""
        return sum(result.outcome == outcome for result in self.results)

    def as_data(self) -> dict[str, Any]:
        """All of it as plain data."""
        return {
            "subject": self.subject,
            **self.about,
            "level": str(self.level),
            "title": self.title,
            "counts": {name: self.count(name) for name in ("passed", "failed", "skipped", "xfailed")},
            "left_out": self.left_out,
            "not_examined": self.not_examined,
            "wanting": self.wanting,
            "examined": {hook: list(numbers) for hook, numbers in self.examined.items()},
            "checks": [
                {
                    "check": result.name,
                    "title": result.title,
                    "outcome": result.outcome,
                    "reason": result.reason,
                    "with_faults": result.with_faults,
                    "hooks": sorted(result.hooks),
                }
                for result in self.results
            ],
        }


# Reasons with which checks are skipped.
NO_FAULTS = "there is no fixture `faults`"
NO_LOOK = "the subject says that no program of a charm is run (`look`)"
NO_HOST = "the subject names no credentials of a host to register"
NO_WORK = "the subject names no primitive that works"
NO_FAILURE = "the subject names no primitive that fails"
NOT_PERSISTENT = "the subject says that nothing of it is persistent"
OWN_CHARMS = "the subject brings charms of its own"
NO_HOOKS = "the subject says that no hook of a charm is run (`hooks`)"
NO_LATER_HOOKS = "the fixture `faults` has a `fail_hooks`, and no `fail_later_hooks`"
NO_LEADERS = "the system has no leaders, by which a hook could tell the units apart"
ELSEWHERE = "programs of charms are not seen on this machine: they run elsewhere"
NO_LOSS = "the fixture `faults` has no `lose`: all EEs are reached, or none"
NO_STREAM = "the fixture `faults` has no `stream`: the system only answers"

WANTING = (NO_FAULTS, NO_LOOK, NO_HOST, NO_WORK, NO_FAILURE, NOT_PERSISTENT, OWN_CHARMS)
"""Those that keep a level from being FULL: the subject could have said it, or given what is needed."""
