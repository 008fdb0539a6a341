"""A real sshd on a port of its own, whose sessions see a home, a PATH and a folder for temporary files of their own."""

from __future__ import annotations

import contextlib
import functools
import os
import pwd
import random
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncssh

from vca_juju_machine.provisioning import SshTarget

BINARY = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
USER = pwd.getpwuid(os.getuid()).pw_name
WILLING_SUDO = 'shift; exec "$@"'  # sudo -n command
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@functools.cache
def key(kind: str = "ssh-ed25519", name: str = "", **options: Any) -> asyncssh.SSHKey:
    """A private key; made once for each name."""
    return asyncssh.generate_private_key(kind, comment=name, **options)


def command(*words: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a short command of this machine."""
    return subprocess.run(words, check=check, capture_output=True, text=True)


def free_port(host: str) -> int:
    """A port that nobody listens at; the system gives it to nobody who asks for any port (those are above 32767)."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    while True:
        port = random.randrange(10_000, 32_768)  # noqa: S311 - so that two who ask get different ones
        with contextlib.suppress(OSError), socket.socket(family) as sock:
            sock.bind((host, port))
            return port


class Sshd:
    """An sshd that runs for the length of a ``with`` block (`running`).

    Args:
        folder: where all its files go.
        host: the address that it listens at.
        host_key: its own key.
        extra: more lines of its config.
        port: where it listens; None: a free one.
        path: the folders of programs that sessions have, behind the one of `program`.
    """

    def __init__(
        self,
        folder: Path,
        host: str = "127.0.0.1",
        host_key: asyncssh.SSHKey | None = None,
        extra: str = "",
        port: int | None = None,
        path: str = _PATH,
    ) -> None:
        self.folder, self.host = folder, host
        self.port = free_port(host) if port is None else port
        self.host_key = host_key or key(name="host")
        self.extra, self.path = extra, path
        self.home, self.programs, self.temporary = (folder / name for name in ("home", "programs", "tmp"))
        for made in (self.home, self.programs, self.temporary):
            made.mkdir(parents=True, exist_ok=True)
        self.calls = folder / "calls"
        self.known_hosts = folder / "known" / "known_hosts"
        self.client_key = key(name="client")
        self.allowed = folder / "allowed"
        self.allow(self.client_key)
        if os.getuid():  # never the sudo of this machine; but what the tests do as root needs no root
            self.program("sudo", WILLING_SUDO, noted=False)

    def allow(self, *keys: asyncssh.SSHKey) -> None:
        """Let these keys log in."""
        self.allowed.write_bytes(b"".join(one.export_public_key() for one in keys))

    def target(self, **changed: Any) -> SshTarget:
        """How to log in here."""
        fields: dict[str, Any] = {
            "hostname": self.host,
            "username": USER,
            "port": self.port,
            "private_key": self.client_key.export_private_key().decode(),
            "known_hosts": self.known_hosts,
        }
        return SshTarget(**{**fields, **changed})

    def program(self, name: str, text: str = "", *, noted: bool = True) -> None:
        """Put a program in front of the PATH of sessions; it notes its calls, then does what `text` says."""
        file = self.programs / name
        note = f'printf "%s\\n" "{name} $*" >>"{self.calls}"\n' if noted else ""
        file.write_text(f"#!/bin/sh\n{note}{text}\n")
        file.chmod(0o755)

    def called(self) -> list[str]:
        """The calls of these programs."""
        return self.calls.read_text().splitlines() if self.calls.exists() else []

    @contextlib.contextmanager
    def visited(self) -> Iterator[None]:
        """Take away, at the end of this, whatever has been put into its folder since."""
        before = set(self.folder.rglob("*"))
        try:
            yield
        finally:
            for path in sorted(set(self.folder.rglob("*")) - before, reverse=True):
                path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()

    @contextlib.contextmanager
    def run(self) -> Iterator[Sshd]:
        """Run it; when this begins, it listens."""
        assert BINARY is not None
        if os.getuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # it refuses to start without; the service makes it too
        host_key = self.folder / "host_key"
        host_key.write_bytes(self.host_key.export_private_key())
        host_key.chmod(0o600)
        config = self.folder / "sshd_config"
        config.write_text(
            f"Port {self.port}\nListenAddress {self.host}\nHostKey {host_key}\nAuthorizedKeysFile {self.allowed}\n"
            "PidFile none\nStrictModes no\nUsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
            "PermitRootLogin prohibit-password\nUseDNS no\nMaxStartups 100\n"
            f"SetEnv HOME={self.home} PATH={self.programs}:{self.path} TMPDIR={self.temporary}\n{self.extra}\n"
        )
        process = subprocess.Popen([BINARY, "-D", "-e", "-f", config], stderr=subprocess.PIPE, text=True)
        assert process.stderr is not None
        said = []
        for line in process.stderr:
            said.append(line)
            if "Server listening" in line:
                break
        else:
            process.wait()
            raise AssertionError(f"sshd does not start: {''.join(said)}")
        reader = threading.Thread(target=process.stderr.read)  # or it stops when the pipe is full
        reader.start()
        try:
            yield self
        finally:
            process.terminate()
            process.wait()
            reader.join()
            process.stderr.close()
