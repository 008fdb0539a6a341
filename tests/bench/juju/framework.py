"""A life through the core and our backend, as its users have it."""

from __future__ import annotations

from bench.juju.place import CHARM, CLOUD, SIDECAR, SSH, Place

from vca_core import Vca


class Framework:
    """Lives of the framework.

    Args:
        place: where.
        on_pods: whether they are on Kubernetes.
    """

    def __init__(self, place: Place, *, on_pods: bool = False) -> None:
        self._charm = SIDECAR if on_pods else CHARM
        cloud = {"cloud": CLOUD} if on_pods else {}
        options = {"endpoints": [place.endpoint], "username": place.username, "secret": place.password}
        connector = {
            "backend": "juju-k8s" if on_pods else "juju-machine",
            "options": {**options, "ca_cert": place.ca, **cloud},
        }
        config = {"artifacts": place.charms, "connectors": {"edge": connector}}
        self._vca = Vca.from_config(config, environ={})
        self._connector = self._vca.connector("edge")

    async def open(self) -> None:
        """Connect."""
        await self._connector.health()

    async def close(self) -> None:
        """Disconnect."""
        await self._vca.disconnect()

    async def life(self, number: int) -> None:
        """Live."""
        connector, namespace = self._connector, f".ns{number}"
        ee_id, _ = await connector.create_execution_environment(f"{namespace}.vnf1", artifact_path=self._charm)
        await connector.install_configuration_sw(ee_id, self._charm)
        await connector.exec_primitive(ee_id, "config", dict(SSH))
        await connector.exec_primitive(ee_id, "touch")
        await connector.delete_execution_environment(ee_id)
        await connector.delete_namespace(namespace)
