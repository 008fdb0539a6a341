"""The key pair with which machines are reached: made on demand, and only once."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import logging
import os
import stat
import tempfile
from pathlib import Path
from typing import Literal

from vca_core.errors import BadArguments, Cause, VcaError
from vca_core.secrets import scrub_cause
from vca_core.tasks import OwnedTasks

DEFAULT_PRIVATE_KEY = "~/.ssh/id_vca_rsa"
_LONGEST_KEY = 65_536  # bytes; an RSA key of 16384 bits has a fifth of that
_log = logging.getLogger(__name__)


class SshKeyPair:
    """A private key and its public one beside it, as files that `ssh` can use.

    Constructing it touches no file. The private key stays on this machine; the public
    one goes into virtual machines, so that they can be provisioned.

    Args:
        private_path: the private key's file; ``~`` is the home folder. The public key's file has ``.pub`` appended.
        comment: the comment of a new public key, one line.
        key_type: type of a new pair: ``"rsa"`` (4096 bits) or ``"ed25519"``. What is there already may be any
            type that OpenSSH knows.

    Raises:
        BadArguments: the path, the comment or the type cannot be used.
    """

    def __init__(
        self,
        private_path: str | os.PathLike[str] = DEFAULT_PRIVATE_KEY,
        comment: str = "vca",
        key_type: Literal["rsa", "ed25519"] = "rsa",
    ) -> None:
        path = Path(private_path)
        if path.suffix == ".pub" or not path.name:
            raise _unusable_key(
                f"expected the path of a private key's file, such as {DEFAULT_PRIVATE_KEY}, got {str(private_path)!r}"
            )
        if not comment.isprintable():
            raise BadArguments(f"comment: expected one printable line, got {comment!r}", ["comment"])
        if key_type not in ("rsa", "ed25519"):
            raise BadArguments(f"key_type: expected 'rsa' or 'ed25519', got {key_type!r}", ["key_type"])
        # Without $HOME and without an entry among the users there is no home; it matters only when a key is asked for.
        with contextlib.suppress(RuntimeError):
            path = path.expanduser().absolute()
        self.private_path = path
        self.public_path = path.with_name(f"{path.name}.pub")
        self.comment = comment
        self.key_type = key_type
        self._tasks = OwnedTasks(f"ssh key {path.name}")
        self._work: asyncio.Task[str] | None = None
        # Reading an RSA key validates it, which takes a quarter of a second of a processor.
        self._loaded: tuple[tuple[object, ...], str] | None = None

    def __repr__(self) -> str:
        return f"<SshKeyPair {getattr(self, 'private_path', '?')}>"

    async def public_key(self) -> str:
        """Return the public key; its pair is made if it does not exist.

        Files are read and keys made in a thread, never in the loop and never by another program. A public key
        that is missing is made again from the private one. Callers that ask at the same time, in this loop or in other
        processes, get the same key.

        Returns:
            One line in OpenSSH's format: type, key, comment. No newline at its end.

        Raises:
            BadArguments: the files cannot be used: no home folder, no permission, no private key, one with a
                passphrase, one that others can read, a public key that belongs to another one. Nothing is changed then.
        """
        work = self._work
        if work is None or work.done() or work.get_loop() is not asyncio.get_running_loop():
            work = self._tasks.spawn(asyncio.to_thread(self._load_or_make), "load or make", awaited=True)
            self._work = work
        try:
            return await asyncio.shield(work)  # who is cancelled does not take the key from the others
        except VcaError as error:
            shared = error
        # Each caller gets an error of its own: the connector writes into it where it happened.
        raise copy.copy(shared) from shared.__cause__

    def public_key_blocking(self) -> str:
        """Return the public key as `public_key` does, without an event loop; it blocks.

        Raises:
            VcaError: an event loop runs in this thread, and would be blocked; otherwise as `public_key`.
        """
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return self._load_or_make()
        raise VcaError("an event loop runs here, which would stand still: await `get_public_key` instead")

    async def close(self) -> None:
        """Wait until no thread works on the pair any more; a key that is being made takes a second or two."""
        if self._work is not None and self._work.get_loop() is asyncio.get_running_loop():
            await asyncio.wait([self._work])

    def check(self) -> None:
        """Check that the pair, if it exists, can be used; nothing is made. It blocks for a moment.

        Raises:
            BadArguments: it cannot; the text says why.
        """
        try:
            if os.path.lexists(self.private_path):
                self._public_key()
            else:
                self._check_alone()
        except OSError as error:
            raise _unusable_key(f"the key pair at {self.private_path} cannot be read: {error.strerror}") from error

    def _load_or_make(self) -> str:
        if self.private_path.parts[0].startswith("~"):
            raise _unusable_key(f"there is no home folder for {self.private_path}; set HOME, or give an absolute path")
        try:
            return self._find_or_make()
        except OSError as error:
            # The error's frames hold the key; what is raised must not.
            reason, cause = str(error), scrub_cause(error, str)
        raise _unusable_key(f"the key pair at {self.private_path} cannot be read or made: {reason}") from cause

    def _find_or_make(self) -> str:
        if (found := self._loaded) is not None and found[0] == self._mark():
            return found[1]
        if not os.path.lexists(self.private_path):
            self._check_alone()
            _make_folder(self.private_path.parent)
            _publish(self.private_path, _new_private_key(self.key_type), 0o600)
        mark = self._mark()  # before it is read: what changes later is read again
        line = self._public_line()
        self._loaded = (mark, line) if mark == self._mark() else None
        return line

    def _mark(self) -> tuple[object, ...]:
        """What changes when one of the files does."""
        marks: list[object] = []
        for path in (self.private_path, self.public_path):
            try:
                found = path.stat()
            except FileNotFoundError:
                marks.append(None)
            else:
                marks += [found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns]
        return tuple(marks)

    def _check_alone(self) -> None:
        # Private first, then public: one that was not there may be now, when another process made both.
        if os.path.lexists(self.public_path) and not os.path.lexists(self.private_path):
            raise _unusable_key(
                f"{self.public_path} has no private key {self.private_path}; bring it back, or move it away"
            )

    def _public_key(self) -> str:
        key = _public_key_of(_read_private_key(self.private_path))
        if isinstance(key, Cause):
            raise _unusable_key(
                f"expected a private key in OpenSSH or PEM format without a passphrase, got {self.private_path}; name "
                "another file, or move it away and a new pair is made"
            ) from key
        return key

    def _public_line(self) -> str:
        key = self._public_key()
        line = f"{key} {self.comment}".rstrip()
        try:
            # Read back: another process may have been first, with another comment.
            _publish(self.public_path, f"{line}\n".encode(), 0o644)
        except OSError as error:
            if not self.public_path.exists():  # a read-only folder with a private key in it is not a reason to fail
                _log.warning("the public key %s cannot be written: %s", self.public_path, error.strerror)
                return line
        found = self.public_path.read_text("utf-8", errors="replace").partition("\n")[0].strip()
        if found.split()[:2] != key.split():
            raise _unusable_key(
                f"{self.public_path} does not belong to {self.private_path}; move it away and it is made from the"
                " private key, or name another pair"
            )
        return found


def _unusable_key(text: str) -> BadArguments:
    return BadArguments(f"ssh_key: {text}", ["ssh_key"])


def _make_folder(folder: Path) -> None:
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    for one in reversed(missing):
        one.mkdir(mode=0o700, exist_ok=True)  # of `parents=True` only the last one would be private


def _publish(path: Path, data: bytes, mode: int) -> None:
    """Make a file that is there as a whole or not at all; one that is there already stays as it is."""
    if path.exists():
        return
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp") as draft:
        os.fchmod(draft.fileno(), mode)  # whatever the umask says
        draft.write(data)
        draft.flush()
        os.fsync(draft.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(draft.name, path)  # unlike a rename it fails when another process was first


def _new_private_key(key_type: str) -> bytes:
    # Costs 50 ms to import, and most who configure a machine have their key already.
    from cryptography.hazmat.primitives import serialization  # as said above
    from cryptography.hazmat.primitives.asymmetric import ed25519, rsa  # as said above

    key = ed25519.Ed25519PrivateKey.generate() if key_type == "ed25519" else rsa.generate_private_key(65537, 4096)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )


def _read_private_key(path: Path) -> bytes:
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise _unusable_key(f"expected a file, got {path}")
    if found.st_uid == os.getuid() and found.st_mode & 0o077:
        mode = f"{stat.S_IMODE(found.st_mode):04o}"
        raise _unusable_key(f"others can read the private key {path} (mode {mode}), so ssh would refuse it; chmod 600")
    with path.open("rb") as file:
        return file.read(_LONGEST_KEY)


def _public_key_of(private_key: bytes) -> str | Cause:
    """The public key without a comment; or why there is none, as a text: errors raised here would hold the key."""
    from cryptography.exceptions import UnsupportedAlgorithm  # it costs 50 ms to import
    from cryptography.hazmat.primitives import serialization as form  # as said above

    load = form.load_ssh_private_key if b"BEGIN OPENSSH" in private_key else form.load_pem_private_key
    try:
        # To check that an RSA key's numbers fit takes a quarter of a second in which no other thread runs, and the
        # event loop's would be one of them. Nothing is signed with it here, and ssh checks it when it is used.
        public = load(private_key, password=None, unsafe_skip_rsa_key_validation=True).public_key()
        return public.public_bytes(form.Encoding.OpenSSH, form.PublicFormat.OpenSSH).decode()
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        return scrub_cause(error, str)
