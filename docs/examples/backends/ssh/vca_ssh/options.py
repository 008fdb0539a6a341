"""What a connector's `options` in the config may hold."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pydantic import Field, SecretStr

from vca_core.backend import Options


class SshOptions(Options):
    """How the host is reached; relative paths start at the config's folder.

    Args:
        hostname: its name or address.
        port: of its sshd.
        username: who logs in.
        private_key: the file of the user's private key.
        passphrase: of that file; None: it has none.
        known_hosts: the file with the host's public key, in OpenSSH's format: no other host is spoken to.
        folder: where the EEs are on the host.
        connect_timeout: seconds until a host that does not answer is given up.
    """

    hostname: str = Field(min_length=1)
    port: int = Field(default=22, ge=1, le=65535)
    username: str = Field(min_length=1)
    private_key: str = Field(default="id_ed25519", min_length=1)
    passphrase: SecretStr | None = None
    known_hosts: str = Field(default="known_hosts", min_length=1)
    folder: str = Field(default="~/vca", min_length=1)
    connect_timeout: float = Field(default=15, gt=0, le=3600)

    def problems_of_files(self, folder: Path) -> Iterable[str]:
        """Look whether the two files are there, for `vca config check` and `vca doctor`."""
        for name in ("private_key", "known_hosts"):
            path = folder / getattr(self, name)
            if not path.is_file():
                yield f"{name}: there is no file {path}"
