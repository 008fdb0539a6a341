"""A real sshd on a port of its own, which falls silent and breaks off on request."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncssh

BINARY = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
ADDRESS = "127.0.0.1"


class Sshd:
    """An sshd that lets one key in, and has a home of its own.

    Args:
        folder: an empty folder for all its files.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as free:
            free.bind((ADDRESS, 0))
            self.port: int = free.getsockname()[1]
        user, host = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
        user.write_private_key(folder / "id_ed25519")
        host.write_private_key(folder / "host_key")
        (folder / "allowed").write_bytes(user.export_public_key())
        (folder / "known_hosts").write_bytes(f"[{ADDRESS}]:{self.port} ".encode() + host.export_public_key())
        for key in ("id_ed25519", "host_key"):
            (folder / key).chmod(0o600)
        (folder / "sshd_config").write_text(
            f"Port {self.port}\nListenAddress {ADDRESS}\nHostKey {folder}/host_key\n"
            f"AuthorizedKeysFile {folder}/allowed\nPidFile none\nStrictModes no\nUsePAM no\nMaxStartups 100\n"
            "PasswordAuthentication no\nKbdInteractiveAuthentication no\n"
        )

    def options(self, home: Path) -> dict[str, Any]:
        """A connector's options.

        Args:
            home: where the EEs are kept.
        """
        return {
            "hostname": ADDRESS,
            "port": self.port,
            "username": pwd.getpwuid(os.getuid()).pw_name,
            "private_key": str(self.folder / "id_ed25519"),
            "known_hosts": str(self.folder / "known_hosts"),
            "folder": str(home),
        }

    @contextlib.contextmanager
    def run(self) -> Iterator[Sshd]:
        """Run it; when this begins, it listens."""
        if os.getuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # it refuses to start without
        self._start()
        try:
            yield self
        finally:
            self._end()

    def _start(self) -> None:
        assert BINARY is not None
        log = self.folder / "log"
        log.touch()
        start = log.stat().st_size
        with log.open("a") as said:
            command = [BINARY, "-D", "-e", "-f", str(self.folder / "sshd_config")]
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said)  # noqa: S603 - it is the system's
        while b"Server listening" not in (text := log.read_bytes()[start:]):
            assert self._process.poll() is None, f"sshd does not start: {text.decode()}"
            time.sleep(0.01)

    def _end(self) -> None:
        for pid in [self._process.pid, *self._sessions()]:
            _signal(pid, signal.SIGKILL)
        self._process.wait()

    def _sessions(self) -> list[int]:
        """The processes that serve connections, and what they run."""
        found, waiting = [], [self._process.pid]
        while waiting:
            pid = waiting.pop()
            with contextlib.suppress(OSError):
                children = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
                found += children
                waiting += children
        return found

    @contextlib.asynccontextmanager
    async def silence(self) -> AsyncIterator[None]:
        """All of it stands still."""
        stopped: set[int] = set()
        while (more := {self._process.pid, *self._sessions()} - stopped) != set():
            for pid in more:
                _signal(pid, signal.SIGSTOP)
            stopped |= more
        try:
            yield
        finally:
            for pid in stopped:
                _signal(pid, signal.SIGCONT)

    @contextlib.asynccontextmanager
    async def cut(self) -> AsyncIterator[None]:
        """Its connections end, and it listens on."""
        for pid in self._sessions():
            _signal(pid, signal.SIGKILL)
        yield

    @contextlib.asynccontextmanager
    async def disconnect(self) -> AsyncIterator[None]:
        """Its connections end, and its port is closed."""
        self._end()
        try:
            yield
        finally:
            self._start()


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
