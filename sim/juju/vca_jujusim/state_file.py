"""The world in a file, written before an answer goes out, so that killing the process loses nothing."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from vca_jujusim.charms import Charm
from vca_jujusim.tls import Identity
from vca_jujusim.world.entities import (
    Action,
    Application,
    Machine,
    ModelRecord,
    Offer,
    Relation,
    RemoteApplication,
    Unit,
    User,
)
from vca_jujusim.world.model import Model

if TYPE_CHECKING:
    from vca_jujusim.world.world import World

_KINDS: dict[str, TypeAdapter[Any]] = {
    "model": TypeAdapter(ModelRecord),
    "machine": TypeAdapter(Machine),
    "application": TypeAdapter(Application),
    "unit": TypeAdapter(Unit),
    "action": TypeAdapter(Action),
    "relation": TypeAdapter(Relation),
    "applicationOffer": TypeAdapter(Offer),
    "remoteApplication": TypeAdapter(RemoteApplication),
    "charm": TypeAdapter(Charm),
}
_USER: TypeAdapter[User] = TypeAdapter(User)
_IDENTITY: TypeAdapter[Identity] = TypeAdapter(Identity)
Row = tuple[str, str, str]


class StateFile:
    """A SQLite file with a row for each entity.

    Args:
        path: where it is; made with the world, if it is not there.
    """

    def __init__(self, path: Path) -> None:
        path.touch(0o600)  # it holds passwords
        self.path = path
        self._database = sqlite3.connect(path, isolation_level=None, timeout=1.0)
        self._database.execute("PRAGMA locking_mode = EXCLUSIVE")  # two controllers would spoil one world
        # A killed process loses nothing that the system has; only a machine that crashes would.
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS entity "
            "(model TEXT, kind TEXT, key TEXT, body TEXT, PRIMARY KEY (model, kind, key))"
        )
        self._changed: dict[Row, Model | None] = {}

    def note(self, model: Model | None, kind: str, key: str) -> None:
        """Something changed, came or went."""
        self._changed[model.record.uuid if model else "", kind, key] = model

    def write(self, world: World) -> None:
        """Write what was noted."""
        if not self._changed:
            return
        changed, self._changed = self._changed, {}
        changed["", "world", ""] = None
        self._database.execute("BEGIN")
        for (uuid, kind, key), model in changed.items():
            if kind == "model" and uuid not in world.models:
                self._database.execute("DELETE FROM entity WHERE model = ?", (uuid,))
                continue
            body = _body(world, model, kind, key)
            if body is None:
                self._database.execute("DELETE FROM entity WHERE model = ? AND kind = ? AND key = ?", (uuid, kind, key))
            elif model is None or uuid in world.models:
                self._database.execute("REPLACE INTO entity VALUES (?, ?, ?, ?)", (uuid, kind, key, body))
        self._database.execute("COMMIT")

    def load(self, world: World, identity: Identity) -> Identity:
        """Bring the world back; also the certificates, so that clients find whom they know."""
        found = {row[:3]: row[3] for row in self._rows()}
        if not found:
            for name in world.users:
                self.note(None, "user", name)
            for name in world.credentials:
                self.note(None, "credential", name)
            text = _IDENTITY.dump_json(identity).decode()
            self._database.execute("REPLACE INTO entity VALUES ('', 'identity', '', ?)", (text,))
            return identity
        for (uuid, kind, key), body in found.items():
            if uuid == "" and kind == "user":
                world.users[key] = _USER.validate_json(body)
            elif uuid == "" and kind in {"cloud", "credential"}:
                (world.clouds if kind == "cloud" else world.credentials)[key] = json.loads(body)
            elif kind == "model":
                world.models[uuid] = Model(world, _KINDS["model"].validate_json(body))
        saved = json.loads(found["", "world", ""])
        world.uuid, world.addresses, world.config = saved["uuid"], saved["addresses"], saved["config"]
        for (uuid, kind, key), body in found.items():
            if kind == "pending":
                world.models[uuid].pending_resources = json.loads(body)
            elif uuid and kind != "model":
                world.models[uuid].restore(kind, key, _KINDS[kind].validate_json(body))
        return _IDENTITY.validate_json(found["", "identity", ""])

    def _rows(self) -> Iterator[tuple[str, str, str, str]]:
        yield from self._database.execute("SELECT model, kind, key, body FROM entity ORDER BY rowid")

    def close(self) -> None:
        """Close the file."""
        self._database.close()


def _body(world: World, model: Model | None, kind: str, key: str) -> str | None:
    if model is None:
        match kind:
            case "world":
                fields = {"uuid": world.uuid, "addresses": world.addresses, "config": world.config}
                return json.dumps(fields)
            case "user":
                return _USER.dump_json(world.users[key]).decode() if key in world.users else None
            case "cloud" | "credential":
                held = world.clouds if kind == "cloud" else world.credentials
                return json.dumps(held[key]) if key in held else None
        return None
    if kind == "pending":
        return json.dumps(model.pending_resources)
    entity = model.record if kind == "model" else model.find(kind, key)
    return None if entity is None else _KINDS[kind].dump_json(entity).decode()
