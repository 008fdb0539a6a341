"""Finding the charms that callers name, and nothing outside of the folder they may name them in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from vca_core.charm import Charm
from vca_core.charm.cache import CharmCache
from vca_core.charm.contents import Stamp, check_contents, stamp_of
from vca_core.charm.digests import Digests
from vca_core.errors import BadArguments, NotSupported
from vca_core.plain import kind_of
from vca_core.suggestions import did_you_mean
from vca_core.tasks import compute_in_thread

_STORE = "ch:"
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")

LONGEST_PATH = 4096
"""How long an artifact's path may be, in characters."""
_charms = CharmCache(check=check_contents)
_digests = Digests()


class _Seen(NamedTuple):
    """A charm as it was read, and the stamp that its files had then."""

    charm: Charm
    stamp: Stamp


@dataclass(frozen=True)
class Artifact:
    """A charm to install, as a caller named it.

    Args:
        reference: as the caller named it.
        path: its folder or file, absolute and without symlinks; None for a charm of Charmhub (``ch:NAME``), which only
            the backend's system can get.
    """

    reference: str
    path: Path | None = None

    def __str__(self) -> str:
        return self.reference

    def charm(self) -> Charm:
        """Read the charm once, and keep it. This reads files and blocks: in coroutines, use `read`.

        Other artifacts of the same charm share it for as long as its files do not change.

        Raises:
            NotSupported: it is a charm of Charmhub, whose declarations are not known here.
            BadArguments: it is not a charm, or malformed (`vca_core.charm.read_charm`).
        """
        return self._seen.charm

    async def read(self) -> Charm:
        """Read the charm in a thread; at once if it was read before. It raises what `charm` raises.

        A cancellation waits for the thread: when this ends, nothing blocks any more.
        """
        return self._seen.charm if "_seen" in vars(self) else await compute_in_thread(self.charm)

    @property
    def stamp(self) -> Stamp | None:
        """What changes when the charm's files do, as they were when it was read; None: it was not.

        So a backend that keeps what it made of a charm need not look at each of the files again.
        """
        return self._seen.stamp if "_seen" in vars(self) else None

    async def digest(self) -> str | None:
        """Return the digest of what is uploaded of the charm: as a folder and as a file, the same content has the same.

        Returns:
            The digest; None for a charm of Charmhub.

        Raises:
            BadArguments: the charm cannot be read, or holds what may not be in one.
        """
        path, stamp = self.path, self.stamp
        if path is None:
            return None
        kept = None if stamp is None else _digests.kept(path, stamp)
        return kept or await compute_in_thread(lambda: _digests.of(path))

    def find_resource(self, given: str, argument: str) -> Path:
        """Find the file of a resource. This looks at files and blocks: in coroutines, in a thread.

        Args:
            given: its path: absolute, or from the charm's folder on, or from the folder that the charm lies in.
            argument: how the error calls it.

        Raises:
            BadArguments: there is no such file, or it cannot be looked at.
        """
        try:
            path = Path(given).expanduser()
            if not path.is_absolute() and self.path is not None:
                inside, beside = self.path / path, self.path.parent / path
                path = inside if inside.is_file() else beside
            if path.is_file():
                return path
        except (OSError, RuntimeError, ValueError) as error:  # a name that is too long, a user who is not there
            raise BadArguments(f"{argument}: {given!r} cannot be looked at: {error}", [argument]) from error
        raise BadArguments(f"{argument}: there is no file {path}", [argument])

    @cached_property
    def _seen(self) -> _Seen:
        path = self.path
        if path is None:
            raise NotSupported(f"{self.reference}: what a charm of Charmhub says about itself is not known here")
        charm = _charms.read(path)
        try:
            return _Seen(charm, stamp_of(path))
        except OSError as error:
            raise _refusal(f"{path} cannot be read: {error.strerror or error}") from error


