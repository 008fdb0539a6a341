"""Finds the host and asks it; connects again when the connection was lost."""

from __future__ import annotations

import asyncio
import importlib.resources
import shlex
import socket
from pathlib import Path
from typing import Any

import asyncssh

from vca_core.errors import BadArguments, VcaConnectionError
from vca_core.tasks import in_thread
from vca_ssh.link import Link
from vca_ssh.options import SshOptions

_ALIVE = 15  # seconds between questions whether the host is there still; three without an answer end the connection
_AGENT = (importlib.resources.files("vca_ssh") / "agent.py").read_text("utf-8")


class Client:
    """The backend's side of the host.

    Args:
        options: how it is reached.
        folder: where the options' relative paths start.
    """

    def __init__(self, options: SshOptions, folder: Path) -> None:
        self._options, self._folder = options, folder
        self._url = f"ssh://{options.username}@{options.hostname}:{options.port}"
        self._link: Link | None = None
        self._connecting = asyncio.Lock()

    async def read(self, do: str, **given: Any) -> Any:
        """Ask for something that changes nothing; asked again, once, if the connection is lost meanwhile.

        Raises:
            Refused: the agent says why not.
            VcaConnectionError: the host cannot be reached.
        """
        link = await self._ensure_link()
        try:
            return await link.ask(do, **given)
        except VcaConnectionError:
            return await (await self._ensure_link()).ask(do, **given)

    async def change(self, do: str, **given: Any) -> Any:
        """Ask for a change. It is asked for once: if the connection is lost, it may have been made or not.

        Raises:
            Refused: the agent says why not.
            VcaConnectionError: the host cannot be reached, or the connection was lost.
        """
        return await (await self._ensure_link()).ask(do, **given)

    async def connect(self) -> None:
        """Connect now, so that who opens a connector hears whether it can be used."""
        await self._ensure_link()

    async def close(self) -> None:
        """End the connection; the next request would make another one."""
        link, self._link = self._link, None
        if link is not None:
            await link.close()

    async def _ensure_link(self) -> Link:
        async with self._connecting:
            if self._link is not None and self._link.is_lost:
                await self.close()
            if self._link is None:
                self._link = await self._dial()
            return self._link

    async def _dial(self) -> Link:
        options = self._options
        key, known = await in_thread(self._read_files)
        try:
            async with asyncio.timeout(options.connect_timeout):
                connection = await asyncssh.connect(
                    await self._look_up(),
                    options.port,
                    agent_path=None,
                    client_keys=[key],
                    config=None,
                    gss_host=None,
                    host_key_alias=options.hostname,
                    keepalive_interval=_ALIVE,
                    known_hosts=known,
                    preferred_auth="publickey",
                    username=options.username,
                )
                try:
                    command = f"exec python3 -c {shlex.quote(_AGENT)} {shlex.quote(options.folder)}"
                    return Link(connection, await connection.create_process(command), self._url)
                except BaseException:
                    connection.abort()
                    raise
        except TimeoutError as error:
            raise VcaConnectionError(f"{self._url} did not answer in time", self._url) from error
        except asyncssh.HostKeyNotVerifiable as error:
            text = f"the host key of {self._url} is not in {options.known_hosts}"
            raise VcaConnectionError(text, self._url, retryable=False) from error
        except asyncssh.PermissionDenied as error:
            text = f"{self._url} refuses the login with {options.private_key}"
            raise VcaConnectionError(text, self._url, retryable=False) from error
        except (OSError, asyncssh.Error) as error:
            raise VcaConnectionError(f"{self._url} cannot be reached: {error}", self._url) from error

    async def _look_up(self) -> str:
        """The host's address. In a thread that is waited for: the event loop's own would outlive a cancellation."""
        where = self._options.hostname, self._options.port
        found = await in_thread(lambda: socket.getaddrinfo(*where, type=socket.SOCK_STREAM))
        return str(found[0][4][0])

    def _read_files(self) -> tuple[asyncssh.SSHKey, asyncssh.SSHKnownHosts]:
        options = self._options
        passphrase = None if options.passphrase is None else options.passphrase.get_secret_value()
        name = "private_key"
        try:
            key = asyncssh.read_private_key(self._folder / options.private_key, passphrase)
            name = "known_hosts"
            return key, asyncssh.read_known_hosts([str(self._folder / options.known_hosts)])
        except (OSError, ValueError) as error:  # asyncssh's own are among them
            raise BadArguments(f"{name}: {getattr(options, name)} cannot be used: {error}", [name]) from error
