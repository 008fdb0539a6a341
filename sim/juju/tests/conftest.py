"""A simulated controller, and raw connections to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from typing import Any

import pytest
from support.fair_clock import StrictLoop

from vca_jujusim import SimulatedController
from vca_jujusim.raw import RawClient, archive

ROUTER = {
    "metadata.yaml": "name: router\nsummary: s\ndescription: d\nseries: [jammy]\nprovides: {gateway: {interface: ip}}\n"
    "requires: {upstream: {interface: ip, limit: 1}}\nresources: {blob: {type: file, filename: b.bin}}\n",
    "config.yaml": "options: {mtu: {type: int, default: 1500}, name: {type: string}, fast: {type: boolean}}\n",
    "actions.yaml": "strict: {additionalProperties: false}\n"
    "touch: {params: {filename: {type: string}, mode: {type: string, default: w}}, "
    "required: [filename]}\n",
}
PROXY = {
    "metadata.yaml": "name: proxy\nsummary: s\ndescription: d\nseries: [jammy]\n",
    "config.yaml": "options: {ssh-hostname: {type: string}, ssh-username: {type: string}, "
    "ssh-password: {type: string}}\n",
    "actions.yaml": "verify-ssh-credentials: {}\ngenerate-ssh-key: {}\nget-ssh-public-key: {}\ntouch: {}\n",
}
SIDECAR = {
    "metadata.yaml": "name: sidecar\nsummary: s\ndescription: d\nseries: [jammy]\nsubordinate: true\n"
    "requires: {host: {interface: juju-info, scope: container}}\n",
}
JAMMY = {"name": "ubuntu", "channel": "22.04/stable"}

Connect = Callable[..., Awaitable[RawClient]]


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run on event loops with a fair clock, as all tests of this repository."""
    return {"fair": StrictLoop}


class World:
    """A model with a connection to it that is logged in, and what tests do in it."""

    def __init__(self, sim: SimulatedController, client: RawClient, uuid: str) -> None:
        self.sim, self.client, self.uuid = sim, client, uuid
        self.call, self.result = client.call, client.result

    async def deploy(self, files: Any = ROUTER, name: Any = "router", **more: Any) -> dict[str, Any]:
        url = await self.client.upload_charm(files if isinstance(files, bytes) else archive(files))
        params = {
            "application": name,
            "charm-url": url,
            "charm-origin": {"source": "local", "base": JAMMY},
            "num-units": 1,
            **more,
        }
        return await self.result("Application.Deploy", applications=[params])

    async def action(self, name: str, unit: str = "router/leader", **params: Any) -> dict[str, Any]:
        """Run one and wait for it."""
        asked = {"receiver": unit, "name": name, "parameters": params}
        tag = (await self.result("Action.EnqueueOperation", actions=[asked]))["action"]["tag"]
        await self.until("action", tag.removeprefix("action-"), lambda data: data["completed"][0] != "0")
        return await self.result("Action.Actions", entities=[{"tag": tag}])

    async def until(self, kind: str, key: str, fits: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        """Wait until an entity is as it should be; what is not there, or goes, has the life `gone`."""
        watcher = (await self.call("Client.WatchAll"))["watcher-id"]
        seen: dict[str, Any] | None = None
        while True:
            for of, change, data in (await self.call("AllWatcher.Next", watcher=watcher))["deltas"]:
                if of == kind and key in {data.get("id"), data.get("name"), data.get("key"), data.get("model-uuid")}:
                    seen = {**data, "life": "gone"} if change == "remove" else data
                    if fits(seen):
                        return seen
            seen = seen or {"life": "gone"}
            if seen == {"life": "gone"} and fits(seen):
                return seen

    async def wait_removed(self) -> None:
        """Wait until the controller does not list the model any more."""
        async with RawClient(self.sim) as admin:
            await admin.login()
            while "ns" in await model_names(admin):
                await asyncio.sleep(0.005)

    async def settle(self) -> None:
        """Wait until no life has anything to do."""
        while not self.sim.clock.is_idle:
            await self.call("Pinger.Ping")


async def model_names(admin: RawClient) -> list[str]:
    """What the controller lists."""
    listed = await admin.call("ModelManager.ListModels", tag="user-admin")
    return [one["model"]["name"] for one in listed["user-models"]]


@pytest.fixture
async def sim() -> AsyncIterator[SimulatedController]:
    async with SimulatedController() as made:
        yield made


@pytest.fixture
async def connect(sim: SimulatedController) -> AsyncIterator[Connect]:
    """Open a connection to the controller or a model, and log in."""
    async with AsyncExitStack() as stack:

        async def opened(
            model: str | None = None, username: str | None = None, password: str | None = None
        ) -> RawClient:
            client = await stack.enter_async_context(RawClient(sim, model))
            await client.login(username, password)
            return client

        yield opened


@pytest.fixture
async def world(sim: SimulatedController, connect: Connect) -> World:
    admin = await connect()
    uuid = (await admin.call("ModelManager.CreateModel", **{"name": "ns", "owner-tag": "user-admin"}))["uuid"]
    return World(sim, await connect(uuid), uuid)
