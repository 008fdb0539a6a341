"""The page on versions lists the modules that plugins need, and no others."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterable
from pathlib import Path

from unit.docs.pages import DOCS, ROOT, blocks

from generators.hooks import hooks_of
from generators.objects import SECTIONS
from vca_core.extensions import ExtensionHooks
from vca_core.hookspecs import BackendHooks

PAGE = DOCS / "extend" / "versions.md"
TEMPLATE = [*ROOT.glob("templates/plugin/**/*.jinja")]
OWN_BACKENDS = [*ROOT.glob("plugins/*/vca_*/**/*.py")]
FROZEN = [*ROOT.glob("tests/third_party/*/*.py")]
_IMPORT = re.compile(r"^ *(?:from|import) (vca_core(?:\.\w+)?)", re.MULTILINE)
_FROM_CORE = re.compile(r"^ *from vca_core import (\w+)", re.MULTILINE)
_NAMED = re.compile(r"`(vca_core\.\w+)[.`]")


def listed() -> set[str]:
    return set(re.findall(r"^\| `(vca_core[\w.]*)` \|", PAGE.read_text("utf-8"), re.MULTILINE))


def imported_by(texts: Iterable[str]) -> set[str]:
    """What is imported, by the first two parts: what a package gives belongs to the package."""
    found: set[str] = set()
    for text in texts:
        found |= set(_IMPORT.findall(text))
        found |= {f"vca_core.{name}" for name in _FROM_CORE.findall(text) if (ROOT / f"vca_core/{name}.py").exists()}
    return found


def read(files: Iterable[Path]) -> list[str]:
    return [file.read_text("utf-8") for file in files]


def needed() -> set[str]:
    """What examples import, where the types in the signatures of hooks come from, and what the objects' page shows."""
    hooks = [*hooks_of(BackendHooks).values(), *hooks_of(ExtensionHooks).values()]
    sources = [inspect.getsource(module) for module in {inspect.getmodule(hook) for hook in hooks} if module]
    types = {word for hook in hooks for word in re.findall(r"\b[A-Z]\w+", str(inspect.signature(hook)))}
    homes = {
        module
        for source in sources
        for module, names in re.findall(r"^from (vca_core\.\w+) import (.+)$", source, re.MULTILINE)
        if types & set(re.findall(r"\w+", names))
    }
    examples = [
        block.text for page in (DOCS / "extend").glob("*.md") for block in blocks(page) if block.language == "python"
    ]
    named = {name for hook in hooks for name in _NAMED.findall(inspect.getdoc(hook) or "")}
    shown = {f"vca_core.{section.module}" for section in SECTIONS}
    return homes | named | shown | imported_by([*examples, *read(TEMPLATE), *read(FROZEN)])


def test_what_plugins_need_is_listed_as_stable() -> None:
    assert needed() - listed() == set()


def test_nothing_is_listed_as_stable_that_no_plugin_needs() -> None:
    assert listed() - needed() - imported_by(read(OWN_BACKENDS)) == set()


def test_packages_that_are_stable_say_what_of_them_is() -> None:
    packages = [module for module in map(importlib.import_module, listed()) if hasattr(module, "__path__")]
    assert [module.__name__ for module in packages if not hasattr(module, "__all__")] == []


def test_every_object_of_the_page_belongs_to_the_api() -> None:
    shown = [(f"vca_core.{section.module}", name) for section in SECTIONS for name in section.objects]
    stated = {module: getattr(importlib.import_module(module), "__all__", None) for module, _ in shown}
    assert [(module, name) for module, name in shown if name not in (stated[module] or [name])] == []
