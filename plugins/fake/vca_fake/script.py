"""A script: what is to happen in the fake instead of what would."""

from __future__ import annotations

import asyncio
import contextlib
import fnmatch
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from vca_core import errors
from vca_core.backend import Options
from vca_core.errors import ExecutionError, VcaConnectionError, VcaError
from vca_core.hookspecs import HOOKS
from vca_core.status import Entity
from vca_core.suggestions import instead

_ERRORS = sorted(name for name, cls in vars(errors).items() if isinstance(cls, type) and issubclass(cls, VcaError))
_WITH_RESULT = {"exec_primitive", "get_status", "get_metrics", "health"}

_STREAM_INTERVAL = 0.01
"""Seconds between the statuses of a stream."""

Report = Callable[[Entity, str, str], None]


class Failure(Options):
    """How an operation fails.

    Args:
        error: a class of `vca_core.errors`.
        message: what it says.
        output: what a failed primitive leaves behind.
    """

    error: str = "ExecutionError"
    message: str = "the script says so"
    output: dict[str, Any] = Field(default_factory=dict, repr=False)

    @field_validator("error")
    @classmethod
    def _check_operation(cls, name: str) -> str:
        if name not in _ERRORS:
            raise ValueError(f"there is no error {name!r}{instead(name, _ERRORS)}")
        return name

    def make(self, primitive: str) -> VcaError:
        """Make the error."""
        if self.error == "ExecutionError":
            return ExecutionError(self.message, primitive, self.output)
        made: VcaError = getattr(errors, self.error)(self.message)
        return made


class Seen(Options):
    """A status that is passed through.

    Args:
        status: the native word.
        detail: the text beside it.
        kind: kind of the entity.
        id: its id; empty: the operation's own.
    """

    status: str
    detail: str = ""
    kind: str = "unit"
    id: str = ""


