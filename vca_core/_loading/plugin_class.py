"""What pluggy does not check of a plugin's class, found before it can be silently incapable."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Iterator, Mapping
from types import FunctionType
from typing import Any
from weakref import WeakKeyDictionary

import pluggy
from pydantic import BaseModel

from vca_core.suggestions import instead

PROJECT = "vca"
"""The name of the hook markers."""

_parameters: WeakKeyDictionary[FunctionType, list[inspect.Parameter]] = WeakKeyDictionary()
"""Those of functions that were looked at: each connector has its backend's functions checked, and they are the same."""


def implementations(cls: type) -> dict[str, Any]:
    """The functions of a class that are marked as hook implementations, by hook."""
    found = {}
    for name, function in _functions(cls):
        marked = getattr(function, f"{PROJECT}_impl", None)
        if marked is not None:
            found[str(marked.get("specname") or name)] = function
    return found


def problems_of_hooks(cls: type, specs: Mapping[str, Any], coroutines: Collection[str]) -> list[str]:
    """Find what is wrong with the hook implementations of a class.

    Args:
        cls: the plugin's class.
        specs: the spec functions, by hook.
        coroutines: the hooks that are coroutine functions; the others are not.

    Returns:
        A sentence for each problem.
    """
    implemented = implementations(cls)
    functions = dict(_functions(cls))
    marked_names = {name for name, function in functions.items() if hasattr(function, f"{PROJECT}_impl")}
    problems = [
        f"{name} is named like a hook but not marked with @hookimpl: it would never be called"
        for name in sorted(functions.keys() & specs.keys() - marked_names)
    ]
    if not implemented and not problems:
        problems.append(f"no method is marked with @hookimpl; the hooks are: {', '.join(sorted(specs))}")
    for hook, function in sorted(implemented.items()):
        if hook not in specs:
            problems.append(f"there is no hook {hook}{instead(hook, specs)}")
            continue
        if hook in coroutines and not inspect.iscoroutinefunction(function):
            problems.append(f"{hook} is not a coroutine function; write `async def {hook}`")
        if hook not in coroutines and inspect.iscoroutinefunction(function):
            problems.append(f"{hook} is a coroutine function; write `def {hook}`")
        problems += [f"{hook} {problem}" for problem in _problems_of_arguments(function, specs[hook])]
    return problems


def problems_of_model(model: object, what: str) -> list[str]:
    """Find what is wrong with a model of options.

    Args:
        model: the class.
        what: how problems call it.
    """
    if not isinstance(model, type) or not issubclass(model, BaseModel):
        return [f"{what} is not a pydantic model"]
    wanted = {"extra": "forbid", "hide_input_in_errors": True}
    return [
        f"{what}: model_config needs {key}={value!r}; derive it from vca_core.backend.Options"
        for key, value in wanted.items()
        if model.model_config.get(key) != value
    ]


def make_manager(specs: type, plugin: object, name: str) -> pluggy.PluginManager:
    """Make a plugin manager with one plugin.

    Args:
        specs: the class of the hookspecs.
        plugin: an object of a checked class.
        name: what the plugin is called.
    """
    made = _Manager(PROJECT)
    made.add_hookspecs(specs)
    made.register(_Marked(plugin), name)
    made.check_pending()
    return made


class _Manager(pluggy.PluginManager):
    """Looks at names by `getattr`; pluggy would search each class for descriptors, which here are none."""

    def parse_hookspec_opts(self, module_or_class: Any, name: str) -> Any:
        return getattr(getattr(module_or_class, name, None), f"{PROJECT}_spec", None)

    def parse_hookimpl_opts(self, plugin: Any, name: str) -> Any:
        return getattr(getattr(plugin, name), f"{PROJECT}_impl", None)


class _Marked:
    """The marked methods of a plugin and nothing else: its properties are not run to look at them."""

    def __init__(self, plugin: object) -> None:
        for name, function in _functions(type(plugin)):
            if hasattr(function, f"{PROJECT}_impl"):
                setattr(self, name, getattr(plugin, name))

    def __dir__(self) -> list[str]:
        return list(vars(self))


def _functions(cls: type) -> Iterator[tuple[str, Any]]:
    attributes: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        attributes.update(vars(base))
    for name in sorted(attributes):
        if not name.startswith("__"):
            found = attributes[name]
            if isinstance(found, staticmethod | classmethod):
                found = found.__func__
            if inspect.isfunction(found):
                yield name, found


def _parameters_of(function: FunctionType) -> list[inspect.Parameter]:
    if function not in _parameters:
        _parameters[function] = list(inspect.signature(function).parameters.values())
    return _parameters[function]


def _problems_of_arguments(function: Any, spec: Any) -> Iterator[str]:
    known = [parameter.name for parameter in _parameters_of(spec)[1:]]
    given = _parameters_of(function)
    is_bound = given and given[0].name in ("self", "cls")
    for parameter in given[1:] if is_bound else given:
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            yield f"takes {parameter}, which is never passed; name the arguments you need: {', '.join(known)}"
        elif parameter.name not in known:
            yield f"takes {parameter.name!r}, which the hook does not have{instead(parameter.name, known)}"
        elif parameter.kind is parameter.KEYWORD_ONLY:
            yield f"takes {parameter.name!r} by keyword only, which is never passed; leave the * out"
        elif parameter.default is not parameter.empty:
            yield f"has a default for {parameter.name!r}, which is then never passed; leave the default out"
