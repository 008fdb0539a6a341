"""One life of an execution environment, through the core and past it."""

from __future__ import annotations

import asyncio
import itertools
import logging
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vca_core import Vca
from vca_core.artifacts import ArtifactRoot
from vca_core.naming import CHARM_NAMES, EeId, Namespace
from vca_core.ssh_keys import SshKeyPair
from vca_core.status import DeploymentStatus, Entity
from vca_fake.backend import FakeBackend
from vca_fake.options import CreateOptions, FakeOptions, InstallOptions

CHARMS = Path(__file__).parents[2] / "docs" / "examples" / "charms"
OPERATIONS = 5
"""How many operations one life has."""

_numbers = itertools.count()


def vca(store: str = "memory:") -> Vca:
    """A `Vca` on a fake without latency."""
    config = {"artifacts": str(CHARMS), "store": store, "connectors": {"edge": {"backend": "fake"}}}
    return Vca.from_config(config, environ={})


async def life(connector: Any, *, delete: bool = True) -> None:
    """Live through the core."""
    number = next(_numbers)
    ee_id, _ = await connector.create_execution_environment(f".ns{number // 100}.vnf{number}.vdu-0")
    await connector.install_configuration_sw(ee_id, "simple-router", config={"mtu": 1400})
    await connector.exec_primitive(ee_id, "config", {"mtu": 9000})
    await connector.exec_primitive(ee_id, "show-routes", {"table": "main"})
    if delete:
        await connector.delete_execution_environment(ee_id)


@dataclass
class DirectHost:
    """What the fake needs of a host, and nothing behind it."""

    connector: str = "edge"
    options: Any = field(default_factory=FakeOptions)
    names: Any = CHARM_NAMES
    folder: Path = Path()
    ssh_key: SshKeyPair = field(default_factory=lambda: SshKeyPair(Path(tempfile.gettempdir(), "never-made")))
    log: Any = field(default_factory=lambda: logging.LoggerAdapter(logging.getLogger("bench"), {}))

    def report(
        self, ee_id: EeId, entity: Entity, native: str | None, detail: str = "", status: DeploymentStatus | None = None
    ) -> None:
        """Hear nothing."""

    def add_secrets(self, texts: Iterable[str]) -> Callable[[], None]:
        """Keep nothing."""
        del texts
        return lambda: None


@dataclass
class DirectOperation:
    """What the fake needs of an operation, and nothing behind it."""

    operation: str
    id: str = "direct"
    ee_id: EeId | None = None
    locator: str = ""
    token: int | None = None
    cleanup: float = 60.0

    async def held(self) -> None:
        """Be the only one."""

    def remaining(self) -> float:
        """Enough."""
        return 60.0

    async def created(self, locator: str) -> None:
        """Store nothing."""
        self.locator = locator

    def report(
        self, entity: Entity, native: str | None, detail: str = "", status: DeploymentStatus | None = None
    ) -> None:
        """Hear nothing."""


class Direct:
    """The fake's hooks, called without the core."""

    def __init__(self) -> None:
        self.backend = FakeBackend(DirectHost())
        self.artifact = ArtifactRoot(CHARMS).find("simple-router")

    async def life(self) -> None:
        """Live past the core: the same hooks with the same arguments."""
        number = next(_numbers)
        namespace = Namespace.parse(f".ns{number // 100}.vnf{number}.vdu-0")
        backend = self.backend
        create = DirectOperation("create_execution_environment")
        await backend.create_execution_environment(create, namespace, None, CreateOptions())
        ee_id = EeId(CHARM_NAMES.model(namespace), CHARM_NAMES.application(namespace), create.locator)
        install = DirectOperation("install_configuration_sw")
        await backend.install_configuration_sw(install, ee_id, self.artifact, {"mtu": 1400}, 1, InstallOptions())
        await backend.configure(DirectOperation("configure"), ee_id, {"mtu": 9000})
        await backend.exec_primitive(DirectOperation("exec_primitive"), ee_id, "show-routes", {"table": "main"}, None)
        await backend.delete_execution_environment(DirectOperation("delete_execution_environment"), ee_id)


async def many(one: Any, count: int, concurrency: int) -> None:
    """Run `count` lives, `concurrency` at a time."""
    left = iter(range(count))

    async def worker() -> None:
        for _ in left:
            await one()

    await asyncio.gather(*(worker() for _ in range(concurrency)))
