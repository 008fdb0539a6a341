"""The keys of hosts, in a file of OpenSSH's format that other programs and processes may use too.

All of it blocks; it is called in threads.
"""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncssh

from vca_core.errors import BadArguments
from vca_core.file_locks import close_lock_file, open_lock_file, wait_lock
from vca_core.secrets import scrub_cause
from vca_core.text_files import Unreadable, read_text


@dataclass(frozen=True)
class KnownKeys:
    """What a file knows of one host.

    Args:
        keys: its keys.
        authorities: those whose signature on its key is good.
        revoked: keys that are never accepted, not even if an authority signed them.
    """

    keys: Sequence[asyncssh.SSHKey] = ()
    authorities: Sequence[asyncssh.SSHKey] = ()
    revoked: Sequence[asyncssh.SSHKey] = ()

    @property
    def has_host(self) -> bool:
        """Whether the host was met before: then its key has to be one of these."""
        return bool(self.keys or self.authorities)


def known_keys(file: Path, name: str) -> KnownKeys:
    """Look a host up, among plain, hashed and patterned entries.

    Args:
        file: the file; one that is not there knows nothing.
        name: the host as the file calls it: ``host`` or ``[host]:port``.

    Raises:
        BadArguments: the file cannot be read, or is not such a file.
    """
    with _translate_errors(file):
        return _keys_in(_text_of(file), name)


def prepare(file: Path) -> None:
    """Make what `remember` will need, so that a file that cannot be written is reported before anything else is done.

    Raises:
        BadArguments: the file cannot be written.
    """
    with _translate_errors(file), _lock(file.resolve()):
        if file.exists() and not os.access(file, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def remember(file: Path, name: str, key: asyncssh.SSHKey) -> KnownKeys:
    """Note the key of a host that the file does not know. Of several who come at once, one is the first.

    Args:
        file: the file; made for the user alone when it is not there. It is replaced as a whole, so
            no reader gets half of it.
        name: the host as the file calls it.
        key: its key.

    Returns:
        What the file knows of the host now. If another process was first, `key` may not be among it.

    Raises:
        BadArguments: the file cannot be written.
    """
    with _translate_errors(file):
        file = file.resolve()  # a link stays one
        with _lock(file):
            text = _text_of(file)
            known = _keys_in(text, name)
            if known.has_host:
                return known
            kind, data = key.export_public_key().decode().split()[:2]
            end = "" if not text or text.endswith("\n") else "\n"
            _replace(file, f"{text}{end}{name} {kind} {data}\n")
            return KnownKeys([key], known.authorities, known.revoked)


def _text_of(file: Path) -> str:
    found = read_text(file) if file.exists() else ""
    if not isinstance(found, Unreadable):
        return found
    raise ValueError(found.reason.removeprefix("cannot be read: "))


def _keys_in(text: str, name: str) -> KnownKeys:
    # Asked without a port, or asyncssh falls back on what is known of port 22 there: behind a NAT that is another host.
    keys, authorities, revoked, *_ = asyncssh.import_known_hosts(text).match(name, "", None)
    return KnownKeys(keys, authorities, revoked)


@contextlib.contextmanager
def _translate_errors(file: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        cause = scrub_cause(error, str)
    else:
        return
    raise BadArguments(f"known_hosts: the file {file} cannot be used: {reason}", ["known_hosts"]) from cause


@contextlib.contextmanager
def _lock(file: Path) -> Iterator[None]:
    for folder in reversed([one for one in file.parents if not one.exists()]):
        folder.mkdir(mode=0o700, exist_ok=True)  # of `parents=True` only the last one would be private
    # A file of its own: the other one is replaced, and a lock would stay with the old one.
    lock = open_lock_file(file.with_name(f".{file.name}.lock"))
    try:
        wait_lock(lock)
        yield
    finally:
        close_lock_file(lock)


def _replace(file: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.", suffix=".tmp")  # for the user alone
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as draft:
            draft.write(text)
            draft.flush()
            os.fsync(draft.fileno())
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
