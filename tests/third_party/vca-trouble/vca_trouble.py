"""Backends that are broken, each in a way of its own."""

from __future__ import annotations

from vca_core.backend import Backend, NoOptions
from vca_core.hookspecs import hookimpl


class Crashing(Backend[NoOptions]):
    """Its entry point names an attribute that it does not have."""


class Future(Backend[NoOptions]):
    """Was made for a later version of the plugin API."""

    api_version = 99

    @hookimpl
    async def health(self) -> dict[str, str]:
        """Say something."""
        return {}


class Silent(Backend[NoOptions]):
    """Forgot to mark what it can do."""

    api_version = 1

    async def health(self) -> dict[str, str]:
        """Say something, if anybody could ask."""
        return {}


class Double(Backend[NoOptions]):
    """Takes a name that another distribution has."""

    api_version = 1

    @hookimpl
    async def health(self) -> dict[str, str]:
        """Say something."""
        return {}
