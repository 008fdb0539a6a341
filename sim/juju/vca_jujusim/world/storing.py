"""Storage of units: what their charm takes of what is asked for, and what another charm has to leave as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vca_jujusim.charms import Charm
from vca_jujusim.problems import Refusal
from vca_jujusim.world.entities import Application

DEFAULT_SIZE = 1024
"""In MiB, of storage of which neither the charm nor who deploys it says a size."""


def check_storage_asked(charm: Charm, asked: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse storage that a charm does not take as it is asked for; what is not asked for is as the charm has it.

    Args:
        charm: what is deployed.
        asked: pool, size and count, by name.

    Raises:
        Refusal: as Juju does.
    """
    made = [name for name, declared in charm.storage.items() if declared["count-min"] > 0 and name not in asked]
    for name in [*asked, *made]:
        declared = charm.storage.get(name)
        if declared is None:
            raise Refusal(f'charm "{charm.name}" has no store called "{name}"')
        given = {key.lower(): value for key, value in asked.get(name, {}).items()}  # as Go reads keys
        problem = _problem(declared, given)
        if problem:
            raise Refusal(f'charm "{charm.name}" store "{name}": {problem}')


def _problem(declared: Mapping[str, Any], asked: Mapping[str, Any]) -> str:
    count = int(asked.get("count") or declared["count-min"])
    least, most = declared["count-min"], declared["count-max"]
    smallest = declared["minimum-size"]
    size = int(asked.get("size") or smallest or DEFAULT_SIZE)
    if declared["shared"]:
        return "shared storage support not implemented"
    if least == most == 1 != count:
        return f"storage is singular, {count} specified"
    if count < least:
        return f"{least} instances required, {count} specified"
    if 0 <= most < count:
        return f"at most {most} instances supported, {count} specified"
    return "" if size >= smallest else f"minimum storage size is {_words(smallest)}, {_words(size)} specified"


def _words(mebibytes: int) -> str:
    """A size in words; what Juju counts in MiB, it shows as if it were MB."""
    number, unit = float(mebibytes), 0
    while number >= 1000 and unit < len(_UNITS) - 1:
        number, unit = number / 1000, unit + 1
    return f"{number:.1f} {_UNITS[unit]}" if number < 9.95 else f"{number:.0f} {_UNITS[unit]}"


_UNITS = ("MB", "GB", "TB", "PB")


def check_storage_kept(application: Application, old: Charm, new: Charm) -> None:
    """Refuse another charm that declares the storage of units on machines otherwise.

    Raises:
        Refusal: as Juju does.
    """
    reason = _reason(old.meta.get("storage") or {}, new.meta.get("storage") or {})
    if reason is not None:
        raise Refusal(f'cannot upgrade application "{application.name}" to charm "{new.url}": {reason}')


def _reason(old: dict[str, Any], new: dict[str, Any]) -> str | None:
    for name, was in old.items():
        if name not in new and _range(was)[0] > 0:
            return f'required storage "{name}" removed'
    for name, becomes in new.items():
        if name not in old:
            continue
        was = old[name]
        for key in ("type", "shared", "read-only", "location"):
            before, after = was.get(key, ""), becomes.get(key, "")
            if before != after:
                return f'existing storage "{name}" {key} changed from "{before}" to "{after}"'
        most, now = _range(was)[1], _range(becomes)[1]
        if now != -1 and (most == -1 or now < most):
            said = "<unbounded>" if most == -1 else most
            return f'existing storage "{name}" range contracted: max decreased from {said} to {now}'
        if was.get("location") and most == 1 != now:
            return f'existing storage "{name}" with location changed from single to multiple'
    return None


def _range(storage: dict[str, Any]) -> tuple[int, int]:
    least, most = storage.get("multiple", {"range": (1, 1)})["range"]
    return least, most
