"""What surrounds each hook of the fake: the recorder, and the script."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from vca_core.backend import Host, RelationEnd
from vca_core.naming import EeId, Namespace
from vca_core.status import Entity
from vca_fake.options import FakeOptions
from vca_fake.recorder import Call, Recorder
from vca_fake.script import Script, perform

P = ParamSpec("P")
R = TypeVar("R")


class Stage(Protocol):
    """What has to be known of a backend to record and script its hooks."""

    @property
    def host(self) -> Host[FakeOptions]:
        """The backend's side of the connector."""

    @property
    def script(self) -> Script:
        """What is to happen instead of what would."""

    @property
    def recorder(self) -> Recorder | None:
        """Records all calls of hooks; None: they are not recorded."""

    async def namespace_of(self, namespace: Namespace | None, ee_id: EeId | None) -> str:
        """Return the canonical namespace that a call is about.

        Args:
            namespace: the one that it was given, if any.
            ee_id: the execution environment that it was given, if any.

        Returns:
            The namespace as a text; empty where the call is about none, or about what is gone.
        """


StageT = TypeVar("StageT", bound=Stage)


def follow_script(
    hook: Callable[Concatenate[StageT, P], Coroutine[Any, Any, R]],
) -> Callable[Concatenate[StageT, P], Coroutine[Any, Any, R]]:
    """Record each call of a hook, and let the script have its way with it."""
    signature = inspect.signature(hook)

    @functools.wraps(hook)
    async def call(self: StageT, /, *given: P.args, **named: P.kwargs) -> R:
        async with self.script.let_be_cut():
            return await follow(self, *given, **named)

    async def follow(self: StageT, /, *given: P.args, **named: P.kwargs) -> R:
        if self.recorder is None and not self.script:
            return await hook(self, *given, **named)
        arguments = signature.bind(self, *given, **named).arguments
        ee_id = _ee_id(arguments)
        call = Call(
            hook.__name__,
            await self.namespace_of(arguments.get("namespace"), ee_id),
            None if ee_id is None else str(ee_id),
            arguments.get("primitive"),
            tuple(sorted(_values_by_name(arguments))),
        )
        if self.recorder is not None:
            self.recorder.add(call)
        rule = self.script.next(call.operation, call.namespace, call.primitive or "")
        if rule is None:
            return await hook(self, *given, **named)
        op = arguments.get("op")

        def report(entity: Entity, native: str, detail: str) -> None:
            if op is not None:
                op.report(entity, native, detail)
            elif ee_id is not None:
                self.host.report(ee_id, entity, native, detail)

        place = ("0" if ee_id is None else ee_id.locator, getattr(op, "id", ""))
        result: R = await perform(rule, lambda: hook(self, *given, **named), report, call.primitive or "", place)
        return result

    return call


def _ee_id(arguments: Mapping[str, Any]) -> EeId | None:
    if isinstance(end := arguments.get("end_1"), RelationEnd):
        return end.ee_id
    found: EeId | None = arguments.get("ee_id")
    return found


def _values_by_name(arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    for key in ("params", "values", "config", "credentials"):
        if isinstance(arguments.get(key), Mapping):
            named: Mapping[str, Any] = arguments[key]
            return named
    return {}


def text_of(namespace: Namespace | None) -> str:
    """A namespace as rules and records have it: canonical, empty for none."""
    return "" if namespace is None else str(namespace.canonical)
