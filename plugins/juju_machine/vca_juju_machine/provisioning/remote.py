"""Runs the programs of ``shell/`` on a host, over an open connection, as the user or as root."""

from __future__ import annotations

import asyncio
import contextlib
import shlex
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from importlib import resources

import asyncssh

from vca_core.errors import BackendError, VcaConnectionError
from vca_core.secrets import SecretValues, scrub_cause
from vca_core.tasks import settle
from vca_juju_machine.provisioning.connecting import raise_lost
from vca_juju_machine.provisioning.target import SshTarget

_LONGEST_OUTPUT = 262_144  # bytes that are kept, the last ones
_TOLD_LINES = 15
_TOLD = 1500  # characters of an output that an error shows
_STOPPING = 5.0  # seconds that what runs as root has to end after its stdin did
_SIGNALLED = 0.5  # seconds that the others have, which take a moment unless the host hangs


@dataclass(frozen=True)
class Outcome:
    """How a program ended.

    Args:
        status: its exit code; 128 and more: a signal ended it.
        output: the end of what it printed.
    """

    status: int
    output: str

    def tail(self, scrub: Callable[[str], str]) -> str:
        """The last lines of the output, fit for an error: scrubbed first, then cut."""
        lines = scrub(self.output).rstrip().splitlines()[-_TOLD_LINES:]
        return "\n".join(lines)[-_TOLD:] or "(it printed nothing)"


class Remote:
    """Runs programs on a host.

    Args:
        connection: an open connection.
        target: where it leads.
        secrets: takes secrets out of what errors show.
    """

    def __init__(self, connection: asyncssh.SSHClientConnection, target: SshTarget, secrets: SecretValues) -> None:
        self._connection = connection
        self._target = target
        self._secrets = secrets
        self._privilege: list[str] | None = None

    async def run(self, program: str, *arguments: str, data: bytes = b"", root: bool = False) -> Outcome:
        """Run a program of ``shell/`` until its end; when cancelled, see it end.

        What runs as root changes the host: it is never stopped half way, but for the script of ``run_script``.

        Nothing secret goes into `arguments`: anyone on the host can see them. Secrets go into `data`.

        Args:
            program: its name.
            arguments: its arguments.
            data: what it reads from stdin, which stays open until it has ended; without any it is closed at once.
            root: whether it runs as root.

        Raises:
            VcaConnectionError: the connection broke (a retry may help), or the user may not do this.
        """
        privilege = await self.as_root() if root else []
        watches_stdin = program == "run_script"
        shell = "/bin/bash" if watches_stdin else "/bin/sh"
        command = shlex.join([*privilege, shell, "-c", PROGRAMS[program], program, *arguments])
        try:
            process: asyncssh.SSHClientProcess[bytes] = await self._connection.create_process(
                command, encoding=None, stderr=asyncssh.STDOUT
            )
        except (OSError, asyncssh.Error) as error:
            reason, cause = getattr(error, "reason", str(error)), scrub_cause(error, self._secrets.scrub)
        else:
            async with _stop_at_end(process, signal=not root):
                return await self._outcome(process, data, program)
        raise VcaConnectionError(f"{self._target.url} runs no command: {reason}", self._target.url) from cause

    async def run_checked(self, program: str, *arguments: str, data: bytes = b"", root: bool = False) -> str:
        """Run a program that has to succeed; returns its output.

        Raises:
            BackendError: it failed; shows the end of its output.
            VcaConnectionError: as `run`.
        """
        outcome = await self.run(program, *arguments, data=data, root=root)
        if outcome.status:
            raise BackendError(
                f"{program.replace('_', ' ')} failed on {self._target.url} with exit code {outcome.status}:"
                f" {outcome.tail(self._secrets.scrub)}"
            )
        return outcome.output

    async def _outcome(self, process: asyncssh.SSHClientProcess[bytes], data: bytes, program: str) -> Outcome:
        with contextlib.suppress(OSError, asyncssh.Error):  # it ended without reading: its exit code says why
            process.stdin.write(data)
            if not data:
                process.stdin.write_eof()
        output = bytearray()
        with contextlib.suppress(OSError, asyncssh.Error):  # the connection broke: there is no exit code then
            while chunk := await process.stdout.read(65_536):
                output += chunk
                del output[:-_LONGEST_OUTPUT]
        await process.wait_closed()
        status = process.returncode
        if status is None:
            raise_lost(self._target, f"during: {program.replace('_', ' ')}")
        return Outcome(status if status >= 0 else 128 - status, output.decode("utf-8", errors="replace"))

    async def as_root(self) -> list[str]:
        """What comes before the words of a command that root runs; found out once.

        Raises:
            VcaConnectionError: the user cannot become root.
        """
        if self._privilege is None:
            word, _, reason = (await self.run_checked("privilege")).strip().partition("\n")
            if word not in ("root", "sudo"):
                why = "there is no sudo" if word == "no-sudo" else f"sudo says {self._secrets.scrub(reason)!r}"
                raise VcaConnectionError(
                    f"{self._target.username} cannot become root on {self._target.url}: {why}. Log in as root, or let"
                    " the user run everything without a password: a file in /etc/sudoers.d with the line"
                    f" '{self._target.username} ALL=(ALL) NOPASSWD:ALL'",
                    self._target.url,
                    retryable=False,
                )
            self._privilege = ["sudo", "-n"] if word == "sudo" else []
        return self._privilege


@contextlib.asynccontextmanager
async def _stop_at_end(process: asyncssh.SSHClientProcess[bytes], *, signal: bool) -> AsyncIterator[None]:
    try:
        yield
    except asyncio.CancelledError:
        with contextlib.suppress(OSError, asyncssh.Error):
            if signal:
                process.terminate()  # sshd may refuse to; what is left then ends when it next prints something
            process.stdin.write_eof()  # run_script takes this for a reason to stop its script
        ended = asyncio.ensure_future(process.wait_closed())
        await settle(ended, _SIGNALLED if signal else _STOPPING)
        ended.cancel()
        raise
    finally:
        process.close()


PROGRAMS = {
    file.name.removesuffix(".sh"): file.read_text("utf-8")
    for file in (resources.files("vca_juju_machine.provisioning") / "shell").iterdir()
    if file.name.endswith(".sh")
}
