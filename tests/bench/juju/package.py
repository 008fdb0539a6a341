"""A life with the objects of the `juju` package, used as its documentation shows."""

from __future__ import annotations

import asyncio
import warnings
from typing import Any

from bench.juju.place import CHARM, SSH, Place

KEYS = {"authorized-keys": "ssh-ed25519 AAAA somebody"}
"""Without them it reads a key file of the user's."""


class Package:
    """Lives of the package."""

    def __init__(self, place: Place) -> None:
        warnings.simplefilter("ignore")  # it uses what is deprecated, and leaves sockets open
        from juju.controller import Controller

        self._place = place
        self._controller: Any = Controller()

    async def open(self) -> None:
        """Connect."""
        place = self._place
        await self._controller.connect(
            endpoint=place.endpoint, username=place.username, password=place.password, cacert=place.ca
        )

    async def close(self) -> None:
        """Disconnect."""
        await self._controller.disconnect()

    async def life(self, number: int) -> None:
        """Live."""
        name = f"ns{number}"
        model = await self._controller.add_model(name, config=dict(KEYS))
        try:
            await self._in_model(model)
        finally:
            await model.disconnect()
        await self._controller.destroy_models(name)
        while name in await self._controller.list_models():
            await asyncio.sleep(0.1)

    async def _in_model(self, model: Any) -> None:
        machine = await model.add_machine()
        await model.block_until(lambda: machine.agent_status == "started")
        charm = f"{self._place.charms}/{CHARM}"
        app = await model.deploy(charm, application_name="app", to=machine.id, series="jammy")
        await model.block_until(lambda: bool(app.units) and app.units[0].workload_status in {"active", "blocked"})
        await app.set_config(SSH)
        now = await app.get_config()
        assert all(now[key]["value"] == value for key, value in SSH.items())
        for name in ("verify-ssh-credentials", "touch"):
            action = await (await app.units[0].run_action(name)).wait()
            assert action.status == "completed"
        await app.remove()
        await model.block_until(lambda: not model.applications)
        if model.machines:
            await machine.destroy(force=True)
        await model.block_until(lambda: not model.machines)
