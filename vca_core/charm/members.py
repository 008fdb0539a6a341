"""What may be in a charm, whether it is a folder or an archive: nothing that is one thing here and another there."""

from __future__ import annotations

import re
import stat
import unicodedata
from collections.abc import Callable, Container, Iterable, Mapping
from typing import NamedTuple

from vca_core.errors import BadArguments

MOST_FOLDERS = 20_000
"""How many folders may be in a charm, with those that only the names of its members tell of."""

MOST_MEMBERS = 65_534
"""How many files may be in it: as many as a ZIP file has without extensions. A charm with its Python has 5,000."""

DEEPEST_FOLDER = 100
"""How many folders may stand in each other."""

LONGEST_PART = 255
"""How long the name of a file or folder may be, in bytes: no file system takes longer ones."""

_MOST_LINKS = 40
"""How many symlinks are followed to one place, as Linux does it."""

LONGEST_TARGETS = 4 * 1024**2
"""How many characters the targets of all symlinks may have together: each is followed part by part."""

_Place = tuple[str, ...]
"""The parts of a path in the charm."""

_RAW_BYTE = re.compile("[\udc80-\udcff]")
"""A byte of a name that is not UTF-8, as Python has it: Juju's client packs names as the bytes that they are."""

_MAY_BE = (0, stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK)  # 0: an archive that was not made on Unix


class Member(NamedTuple):
    """One file, folder or symlink.

    Args:
        name: its path in the charm, parts apart by slashes; a folder may end in one.
        mode: type and rights as Unix has them; 0 where they are not known.
        target: of a symlink, where it leads; None for all else.
    """

    name: str
    mode: int = 0
    target: str | None = None


def check_members(members: Iterable[Member], refuse: Callable[[str], BadArguments]) -> None:
    """Check all that is in a charm, before anything is made of it.

    Args:
        members: in any order.
        refuse: makes the error of a reason.

    Raises:
        BadArguments: there is too much, or a member is neither file, folder nor symlink, has a name that cannot be
            everywhere or is there twice (letters of either case, and accents in either form, counted as one), has the
            rights of another user, stands in what is no folder, or is a symlink without a target, or one that leads out
            of the charm or in circles: the error has its name.
    """
    places: dict[str, _Place] = {}
    files: set[_Place] = set()
    links: dict[_Place, str] = {}
    targets: dict[_Place, list[str] | None] = {}
    length = 0
    for member in members:
        if len(places) >= MOST_MEMBERS:
            raise refuse(f"holds more than {MOST_MEMBERS} files; put less into it")
        place = _place_of(member, refuse)
        folded = _folded("/".join(place))
        if folded in places:
            raise refuse(
                f"its member {member.name!r} is there twice, or in upper and in lower case, or with its accents "
                "written in two ways; keep one"
            )
        places[folded] = place
        if not _is_folder(member):
            files.add(place)
        if member.target is not None:
            if not member.target:
                raise refuse(f"its member {member.name!r} is a symlink without a target; put the file there")
            if not _is_printable(member.target):
                raise refuse(f"its member {member.name!r} is a symlink to a name that cannot be printed; rename it")
            length += len(member.target)
            if length > LONGEST_TARGETS:
                raise refuse(
                    f"the targets of its symlinks have more than {LONGEST_TARGETS} characters; put less into it"
                )
            links[place], targets[place] = member.name, parts_of(member.target)
    _check_folders(places.values(), files, links.keys(), refuse)
    followed = _Links(targets)
    for place, name in links.items():
        if not followed.is_inside(place):
            raise refuse(
                f"its member {name!r} is a symlink that leads out of the charm, or in circles; put the file there"
            )


def parts_of(name: str) -> list[str] | None:
    """The parts of a relative path, as the strictest of systems would see them; None for an absolute one."""
    slashed = name.replace("\\", "/")
    if slashed.startswith("/") or slashed[1:2] == ":":
        return None
    return [part for part in slashed.split("/") if part not in ("", ".")]


