"""What is taken from the `juju` package: its generated facade and parameter classes, over our own connection."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any

from vca_core.errors import NotSupported

Send = Callable[[str, str, Any, type[json.JSONEncoder] | None], Awaitable[dict[str, Any]]]
"""Sends a request: facade, method, parameters, and what writes those."""


@cache
def classes() -> Any:
    """The generated classes, as `juju.client.client` has them; 0.3 s when first asked for.

    It imports neither the package's own connection nor `websockets`, `kubernetes` or the high-level objects.
    """
    from juju.client import client  # see above

    return client


@cache
def known_versions() -> dict[str, tuple[int, ...]]:
    """The versions of each facade that the generated classes speak."""
    from juju.client.facade_versions import client_facade_versions  # see above

    return {name: tuple(versions) for name, versions in client_facade_versions.items()}


def common_versions(facades: list[dict[str, Any]]) -> dict[str, int]:
    """The newest version of each facade that both sides speak.

    Args:
        facades: facades as the reply to a login lists them.
    """
    known = known_versions()
    common = {one["name"]: set(one["versions"]) & set(known.get(one["name"], ())) for one in facades}
    return {name: max(versions) for name, versions in common.items() if versions}


class Bridge:
    """What the generated classes take for a connection.

    Args:
        facades: versions agreed on, by facade.
        send: sends their requests.
    """

    def __init__(self, facades: dict[str, int], send: Send) -> None:
        self.facades = facades
        self._send = send

    async def rpc(self, msg: dict[str, Any], encoder: type[json.JSONEncoder] | None = None) -> dict[str, Any]:
        """Send a request. Errors within results stay in the results, where they keep their code."""
        return {"response": await self._send(msg["type"], msg["request"], msg.get("params"), encoder)}

    def facade(self, name: str) -> Any:
        """An instance of a facade's class.

        Raises:
            NotSupported: the controller has none of a version that is spoken here.
        """
        if name not in self.facades:
            raise NotSupported(f"the controller has no facade {name} of the versions {known_versions().get(name, ())}")
        return getattr(classes(), f"{name}Facade").from_connection(self)
