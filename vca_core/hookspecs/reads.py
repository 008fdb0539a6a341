"""The hooks that only read: they get no ``op``; see `vca_core.hookspecs`.

What holds for every hook that reads:

- It changes and creates nothing, and the core takes no lock for it.
- What it returns comes from the backend's own system, so it is the same after a restart and in another process.
- The first read after a lost connection succeeds without a retry by the caller.
- It raises errors of `vca_core.errors`; anything else reaches the caller as a `BackendError`.

Raises:
    VcaConnectionError: the system cannot be reached; retryable.
    VcaTimeoutError: the system did not answer within a limit of the backend's own; retryable.
    BackendError: the system failed, or refused in another way.
"""

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
        """List the execution environments that the backend's system holds.

        Other processes use the same system, and what they have finished is listed. A backend that keeps a state of its
        own reads it anew first: the core asks for a namespace's EEs before it operates on an EE that another process
        operated on last. It also asks when resume, install, scale or upgrade end, if the EE's entities have not been
        reported: the outcome is made of their states. Listing reports nothing that is not in the list.

        Args:
            namespace: list what is at or below this namespace, which may be nothing; None: everything.

        Returns:
            A record for each EE: its ee_id, the namespace that was kept with it (None if there is none), its address,
            and its entities with their native states. Names of units are free text: callers give them back as they are
            listed.

        Raises:
            VcaConnectionError: the system cannot be reached; retryable. An empty list would say that there are no EEs.

        Example::

            @hookimpl
            async def list_execution_environments(self, namespace):
                found = [self._record(one) for one in await self._client.applications()]
                return [
                    one for one in found if namespace is None or (one.namespace and namespace.contains(one.namespace))
                ]
        """

    @operation_hook(reads=True)
    async def describe_execution_environment(self, ee_id: EeId) -> Description:
        """Describe an execution environment as it is now: its charm, options, units and relations.

        Optional, and worth having: it lets orchestrators and the conformance kit see what an operation achieved.

        Args:
            ee_id: the EE to describe.

        Returns:
            The charm, with its name, the system's own reference, its digest and version if they are known; the options,
            each with its value, its type, whether it was set and whether it is secret; the units, each with its state,
            leadership, addresses and the charm that it runs; the relations, each with both endpoints and the other EE.
            Without a charm, only the ee_id. Give values of options as they are: the core masks those whose
            `OptionState` has ``secret`` true or the type ``secret``, besides those that it knows to be secret itself.

        Raises:
            NotFound: the EE is gone, or its names belong to another one now.

        Example::

            @hookimpl
            async def describe_execution_environment(self, ee_id):
                there = await self._find(ee_id)  # by its whole id, or NotFound
                if there.charm is None:
                    return Description(ee_id)
                return Description(
                    ee_id,
                    InstalledCharm(there.charm, there.charm_url, there.digest, there.version),
                    {one.name: OptionState(one.value, one.is_set, one.type, one.is_secret) for one in there.options},
                    [
                        UnitState(
                            one.name,
                            EntityState(Entity("unit", one.name), one.state, one.message),
                            one.is_leader,
                            one.addresses,
                            one.charm_url,
                        )
                        for one in there.units
                    ],
                    [
                        RelationState(one.endpoint, self._ee_id(one.other), one.other, one.other_endpoint)
                        for one in there.relations
                    ],
                )
        """

    @operation_hook(reads=True)
    async def get_status(self, namespace: Namespace) -> Mapping[str, Any]:
        """Return the native status of a namespace.

        Args:
            namespace: the namespace to look at.

        Returns:
            Plain data in the system's own words: what is there of the namespace now, its units included, and of no
            other one. It holds no credentials.

        Raises:
            NotFound: the system knows nothing of this namespace.

        Example::

            @hookimpl
            async def get_status(self, namespace):
                units = await self._client.units(self.host.names.model(namespace))
                return {unit.name: unit.state for unit in units if namespace.contains(unit.namespace)}
        """

    @operation_hook(reads=True)
    async def get_metrics(self, namespace: Namespace) -> Mapping[str, Any]:
        """Return the metrics of a namespace's units.

        Args:
            namespace: the namespace to look at.

        Returns:
            Plain data in the system's own words, by unit name.

        Raises:
            NotFound: the system knows nothing of this namespace.

        Example::

            @hookimpl
            async def get_metrics(self, namespace):
                return await self._client.metrics(self.host.names.model(namespace))
        """

    @operation_hook(reads=True)
    async def health(self) -> Mapping[str, Any]:
        """Ask the backend's system whether it is there, over the connection that operations use.

        Ask the system each time: what was true a minute ago is no answer. Returning means that the system answers;
        raising means that operations would fail now, and the error's text says why.

        When the answer to a request is lost, the request may still have made something, such as a machine, that is not
        marked yet as a part of any EE. The backend lists no such thing as an EE, and neither removes nor uses it on a
        guess: name it here, so that people can decide.

        Returns:
            Plain data in the system's own words, such as its version, how long the answer took, and the names of things
            that may have come of lost answers.

        Raises:
            VcaConnectionError: it does not answer, or refuses the login.

        Example::

            @hookimpl
            async def health(self):
                version = await self._client.version()
                return {"version": version, "unclaimed_machines": sorted(self._unclaimed)}
        """
