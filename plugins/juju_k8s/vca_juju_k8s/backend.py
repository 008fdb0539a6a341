"""The backend for charms on Kubernetes, with a Juju 3.6 controller."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import BaseModel

from vca_core.artifacts import Artifact
from vca_core.backend import Operation
from vca_core.hookspecs import hookimpl
from vca_core.naming import EeId, NameRules, Namespace
from vca_juju_common.backend import JujuBackend
from vca_juju_common.ground import Ground
from vca_juju_k8s import deletes, reads, reservations, software
from vca_juju_k8s.ground import KubernetesGround
from vca_juju_k8s.options import InstallOptions, JujuK8sOptions, UpgradeOptions
from vca_juju_k8s.session import KubernetesSession


class JujuK8sBackend(JujuBackend[JujuK8sOptions]):
    """Charms on Kubernetes: an execution environment is an application, reserved before anything is in it."""

    api_version = 1
    Options: ClassVar[type[BaseModel]] = JujuK8sOptions
    operation_options: ClassVar[Mapping[str, type[BaseModel]]] = {
        "install_configuration_sw": InstallOptions,
        "upgrade": UpgradeOptions,
    }
    names: ClassVar[NameRules] = NameRules(model_suffix="-k8s", reserved_suffixes=())
    scales_to_none: ClassVar[bool] = True

    ground: ClassVar[Ground] = KubernetesGround()

    session: KubernetesSession

    def make_session(self) -> KubernetesSession:
        """Make the connector's side, which is not connected yet."""
        return KubernetesSession(self.host, self.ground)

    @hookimpl
    async def create_execution_environment(
        self, op: Operation, namespace: Namespace, artifact: Artifact | None
    ) -> str | None:
        """Reserve an application."""
        return await reservations.create(self.session, op, namespace, artifact)

    @hookimpl
    async def resume_execution_environment(self, op: Operation, ee_id: EeId, namespace: Namespace) -> str | None:
        """Go on with an application that is there, or reserved."""
        return await reservations.resume(self.session, op, ee_id, namespace)

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
        """Install a charm with its images."""
        await software.install(self.session, op, ee_id, artifact, config, num_units, options)

    @hookimpl
    async def upgrade(
        self, op: Operation, ee_id: EeId, artifact: Artifact, config: Mapping[str, Any], options: UpgradeOptions
    ) -> None:
        """Replace a charm by another version of it."""
        await software.upgrade(self.session, op, ee_id, artifact, config, options)

    @hookimpl
    async def configure(self, op: Operation, ee_id: EeId, values: Mapping[str, Any]) -> None:
        """Set options of a charm."""
        software.check_config(self.session, values, "params")
        await super().configure(op, ee_id, values)

    @hookimpl
    async def scale(self, op: Operation, ee_id: EeId, num_units: int) -> None:
        """Change the number of units, also to none."""
        await software.scale(self.session, op, ee_id, num_units)

    @hookimpl
    async def delete_execution_environment(self, op: Operation, ee_id: EeId) -> None:
        """Delete an EE."""
        await deletes.delete(self.session, op, ee_id)

    @hookimpl
    async def delete_namespace(self, op: Operation, namespace: Namespace) -> None:
        """Delete the model of an NS, and see its namespace gone."""
        await deletes.delete_namespace(self.session, op, namespace)

    @hookimpl
    async def get_status(self, namespace: Namespace) -> Mapping[str, Any]:
        """Return what the controller says about a namespace, and the cluster where it is looked at."""
        return await reads.status(self.session, namespace)

    @hookimpl
    async def health(self) -> Mapping[str, Any]:
        """Ask the controller for its version, and the cluster where it is looked at."""
        return await reads.health(self.session)
