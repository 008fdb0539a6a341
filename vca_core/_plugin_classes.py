"""Classes that other distributions bring by entry points: listed, checked, and made with a class method of theirs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from vca_core._entry_points import UNREADABLE, Entry, entry_named, find_entries
from vca_core.errors import BadArguments, PluginError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PluginInfo:
    """One class that a plugin brings.

    Args:
        name: what it is called by: a provider's name in a config, the scheme of a store's URLs. ``?`` where a
            distribution's entry points cannot be read.
        distribution: what provides it.
        version: of the distribution.
        ok: whether it can be used.
        reason: why not; empty when it can.
    """

    name: str
    distribution: str
    version: str
    ok: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class PluginClasses(Generic[T]):
    """The classes of one group of entry points.

    Args:
        group: the entry points' group.
        kind: how errors call one of them: ``store``.
        base: what they are derived from.
        factory: the class method that makes one: ``from_url``; it takes what is given and a folder.
        given: the name of what it is given: ``url``.
        problem_of_name: says what is wrong with a name; None: nothing.
    """

    group: str
    kind: str
    base: type[T]
    factory: str
    given: str
    problem_of_name: Callable[[str], str | None] = lambda _: None

    def infos(self) -> list[PluginInfo]:
        """List them. Each is imported, on its own: a broken one is listed as broken."""
        entries = find_entries(self.group)
        return [self._info(entry, entries) for entry in entries]

    def entry(self, name: str) -> Entry | None:
        """Find the entry of a name.

        Args:
            name: the wanted one's.

        Returns:
            The entry; None if no plugin brings one of that name.

        Raises:
            PluginError: several distributions bring one of that name; names them.
        """
        entries = find_entries(self.group)
        return entry_named(entries, name, self.kind) if name in {entry.name for entry in entries} else None

    def names(self) -> list[str]:
        """The names that one of them may be called by."""
        names = dict.fromkeys(entry.name for entry in find_entries(self.group))
        return [name for name in names if name != UNREADABLE and self.problem_of_name(name) is None]

    def make(self, entry: Entry, *arguments: Any) -> T:
        """Make an object of one of the classes; it connects to nothing.

        Args:
            entry: which one.
            arguments: for its factory.

        Raises:
            BadArguments: it refuses the arguments.
            PluginError: it is broken; says why, without what it raised, which may hold secrets.
        """
        factory = getattr(self._load(entry), self.factory)
        try:
            made = factory(*arguments)
        except (BadArguments, PluginError):
            raise
        except (Exception, SystemExit) as error:  # noqa: BLE001 - it may raise anything, with a secret in it
            failure = type(error).__name__
        else:
            if isinstance(made, self.base):
                return made
            raise self._plugin_error(entry, f"{self.factory} gave a {type(made).__name__}, not a {self.base.__name__}")
        raise self._plugin_error(entry, f"{self.factory} failed with {failure}")  # outside, or it would keep the cause

    def _info(self, entry: Entry, entries: list[Entry]) -> PluginInfo:
        reason = entry.value if entry.name == UNREADABLE else ""
        if not reason:
            try:
                self._load(entry_named(entries, entry.name, self.kind))
            except PluginError as error:
                reason = error.message
        return PluginInfo(entry.name, entry.distribution, entry.version, ok=not reason, reason=reason)

    def _load(self, entry: Entry) -> type[T]:
        if (problem := self.problem_of_name(entry.name)) is not None:
            raise self._plugin_error(entry, problem)
        found = entry.load()
        if not isinstance(found, type) or not issubclass(found, self.base):
            raise self._plugin_error(entry, f"{entry.value} is not a class derived from {self.base.__name__}")
        factory = getattr(found, self.factory, None)
        inherited = getattr(self.base, self.factory, None)
        if not callable(factory) or _function_of(factory) is _function_of(inherited):
            raise self._plugin_error(entry, f"it needs a class method `{self.factory}({self.given}, folder)`")
        missing = sorted(getattr(found, "__abstractmethods__", ()))
        if missing:
            raise self._plugin_error(entry, f"it does not implement {', '.join(missing)}")
        return found

    def _plugin_error(self, entry: Entry, reason: str) -> PluginError:
        return PluginError(f"{self.kind} {entry} is broken: {reason}")


def _function_of(method: Any) -> Any:
    return getattr(method, "__func__", method)
