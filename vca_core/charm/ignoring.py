"""``.jujuignore``: which files of a charm's folder are not uploaded, by the rules of Juju's client.

They look like git's and are not: a pattern with a slash in it matches at any depth unless it begins with one, and
braces hold alternatives.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from vca_core.errors import BadArguments
from vca_core.text_files import Unreadable, read_text

IGNORE_FILE = ".jujuignore"
"""Its name, at the top of the folder."""

_ALWAYS = (
    *(".git", ".svn", ".hg", ".bzr", ".tox", "/build/", IGNORE_FILE),
    # Juju's client knows no Python; what its tools leave behind is not part of a charm, either.
    *("__pycache__", ".venv", ".mypy_cache", ".ruff_cache"),
)


LONGEST = 64 * 1024
"""How large the file may be, in bytes."""

MOST_LINES = 1_000
"""How many lines it may have: each is held against each file of the charm."""


class _Rule(NamedTuple):
    pattern: str  # a regular expression
    only_folders: bool
    keeps: bool


class Ignored:
    """What is not uploaded.

    Args:
        lines: of a ``.jujuignore``; what is never uploaded goes before them.

    Raises:
        BadArguments: a line is not a pattern; says which one.
    """

    def __init__(self, lines: Iterable[str] = ()) -> None:
        from vca_core.charm.expressions import expression, is_whole  # RE2 is loaded for those who have charms

        self._fits = is_whole
        self._rules = [_rule(line) for line in _ALWAYS]
        for number, line in enumerate(lines, 1):
            text = line.lstrip()
            if text and not text.startswith("#"):
                try:
                    self._rules.append(_rule(text))
                    expression(self._rules[-1].pattern)
                except (ValueError, BadArguments) as error:
                    raise BadArguments(
                        f"artifact_path: {IGNORE_FILE}: expected a pattern in line {number}, got one with {error}",
                        ["artifact_path"],
                    ) from error

    @classmethod
    def of(cls, folder: Path) -> Ignored:
        """Read the rules of a charm's folder.

        Raises:
            BadArguments: a line is not a pattern, or the file cannot be read.
        """
        place = folder / IGNORE_FILE
        if not place.exists():
            return cls()
        if not place.resolve().is_relative_to(folder.resolve()):
            raise _refusal("is a symlink that leads out of the charm; put the file itself there")
        text = read_text(place, LONGEST)
        if isinstance(text, Unreadable):
            raise _refusal(text.reason)
        lines = text.split("\n")
        if len(lines) > MOST_LINES:
            raise _refusal(f"expected at most {MOST_LINES} lines, got {len(lines)}")
        return cls(line.removesuffix("\r") for line in lines)

    def has(self, name: str, *, is_folder: bool) -> bool:
        """Whether a file is left out; the last rule that fits counts. A folder is left out with all that it holds.

        Args:
            name: its path in the charm, parts apart by slashes.
            is_folder: whether it is a folder, which symlinks are not.
        """
        place = "/" + name.encode(errors="replace").decode()
        stays = False
        for rule in self._rules:
            if (is_folder or not rule.only_folders) and self._fits(rule.pattern, place):
                stays = not rule.keeps
        return stays


def _refusal(reason: str) -> BadArguments:
    return BadArguments(f"artifact_path: {IGNORE_FILE}: {reason}", ["artifact_path"])


def _rule(text: str) -> _Rule:
    keeps = text.startswith("!")
    pattern = _without_end(text.removeprefix("!")).replace("\\#", "#").replace("\\!", "!").replace("\\ ", " ")
    only_folders = pattern.endswith("/")
    pattern = pattern.removesuffix("/").removeprefix("**/")
    if not pattern.startswith("/"):
        pattern = f"**/{pattern}"
    return _Rule("(?s)" + "".join(_expression(pattern)), only_folders, keeps)


def _without_end(text: str) -> str:
    """Take the spaces at the end away, but for one behind a backslash; a tab is a character like others."""
    bare = text.rstrip(" ")
    return f"{bare} " if bare.endswith("\\") and len(bare) < len(text) else bare


_WILD = re.compile(r"/\*\*(?=/)|\*\*+|\*|\?|\\.|\[!?[^\]]+\]|[{},]|.", re.DOTALL)


def _expression(pattern: str) -> Iterator[str]:
    """The parts of a regular expression that means the same."""
    depth = 0
    for found in _WILD.finditer(pattern):
        part = found[0]
        if part == "/**":
            yield "(?:/.*)?"  # as many folders as there are, or none
        elif part.startswith("**"):
            yield ".*"
        elif part == "*":
            yield "[^/]*"
        elif part == "?":
            yield "[^/]"
        elif part.startswith("["):
            if len(part) == 1:
                raise ValueError("a bracket that is not closed; close it")
            inner = re.sub(r"[\\\[^]", r"\\\g<0>", part[1:-1])
            yield f"[^{inner[1:]}]" if inner.startswith("!") else f"[{inner}]"
        elif part == "{":
            depth += 1
            yield "(?:"
        elif part == "}" and depth:
            depth -= 1
            yield ")"
        elif part == "," and depth:
            yield "|"
        else:
            yield re.escape(part[1:] if len(part) > 1 else part)
    if depth:
        raise ValueError("a brace that is not closed; close it")
