"""``.jujuignore``: which files of a charm's folder are not uploaded, by the rules of Juju's client.

They look like git's and are not: a pattern with a slash in it matches at any depth unless it begins with one, and
braces hold alternatives.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
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


MOST_STEPS = 5_000_000
"""How much work all of a charm's files may make with its rules, as `effort_to_match` counts it: seconds at worst."""

_LONGEST_TOGETHER = 5_000
"""How many characters rules may have together that are one pattern."""


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
        # RE2 is loaded for those who have charms
        from vca_core.charm.expressions import effort_to_match, expression, is_whole

        self._fits, self._effort = is_whole, effort_to_match
        self._left = MOST_STEPS
        rules = [_rule(line) for line in _ALWAYS]
        for number, line in enumerate(lines, 1):
            text = line.lstrip()
            if text and not text.startswith("#"):
                try:
                    rules.append(_rule(text))
                    expression(rules[-1].pattern)
                except (ValueError, BadArguments) as error:
                    raise BadArguments(
                        f"artifact_path: {IGNORE_FILE}: expected a pattern in line {number}, got one with {error}",
                        ["artifact_path"],
                    ) from error
        self._rules = list(_together(rules))

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

        Raises:
            BadArguments: it would take too long to say, with all that was asked before.
        """
        place = "/" + name.encode(errors="replace").decode()
        stays = False
        for rule in self._rules:
            if rule.only_folders and not is_folder:
                continue
            self._left -= self._effort(rule.pattern, len(place))
            if self._left < 0:
                raise _refusal(f"to hold its lines against all files takes more than {MOST_STEPS} steps; simplify it")
            if self._fits(rule.pattern, place):
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


def _together(rules: Iterable[_Rule]) -> Iterator[_Rule]:
    """The same rules as fewer patterns: of several that say the same, one after the other, any may fit."""
    for keeps, of_a_kind in groupby(rules, lambda rule: rule.keeps):
        alike = list(of_a_kind)
        for only_folders in (False, True):
            patterns: list[str] = []
            for pattern in (rule.pattern for rule in alike if rule.only_folders == only_folders):
                if patterns and sum(map(len, patterns)) + len(pattern) > _LONGEST_TOGETHER:
                    yield _Rule(_any_of(patterns), only_folders, keeps)
                    patterns = []
                patterns.append(pattern)
            if patterns:
                yield _Rule(_any_of(patterns), only_folders, keeps)


def _any_of(patterns: list[str]) -> str:
    return patterns[0] if len(patterns) == 1 else "|".join(f"(?:{pattern})" for pattern in patterns)


def _without_end(text: str) -> str:
    """Take the spaces at the end away, but for one behind a backslash; a tab is a character like others."""
    bare = text.rstrip(" ")
    return f"{bare} " if bare.endswith("\\") and len(bare) < len(text) else bare


_WILD = re.compile(
    r"""/\*\*(?=/) | \*\*+ | \* | \? | \\. | \\\Z | [{},]
    | \[(?P<no>!?+)(?:(?P<first>.)-(?P<last>.)|(?!.-)(?P<listed>(?:\\.|[^]\\])+))]
    | .""",
    re.DOTALL | re.VERBOSE,
)


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
        elif part == "[":
            raise ValueError("a bracket that holds neither one range ([a-z]) nor a list ([abc]); Juju knows no others")
        elif part.startswith("["):
            yield _set(found)
        elif part == "{":
            depth += 1
            yield "(?:"
        elif part == "}" and depth:
            depth -= 1
            yield ")"
        elif part == "," and depth:
            yield "|"
        elif part != "\\":  # one at the end is nothing
            yield re.escape(part[1:] if len(part) > 1 else part)
    yield ")" * depth  # what is not closed ends with the line


def _set(bracket: re.Match[str]) -> str:
    """One character of a range, or of a list: a dash, too, is one of a list of which it is not the second."""
    first, last = bracket["first"], bracket["last"]
    if first is None:
        inside = "".join(map(re.escape, re.sub(r"\\(.)", r"\1", bracket["listed"], flags=re.DOTALL)))
    elif last < first:
        raise ValueError("a range that ends before it begins; turn it round")
    else:
        inside = f"{re.escape(first)}-{re.escape(last)}"
    return f"[{'^' if bracket['no'] else ''}{inside}]"
