"""What is said of a host to be registered: where it is and how to log in, checked before any network."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast, get_args

from pydantic import SecretStr

from vca_core.errors import BadArguments
from vca_core.hosts import is_ipv6
from vca_core.plain import kind_of
from vca_core.suggestions import instead

HostKeyPolicy = Literal["strict", "accept-new", "off"]
"""What is done about a host's own key.

``"strict"``: it has to be among the known ones; ``"accept-new"``: that of a host never met is stored, and from then on
it has to stay the same; ``"off"``: any key is taken, so anyone can pose as the host.
"""

DEFAULT_PORT = 22
_POLICIES = get_args(HostKeyPolicy)
_KNOWN = ("hostname", "username", "port", "private_key", "private_key_path", "passphrase", "password", "host_key")
_NAME = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_.])?")
_USER = re.compile(r"[^\s:/@-][^\s:/@]{0,127}")


@dataclass(frozen=True, kw_only=True)
class SshTarget:
    """A host and how to log in to it. Its parts are fields of their own, never one text to be taken apart.

    Args:
        hostname: a name, an IPv4 or an IPv6 address, without brackets.
        username: who logs in: root, or someone who may use sudo without a password.
        known_hosts: the file that holds the keys of hosts met before, in OpenSSH's format; made when first needed.
        port: where its ssh server listens.
        private_key: a private key as text, in OpenSSH or PEM format; of any type.
        private_key_path: the file of a private key; used where `private_key` is not given.
        passphrase: of the private key.
        password: to log in with, where there is no key or the host does not take it.
        host_key: what is done about the host's own key.
    """

    hostname: str
    username: str
    known_hosts: Path
    port: int = DEFAULT_PORT
    private_key: str | None = field(default=None, repr=False)
    private_key_path: Path | None = None
    passphrase: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    host_key: HostKeyPolicy = "accept-new"

    @property
    def known_name(self) -> str:
        """How a file of known hosts calls the host: ``host``, or ``[host]:port`` where the port is not 22."""
        name = self.hostname.lower()
        return name if self.port == DEFAULT_PORT else f"[{name}]:{self.port}"

    @property
    def url(self) -> str:
        """Where it is, for errors."""
        host = f"[{self.hostname}]" if ":" in self.hostname else self.hostname
        return f"ssh://{self.username}@{host}:{self.port}"


def parse_credentials(
    credentials: Mapping[str, Any],
    *,
    known_hosts: Path,
    default_key: Path | None = None,
    host_key: HostKeyPolicy = "accept-new",
) -> SshTarget:
    """Make a target of the ``credentials`` of a register.

    Args:
        credentials: ``hostname`` and ``username``; optionally ``port``, ``private_key`` (text) or
            ``private_key_path``, ``passphrase``, ``password``, ``host_key``. None counts as not given.
        known_hosts: see `SshTarget`.
        default_key: the private key's file where the credentials have neither a key nor a password.
        host_key: the policy where the credentials have none.

    Raises:
        BadArguments: something is missing, unknown or cannot be right; ``bad_args`` names it as ``credentials.port``.
            No value is shown: each may be a secret in the wrong place.
    """
    given = {name: value for name, value in credentials.items() if value is not None}
    for name in given:
        if name not in _KNOWN:
            raise _bad(str(name), f"unknown key{instead(str(name), _KNOWN)}")
    for name in ("hostname", "username"):
        if name not in given:
            raise _bad(name, f"expected the {name} of the machine, got nothing")
    texts = {name: _text(given, name) for name in ("hostname", "username", "private_key", "passphrase", "password")}
    path = given.get("private_key_path")
    if path is not None and not (isinstance(path, str | Path) and str(path).strip()):
        raise _bad("private_key_path", "expected the path of a private key's file")
    if path is None and texts["private_key"] is None and texts["password"] is None:
        if default_key is None:
            raise _bad("private_key", "expected a private_key, a private_key_path or a password, got none")
        path = default_key
    target = SshTarget(
        hostname=_bare_address(cast("str", texts["hostname"]).strip()),
        username=cast("str", texts["username"]).strip(),
        known_hosts=known_hosts,
        port=_port(given.get("port", DEFAULT_PORT)),
        private_key=texts["private_key"],
        private_key_path=_expand(Path(path)) if path is not None else None,
        passphrase=texts["passphrase"],
        password=texts["password"],
        host_key=_policy(given.get("host_key", host_key)),
    )
    check_target(target)
    return target


def check_target(target: SshTarget) -> None:
    """Check a target, before any network.

    Raises:
        BadArguments: it can never be reached; ``bad_args`` names the part as `parse_credentials` does.
    """
    if ":" in target.hostname:
        if not is_ipv6(target.hostname):
            raise _bad("hostname", "expected a host name or an IP address; give a port as credentials.port")
    elif not _NAME.fullmatch(target.hostname):
        raise _bad("hostname", "expected a host name or an IP address")
    if not _USER.fullmatch(target.username):
        raise _bad("username", "expected the name of a user")
    _port(target.port)
    _policy(target.host_key)
    if target.private_key is not None and target.private_key_path is not None:
        raise _bad("private_key", "private_key_path is given as well; give one of the two")
    if target.private_key is not None and "PRIVATE KEY-----" not in target.private_key:
        raise _bad("private_key", "expected a private key in OpenSSH or PEM format; give a file as private_key_path")
    if target.private_key is None and target.private_key_path is None and not target.password:
        raise _bad("private_key", "expected a private_key, a private_key_path or a password, got none")


def _bad(name: str, what: str) -> BadArguments:
    return BadArguments(f"credentials.{name}: {what}", [f"credentials.{name}"])


def _text(given: Mapping[str, Any], name: str) -> str | None:
    value = given.get(name)
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if value is not None and (not isinstance(value, str) or not value.strip()):
        raise _bad(name, "is empty" if isinstance(value, str) else f"expected text, got {kind_of(value)}")
    return value


def _bare_address(hostname: str) -> str:
    bare = hostname[1:-1] if hostname.startswith("[") and hostname.endswith("]") else hostname
    return str(ipaddress.IPv6Address(bare)) if is_ipv6(bare) else hostname


def _port(value: object) -> int:
    if isinstance(value, str) and value.strip().isdecimal() and value.strip().isascii():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 65536:
        raise _bad("port", "expected a whole number from 1 to 65535")
    return value


def _policy(value: object) -> HostKeyPolicy:
    if value is False:  # YAML reads a bare off so
        raise _bad(
            "host_key", "expected text, got false; to leave the host's key unchecked write 'off', with quotes in YAML"
        )
    if value not in _POLICIES:
        raise _bad("host_key", f"expected one of {', '.join(map(repr, _POLICIES))}")
    return cast("HostKeyPolicy", value)


def _expand(path: Path) -> Path:
    try:
        return path.expanduser()
    except RuntimeError:
        pass
    raise _bad("private_key_path", f"has no home folder to start in ({path.parts[0]}); give an absolute path")
