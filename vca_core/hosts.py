"""Which host a name or an address stands for: one host has many spellings, and is taken into service once."""

from __future__ import annotations

import ipaddress
import re

_DEFAULT_PORT = 22
_LAST_IS_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0[xX][0-9A-Fa-f]*)\.*")


def parse_host(text: str) -> str:
    """Read a host's name or address, and give the one spelling that stands for all of its kind.

    Names are the same in upper and in lower case, with a dot at the end, and in ASCII (``xn--...``); an IPv6 address is
    the same with and without its zeros and brackets, and as the IPv4 address that it may stand for.

    Args:
        text: a name, an IPv4 or an IPv6 address.

    Raises:
        ValueError: it is an address that can be read in two ways, such as one with leading zeros, has a port, or holds
            white space or what cannot be printed; says what is expected, without showing it.
    """
    bare = text.strip()
    if ":" in bare or bare.startswith("["):
        if bare.startswith("[") and bare.endswith("]"):
            bare = bare[1:-1]
        try:
            address = ipaddress.IPv6Address(bare)
        except ValueError:
            raise ValueError("expected a host name or an IP address; give a port as `port`") from None
        return str(address.ipv4_mapped or address)
    if _LAST_IS_NUMBER.fullmatch(bare):  # programs that take it for an address may read it as octal, or fill it up
        try:
            return str(ipaddress.IPv4Address(bare.rstrip(".")))
        except ValueError:
            raise ValueError("expected an IPv4 address as four numbers up to 255, without leading zeros") from None
    if not (name := bare.rstrip(".").lower()) or not name.isprintable() or any(map(str.isspace, name)):
        raise ValueError("expected a host name or an IP address")
    ascii_name = _ascii_name(name)
    return name if ascii_name == name else parse_host(ascii_name)


def _ascii_name(name: str) -> str:
    """A name as resolvers ask for it: ``xn--bcher-kva.example`` of ``bücher.example`` (IDNA, as Python's have it)."""
    try:
        return name if name.isascii() else name.encode("idna").decode()
    except UnicodeError:  # no name of the DNS
        return name


def is_ipv6(text: str) -> bool:
    """Whether a text is an IPv6 address, without brackets."""
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True


def same_host(text: str, port: object = None) -> str:
    """Give what two spellings of one host have in common: its `parse_host`, with the port of its ssh server.

    Args:
        text: a name or an address; what `parse_host` refuses stands for itself.
        port: the port, as a number or a text; None: the default one.
    """
    try:
        host = parse_host(text)
    except ValueError:
        host = text.strip().lower()
    number = str(port).strip().lstrip("0") if isinstance(port, int | str) else ""
    return host if number in ("", str(_DEFAULT_PORT)) else f"[{host}]:{number}"