class Rule(Options):
    """One line of a script.

    Args:
        operation: the hook that it is about.
        namespace: a pattern (``.ns1.*``) of canonical namespaces.
        primitive: a pattern of primitives.
        times: how often it applies; None: always. What comes behind is then as without it, or as a later rule says.
        statuses: what is passed through first.
        stream: a status that is reported again and again with another detail, and the operation never ends by itself.
        slow: seconds that it takes longer.
        result: what it gives instead of its own result.
        fail: how it fails; a text is the message of an `ExecutionError`.
        hang: it never ends by itself.
        disconnect: the connection is lost.
        when: whether it fails, hangs or disconnects before or after it took effect.
    """

    operation: str
    namespace: str = "*"
    primitive: str = "*"
    times: Annotated[int, Field(ge=1)] | None = None
    statuses: list[Seen] = Field(default_factory=list)
    stream: Seen | None = None
    slow: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    result: dict[str, Any] | None = Field(default=None, repr=False)
    fail: Failure | None = None
    hang: bool = False
    disconnect: bool = False
    when: Literal["before", "after"] = "before"

    @field_validator("operation")
    @classmethod
    def _check_hook(cls, name: str) -> str:
        if name not in HOOKS:
            raise ValueError(f"there is no hook {name!r}{instead(name, HOOKS)}")
        return name

    @field_validator("fail", mode="before")
    @classmethod
    def _text_is_a_message(cls, value: Any) -> Any:
        return {"message": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if sum((self.fail is not None, self.hang, self.disconnect, self.stream is not None)) > 1:
            raise ValueError("expected one of fail, hang, disconnect and stream; they exclude each other")
        if self.result is not None and self.operation not in _WITH_RESULT:
            raise ValueError(f"result: expected one only for {', '.join(sorted(_WITH_RESULT))}")
        return self

    def __str__(self) -> str:
        where = "" if self.namespace == "*" else f" of {self.namespace}"
        what = "" if self.primitive == "*" else f" {self.primitive}"
        return f"{self.operation}{what}{where}"

    def matches(self, operation: str, namespace: str, primitive: str) -> bool:
        """Say whether it is about a call."""
        return (
            self.operation == operation
            and fnmatch.fnmatchcase(namespace, self.namespace)
            and fnmatch.fnmatchcase(primitive, self.primitive)
        )


class Script:
    """Rules in their order; the first one that matches and is not used up applies.

    Args:
        rules: the rules.
    """

    def __init__(self, rules: Sequence[Rule] = ()) -> None:
        self._rules = list(rules)
        self._used = [0] * len(self._rules)
        self._under_way: set[asyncio.Timeout] = set()

    def add(self, operation: str, **rule: Any) -> None:
        """Add a rule: ``script.add("exec_primitive", primitive="touch", fail="disk full", times=2)``.

        Args:
            operation: the hook.
            rule: the other fields of `Rule`.

        Raises:
            pydantic.ValidationError: there is no such field or hook.
        """
        self._rules.append(Rule(operation=operation, **rule))
        self._used.append(0)

    @contextlib.contextmanager
    def put_in_front(self, rules: Sequence[Rule]) -> Iterator[None]:
        """Put rules in front of all others for the length of a ``with`` block.

        Args:
            rules: those rules; they need not match anything.
        """
        kept, used = self._rules, self._used
        self._rules, self._used = [*rules, *kept], [1] * len(rules) + used
        try:
            yield
        finally:
            self._rules, self._used = self._rules[len(rules) :], self._used[len(rules) :]

    def cut(self) -> None:
        """Lose the connections of all calls that are under way; later ones find theirs."""
        while self._under_way:
            self._under_way.pop().reschedule(0)  # as if its time were over

    @contextlib.asynccontextmanager
    async def let_be_cut(self) -> AsyncIterator[None]:
        """Surround a call, which ends where it waits when `cut` is called.

        Raises:
            VcaConnectionError: it did.
        """
        call = asyncio.timeout(None)
        try:
            async with call:
                self._under_way.add(call)
                try:
                    yield
                finally:
                    self._under_way.discard(call)
        except TimeoutError as error:
            if not call.expired():
                raise
            raise VcaConnectionError("the connection was cut") from error

    def __bool__(self) -> bool:
        return bool(self._rules)

    def unmatched_rules(self) -> list[str]:
        """The rules that nothing matched, as texts."""
        return [str(rule) for rule, used in zip(self._rules, self._used, strict=True) if not used]

    def next(self, operation: str, namespace: str, primitive: str) -> Rule | None:
        """Find the rule for a call, and use it up by one."""
        for number, rule in enumerate(self._rules):
            if rule.matches(operation, namespace, primitive) and self._used[number] != rule.times:
                self._used[number] += 1
                return rule
        return None


async def perform(
    rule: Rule, work: Callable[[], Awaitable[Any]], report: Report, primitive: str, place: tuple[str, str]
) -> Any:
    """Do what a rule says around, or instead of, what an operation does.

    Args:
        rule: the rule.
        work: what the operation does.
        report: called with the statuses that are passed through.
        primitive: the primitive.
        place: ids of a machine and of an action or unit, for statuses that name none.
    """
    machine, other = place
    for seen in rule.statuses:
        report(Entity(seen.kind, seen.id or (machine if seen.kind == "machine" else other)), seen.status, seen.detail)
        await asyncio.sleep(0)
    if rule.stream is not None:
        await _stream(rule.stream, report, machine if rule.stream.kind == "machine" else other)
    await asyncio.sleep(rule.slow)
    if rule.when == "before":
        await _end(rule, primitive)
    result = await work() if rule.result is None else rule.result
    await _end(rule, primitive)
    return result


async def _stream(seen: Seen, report: Report, place: str) -> None:
    for number in itertools.count(1):
        report(Entity(seen.kind, seen.id or place), seen.status, f"{seen.detail} {number}".strip())
        await asyncio.sleep(_STREAM_INTERVAL)


async def _end(rule: Rule, primitive: str) -> None:
    if rule.hang:
        await asyncio.get_running_loop().create_future()
    if rule.disconnect:
        raise VcaConnectionError("the connection was lost, as the script says")
    if rule.fail is not None:
        raise rule.fail.make(primitive)
