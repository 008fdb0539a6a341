"""What stands around each hook of the fake: the recorder, and the script."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from vca_core.backend import RelationEnd
from vca_core.naming import EeId, Namespace
from vca_core.status import Entity
from vca_fake.recorder import Call
from vca_fake.script import perform

if TYPE_CHECKING:
    from vca_fake.backend import FakeBackend

Hook = TypeVar("Hook", bound=Callable[..., Awaitable[Any]])


def scripted(hook: Hook) -> Hook:
    """Record each call of a hook, and let the script have its way with it."""
    signature = inspect.signature(hook)

    @functools.wraps(hook)
    async def called(self: FakeBackend, *given: Any, **named: Any) -> Any:
        if self.recorder is None and not self.script:
            return await hook(self, *given, **named)
        arguments = signature.bind(self, *given, **named).arguments
        ee_id = _ee_id(arguments)
        call = Call(
            hook.__name__,
            await self.namespace_of(arguments.get("namespace"), ee_id),
            None if ee_id is None else str(ee_id),
            arguments.get("primitive"),
            tuple(sorted(_named(arguments))),
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
        return await perform(rule, lambda: hook(self, *given, **named), report, call.primitive or "", place)

    return called  # type: ignore[return-value]  # the same, wrapped


def _ee_id(arguments: Mapping[str, Any]) -> EeId | None:
    if isinstance(end := arguments.get("end_1"), RelationEnd):
        return end.ee_id
    found: EeId | None = arguments.get("ee_id") or arguments.get("reuse")
    return found


def _named(arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    for key in ("params", "values", "config", "credentials"):
        if isinstance(arguments.get(key), Mapping):
            named: Mapping[str, Any] = arguments[key]
            return named
    return {}


def text_of(namespace: Namespace | None) -> str:
    """A namespace as rules and records have it: canonical, empty for none."""
    return "" if namespace is None else str(namespace.canonical)
