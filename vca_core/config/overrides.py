"""Variables of the environment that override keys of a configuration."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from vca_core.config.files import Document
from vca_core.config.problems import KeyPath, Problem
from vca_core.config.settings import VcaConfig
from vca_core.suggestions import did_you_mean

_PREFIX = "VCA_"
_DOWN = "__"


def apply_environment(document: Document, environ: Mapping[str, str]) -> list[Problem]:
    """Put the variables that override the file into a document.

    ``VCA_STORE``, ``VCA_TIMEOUTS__TOTAL``, ``VCA_CONNECTORS__EDGE__OPTIONS__LATENCY``: two underscores lead one level
    down. Keys that are there are found whatever their case, ``-`` as ``_``; a new one is taken in lower case. A value
    that starts with ``[`` or ``{`` is JSON, any other is text, and the models convert it. Other programs' variables
    (``VCA_HOME``) are left alone.

    Args:
        document: what was read; changed in place.
        environ: the environment.

    Returns:
        What is wrong, each problem at the path of its variable.
    """
    problems: list[Problem] = []
    for variable in sorted(environ):
        if not variable.startswith(_PREFIX):
            continue
        first, *rest = variable.removeprefix(_PREFIX).split(_DOWN)
        if first.lower() in VcaConfig.model_fields:
            problems += _override(document, variable, [first, *rest], environ[variable])
        elif rest and (meant := did_you_mean(first, VcaConfig.model_fields)):
            document.places[variable,] = f"variable {variable}"
            problems.append(Problem((variable,), f"no key of the configuration is named {first.lower()!r}{meant}"))
    return problems


def _override(document: Document, variable: str, names: list[str], text: str) -> Iterator[Problem]:
    path: KeyPath = ()
    below: Any = document.values
    while names:
        known = _keys_of(below, names)
        if len(known) > 1:
            shown = " and ".join(repr(key) for key, _ in known)
            yield _note(document, variable, path, f"could mean {shown}: they differ in case, '-' or '_' only")
            return
        key, names = known[0] if known else (names[0].lower(), names[1:])
        if not key:
            yield _note(
                document, variable, path, "has a key without a name: between two keys there are two underscores"
            )
            return
        path = (*path, key)
        if names:
            if below.get(key) is None:
                below[key] = {}
                document.places[path] = f"variable {variable}"
            below = below[key]
            if not isinstance(below, dict):
                yield _note(document, variable, path, "holds no keys, so the variable cannot set one of them")
                return
    value: Any = text
    if text.lstrip()[:1] in ("[", "{"):
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            yield _note(
                document,
                variable,
                path,
                "is not valid JSON, as a value that starts with '[' or '{' has to be;"
                " for such a text write ${env:NAME} in the options and set NAME",
            )
            return
    below[path[-1]] = value
    _note(document, variable, path, "")


def _note(document: Document, variable: str, path: KeyPath, text: str) -> Problem:
    """Note that a path comes from a variable, and all that stood below it no more from the file."""
    for at in [at for at in document.places if path and at[: len(path)] == path]:
        del document.places[at]
    document.places[path] = f"variable {variable}"
    return Problem(path, text)


def _keys_of(values: dict[Any, Any], names: list[str]) -> list[tuple[str, list[str]]]:
    """Keys that the first names can mean, with the names left over: a key may have two underscores itself."""
    for count in range(len(names), 0, -1):
        wanted = _fold(_DOWN.join(names[:count]))
        found = [key for key in values if isinstance(key, str) and _fold(key) == wanted]
        if found:
            return [(key, names[count:]) for key in found]
    return []


def _fold(name: str) -> str:
    return name.lower().replace("-", "_")
