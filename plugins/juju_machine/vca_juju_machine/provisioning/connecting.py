"""Opens and closes ssh connections, and says in our own errors why one could not be made."""

from __future__ import annotations

import asyncio
import functools
import logging
import socket
from pathlib import Path
from typing import NoReturn, cast

import asyncssh

from vca_core.errors import BadArguments, VcaConnectionError
from vca_core.secrets import SecretValues, scrub_cause
from vca_core.tasks import in_thread, settle
from vca_juju_machine.provisioning.deadline import Deadline
from vca_juju_machine.provisioning.known_hosts import KnownKeys, known_keys, prepare, remember
from vca_juju_machine.provisioning.private_keys import UnusableKeyError, open_key, read_key
from vca_juju_machine.provisioning.target import SshTarget

_ADDRESS_LIMIT = 60.0  # seconds until an address is given up: a host that looks names up may take half of it to answer
_CLOSING = 2.0  # seconds for a polite end of a connection
_ALIVE = 15  # seconds between questions whether the host is still there; four without an answer end the connection
_PLAIN_KEYS = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "rsa-sha2-512",
    "rsa-sha2-256",
)


def _has_no_packet(record: logging.LogRecord) -> bool:
    return not hasattr(record, "packet")


# Whole packets, which asyncssh logs at its highest debug level, hold scripts and passwords. Of the rest people want to
# see what is wrong, unless they say more.
_theirs = logging.getLogger("asyncssh")
_theirs.addFilter(_has_no_packet)
if _theirs.level == logging.NOTSET:
    _theirs.setLevel(logging.WARNING)


class _Client(asyncssh.SSHClient):
    """Notes the key of a host that is not known, and says whether it is taken."""

    def __init__(self, *, accepts: bool) -> None:
        self._accepts = accepts
        self.offered: asyncssh.SSHKey | None = None

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:  # noqa: ARG002
        self.offered = key
        return self._accepts


async def connect(target: SshTarget, deadline: Deadline, secrets: SecretValues) -> asyncssh.SSHClientConnection:
    """Log in to a host; nothing of the user's own ssh is used: no config, no agent, no keys.

    Args:
        target: a checked target.
        deadline: when to give up.
        secrets: takes secrets out of causes.

    Raises:
        BadArguments: the key or the file of known hosts cannot be used; raised before any network.
        VcaConnectionError: the host cannot be reached (a retry may help), its key is not the right one, or it refuses
            the login (a retry does not help).
        VcaTimeoutError: the deadline passed.
    """
    keys = await in_thread(functools.partial(_private_keys, target, secrets))
    known = KnownKeys()
    if target.host_key != "off":
        known = await in_thread(functools.partial(known_keys, target.known_hosts, target.known_name))
    accepts = target.host_key == "accept-new" and not known.has_host
    if accepts:
        await in_thread(functools.partial(prepare, target.known_hosts))
    async with deadline.step(f"to log in at {target.url}"):
        addresses = await _addresses(target, secrets)
        for number, address in enumerate(addresses, start=1):
            share = min(_ADDRESS_LIMIT, deadline.seconds_left() / (len(addresses) - number + 1))
            try:
                return await _connect(target, address, keys, known, accepts, share, secrets)
            except VcaConnectionError as error:
                if number == len(addresses) or not error.retryable:
                    raise
    raise AssertionError  # there is at least one address


async def _addresses(target: SshTarget, secrets: SecretValues) -> list[str]:
    # In a thread that is waited for, also by a cancellation: the event loop's own lookup would outlive us.
    look_up = functools.partial(socket.getaddrinfo, target.hostname, target.port, type=socket.SOCK_STREAM)
    try:
        found = await in_thread(look_up)
    except (OSError, UnicodeError) as error:
        reason, cause = str(error), scrub_cause(error, secrets.scrub)
    else:
        return list(dict.fromkeys(_numeric(where) for *_, where in found))
    raise VcaConnectionError(f"the name {target.hostname} cannot be looked up: {reason}", target.url) from cause


def _numeric(where: tuple[str | int, ...] | tuple[int, bytes]) -> str:
    return socket.getnameinfo(where, socket.NI_NUMERICHOST | socket.NI_NUMERICSERV)[0]  # type: ignore[arg-type]


async def _connect(
    target: SshTarget,
    address: str,
    keys: list[asyncssh.SSHKey],
    known: KnownKeys,
    accepts: bool,  # noqa: FBT001 - internal
    limit: float,
    secrets: SecretValues,
) -> asyncssh.SSHClientConnection:
    client = _Client(accepts=accepts)
    scope = asyncio.timeout(limit)
    refused: VcaConnectionError
    try:
        async with scope:
            connection = await asyncssh.connect(
                address,
                target.port,
                config=None,
                agent_path=None,
                client_factory=lambda: client,
                client_keys=keys or None,
                gss_host=None,
                host_key_alias=target.hostname,
                keepalive_count_max=4,
                keepalive_interval=_ALIVE,
                known_hosts=None if target.host_key == "off" else (known.keys, known.authorities, known.revoked),
                login_timeout=limit,
                password=target.password,
                server_host_key_algs=_key_types(known),
                username=target.username,
                x509_trusted_certs=None,
            )
    except TimeoutError as error:
        if not scope.expired() and not isinstance(error, OSError):
            raise
        refused = VcaConnectionError(f"{target.url} did not answer within {limit:.0f} s", target.url)
        cause = scrub_cause(error, secrets.scrub)
    except (OSError, asyncssh.Error) as error:
        refused, cause = _refusal(target, known, client.offered, error), scrub_cause(error, secrets.scrub)
    else:
        if accepts and client.offered is not None:
            await _note(target, client.offered, connection)
        return connection
    raise refused.scrub(secrets.scrub_own) from cause


