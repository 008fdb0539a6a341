"""A life through the hooks of our backend, without the core: what Juju's side of the framework costs by itself."""

from __future__ import annotations

from pathlib import Path

from bench.juju.place import CHARM, SSH, Place
from bench.lives import DirectHost, DirectOperation

from vca_core.artifacts import ArtifactRoot
from vca_core.naming import CHARM_NAMES, EeId, Namespace
from vca_juju_machine.backend import JujuMachineBackend
from vca_juju_machine.options import CreateOptions, InstallOptions, JujuMachineOptions


class PastCore:
    """Lives of the backend.

    Args:
        place: where.
    """

    def __init__(self, place: Place) -> None:
        options = JujuMachineOptions.model_validate(
            {
                "endpoints": [place.endpoint],
                "username": place.username,
                "secret": place.password,
                "ca_cert": place.ca,
            }
        )
        self._artifact = ArtifactRoot(Path(place.charms)).find(CHARM)
        self._backend = JujuMachineBackend(DirectHost(options=options))

    async def open(self) -> None:
        """Connect."""
        await self._backend.open()

    async def close(self) -> None:
        """Disconnect."""
        await self._backend.close()

    async def life(self, number: int) -> None:
        """Live."""
        backend, namespace = self._backend, Namespace.parse(f".ns{number}.vnf1")
        create = DirectOperation("create_execution_environment")
        await backend.create_execution_environment(create, namespace, self._artifact, CreateOptions())
        ee_id = EeId(CHARM_NAMES.model(namespace), CHARM_NAMES.application(namespace), create.locator)
        install = DirectOperation("install_configuration_sw", ee_id=ee_id)
        await backend.install_configuration_sw(install, ee_id, self._artifact, {}, 1, InstallOptions())
        await backend.configure(DirectOperation("configure", ee_id=ee_id), ee_id, dict(SSH))
        await backend.exec_primitive(DirectOperation("exec_primitive", ee_id=ee_id), ee_id, "touch", {}, None)
        delete = DirectOperation("delete_execution_environment", ee_id=ee_id)
        await backend.delete_execution_environment(delete, ee_id)
        whole = Namespace.parse(f".ns{number}")
        await backend.delete_namespace(DirectOperation("delete_namespace"), whole)
