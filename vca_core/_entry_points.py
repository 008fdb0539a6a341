"""Finding plugins: entry points by name, where a broken or doubled one does no harm to others."""

from __future__ import annotations

import importlib.metadata
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import NormalizedName, canonicalize_name

from vca_core.errors import BadArguments, PluginError
from vca_core.suggestions import instead

UNREADABLE = "?"
"""The stand-in for the name of a distribution whose list of entry points cannot be read."""
_RECENT = 2.0
"""Seconds after a folder's change in which an installation may still write files into what it has made there."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry point and where it comes from.

    Args:
        name: how a config names it.
        value: what it refers to: ``vca_fake.backend:FakeBackend``.
        distribution: name of the distribution that provides it.
        version: of the distribution.
        group: the entry points' group.
    """

    name: str
    value: str
    distribution: str
    version: str
    group: str

    def __str__(self) -> str:
        return f"{self.name!r} of {self.distribution} {self.version}"

    def load(self) -> object:
        """Import what the entry point refers to.

        Raises:
            PluginError: it cannot be imported; with the reason.
        """
        try:
            return importlib.metadata.EntryPoint(self.name, self.value, self.group).load()
        except (Exception, SystemExit) as error:  # a module may do anything when it is imported
            raise PluginError(
                f"{self} is broken: {self.value} cannot be loaded: {type(error).__name__}: {error}"
            ) from error


def find_entries(group: str) -> list[Entry]:
    """Find all entry points of a group, sorted by name. Nothing is imported.

    The files of all distributions are read only where a folder on the path has changed since they were read last, as
    the standard library lists these folders: an installation changes them.

    Args:
        group: ``vca.backends``, ``vca.extensions``, ``vca.stores`` or ``vca.connectors``.

    Returns:
        The entries; one with the name `UNREADABLE` for each distribution whose entry points cannot be read.
    """
    path = _Path.now()
    if _found.get(group, (None,))[0] != path:
        entries = _read_entries(group)
        if path.is_recent():
            _found.pop(group, None)
            return entries
        _found[group] = path, entries
    return list(_found[group][1])


@dataclass(frozen=True, slots=True)
class _Path:
    """Where distributions are found: the folders with their times of change, and who else finds them."""

    folders: tuple[tuple[str, int], ...]
    finders: tuple[object, ...]

    @classmethod
    def now(cls) -> _Path:
        folders = [Path(folder).absolute() for folder in sys.path]
        return cls(tuple((str(folder), _changed_at(folder)) for folder in folders), tuple(sys.meta_path))

    def is_recent(self) -> bool:
        return any(time.time() - changed_at / 1e9 < _RECENT for _, changed_at in self.folders)


_found: dict[str, tuple[_Path, list[Entry]]] = {}
"""By group: what was found, and where."""


def _changed_at(folder: Path) -> int:
    try:
        return folder.stat().st_mtime_ns
    except OSError:  # it is not there, as most zip files on the path
        return 0


def _read_entries(group: str) -> list[Entry]:
    seen: set[NormalizedName] = set()
    entries: list[Entry] = []
    for distribution in importlib.metadata.distributions():
        try:
            text = distribution.read_text("entry_points.txt")
            if text is None or group not in text:
                continue  # nearly all; their names are not even read, which takes time
            name, version = str(distribution.metadata["Name"]), str(distribution.version)
            canonical = canonicalize_name(name)
            # One that is on the path twice is the first one, as for an import.
            if canonical not in seen and importlib.metadata.distribution(name).read_text("entry_points.txt") == text:
                seen.add(canonical)
                entries += _entries_of(distribution, group, name, version)
        except Exception:  # noqa: BLE001, S112 - a distribution without readable metadata is no plugin
            continue
    return sorted(entries, key=lambda entry: (entry.name, entry.distribution))


def _entries_of(distribution: importlib.metadata.Distribution, group: str, name: str, version: str) -> Iterator[Entry]:
    try:
        points = distribution.entry_points.select(group=group)
    except Exception as error:  # noqa: BLE001 - what the standard library raises for malformed lines differs
        yield Entry(UNREADABLE, f"its entry_points.txt cannot be read: {error}", name, version, group)
        return
    for point in points:
        yield Entry(point.name, point.value, name, version, group)


def entry_named(entries: Iterable[Entry], name: str, kind: str, install: str = "") -> Entry:
    """Pick an entry by name.

    Args:
        entries: those there are.
        name: the wanted one's.
        kind: how errors call it: ``backend``.
        install: what to install for it, where that is known.

    Raises:
        BadArguments: there is none of that name; the error lists those that exist, and what may have been meant.
        PluginError: several distributions provide one of that name; names them.
    """
    found = [entry for entry in entries if entry.name == name]
    if not found:
        names = sorted({entry.name for entry in entries} - {UNREADABLE})
        there = instead(name, names) if names else "; none is installed"
        remedy = f"; {install} provides it: install that from your clone of the project" if install else ""
        raise BadArguments(f"there is no {kind} {name!r}{there}{remedy}", [kind])
    if len(found) > 1:
        distributions = " and ".join(f"{entry.distribution} {entry.version}" for entry in found)
        raise PluginError(f"the {kind} {name!r} is provided by {distributions}; uninstall all but one of them")
    return found[0]