def _key_types(known: KnownKeys) -> list[str]:
    """The types of host keys to ask for, the best first.

    A host that has none of the known type is asked for another, too: so the error can say that its key has changed;
    otherwise the connection would just break. Without a known authority a certificate proves nothing, and the key in
    it would do.
    """
    met = {key.get_algorithm().replace("ssh-rsa", "rsa-sha2-512") for key in known.keys}
    plain = sorted(_PLAIN_KEYS, key=lambda name: name not in met)
    return [f"{name}-cert-v01@openssh.com" for name in plain if known.authorities] + plain


async def _note(target: SshTarget, key: asyncssh.SSHKey, connection: asyncssh.SSHClientConnection) -> None:
    """Remember a new host once it let us in; another session may have met another host of that name meanwhile."""
    try:
        known = await in_thread(functools.partial(remember, target.known_hosts, target.known_name, key))
    except BaseException:
        await close(connection)
        raise
    if known.keys and key not in known.keys:
        await close(connection)
        raise _changed_key_error(target, key)


def _refusal(
    target: SshTarget, known: KnownKeys, offered: asyncssh.SSHKey | None, error: Exception
) -> VcaConnectionError:
    no_retry = functools.partial(VcaConnectionError, url=target.url, retryable=False)
    match error:
        case asyncssh.HostKeyNotVerifiable() if offered is not None and known.has_host:
            return _changed_key_error(target, offered)
        case asyncssh.HostKeyNotVerifiable() if offered is not None:
            return no_retry(
                f"the host key of {target.url} is not known: it has {_fingerprint(offered)}. If that is right, add it"
                f" to {target.known_hosts}, or have it stored at the first login with host_key accept-new"
            )
        case asyncssh.HostKeyNotVerifiable():
            return no_retry(f"the host key of {target.url} is not to be trusted: {error.reason}")
        case asyncssh.KeyExchangeFailed() | asyncssh.ProtocolNotSupported() | asyncssh.ProtocolError():
            return no_retry(f"there is no ssh server that can be spoken to at {target.url}: {error.reason}")
        case asyncssh.PermissionDenied() | asyncssh.IllegalUserName():
            tried = " and ".join(
                name for name, given in (("key", _has_key(target)), ("password", target.password)) if given
            )
            return no_retry(
                f"{target.url} refused the login of {target.username} with this {tried}: check credentials.username,"
                " and that the public key is among the user's authorized keys"
            )
        case asyncssh.DisconnectError():
            return VcaConnectionError(f"{target.url} ended the connection: {error.reason}", target.url)
        case OSError():
            return VcaConnectionError(f"{target.url} cannot be reached: {error.strerror or error}", target.url)
        case _:
            return VcaConnectionError(f"{target.url} cannot be used: {type(error).__name__}", target.url)


def _changed_key_error(target: SshTarget, offered: asyncssh.SSHKey) -> VcaConnectionError:
    return VcaConnectionError(
        f"the host key of {target.url} has changed: it has {_fingerprint(offered)}, and {target.known_hosts} has"
        " another one. Somebody may pose as the host. If it was installed anew, remove the old key:"
        f" ssh-keygen -R '{target.known_name}' -f {target.known_hosts}",
        target.url,
        retryable=False,
    )


def _fingerprint(key: asyncssh.SSHKey) -> str:
    return f"{key.get_algorithm()} {key.get_fingerprint()}"


def _has_key(target: SshTarget) -> bool:
    return target.private_key is not None or target.private_key_path is not None


def _private_keys(target: SshTarget, secrets: SecretValues) -> list[asyncssh.SSHKey]:
    """Read the private key, of whatever type; blocks, for a second where it has a passphrase."""
    if not _has_key(target):
        return []
    name = "credentials.private_key" if target.private_key is not None else "credentials.private_key_path"
    where = "" if target.private_key_path is None else f" {target.private_key_path}"
    try:
        text = target.private_key or read_key(cast("Path", target.private_key_path))
        return [open_key(text, target.passphrase)]
    except UnusableKeyError as error:
        bad, reason = name, str(error)
        cause = None
    except asyncssh.KeyEncryptionError as error:
        bad, reason = "credentials.passphrase", "cannot be opened with this passphrase"
        cause = scrub_cause(error, secrets.scrub)
    except (asyncssh.KeyImportError, ValueError) as error:
        bad, reason = name, "is not a private key that can be used, in OpenSSH or PEM format"
        if "passphrase" in str(error).lower():
            bad, reason = "credentials.passphrase", "needs a passphrase: give credentials.passphrase"
        cause = scrub_cause(error, secrets.scrub)
    raise BadArguments(f"{bad}: the private key{where} {reason}", [bad]) from cause


async def close(connection: asyncssh.SSHClientConnection) -> None:
    """End a connection, politely if the host answers, with all its tasks and sockets; also when cancelled."""
    connection.close()
    closed = asyncio.ensure_future(connection.wait_closed())
    cancelled = await settle(closed, _CLOSING)
    if not closed.done():
        connection.abort()
        cancelled = await settle(closed, _CLOSING) or cancelled
        closed.cancel()
    if cancelled is not None:
        raise cancelled


def raise_lost(target: SshTarget, during: str) -> NoReturn:
    """Raise that the connection broke.

    Raises:
        VcaConnectionError: a retry may help.
    """
    raise VcaConnectionError(f"the connection to {target.url} was lost {during}", target.url)
