"""The hooks that only read: they take no lock, create nothing and get no ``op``; see `vca_core.hookspecs`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from vca_core.backend import Description, ExecutionEnvironment
from vca_core.naming import EeId, Namespace
from vca_core.traits import operation_hook


class ReadHooks(Protocol):
    """The hooks that only read. Backends mark them with `vca_core.hookspecs.hookimpl`, as all others."""

    @operation_hook(reads=True)
    async def list_execution_environments(self, namespace: Namespace | None) -> Sequence[ExecutionEnvironment]:
        """List what the backend's system holds, after a restart as before it.

        The first listing after a lost connection succeeds without a retry by the caller; this holds for all reads.

        Args:
            namespace: list what lies at or below it; None: everything.

        Returns:
            A record for each EE, with the namespace that was kept with it and the native states of its entities.

        Example::

            @hookimpl
            async def list_execution_environments(self, namespace):
                return [self._record(application) for application in await self._client.applications()]
        """

    @operation_hook(reads=True)
    async def describe_execution_environment(self, ee_id: EeId) -> Description:
        """Describe an execution environment as it is now: its charm, options, units and relations.

        Optional, and worth having: it is how orchestrators and the conformance kit see what came of an operation. All
        of it comes from the backend's own system, so that it is the same after a restart and in another process.

        Args:
            ee_id: which one.

        Returns:
            What there is; without a charm, its id alone. Values of options are given as they are: the core masks the
            secret ones.

        Raises:
            NotFound: the EE is gone, or another one has its name now.

        Example::

            @hookimpl
            async def describe_execution_environment(self, ee_id):
                found = await self._client.application(ee_id.application)
                return Description(
                    ee_id,
                    InstalledCharm(found.charm, found.charm_url),
                    {name: OptionState(one.value, one.is_set, one.type) for name, one in found.options.items()},
                    [UnitState(one.name, EntityState(Entity("unit", one.name), one.state)) for one in found.units],
                )
        """

    @operation_hook(reads=True)
    async def get_status(self, namespace: Namespace) -> Mapping[str, Any]:
        """Tell the native status of a namespace, as plain data; reading creates nothing.

        Raises:
            NotFound: the system has nothing of this namespace.

        Example::

            @hookimpl
            async def get_status(self, namespace):
                return await self._client.status(self.host.names.model(namespace))
        """

    @operation_hook(reads=True)
    async def get_metrics(self, namespace: Namespace) -> Mapping[str, Any]:
        """Tell the metrics of a namespace's units, as plain data by unit name.

        Raises:
            NotFound: the system has nothing of this namespace.

        Example::

            @hookimpl
            async def get_metrics(self, namespace):
                return await self._client.metrics(self.host.names.model(namespace))
        """

    @operation_hook(reads=True)
    async def health(self) -> Mapping[str, Any]:
        """Ask the backend's system whether it is there, over the connection that operations use.

        Returns:
            Plain data about it, as its version and how long the answer took.

        Raises:
            VcaConnectionError: it does not answer.

        Example::

            @hookimpl
            async def health(self):
                return {"version": await self._client.version()}
        """
