"""Where controllers are: addresses with ports, several of them, kept up to date."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

DEFAULT_PORT = 17070
_REACHABLE = frozenset({"public", "local-cloud", "", "unknown", "fan-local"})


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address of a controller.

    Args:
        host: a name or an IP address, without brackets.
        port: 1 to 65535.
    """

    host: str
    port: int = DEFAULT_PORT

    @classmethod
    def parse(cls, text: str, port: int = DEFAULT_PORT) -> Endpoint:
        """Read ``host``, ``host:port``, ``[IPv6]``, ``[IPv6]:port`` or a bare IPv6 address (S31, D88).

        Args:
            text: the endpoint.
            port: for those that name none.

        Raises:
            ValueError: it is none of these; the text says why.
        """
        text = text.strip()
        host, colon, number = text.rpartition(":")
        if text.startswith("["):
            host, bracket, rest = text[1:].partition("]")
            if not bracket or (rest and not rest.startswith(":")):
                raise ValueError(f"endpoint {text!r}: expected [IPv6 address]:port")
            colon, number = rest[:1], rest[1:]
            ipaddress.IPv6Address(host)
        elif text.count(":") > 1:
            ipaddress.IPv6Address(text)
            host, colon = text, ""
        elif not colon:
            host = text
        if not host or any(character.isspace() or character in "/@?#" for character in host):
            raise ValueError(f"endpoint {text!r}: expected host:port")
        if colon:
            if not (number.isascii() and number.isdigit() and 1 <= int(number) <= 65535):
                raise ValueError(f"endpoint {text!r}: the port has to be a number from 1 to 65535")
            port = int(number)
        return cls(host, port)

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Endpoints:
    """The addresses of one controller: those of the config first, then those that the controller told of itself.

    Args:
        configured: the addresses of the config, at least one.
    """

    def __init__(self, configured: Sequence[Endpoint]) -> None:
        self._configured = tuple(configured)
        self._told: tuple[Endpoint, ...] = ()
        self._last: Endpoint | None = None

    @property
    def all(self) -> list[Endpoint]:
        """In the order to try them: the one that worked last comes first."""
        ordered = [*((self._last,) if self._last else ()), *self._configured, *self._told]
        return list(dict.fromkeys(ordered))

    def worked(self, endpoint: Endpoint, servers: Iterable[Iterable[Mapping[str, Any]]] | None) -> None:
        """Note a login.

        Args:
            endpoint: where it succeeded.
            servers: what the reply says of the controller's addresses, by machine.
        """
        self._last = endpoint
        told = [
            Endpoint(str(address["value"]), int(address["port"]))
            for machine in servers or ()
            for address in machine
            if address.get("scope", "") in _REACHABLE and address.get("value") and address.get("port")
        ]
        if told:
            self._told = tuple(told)

    def __str__(self) -> str:
        return ", ".join(map(str, self.all))
