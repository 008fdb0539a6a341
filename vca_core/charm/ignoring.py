"""``.jujuignore``: which files of a charm's folder are not uploaded, by the rules of Juju's client.

They look like git's and are not: a pattern with a slash in it matches at any depth unless it begins with one, and
braces hold alternatives.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
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


MOST_STEPS = 500_000
"""How much work a charm's files may make with its rules, as `effort_to_match` counts it: two seconds at worst."""

_RULES_OF_A_STEP = 10
"""How many rules are found not to fit in a step, because a name of a hundred characters lacks a text of theirs."""

_LONGEST_TEXT = 8


class _Rule(NamedTuple):
    """A line.

    Args:
        pattern: a regular expression.
        only_folders: whether it is for folders only.
        keeps: whether what fits is not left out.
        of_names: whether it is held against the last part of a path only: it fits no slash, as most lines do.
        first: a text that is in all that it fits; most names lack it, and are told apart quickly.
        second: another one; both may be empty.
    """

    pattern: str
    only_folders: bool
    keeps: bool
    of_names: bool
    first: str
    second: str


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
        self._rules = [*_always()]
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
        self._rules.reverse()

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
        whole = "/" + name.encode(errors="replace").decode()
        last = whole.rpartition("/")[2]
        self._spend(1 + len(self._rules) * (1 + len(whole) // 100) // _RULES_OF_A_STEP)
        for pattern, only_folders, keeps, of_names, first, second in self._rules:  # the last one first
            place = last if of_names else whole
            if first not in place or second not in place or (only_folders and not is_folder):
                continue
            self._spend(self._effort(pattern, len(place) if place.isascii() else len(place.encode())))
            if self._fits(pattern, place):
                return not keeps
        return False

    def _spend(self, steps: int) -> None:
        self._left -= steps
        if self._left < 0:
            raise _refusal(f"to hold its lines against all files takes more than {MOST_STEPS} steps; simplify it")


def _refusal(reason: str) -> BadArguments:
    return BadArguments(f"artifact_path: {IGNORE_FILE}: {reason}", ["artifact_path"])


@cache
def _always() -> tuple[_Rule, ...]:
    """The rules that go before those of each file; each look at a charm's files needs them."""
    return tuple(map(_rule, _ALWAYS))


def _rule(text: str) -> _Rule:
    keeps = text.startswith("!")
    pattern = _without_end(text.removeprefix("!")).replace("\\#", "#").replace("\\!", "!").replace("\\ ", " ")
    only_folders = pattern.endswith("/")
    pattern = pattern.removesuffix("/").removeprefix("**/")
    of_names = not any(part in pattern for part in ("/", "**", "["))
    if not pattern.startswith("/") and not of_names:
        pattern = f"**/{pattern}"
    parts = list(_parts(pattern))
    texts = {text[-_LONGEST_TEXT:] for text in "".join(text or "\n" for _, text in parts).split("\n")}
    first, second, *_ = *sorted(texts, key=len, reverse=True), "", ""
    return _Rule("(?s)" + "".join(expression for expression, _ in parts), only_folders, keeps, of_names, first, second)


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


def _parts(pattern: str) -> Iterator[tuple[str, str]]:
    """The parts of a regular expression that means the same, each with the text that it stands for; empty: several."""
    depth = 0
    for found in _WILD.finditer(pattern):
        part = found[0]
        if part == "/**":
            yield "(?:/.*)?", ""  # as many folders as there are, or none
        elif part.startswith("**"):
            yield ".*", ""
        elif part == "*":
            yield "[^/]*", ""
        elif part == "?":
            yield "[^/]", ""
        elif part == "[":
            raise ValueError("a bracket that holds neither one range ([a-z]) nor a list ([abc]); Juju knows no others")
        elif part.startswith("["):
            yield _set(found), ""
        elif part == "{":
            depth += 1
            yield "(?:", ""
        elif part == "}" and depth:
            depth -= 1
            yield ")", ""
        elif part == "," and depth:
            yield "|", ""
        elif part != "\\":  # one at the end is nothing
            text = part[1:] if len(part) > 1 else part
            yield re.escape(text), "" if depth else text
    yield ")" * depth, ""  # what is not closed ends with the line


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
