"""References of a file to variables of the environment and to files with secrets, and what is put in their places."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vca_core.config.files import Document
from vca_core.config.problems import KeyPath, Problem
from vca_core.secrets.forms import SHORTEST
from vca_core.text_files import Unreadable, read_text

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


_REFERENCE = re.compile(r"\$\{(?P<kind>env|file):(?P<name>\s*+[^{}\s][^{}]*+)\}")
_LIKE_ONE = re.compile(r"(?<!\$)(?P<dollars>\$++)\{\s*+(?:env|file)\s*+:", re.IGNORECASE)
"""What a reference begins with, and what somebody writes who means one. With a further dollar sign it is text."""

_AS_TEXT = "to have it as text, write $${ for ${"


_PARTS = ("store", "connectors", "extensions", "connector_providers")
_IN = "store and options"


def resolve_references(document: Document, references: References) -> list[Problem]:
    """Put what the store and options refer to in its place.

    ``${env:NAME}`` is a variable, ``${file:path}`` the text of a file.

    A reference is a whole value; what comes in through one is not looked at again. Files start from the configuration's
    folder; one newline at the end is not part of the text. ``$${env:NAME}`` is the text ``${env:NAME}``, and what only
    looks like a reference is refused.

    Args:
        document: what was read; changed in place.
        references: what they may refer to.

    Returns:
        What is wrong, each problem at the path of its option.
    """
    problems: list[Problem] = []
    connectors = document.values.get("connectors")
    problems += refuse_references({key: value for key, value in document.values.items() if key not in _PARTS}, _IN)
    if "store" in document.values:  # a URL with a password in it, as a whole
        document.values["store"] = resolve(document.values["store"], ("store",), document.folder, references, problems)
    parts: list[tuple[KeyPath, Any]] = []
    if isinstance(connectors, dict):
        parts += [(("connectors", name), connector) for name, connector in connectors.items()]
    for key in ("extensions", "connector_providers"):
        if isinstance(listed := document.values.get(key), list):
            parts += [((key, number), part) for number, part in enumerate(listed)]
    for path, part in parts:
        if isinstance(part, dict):
            problems += refuse_references({key: value for key, value in part.items() if key != "options"}, _IN, path)
            if "options" in part:
                part["options"] = resolve(part["options"], (*path, "options"), document.folder, references, problems)
        else:
            problems += refuse_references(part, _IN, path)
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
        problems += [Problem((*path, key), "a name", "a reference") for key in value if _has_reference(key)]
        return {key: resolve(item, (*path, key), folder, references, problems) for key, item in value.items()}
    if isinstance(value, list):
        return [resolve(item, (*path, number), folder, references, problems) for number, item in enumerate(value)]
    if not isinstance(value, str):
        return value
    if not _has_reference(value):
        return _LIKE_ONE.sub(lambda one: one[0][1:], value)
    if (found := _REFERENCE.fullmatch(value)) is None:
        problems.append(Problem(path, _reason_against(value)))
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


def _reason_against(value: str) -> str:
    """Why a value is refused that looks as if it had a reference in it; the value may be secret."""
    if _REFERENCE.search(value):
        return f"expected a reference to be the whole value; put the whole text into what it names; {_AS_TEXT}"
    return (
        "expected a reference as ${env:NAME} or ${file:path}, in small letters and with its closing bracket, got "
        f"something that only looks like one; {_AS_TEXT}"
    )


def refuse_references(value: Any, where: str, path: KeyPath = ()) -> Iterator[Problem]:
    """Find references, and what looks like one, where none is replaced.

    Args:
        value: plain data.
        where: says where they are.
        path: where the value stands.
    """
    if isinstance(value, dict):
        for key, item in value.items():
            if _has_reference(key):
                yield Problem((*path, key), "a name", "a reference")
            yield from refuse_references(item, where, (*path, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from refuse_references(item, where, (*path, number))
    elif _has_reference(value):
        yield Problem(path, "the value itself", f"a reference, which has a meaning only in {where}")


def _has_reference(value: Any) -> bool:
    return isinstance(value, str) and any(one["dollars"] == "$" for one in _LIKE_ONE.finditer(value))


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
