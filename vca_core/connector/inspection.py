"""What can be seen behind a connector: for the conformance kit, and for tests of backends."""

from __future__ import annotations

from vca_core._engine.engine import Engine
from vca_core.connector.base import ConnectorBase
from vca_core.naming import EeId, NameRules
from vca_core.probe import Probe


class Inspection:
    """Shows what is behind a connector, and changes nothing but the memory of the core.

    Args:
        connector: which one.
    """

    def __init__(self, connector: ConnectorBase) -> None:
        self._connector = connector

    @property
    def _engine(self) -> Engine:
        return self._connector._engine  # noqa: SLF001 - the one place outside that may see it

    @property
    def names(self) -> NameRules:
        """The rules by which the backend names models and applications."""
        return self._engine.session.names

    @property
    def options(self) -> object:
        """The backend's options, validated; None if it keeps no host."""
        return getattr(getattr(self._engine.session.backend, "host", None), "options", None)

    @property
    def stragglers(self) -> list[str]:
        """The ids of operations that are over for their callers, but whose hooks still run."""
        return self._engine.stragglers

    def observe(self, probe: Probe | None) -> None:
        """Attach a probe to every call of a hook and every report; None detaches it."""
        self._engine.observe(probe)

    def forget(self, ee_id: EeId) -> None:
        """Make the core forget what it remembers of an EE's model, as if this process had never seen it."""
        known = self._engine.environments
        for environment in known.in_model(ee_id.model):
            known.forget(environment.key)
