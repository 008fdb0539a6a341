"""What of an installed application cannot be changed: its storage, and the constraints of its pods.

Juju does not say which storage was asked for, so that is noted at the application. The stateful set is not made anew
for other constraints: pods would get them with some later change of the application, or never.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from vca_core.charm.storage_requests import StorageRequest, parse_storage
from vca_core.naming import EeId
from vca_core.refusals import another_constraint, another_storage
from vca_juju_common.client.interface import Model
from vca_juju_k8s.options import InstallOptions

STORAGE_NOTE = "vca-storage"
"""At the application: what storage was asked for when it was deployed, by name."""


def storage_note(asked: InstallOptions) -> dict[str, str]:
    """What to note at an application that was just deployed."""
    return {STORAGE_NOTE: json.dumps({name: str(one) for name, one in sorted(asked.storage.items())})}


async def check_kept(model: Model, ee_id: EeId, asked: InstallOptions) -> None:
    """Refuse to install again with other storage or constraints. What is not asked for, or not known, is as it is.

    Args:
        model: where.
        ee_id: the execution environment.
        asked: the caller's options.

    Raises:
        BadArguments: they are others; says what the charm was installed with.
    """
    noted = _noted(model, ee_id.application) if asked.storage else None
    if noted is not None:
        for name, one in sorted(asked.storage.items()):
            there = noted.get(name, StorageRequest())
            if _is_different(one, there):
                raise another_storage(name, str(there), str(one))
    if asked.constraints:
        has = await model.get_constraints(ee_id.application)
        for name, value in sorted(asked.constraints.items()):
            if _plain(value) != _plain(has.get(name)):
                raise another_constraint(name, _text(name, has.get(name)), _text(name, value) or "nothing")


def _noted(model: Model, application: str) -> Mapping[str, StorageRequest] | None:
    """What storage is noted; None: nothing is, as where others deployed the application, or the noting was cut off."""
    text = model.state.notes(f"application-{application}").get(STORAGE_NOTE, "")
    try:
        found = parse_storage(json.loads(text))
    except ValueError:
        return None
    return found if isinstance(found, Mapping) else None


def _is_different(asked: StorageRequest, there: StorageRequest) -> bool:
    """Whether a part that is asked for is another one: what is left out asks for nothing."""
    pairs = ((asked.pool, there.pool), (asked.size, there.size), (asked.count, there.count))
    return any(part is not None and part != other for part, other in pairs)


def _plain(value: Any) -> Any:
    """A constraint, so that equal ones compare as equal: one of nothing is none, and tags have no order."""
    return sorted(map(str, value)) if isinstance(value, list | tuple) and value else value or None


def _text(name: str, value: Any) -> str:
    """A constraint as callers write it; empty: it is none."""
    if isinstance(value, list | tuple):
        return ",".join(map(str, value))
    return f"{value}M" if value and name == "mem" else str(value or "")
