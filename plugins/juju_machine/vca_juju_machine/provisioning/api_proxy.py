"""Rules by which a machine reaches the controller through a given address: its ``api_proxy``.

The controller makes its machines reach it at addresses of its own, which a machine behind a NAT cannot. Where an
``api_proxy`` is given, what the machine sends to those addresses goes to the proxy's instead. The rules are a chain
(iptables) or a table (nftables) of our own, made by a program that systemd runs at each boot. No package is installed
for them: in the predecessor a stale list of packages made every registration fail.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources

from vca_core.errors import BadArguments
from vca_juju_machine.places import Places

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_FOLDER = resources.files("vca_juju_machine.provisioning") / "host"
_SCRIPT = (_FOLDER / "api-proxy.sh").read_text("utf-8")
_UNIT = (_FOLDER / "api-proxy.service").read_text("utf-8")


@dataclass(frozen=True)
class ApiProxy:
    """An ``api_proxy``.

    Args:
        address: an IP address that the machine can reach.
        port: the port there; None: the one that the controller's own address has.
    """

    address: _Address
    port: int | None = None


def parse_api_proxy(text: str) -> ApiProxy:
    """Read an ``api_proxy``: ``"10.0.0.1"``, ``"10.0.0.1:17070"``, ``"2001:db8::1"`` or ``"[2001:db8::1]:17070"``.

    Raises:
        BadArguments: it is not such an address. A host name is refused: the rules are made at boot, before names are
            looked up.
    """
    try:
        address, port = _split(text.strip())
    except ValueError:
        pass
    else:
        return ApiProxy(address, port)
    raise BadArguments(
        "api_proxy: expected an IP address, with a port or without, such as '10.0.0.1:17070' or"
        f" '[2001:db8::1]:17070', got {text!r}",
        ["api_proxy"],
    )


def render_rules(proxy: ApiProxy, endpoints: Iterable[str]) -> str:
    """Write down which address is redirected where, a line for each: ``4 10.1.2.3 17070 192.0.2.1 17070``.

    Args:
        proxy: where they lead.
        endpoints: the controller's, as ``"10.1.2.3:17070"``. Left out are names, which rules cannot hold, addresses of
            the other IP version, and those that every machine has for itself; the proxy's own needs no rule.

    Raises:
        BadArguments: no endpoint is left that the proxy could replace.
    """
    lead = []
    for endpoint in dict.fromkeys(endpoints):
        try:
            address, port = _split(endpoint)
        except ValueError:
            continue
        if port is None or address.version != proxy.address.version or address.is_loopback or address.is_link_local:
            continue
        lead.append((address, port, proxy.address, proxy.port or port))
    if not lead:
        raise BadArguments(
            f"api_proxy: {proxy.address} can stand for none of the controller's endpoints: no "
            f"IPv{proxy.address.version} address is among them; give an address of another version",
            ["api_proxy"],
        )
    return "\n".join(f"{one[0].version} {' '.join(map(str, one))}" for one in lead if one[:2] != one[2:])


def render_script(rules: str, mark: str) -> str:
    """The program that makes and removes the rules, with the rules in it, and the mark of whose they are."""
    return _SCRIPT.replace("@RULES@", rules).replace("@MARK@", mark)


def render_unit(places: Places) -> str:
    """The unit that runs it."""
    return _UNIT.replace("@SCRIPT@", places.script)


def _split(text: str) -> tuple[_Address, int | None]:
    if text.startswith("["):
        host, bracket, port = text[1:].partition("]")
        if not bracket or (port and not port.startswith(":")):
            raise ValueError
        port = port[1:]
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
        if not port:
            raise ValueError
    else:
        host, port = text, ""
    address = ipaddress.ip_address(host)
    if isinstance(address, ipaddress.IPv6Address) and address.scope_id:
        raise ValueError
    if not port:
        return address, None
    number = int(port) if port.isascii() and port.isdecimal() else 0
    if not 0 < number < 65536:
        raise ValueError
    return address, number
