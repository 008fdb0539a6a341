"""The backend for charms on machines."""

from __future__ import annotations

from vca_core.backend import Backend, NoOptions
from vca_core.errors import NotSupported
from vca_core.hookspecs import hookimpl


class JujuMachineBackend(Backend[NoOptions]):
    """Charms on machines, with a Juju 3.6 controller."""

    api_version = 1

    @hookimpl
    async def open(self) -> None:
        """Connect to the controller."""
        raise NotSupported("this backend is being written")