class ArtifactRoot:
    """The folder that artifact paths start from, and do not leave.

    Args:
        root: the folder; looked at only when something is to be found in it.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def __repr__(self) -> str:
        return f"<ArtifactRoot {getattr(self, '_root', '?')}>"

    def find(self, path: str) -> Artifact:
        """Find what a path names. Looks at a few folder entries, so it may be called in an event loop.

        Args:
            path: relative to the root; several slashes count as one, and one in front does not make it absolute (LCM
                puts it there). ``..`` and symlinks are followed as long as they stay in the root. ``ch:NAME``, a charm
                of Charmhub, is not looked up. An absolute path is never taken, not even one of a place in the root: no
                path then means two things.

        Raises:
            BadArguments: it is empty or no text, leads out of the root, or nothing is there: says the place and, if
                there is something similar, what was probably meant.
        """
        if not isinstance(path, str):
            raise _refusal(f"expected a path below {self._root} or ch:NAME, got {kind_of(path)}")
        if not path.strip():
            raise _refusal(f"expected a path below {self._root} or ch:NAME, got blank text")
        if len(path) > LONGEST_PATH:
            raise _refusal(f"expected at most {LONGEST_PATH} characters, got {len(path)}")
        if _CONTROL.search(path):
            raise _refusal(f"expected a path without control characters, got {path!r}")
        if path.startswith(_STORE):
            if not re.fullmatch(r"\S+", path.removeprefix(_STORE)):
                raise _refusal(f"expected ch:NAME for a charm of Charmhub, got {path!r}")
            return Artifact(path)
        return Artifact(path, self._locate(path))

    def _locate(self, path: str) -> Path:
        parts = [part for part in path.split("/") if part not in ("", ".")]
        depth = 0
        for part in parts:
            depth += -1 if part == ".." else 1
            if depth < 0:
                raise _refusal(f"expected a path below {self._root}, got {path!r}, which leads out of it")
        if depth == 0:
            raise _refusal(f"expected a path below {self._root}, got {path!r}, the folder itself")
        try:
            root = self._root.resolve(strict=True)
        except (OSError, RuntimeError) as error:
            raise _refusal(f"{path!r}: the folder of artifacts {self._root} cannot be used: {error}") from error
        place = root.joinpath(*parts)
        try:
            # What does not exist is resolved as far as it does: a way out is reported before an absence is.
            target = place.resolve()
            if not target.is_relative_to(root):
                raise _refusal(f"{path!r} leads out of {root} by a symlink; put the charm itself there")
            if target == root:
                raise _refusal(f"expected a path below {root}, got {path!r}, the folder itself")
            if target.is_dir() or target.is_file():
                return target
            if target.exists():
                raise _refusal(f"{path!r}: expected a folder or a file, got {target}, which is neither")
        except (OSError, RuntimeError) as error:  # RuntimeError: how Python 3.11 and 3.12 report a loop of symlinks
            raise _refusal(f"{path!r}: {place} cannot be looked at: {error}") from error
        raise _refusal(f"{path!r}: there is no {place}{self._hint(root, target, path)}")

    def _hint(self, root: Path, target: Path, path: str) -> str:
        # Nothing is said of what lies outside, even if something has changed in between: the target was checked.
        for start in (root, self._root):
            if Path(path).is_relative_to(start):
                return f"; paths start from there: write {str(Path(path).relative_to(start))!r}"
        absent = target
        while not absent.parent.is_dir():
            absent = absent.parent
        try:
            entries = sorted(entry.name for entry in absent.parent.iterdir() if not entry.name.startswith("."))
        except OSError:
            return ""
        suggested = did_you_mean(absent.name, entries)
        if not suggested and absent.parent.is_relative_to(root):
            there = ", ".join(entries[:10]) + (", …" if len(entries) > 10 else "")
            return f"; {PurePosixPath(absent.parent)} has {there or 'nothing in it'}"
        return suggested


def _refusal(text: str) -> BadArguments:
    return BadArguments(f"artifact_path: {text}", ["artifact_path"])
