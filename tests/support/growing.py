"""The plugin API of a later core: every hook has an argument more."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from vca_core._loading import backends
from vca_core._loading.hook_caller import HookCaller
from vca_core.hookspecs import HOOKS, BackendHooks
from vca_core.traits import hookspec

NEW = "added_later"


def grow(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give each hook the argument `NEW`, and have the core pass it.

    Returns:
        The hooks that were called so, as they are called.
    """
    source = "class Grown:\n"
    for name in sorted(HOOKS):
        arguments = [*inspect.signature(getattr(BackendHooks, name)).parameters, NEW]
        source += f"    async def {name}({', '.join(arguments)}): ...\n"
    namespace: dict[str, Any] = {}
    exec(source, namespace)  # noqa: S102 - pluggy reads signatures, so it has to be written out
    grown = namespace["Grown"]
    for name in HOOKS:
        setattr(grown, name, hookspec(firstresult=True)(getattr(grown, name)))
    called: list[str] = []
    original = HookCaller.call

    async def call(self: HookCaller, spec: Any, /, *_: Any, **given: Any) -> Any:
        called.append(spec.__name__)
        return await original(self, spec, **given, **{NEW: "something"})

    monkeypatch.setattr(backends, "BackendHooks", grown)
    monkeypatch.setattr(HookCaller, "call", call)
    return called
