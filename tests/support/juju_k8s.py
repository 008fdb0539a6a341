"""A `Vca` on a Kubernetes cloud of the simulated Juju controller, and charms for it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import yaml
from support.juju import QUICK, VNF, write_charm

from vca_core import Connector, Vca
from vca_core.errors import BackendError
from vca_core.stores import StatusStore
from vca_core.testing import Subject
from vca_jujusim import SimulatedController

IMAGE = "registry.example.com/dns:1"

PATIENT = {"connect_timeout": 60.0, "request_timeout": 60.0, "delete_grace": 5.0}
"""Options of the command as a process of its own, whose clock counts how slow the machine is."""


def sidecar(folder: Path, name: str = "dns", *, upstream: str | None = IMAGE, **parts: Any) -> Path:
    """Make a charm with a container.

    Args:
        folder: where its folder is made.
        name: of the charm.
        upstream: where its author has the image; None: the charm does not say.
        parts: as `write_charm` takes them.
    """
    image = {"type": "oci-image"} | ({} if upstream is None else {"upstream-source": upstream})
    given = {
        "containers": {"main": {"resource": "image"}},
        "resources": {"image": image},
        "assumes": ["k8s-api"],
        "provides": {"dns": {"interface": "dns"}},
        "requires": {"upstream": {"interface": "dns"}},
        "config": {"label": {"type": "string", "default": "none"}},
        "actions": {"touch": {"description": "does it"}},
    }
    charm = write_charm(folder, name, **(given | parts))
    metadata = yaml.safe_load((charm / "metadata.yaml").read_text())
    del metadata["series"]
    (charm / "metadata.yaml").write_text(yaml.safe_dump(metadata))
    bases = [{"name": "ubuntu", "channel": "22.04/stable", "architectures": ["amd64"]}]
    (charm / "manifest.yaml").write_text(yaml.safe_dump({"bases": bases}))
    return charm


def subject_of(controller: SimulatedController) -> Subject:
    """What the conformance kit examines."""
    options = {
        "endpoints": controller.endpoints,
        "username": controller.username,
        "secret": controller.password,
        "ca_cert": controller.ca_cert,
        "cloud": "k8s",
    }
    return Subject("juju-k8s", kind="k8s", options=options, persistent=True)


def real_options() -> dict[str, Any]:
    """The options of a connector on a real controller, as `VCA_TEST_JUJU_K8S_*` has them; empty: none is named."""
    names = ("endpoints", "username", "secret", "ca_cert", "cloud", "credential", "storage_class")
    given = {name: os.environ.get(f"VCA_TEST_JUJU_K8S_{name.upper()}") for name in (*names, "kubeconfig")}
    if not given["endpoints"]:
        return {}
    kubeconfig = given.pop("kubeconfig")
    looking = {"cluster": {"kubeconfig": kubeconfig}} if kubeconfig else {}
    return {name: value for name, value in given.items() if value} | looking


def options_of(controller: SimulatedController, **more: Any) -> dict[str, Any]:
    """The options of a connector on the controller."""
    return {
        "endpoints": controller.endpoints,
        "username": controller.username,
        "secret": controller.password,
        "ca_cert": controller.ca_cert,
        **QUICK,
        **more,
    }


@asynccontextmanager
async def on_kubernetes(
    controller: SimulatedController,
    artifacts: Path,
    *,
    backend: str = "juju-k8s",
    store: StatusStore | None = None,
    **options: Any,
) -> AsyncIterator[Connector]:
    """A connector on the controller's cloud ``k8s``, which is added where it is missing."""
    if "k8s" not in controller.world.clouds:
        controller.add_kubernetes()
    given = {"cloud": "k8s"} if backend == "juju-k8s" else {}
    config = {
        "artifacts": str(artifacts),
        "timeouts": {"total": 100.0, "progress": 60.0, "cleanup": 30.0, "read": 30.0},
        "connectors": {"pods": {"backend": backend, "options": options_of(controller, **(given | options))}},
    }
    async with Vca.from_config(config, store=store, environ={}) as vca:
        yield vca.connector("pods")


async def installed(connector: Connector, charm: str = "dns", namespace: str = VNF, **more: Any) -> str:
    """Create an EE and install a charm in it."""
    ee_id, _ = await connector.create_execution_environment(namespace)
    await connector.install_configuration_sw(ee_id, charm, **more)
    return str(ee_id)


async def scaled_when_healed(connector: Connector, ee_id: str, num_units: int) -> None:
    """Scale an EE whose model was suspended, as soon as this is seen to be over."""
    async with asyncio.timeout(60):
        while True:
            try:
                await connector.scale(ee_id, num_units)
            except BackendError as error:
                if "is suspended" not in error.message:
                    raise
                await asyncio.sleep(0.01)
            else:
                return