def _place_of(member: Member, refuse: Callable[[str], BadArguments]) -> _Place:
    parts = parts_of(member.name)
    if parts is None or not parts or ".." in parts:
        raise refuse(f"its member {member.name!r} leads out of the charm; take it out")
    if not _is_printable(member.name):
        raise refuse(f"its member {member.name!a} has characters in its name that cannot be printed; rename it")
    if len(parts) > DEEPEST_FOLDER:
        raise refuse(f"its member {member.name[:100]!r}... is deeper than {DEEPEST_FOLDER} folders; nest them less")
    if any(len(part.encode("utf-8", "replace")) > LONGEST_PART for part in parts):
        raise refuse(
            f"its member {member.name[:100]!r}... has more than {LONGEST_PART} bytes between two slashes; rename it"
        )
    if stat.S_IFMT(member.mode) not in _MAY_BE:
        raise refuse(f"its member {member.name!r} is neither a file nor a folder nor a symlink; take it out")
    if member.name.endswith("/") and stat.S_IFMT(member.mode) in (stat.S_IFREG, stat.S_IFLNK):
        raise refuse(f"its member {member.name!r} is named like a folder and is not one; rename it")
    if member.mode & (stat.S_ISUID | stat.S_ISGID) and not _is_folder(member):
        raise refuse(
            f"its member {member.name!r} would run with the rights of another user (setuid, setgid); clear those bits"
        )
    # setgid of a folder only says whose group is that of new files in it, and folders inherit it.
    if member.mode & (stat.S_ISUID | stat.S_ISVTX):
        raise refuse(
            f"its member {member.name!r} has rights that nothing in a charm has (setuid, sticky); clear those bits"
        )
    return tuple(parts)


def _folded(name: str) -> str:
    """The same for names that are one on some systems: in whatever case, and whether accents stand by themselves."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _is_printable(name: str) -> bool:
    return _RAW_BYTE.sub("", name).isprintable()


def _is_folder(member: Member) -> bool:
    return stat.S_ISDIR(member.mode) or member.name.endswith("/")


def _check_folders(
    places: Iterable[_Place],
    files: Container[_Place],
    links: Container[_Place],
    refuse: Callable[[str], BadArguments],
) -> None:
    """Check what members stand in: each is a folder, or nothing is said of it, and it has one spelling."""
    folders: dict[_Place, _Place] = {}
    for place in places:
        for length in range(len(place) - 1, 0, -1):
            above = place[:length]
            if folders.get(folded := tuple(map(_folded, above))) == above:
                break  # and so is all above it
            name, folder = "/".join(place), "/".join(above)
            if above in links:
                raise refuse(f"its member {name!r} stands behind the symlink {folder!r}; put it elsewhere")
            if above in files:
                raise refuse(f"its member {name!r} stands in {folder!r}, which is a file; rename one")
            if folded in folders:
                other = "/".join(folders[folded])
                raise refuse(
                    f"its folders {other!r} and {folder!r} differ only in upper and lower case, or in how accents are "
                    "written; rename one"
                )
            if len(folders) >= MOST_FOLDERS:
                raise refuse(f"holds more than {MOST_FOLDERS} folders; put less into it")
            folders[folded] = above
    for place in places:
        above = folders.get(tuple(map(_folded, place)), place)
        if above != place:
            raise refuse(
                f"its members {'/'.join(above)!r} and {'/'.join(place)!r} differ only in upper and lower case, or in "
                "how accents are written; rename one"
            )


class _Links:
    """Symlinks, followed step by step and through others; where nothing is, it goes on as if there were a folder.

    Each is followed once, whoever asks: what it took is kept, so that chains cost what their targets are long.

    Args:
        targets: where each leads, by its place; None: out of the charm.
    """

    def __init__(self, targets: Mapping[_Place, list[str] | None]) -> None:
        self._targets = targets
        self._ends: dict[_Place, tuple[_Place, int]] = {}
        self.steps = 0

    def is_inside(self, place: _Place) -> bool:
        """Whether a symlink stays within the charm, through all that it leads to."""
        return self._follow(place, _MOST_LINKS) is not None

    def _follow(self, place: _Place, most: int) -> tuple[_Place, int] | None:
        """Where a symlink ends, and how many were followed on the way; None: out, too deep, or through too many."""
        if (known := self._ends.get(place)) is not None:
            return known if known[1] <= most else None
        target = self._targets[place]
        if target is None or most < 1:
            return None
        at, followed = list(place[:-1]), 1
        for part in target:
            self.steps += 1
            if part == "..":
                if not at:
                    return None
                at.pop()
                continue
            at.append(part)
            if len(at) > DEEPEST_FOLDER:
                return None
            if (met := tuple(at)) in self._targets:
                if (end := self._follow(met, most - followed)) is None:
                    return None
                at, followed = list(end[0]), followed + end[1]
        self._ends[place] = tuple(at), followed
        return self._ends[place]
