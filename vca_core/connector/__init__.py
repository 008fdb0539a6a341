"""The operations of one backend, for orchestrators: the documented names, arguments and results.

One module for each family: `environments`, `software`, `primitives`, `relations`, `reads`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vca_core._engine.report import DisconnectReport
from vca_core.connector.base import DbDict
from vca_core.connector.environments import EnvironmentOperations
from vca_core.connector.primitives import PrimitiveOperations
from vca_core.connector.reads import ReadOperations
from vca_core.connector.relations import RelationOperations, relate
from vca_core.connector.software import SoftwareOperations


class Connector(EnvironmentOperations, SoftwareOperations, PrimitiveOperations, RelationOperations, ReadOperations):
    """The operations of one backend. Made by `Vca.connector`; constructing connects to nothing.

    What holds for all operations:

    - ``ee_id`` is text, ``<model>.<application>.<locator>``, or an `EeId`; ``namespace`` is text,
      ``[<nsi-id>].<ns-id>[.<vnf-id>[.<vdu-id>[-<count>]]][@<ee>]``, or a `Namespace`.
    - ``db_dict`` says where the operation's statuses and outcome go. Without one: for create, register, install, scale,
      upgrade, deregister and delete the EE's home; for primitives, relations and deletes of a namespace nowhere.
    - ``progress_timeout`` and ``total_timeout`` are seconds; None: the config's. The total counts from the call.
    - Arguments are checked before anything is asked of a network: `BadArguments` says which one and what is expected.
    - They raise `VcaTimeoutError` at a limit, `ConflictError` when the namespace is being deleted or the connector
      disconnected, `NotSupported` when the backend cannot do it, `StoreError` where an ee_id must be stored and cannot,
      `VcaConnectionError` when the backend's system cannot be reached.
    - A cancellation goes through once the backend has had ``cleanup_timeout`` to clean up; the outcome is stored as
      FAILED.

    Attributes:
        name: its name in the config.
    """

    @property
    def capabilities(self) -> frozenset[str]:
        """The names of the hooks that the backend implements."""
        return self._engine.session.hooks.capabilities

    def option_names(self, operation: str) -> frozenset[str]:
        """The names of the options that the backend takes for an operation.

        Args:
            operation: its name, as in `capabilities`.

        Returns:
            The names; none where it takes no options, or does not implement the operation.
        """
        model = self._engine.session.operation_options.get(operation)
        return frozenset() if model is None else frozenset(model.model_fields)

    def check_options(self, operation: str, options: Mapping[str, Any]) -> None:
        """Check the options of an operation, without calling it.

        Args:
            operation: its name, as in `capabilities`.
            options: what would be passed to it.

        Raises:
            BadArguments: one is unknown, missing, or not valid.
            NotSupported: the backend does not implement the operation.
        """
        self._options(operation, options)

    async def get_public_key(self) -> str:
        """Return the public key to inject into machines, so that they can be provisioned.

        Returns:
            One line, without a newline at its end. The key pair is made when it is first asked for.
        """
        self._engine.shared.loop.bind()
        return await self._engine.shared.ssh_key.public_key()

    async def disconnect(self) -> DisconnectReport:
        """Stop running operations, close the backend, and wait until queued statuses are stored.

        The next operation connects again.

        Returns:
            What could not be written, and what is still running.
        """
        return await self._engine.disconnect()


__all__ = ["Connector", "DbDict", "DisconnectReport", "relate"]
