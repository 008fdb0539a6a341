"""``vca-k8s`` run beside a simulated controller, and what there is of an onboarded cluster."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from support.cluster.sharing import Cluster

from vca_juju_k8s.__main__ import main
from vca_jujusim import SimulatedController

RBAC = "/apis/rbac.authorization.k8s.io/v1"
ACCOUNTS = "/api/v1/namespaces/kube-system/serviceaccounts"


async def call(config: Path, command: str, connector: str = "pods") -> int:
    """Run the command, beside the controller's event loop."""
    return await asyncio.to_thread(main, ["-c", str(config), command, connector])


def ours(cluster: Cluster, cloud: str) -> list[str]:
    """What there is of an onboarded cluster in it."""
    query = f"labelSelector=vca.juju-k8s/cloud={cloud}"
    core = "/api/v1/namespaces/kube-system"
    kinds = (f"{core}/serviceaccounts", f"{core}/secrets", f"{RBAC}/clusterroles", f"{RBAC}/clusterrolebindings")
    return [one["metadata"]["name"] for kind in kinds for one in cluster.api.get(f"{kind}?{query}")["items"]]


def known(controller: SimulatedController, cloud: str) -> tuple[Any, Any]:
    """What the controller has of it."""
    name = f"{cloud}/{controller.username}/{cloud}"
    return controller.world.clouds.get(cloud), controller.world.credentials.get(name)
