"""Whether the errors that hooks raise stand on their pages."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import pytest

from generators.hooks import errors_of
from vca_core._loading.hook_caller import HookCaller
from vca_core.errors import VcaError
from vca_core.hookspecs import BackendHooks


def is_documented(hook: str, error: VcaError) -> bool:
    """Whether a page names the error's class, or one that it is derived from; `VcaError` alone says nothing."""
    kinds = {kind.__name__ for kind in type(error).__mro__ if issubclass(kind, VcaError) and kind is not VcaError}
    return not kinds.isdisjoint(_documented_of(hook))


@functools.cache
def _documented_of(hook: str) -> frozenset[str]:
    return frozenset(errors_of(hook, getattr(BackendHooks, hook)))


def check_documented(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What fixtures do around a test: afterwards, each error of a hook must stand under `Raises` of its page."""
    noted = note_undocumented(monkeypatch)
    yield
    assert noted == []


def note_undocumented(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Watch what hooks raise.

    Returns:
        The errors of the tree that a hook raised and that its page does not name; it grows.
    """
    noted: list[str] = []
    original = HookCaller.call

    async def call(self: HookCaller, spec: Any, /, *_: Any, **given: Any) -> Any:
        try:
            return await original(self, spec, **given)
        except VcaError as error:
            if not is_documented(spec.__name__, error):
                noted.append(f"{spec.__name__} raised {error!r}, which its docstring does not list under Raises")
            raise

    monkeypatch.setattr(HookCaller, "call", call)
    return noted
