"""Where controllers are: addresses with ports, several of them, kept up to date."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from vca_core.hosts import is_ipv6

DEFAULT_PORT = 17070

MOVED = "the controller sends its clients to another one; name that one's endpoints"
"""Said where a controller redirects: we never follow by ourselves."""

_REACHABLE = frozenset({"public", "local-cloud", "", "unknown", "fan-local"})


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address of a controller.

    Args:
        host: a name or an IP address, without brackets.
        port: 1 to 65535.

    Raises:
        ValueError: there can be no such host or port; the text says why.
    """

    host: str
    port: int = DEFAULT_PORT

    def __post_init__(self) -> None:
        if not self.host or not self.host.isprintable() or any(character in " /@?#\\" for character in self.host):
            raise ValueError(f"endpoint {str(self)!r}: expected host:port")
        if ":" in self.host and not is_ipv6(self.host):
            raise ValueError(f"endpoint {self.host!r}: expected host:port, or an IPv6 address")
        try:
            self.host.encode("idna")  # as the resolver does
        except UnicodeError:
            raise ValueError(
                f"endpoint {str(self)!r}: expected a host name with 1 to 63 characters between dots"
            ) from None
        if not 1 <= self.port <= 65535:
            raise ValueError(f"endpoint {str(self)!r}: expected a port from 1 to 65535")

    @classmethod
    def parse(cls, text: str, port: int = DEFAULT_PORT) -> Endpoint:
        """Read ``host``, ``host:port``, ``[IPv6]``, ``[IPv6]:port`` or a bare IPv6 address.

        Args:
            text: the endpoint.
            port: for those that name none.

        Raises:
            ValueError: it is not one of these; the text says why.
        """
        text = text.strip()
        if "@" in text:  # what is in front of it may be a password
            shown = "***@" + text.rpartition("@")[2]
            raise ValueError(f"endpoint {shown!r}: expected host:port; give the user as username and secret")
        host, colon, number = text.rpartition(":")
        if text.startswith("["):
            host, bracket, rest = text[1:].partition("]")
            if not bracket or (rest and not rest.startswith(":")) or not is_ipv6(host):
                raise ValueError(f"endpoint {text!r}: expected [IPv6 address]:port")
            colon, number = rest[:1], rest[1:]
        elif text.count(":") > 1:
            host, colon = text, ""
        elif not colon:
            host = text
        if colon:
            if not (number.isascii() and number.isdigit()):
                raise ValueError(f"endpoint {text!r}: expected a port from 1 to 65535")
            port = int(number)
        return cls(host, port)

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Endpoints:
    """The addresses of one controller: those of the config first, then those that the controller gave.

    Args:
        configured: the addresses of the config, at least one.
    """

    def __init__(self, configured: Sequence[Endpoint]) -> None:
        self._configured = tuple(configured)
        self._listed: tuple[Endpoint, ...] = ()
        self._last: Endpoint | None = None

    @property
    def all(self) -> list[Endpoint]:
        """In the order to try them: the one that worked last comes first."""
        ordered = [*((self._last,) if self._last else ()), *self._configured, *self._listed]
        return list(dict.fromkeys(ordered))

    def note_login(self, endpoint: Endpoint, servers: Any) -> None:
        """Note a login.

        Args:
            endpoint: where it succeeded.
            servers: what the reply says of the controller's addresses, by machine; what is not an address is left out.
        """
        self._last = endpoint
        machines = servers if isinstance(servers, list) else []
        addresses = [address for machine in machines if isinstance(machine, list) for address in machine]
        endpoints = [found for address in addresses if (found := _parse_address(address)) is not None]
        if endpoints:
            self._listed = tuple(endpoints)

    def __str__(self) -> str:
        return ", ".join(map(str, self.all))


def _parse_address(address: Any) -> Endpoint | None:
    """An address as a controller gives it; None: it is not an address, or not one that we can use."""
    try:
        if address.get("scope", "") not in _REACHABLE:
            return None
        return Endpoint(address["value"], int(address["port"]))
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
