"""Storage that units hold: what another charm of their application has to leave as it is."""

from __future__ import annotations

from typing import Any

from vca_jujusim.charms import Charm
from vca_jujusim.problems import Refusal
from vca_jujusim.world.entities import Application


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
