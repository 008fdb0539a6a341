"""A `Vca` on the simulated Juju controller, and charms for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import yaml

from vca_core import Connector, Vca
from vca_core.stores import StatusStore
from vca_juju_common.backend import JujuBackend
from vca_juju_common.client.controller import ConnectedController
from vca_juju_machine.backend import JujuMachineBackend
from vca_jujusim.controller import SimulatedController

CHARMS = Path(__file__).parents[2] / "docs" / "examples" / "charms"
NS = ".ns1"
VNF = ".ns1.vnf1"

QUICK: dict[str, Any] = {
    "connect_timeout": 5.0,
    "request_timeout": 5.0,
    "delete_grace": 0.5,
    "verify_interval": 0.02,
    "verify_attempts": 3,
}


def write_charm(folder: Path, name: str, **parts: Any) -> Path:
    """Make a built charm.

    Args:
        folder: where its folder is made.
        name: of the charm.
        parts: ``config`` and ``actions`` are files of their own; all else is metadata.
    """
    charm = folder / name
    (charm / "hooks").mkdir(parents=True, exist_ok=True)
    files = {"config": parts.pop("config", None), "actions": parts.pop("actions", None)}
    metadata = {"name": name, "summary": "A charm.", "description": "A charm.", "series": ["jammy"], **parts}
    (charm / "metadata.yaml").write_text(yaml.safe_dump(metadata))
    if files["config"] is not None:
        (charm / "config.yaml").write_text(yaml.safe_dump({"options": files["config"]}))
    if files["actions"] is not None:
        (charm / "actions.yaml").write_text(yaml.safe_dump(files["actions"]))
    (charm / "hooks" / "install").write_text("#!/bin/sh\n")
    (charm / "hooks" / "install").chmod(0o755)
    return charm


def proxy_charm(folder: Path, name: str = "proxy") -> Path:
    """Make a proxy charm."""
    options = {"ssh-hostname": "string", "ssh-username": "string", "ssh-password": "string", "port": "int"}
    actions = ("verify-ssh-credentials", "generate-ssh-key", "get-ssh-public-key", "touch")
    return write_charm(
        folder,
        name,
        config={option: {"type": kind, "default": 22 if kind == "int" else ""} for option, kind in options.items()},
        actions={action: {"description": "does it"} for action in actions},
    )


def config_for(controller: SimulatedController, artifacts: Path | str = CHARMS, **options: Any) -> dict[str, Any]:
    """A config with one connector, on the controller."""
    given = {
        "endpoints": controller.endpoints,
        "username": controller.username,
        "secret": controller.password,
        "ca_cert": controller.ca_cert,
    }
    return {
        "artifacts": str(artifacts),
        "timeouts": {"total": 300.0, "progress": 200.0, "cleanup": 60.0, "read": 100.0},
        "connectors": {"edge": {"backend": "juju-machine", "options": {**given, **QUICK, **options}}},
    }


@asynccontextmanager
async def connected(
    controller: SimulatedController,
    artifacts: Path | str = CHARMS,
    *,
    store: StatusStore | None = None,
    alone: bool = True,
    **options: Any,
) -> AsyncIterator[Connector]:
    """A connector on the controller. When it is left, no task of it is, as can be seen where it is alone."""
    before = asyncio.all_tasks()
    vca = Vca.from_config(config_for(controller, artifacts, **options), store=store, environ={})
    try:
        yield vca.connector("edge")
    finally:
        await vca.disconnect()
    left = [task for task in asyncio.all_tasks() - before if not _is_of_the_controller(task)]
    assert left == [] or not alone


def _is_of_the_controller(task: asyncio.Task[Any]) -> bool:
    """It runs in the same loop."""
    return any(word in repr(task) for word in ("aiohttp", "vca_jujusim"))


def backend_of(connector: Connector) -> JujuMachineBackend:
    """The backend behind a connector."""
    backend = connector._engine.session.backend
    assert isinstance(backend, JujuMachineBackend)
    return backend


def client_of(connector: Connector) -> ConnectedController:
    """The client of the backend behind a connector, on machines or on pods."""
    backend = connector._engine.session.backend
    assert isinstance(backend, JujuBackend)
    client = backend.session.controller
    assert isinstance(client, ConnectedController)
    return client


async def machine(connector: Connector, namespace: str = VNF, **more: Any) -> str:
    """Create an EE."""
    ee_id, _ = await connector.create_execution_environment(namespace, **more)
    return str(ee_id)


async def installed(connector: Connector, charm: str = "simple-router", namespace: str = VNF, **more: Any) -> str:
    """Create an EE and install a charm in it."""
    ee_id = await machine(connector, namespace, artifact_path=charm)
    await connector.install_configuration_sw(ee_id, charm, **more)
    return ee_id


async def until(look: Callable[[], object]) -> Any:
    """Wait until something is so, and give what was found; the test's own time limit bounds it."""
    while True:
        found = look()
        if asyncio.iscoroutine(found):
            found = await found
        if found:
            return found
        await asyncio.sleep(0.01)
