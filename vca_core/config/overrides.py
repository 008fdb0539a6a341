"""What comes into a configuration from outside of its file: variables of the environment, and files with secrets."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vca_core.config.files import Document
from vca_core.config.problems import KeyPath, Problem
from vca_core.config.settings import VcaConfig
from vca_core.secrets.forms import SHORTEST
from vca_core.suggestions import did_you_mean
from vca_core.text_files import Unreadable, read_text

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


LARGEST_SECRET = 64 * 1024
"""How large a file may be that ``${file:path}`` names, in bytes."""


@dataclass(frozen=True)
class References:
    """What values of a file may refer to. Without arguments: to nothing.

    Args:
        environ: where variables come from.
        names: the variables that may be referred to; None: all of them.
        folders: the folders that files have to be in or below, wherever symlinks lead; None: anywhere.

    Attributes:
        taken: the values that came in so far: they are secret, but for those of less than four characters, which are
            switches and numbers. Those are secret where their name says so.
    """

    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    names: Collection[str] | None = ()
    folders: Collection[str | os.PathLike[str]] | None = ()
    taken: set[str] = field(default_factory=set, init=False, repr=False, compare=False)

    def take(self, text: str) -> None:
        """Note a value that came in."""
        if len(text.strip()) >= SHORTEST:
            self.taken.add(text)

    def can_reach(self, file: Path) -> bool:
        """Whether a file may be read."""
        if self.folders is None:
            return True
        try:
            place = file.resolve()
            return any(place.is_relative_to(Path(folder).resolve()) for folder in self.folders)
        except (OSError, RuntimeError, ValueError):  # a loop of symlinks; a name that no file can have
            return False


_REFERENCE = re.compile(r"\$\{(?P<kind>env|file):(?P<name>[^{}]+)\}")


def resolve_references(document: Document, references: References) -> list[Problem]:
    """Put what the store and options refer to in its place.

    ``${env:NAME}`` is a variable, ``${file:path}`` the text of a file.

    A reference is a whole value; what comes in through one is not looked at again. Files start from the configuration's
    folder; one newline at the end is not part of the text.

    Args:
        document: what was read; changed in place.
        references: what they may refer to.

    Returns:
        What is wrong, each problem at the path of its option.
    """
    problems: list[Problem] = []
    connectors = document.values.get("connectors")
    if "store" in document.values:  # a URL with a password in it, as a whole
        document.values["store"] = resolve(document.values["store"], ("store",), document.folder, references, problems)
    parts: list[tuple[KeyPath, Any]] = []
    if isinstance(connectors, dict):
        parts += [(("connectors", name), connector) for name, connector in connectors.items()]
    for key in ("extensions", "connector_providers"):
        if isinstance(listed := document.values.get(key), list):
            parts += [((key, number), part) for number, part in enumerate(listed)]
    for path, part in parts:
        if isinstance(part, dict) and "options" in part:
            part["options"] = resolve(part["options"], (*path, "options"), document.folder, references, problems)
    return problems


def resolve(value: Any, path: KeyPath, folder: Path, references: References, problems: list[Problem]) -> Any:
    """Put what a value refers to in its place, and what those in it do.

    Args:
        value: plain data.
        path: where it stands.
        folder: where files start from.
        references: what may be referred to.
        problems: what is wrong is put in here.
    """
    if isinstance(value, dict):
        return {key: resolve(item, (*path, key), folder, references, problems) for key, item in value.items()}
    if isinstance(value, list):
        return [resolve(item, (*path, number), folder, references, problems) for number, item in enumerate(value)]
    if not isinstance(value, str) or not (found := _REFERENCE.search(value)):
        return value
    if found[0] != value:
        problems.append(
            Problem(
                path,
                "expected a reference to be the whole value; put the whole text into what it names",
            )
        )
    elif found["kind"] == "file":
        return _text_of(found["name"], path, folder, references, problems)
    elif references.names is not None and found["name"] not in references.names:
        problems.append(
            Problem(
                path,
                f"refers to the variable {found['name']}, which this file may not see; allow it with "
                f"`--env {found['name']}`, or in the config with `references: {{env: [{found['name']}]}}`",
            )
        )
    elif found["name"] in references.environ:
        references.take(references.environ[found["name"]])
        return references.environ[found["name"]]
    else:
        problems.append(Problem(path, f"refers to the variable {found['name']}, which is not set; set it"))
    return value


def references_in(value: Any, path: KeyPath = ()) -> Iterator[KeyPath]:
    """Find where values stand that refer to something.

    Args:
        value: plain data, as it was read.
        path: where it stands.
    """
    if isinstance(value, dict):
        for key, item in value.items():
            yield from references_in(item, (*path, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from references_in(item, (*path, number))
    elif isinstance(value, str) and _REFERENCE.fullmatch(value):
        yield path


def _text_of(name: str, path: KeyPath, folder: Path, references: References, problems: list[Problem]) -> str:
    try:
        file = folder / Path(name).expanduser()
    except RuntimeError:
        problems.append(
            Problem(path, f"refers to the file {name}, but there is no home folder; set HOME, or give an absolute path")
        )
        return ""
    if not references.can_reach(file):
        reason = "this file may not see; allow its folder with `--allow-files DIR`"
        problems.append(Problem(path, f"refers to the file {file}, which {reason}"))
        return ""
    text = read_text(file, LARGEST_SECRET)
    if isinstance(text, Unreadable):
        problems.append(Problem(path, f"refers to the file {file}: {text.reason}"))
        return ""
    text = text.removesuffix("\n").removesuffix("\r")
    references.take(text)
    return text
