"""The backend for charms on machines, with a Juju 3.6 controller."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import BaseModel

from vca_core.artifacts import Artifact
from vca_core.backend import Host, Operation
from vca_core.hookspecs import hookimpl
from vca_core.naming import EeId, Namespace
from vca_juju_common.backend import JujuBackend
from vca_juju_common.ground import Ground
from vca_juju_machine import creation, deletes, software
from vca_juju_machine.machines import MachineGround
from vca_juju_machine.options import CreateOptions, InstallOptions, JujuMachineOptions, UpgradeOptions
from vca_juju_machine.places import USUAL, Places
from vca_juju_machine.registration import Registrar


class JujuMachineBackend(JujuBackend[JujuMachineOptions]):
    """Charms on machines: an execution environment is a machine, and the application that is installed on it."""

    api_version = 1
    Options: ClassVar[type[BaseModel]] = JujuMachineOptions
    operation_options: ClassVar[Mapping[str, type[BaseModel]]] = {
        "create_execution_environment": CreateOptions,
        "install_configuration_sw": InstallOptions,
        "upgrade": UpgradeOptions,
    }

    ground: ClassVar[Ground] = MachineGround()

    places: ClassVar[Places] = USUAL
    """Where files are on the hosts that are registered."""

    def __init__(self, host: Host[JujuMachineOptions]) -> None:
        super().__init__(host)
        self._registrar = Registrar(host, self.places)

    @hookimpl
    async def create_execution_environment(
        self,
        op: Operation,
        namespace: Namespace,
        artifact: Artifact | None,
        options: CreateOptions,
    ) -> str | None:
        """Make a machine."""
        return await creation.create(self.session, self.host.options, op, namespace, artifact, options)

    @hookimpl
    async def resume_execution_environment(self, op: Operation, ee_id: EeId, namespace: Namespace) -> str | None:
        """Go on with a machine that is there."""
        return await creation.resume(self.session, op, ee_id, namespace)

    @hookimpl
    async def register_execution_environment(
        self, op: Operation, namespace: Namespace, credentials: Mapping[str, Any]
    ) -> str | None:
        """Take an existing host."""
        return await self._registrar.register(self.session, op, namespace, credentials)

    @hookimpl
    async def deregister_execution_environment(self, op: Operation, ee_id: EeId) -> None:
        """Remove an EE's application and the record of its machine; the machine stays as it is."""
        await deletes.delete(self.session, op, ee_id, keep=True)

    @hookimpl
    async def install_configuration_sw(
        self,
        op: Operation,
        ee_id: EeId,
        artifact: Artifact,
        config: Mapping[str, Any],
        num_units: int,
        options: InstallOptions,
    ) -> None:
        """Install a charm on an EE's machine."""
        await software.install(self.session, self.host.options, op, ee_id, artifact, config, num_units, options)

    @hookimpl
    async def upgrade(
        self, op: Operation, ee_id: EeId, artifact: Artifact, config: Mapping[str, Any], options: UpgradeOptions
    ) -> None:
        """Replace a charm by another version of it."""
        await software.upgrade(self.session, op, ee_id, artifact, config, options)

    @hookimpl
    async def scale(self, op: Operation, ee_id: EeId, num_units: int) -> None:
        """Change the number of units."""
        await software.scale(self.session, self.host.options, op, ee_id, num_units)

    @hookimpl
    async def delete_execution_environment(self, op: Operation, ee_id: EeId) -> None:
        """Delete an EE with every machine that it brought."""
        await deletes.delete(self.session, op, ee_id)
