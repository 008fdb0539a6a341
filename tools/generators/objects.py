"""docs/extend/objects.md: what hooks are given and give back, from the docstrings of its classes and functions."""

from __future__ import annotations

import dataclasses
import enum
import functools
import importlib
import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from generators.hooks import entries, hooks_of, prose, split
from generators.made import DOCS, Made, generated_from, table
from vca_core.errors import VcaError
from vca_core.extensions import ExtensionHooks
from vca_core.hookspecs import BackendHooks

PAGE = DOCS / "extend" / "objects.md"
SOURCE = "the docstrings of vca_core"

HEAD = """# Objects

What [hooks](hooks/index.md) take and return, and helpers for it. All of this is [stable](versions.md). Values cannot be
changed; `dataclasses.replace` makes another one. Errors have [a page of their own](../reference/errors.md).

"""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page.

    Args:
        title: its heading.
        module: where its objects are imported from, below `vca_core`.
        given: the names of the objects, in order; empty: all functions of the module.
        is_list: whether they are functions that a line each is enough for.
    """

    title: str
    module: str
    given: tuple[str, ...] = ()
    is_list: bool = False

    @property
    def objects(self) -> dict[str, Any]:
        """The objects by name."""
        module = importlib.import_module(f"vca_core.{self.module}")
        if self.given:
            return {name: getattr(module, name) for name in self.given}
        functions = {name: one for name, one in vars(module).items() if inspect.isfunction(one) and name[0] != "_"}
        return {name: one for name, one in functions.items() if f"{one.__module__}.".startswith(f"{module.__name__}.")}


SECTIONS = (
    Section("The operation and the connector", "backend", ("Operation", "Host", "Options")),
    Section("Names", "naming", ("Namespace", "EeId", "NameRules")),
    Section("States", "status", ("Entity", "EntityState", "DeploymentStatus")),
    Section(
        "What backends return",
        "backend",
        ("ExecutionEnvironment", "Description", "InstalledCharm", "OptionState", "UnitState", "RelationState"),
    ),
    Section("Relations", "backend", ("RelationEnd",)),
    Section("Artifacts", "artifacts", ("Artifact",)),
    Section(
        "Charms",
        "charm",
        ("Charm", "Option", "Action", "Endpoint", "Base", "Resource", "Container", "Mount", "Storage", "Device"),
    ),
    Section("Options and parameters", "charm", ("coerce", "check_params", "check_params_aside")),
    Section("Tasks and threads", "tasks", ("OwnedTasks", "settle", "in_thread")),
    Section("Keys of machines", "ssh_keys", ("SshKeyPair",)),
    Section("Refusals", "refusals", is_list=True),
    Section("Extensions", "extensions", ("OperationFacts", "StatusChange")),
    Section("Stores", "stores", ("StatusStore", "Write")),
    Section("Documents of stores", "stores.document"),
)


def generate() -> Made:
    """Make the page; a class of ours in a signature that the page does not have is a problem."""
    text = generated_from(SOURCE) + HEAD
    for section in SECTIONS:
        text += f"## {section.title}\n\n" + "".join(section_of(section))
    return Made({PAGE: text.rstrip() + "\n"}, problems=list(missing()))


def missing() -> Iterator[str]:
    """What signatures name and the page does not have."""
    shown = {name: one for section in SECTIONS for name, one in section.objects.items()}
    modules = [importlib.import_module(f"vca_core.{section.module}") for section in SECTIONS]
    ours = {name for module in modules for name, one in vars(module).items() if _is_own_class(one)}
    for name, one in {**hooks_of(ExtensionHooks), **hooks_of(BackendHooks), **shown}.items():
        for word in sorted(set(re.findall(r"\b[A-Z]\w+", " ".join(_annotations(one)))) & ours - shown.keys()):
            yield f"{PAGE.name}: {word}, which {name} names, is not on it"


def section_of(section: Section) -> Iterator[str]:
    """The text of a section."""
    module = f"vca_core.{section.module}"
    if section.is_list:
        yield f"Functions of `{module}`. Each returns an error, for the caller to raise.\n\n"
        rows = [[f"`{name}{_parameters(one)}`", _summary(one)] for name, one in section.objects.items()]
        yield table(["function", "what it says"], rows) + "\n"
        return
    for name, one in section.objects.items():
        yield f"### {name}\n\n`from {module} import {name}`\n\n"
        if inspect.isclass(one):
            yield from class_of(one)
        else:
            yield from function_of(one)


def class_of(cls: type) -> Iterator[str]:
    """What a class is, what it has and what it does."""
    text, sections = split(inspect.getdoc(cls) or "")
    yield f"{prose(text)}\n\n"
    if issubclass(cls, enum.Enum):
        yield "One of " + ", ".join(f"`{member.name}`" for member in cls) + ".\n\n"
        return
    rows = [[f"`{name}`", f"`{_type_of(cls, name)}`", what] for name, what in entries(sections.get("Args", ""))]
    rows += [[f"`{name}`", f"`{_result(getter)}`", _summary(getter)] for name, getter in _properties(cls)]
    if rows:
        is_built = not dataclasses.is_dataclass(cls) and "Args" in sections
        yield table(["argument" if is_built else "attribute", "type", "what it is"], rows) + "\n"
    yield from _raises(sections)
    for name, method in _methods(cls):
        word = "async " if inspect.iscoroutinefunction(method) else ""
        whole = f"{cls.__name__}.{name}" if inspect.ismethod(method) else name
        yield f"**`{word}{whole}{_parameters(method)} -> {_result(method)}`**\n\n"
        yield from describe(method)


def function_of(function: Any) -> Iterator[str]:
    """What a function does."""
    word = "async " if inspect.iscoroutinefunction(function) else ""
    yield f"**`{word}{function.__name__}{_parameters(function)} -> {_result(function)}`**\n\n"
    yield from describe(function)


def describe(function: Any) -> Iterator[str]:
    """Give the docstring of a function or a method as Markdown."""
    text, sections = split(inspect.getdoc(function) or "")
    yield f"{prose(text)}\n\n"
    if arguments := entries(sections.get("Args", "")):
        yield "Arguments:\n\n" + "".join(f"- `{name}`: {what}\n" for name, what in arguments) + "\n"
    if "Returns" in sections:
        yield f"Returns: {prose(sections['Returns'])}\n\n"
    yield from _raises(sections)


def _raises(sections: Mapping[str, str]) -> Iterator[str]:
    if raised := entries(sections.get("Raises", "")):
        yield "Raises:\n\n" + "".join(f"- `{error}`: {when}\n" for error, when in raised) + "\n"


def _summary(function: Any) -> str:
    return prose(re.sub(r"\s+", " ", split(inspect.getdoc(function) or "")[0]))


def _parameters(function: Any) -> str:
    """The arguments of a function with their types, without what it is bound to."""
    given = [one for one in inspect.signature(function).parameters.values() if one.name != "self"]
    star = [] if all(one.kind is not one.KEYWORD_ONLY for one in given) else ["*"]
    words = [f"{one.name}: {one.annotation}" + _default(one.default) for one in given]
    at = next((place for place, one in enumerate(given) if one.kind is one.KEYWORD_ONLY), len(words))
    return f"({', '.join([*words[:at], *star, *words[at:]])})"


def _default(value: object) -> str:
    return "" if value is inspect.Parameter.empty or value is dataclasses.MISSING else f" = {value!r}"


def _result(function: Any) -> str:
    return str(inspect.signature(function).return_annotation)


def _type_of(cls: type, name: str) -> str:
    if dataclasses.is_dataclass(cls):
        field = next(one for one in dataclasses.fields(cls) if one.name == name)
        made = field.default if field.default_factory is dataclasses.MISSING else field.default_factory()
        return f"{field.type}{_default(made)}"
    given = inspect.signature(cls).parameters[name]
    return f"{given.annotation}{_default(given.default)}"


def _properties(cls: type) -> Iterator[tuple[str, Any]]:
    for name, one in vars(cls).items():
        if not name.startswith("_") and isinstance(one, property):
            yield name, one.fget
        elif not name.startswith("_") and isinstance(one, functools.cached_property):
            yield name, one.func


def _methods(cls: type) -> Iterator[tuple[str, Any]]:
    for name, one in vars(cls).items():
        if not name.startswith("_") and (isinstance(one, classmethod) or inspect.isfunction(one)):
            yield name, getattr(cls, name)


def _annotations(one: Any) -> Iterator[str]:
    if not inspect.isclass(one):
        yield str(inspect.signature(one))
        return
    if dataclasses.is_dataclass(one):
        yield from (str(field.type) for field in dataclasses.fields(one))
    yield from (_result(getter) for _, getter in _properties(one))
    yield from (str(inspect.signature(method)) for _, method in _methods(one))


def _is_own_class(one: Any) -> bool:
    is_class = inspect.isclass(one) and one.__module__.startswith("vca_core")
    return is_class and not issubclass(one, VcaError)  # which have a page of their own
