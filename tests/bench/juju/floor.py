"""A life in raw requests on one connection for each model: what remains when nothing is checked, kept or told."""

from __future__ import annotations

import asyncio
import io
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from bench.juju.place import CHARM, SSH, Place
from bench.juju.wire import Json, Way, Wire

APPLICATION = "app"
ORIGIN = {"source": "local", "base": {"name": "ubuntu", "channel": "22.04"}, "architecture": "amd64"}
BURIAL = 0.03
"""Seconds between the end of a model and a look at the list: until then it is dead, and listed."""
IDS = {"machine": "id", "action": "id", "model": "model-uuid"}
"""By what deltas name an entity, where it is not its name."""


class Deltas:
    """What a watcher tells, as it tells it; it is asked when somebody waits."""

    def __init__(self, wire: Wire, watcher: str) -> None:
        self._wire = wire
        self._watcher = watcher
        self.there: dict[tuple[str, str], Json] = {}

    async def until(self, fits: Callable[[], object]) -> None:
        """Ask until it is so."""
        while not fits():
            reply = await self._wire.call("AllWatcher.Next", watcher=self._watcher)
            for kind, change, data in reply["deltas"]:
                key = (kind, str(data.get(IDS.get(kind, "name"))))
                if change == "remove":
                    self.there.pop(key, None)
                else:
                    self.there[key] = data

    def word(self, kind: str, name: str, status: str) -> object:
        """The word of a status."""
        return (self.there.get((kind, name), {}).get(status) or {}).get("current")


class Floor:
    """Lives of the floor."""

    charm = CHARM

    def __init__(self, place: Place) -> None:
        self._place = place
        self._archive = _archive(Path(place.charms) / self.charm)

    async def open(self) -> None:
        """Connect."""
        self._way = Way(self._place)
        self._controller = await self._way.connected("/api")

    async def close(self) -> None:
        """Disconnect."""
        await self._controller.close()
        await self._way.http.close()

    def new_model(self, name: str) -> Json:
        """What a model is made with."""
        return {"name": name, "owner-tag": f"user-{self._place.username}"}

    async def life(self, number: int) -> None:
        """Live."""
        owner = f"user-{self._place.username}"
        uuid = (await self._controller.call("ModelManager.CreateModel", self.new_model(f"ns{number}")))["uuid"]
        model = await self._way.connected(f"/model/{uuid}/api")
        try:
            deltas = Deltas(model, str((await model.call("Client.WatchAll"))["watcher-id"]))
            machine = await self.wait_created(model, deltas)
            await self.wait_installed(model, deltas, uuid, machine)
            await self._wait_configured(model, deltas)
            await self._run(model, deltas, "touch")
            await self.wait_deleted(model, deltas, machine)
            tag = f"model-{uuid}"
            await self._controller.one("ModelManager.DestroyModels", {"models": [{"model-tag": tag}]})
            with suppress(RuntimeError, ConnectionResetError):  # the model is dead: its watcher stopped, or all of it
                await deltas.until(lambda: ("model", uuid) not in deltas.there)
            listed = [uuid]
            while uuid in listed:
                await asyncio.sleep(BURIAL)
                reply = await self._controller.call("ModelManager.ListModels", {"tag": owner})
                listed = [one["model"]["uuid"] for one in reply["user-models"]]
        finally:
            await model.close()

    async def wait_created(self, model: Wire, deltas: Deltas) -> str:
        """Have a machine; its id."""
        base = {"name": "ubuntu", "channel": "22.04"}
        params = {"params": [{"base": base, "jobs": ["JobHostUnits"]}]}
        machine = str((await model.one("MachineManager.AddMachines", params))["machine"])
        await deltas.until(lambda: deltas.word("machine", machine, "agent-status") == "started")
        return machine

    async def wait_installed(self, model: Wire, deltas: Deltas, uuid: str, machine: str) -> None:
        """Deploy the charm there, and wait for its unit."""
        url = await self._way.upload(uuid, self._archive)
        params = {
            "application": APPLICATION,
            "charm-url": url,
            "charm-origin": ORIGIN,
            "num-units": 1,
            **await self.where(model, uuid, url, machine),
        }
        await model.one("Application.Deploy", {"applications": [params]})
        unit = f"{APPLICATION}/0"
        await deltas.until(lambda: deltas.word("unit", unit, "workload-status") in {"active", "blocked"})

    async def where(self, model: Wire, uuid: str, url: str, machine: str) -> Json:
        """Where the unit goes, and what goes with it."""
        del model, uuid, url
        return {"placement": [{"scope": "#", "directive": machine}]}

    async def _wait_configured(self, model: Wire, deltas: Deltas) -> None:
        await model.one("Application.SetConfigs", {"Args": [{"application": APPLICATION, "config": SSH}]})
        now = (await model.call("Application.Get", {"application": APPLICATION}))["config"]
        assert all(now[key]["value"] == value for key, value in SSH.items())
        await self._run(model, deltas, "verify-ssh-credentials")

    async def _run(self, model: Wire, deltas: Deltas, action: str) -> None:
        asked = {"receiver": f"{APPLICATION}/leader", "name": action, "parameters": {}}
        tag = (await model.one("Action.EnqueueOperation", {"actions": [asked]}))["action"]["tag"]
        key = ("action", tag.removeprefix("action-"))
        await deltas.until(lambda: deltas.there.get(key, {}).get("status") in {"completed", "failed"})
        assert (await model.one("Action.Actions", {"entities": [{"tag": tag}]}))["status"] == "completed"

    async def wait_deleted(self, model: Wire, deltas: Deltas, machine: str) -> None:
        """Destroy the application, and its machine where there is one still."""
        asked = {"application-tag": f"application-{APPLICATION}", "destroy-storage": True}
        await model.one("Application.DestroyApplication", {"applications": [asked]})
        left = {("application", APPLICATION), ("unit", f"{APPLICATION}/0")}
        await deltas.until(lambda: not left & deltas.there.keys())
        if ("machine", machine) in deltas.there:
            params = {"machine-tags": [f"machine-{machine}"], "force": True}
            with suppress(RuntimeError):  # it went with its last unit in the meantime
                await model.one("MachineManager.DestroyMachineWithParams", params)
            await deltas.until(lambda: ("machine", machine) not in deltas.there)


def _archive(folder: Path) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(folder.rglob("*")):
            packed.write(path, path.relative_to(folder))
    return buffer.getvalue()
