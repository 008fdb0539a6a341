"""A configuration file as it was read: its values, and in which line and column each key stands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vca_core.config.problems import KeyPath, Problem, refusal
from vca_core.errors import BadArguments
from vca_core.plain import DEEPEST, excess, flaws, kind_of
from vca_core.text_files import Places, Unreadable, read_text
from vca_core.written import Texts

MOST_VALUES = 50_000
"""How many values one may hold, with each alias counted as all that it stands for."""


@dataclass(slots=True)
class Document:
    """Values and where they stand.

    Args:
        values: what was read.
        folder: what relative paths start from.
        places: where a value comes from, by path: ``vca.yaml:5:3`` or a variable of the environment.
        texts: what was written for values in YAML, by path.
    """

    values: dict[str, Any]
    folder: Path
    places: dict[KeyPath, str] = field(default_factory=dict)
    texts: Texts = field(default_factory=dict)

    def place_of(self, path: KeyPath) -> str:
        """Say where a value stands, or else what it stands in, with a colon behind it; empty when nothing is known."""
        while path and path not in self.places:
            path = path[:-1]
        place = self.places.get(path)
        return f"{place}: " if place else ""


def read_document(path: Path, needed: str) -> Document:
    """Read a YAML or TOML file.

    Args:
        path: ends in ``.yaml``, ``.yml`` or ``.toml``.
        needed: the key that it has at least.

    Raises:
        BadArguments: no such file, not readable, not UTF-8, empty, or not YAML or TOML: with line and column.
    """
    parsers = {".yaml": _read_yaml, ".yml": _read_yaml, ".toml": _read_toml}
    if path.suffix.lower() not in parsers:
        raise BadArguments(f"{path}: expected a file that ends in .yaml, .yml or .toml", ["source"])
    text = read_text(path)
    read = text if isinstance(text, Unreadable) else parsers[path.suffix.lower()](text)
    if isinstance(read, tuple) and not isinstance(read[0], dict):
        read = Unreadable(f"expected a mapping with the key `{needed}`, got {kind_of(read[0])}", 1, 1)
    if isinstance(read, tuple) and not read[0]:
        read = Unreadable(f"is empty; expected at least `{needed}`")
    if isinstance(read, Unreadable):
        where = "" if read.line is None else f":{read.line}:{read.column}"
        raise BadArguments(f"{path}{where}: {read.reason}", ["source"])
    values, marks, texts = read
    places = {at: f"{path}:{line}:{column}" for at, (line, column) in marks.items()}
    return Document(values, path.absolute().parent, {(): str(path), **places}, texts)


def check_size(document: Document) -> None:
    """Refuse what is too large or too deep to be walked through.

    Raises:
        BadArguments: it is.
    """
    if (reason := excess(document.values, MOST_VALUES)) is not None:
        raise BadArguments(f"{document.place_of(())}has {reason}", ["source"])


def check_plain(document: Document) -> None:
    """Refuse what is not plain data, such as a date; numbers that are not finite are left to the models.

    Raises:
        BadArguments: there is such a value, with where it stands.
    """
    if problems := [Problem(place, text) for place, text in flaws(document.values) if "finite" not in text]:
        raise refusal(problems, document.place_of)


_Read = tuple[Any, Places, Texts] | Unreadable


def _read_yaml(text: str) -> _Read:
    from vca_core.yaml_reader import read_yaml  # who configures with a mapping or with TOML does not need it

    places: Places = {}
    texts: Texts = {}
    values = read_yaml(text, places, texts=texts)
    return values if isinstance(values, Unreadable) else ({} if values is None else values, places, texts)


def _without_quotes(reason: str) -> str:
    """Take out what the parser quotes of the file: it may be a secret."""
    return re.sub(r"""(['"])(?!<)[^'"\\][^'"]+\1""", "'...'", reason)


def _read_toml(text: str) -> _Read:
    import tomllib

    for found in _LONG_KEY.finditer(text):  # the parser's time grows with the square of it
        if found[0].count(".") > DEEPEST:
            return Unreadable(f"expected keys of at most {DEEPEST} parts", *_place_in(text, found.start()))
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        reason, _, place = str(error).rpartition(" (at ")
        numbers = [int(number) for number in re.findall(r"\d+", place)]
        reason = f"is not valid TOML: {_without_quotes(reason)}"
        if len(numbers) == 2:
            return Unreadable(reason, *numbers)
        return Unreadable(reason, *_place_in(text, len(text.rstrip())))
    except RecursionError:
        reason = f"is not valid TOML: deeper than {DEEPEST} levels"
        return Unreadable(reason, *_place_of(_DEEP, text))
    except ValueError as error:
        reason = f"is not valid TOML: it has a value that cannot be read ({type(error).__name__})"
        return Unreadable(reason, *_place_of(_LONG_NUMBER, text))
    if (too_much := excess(values, MOST_VALUES)) is not None:
        # It is refused, and where its keys stand is of no interest.
        return Unreadable(f"has {too_much}", *_place_of(_DEEP if "levels" in too_much else _LONG_NUMBER, text))
    return values, dict(_toml_keys(text, values)), {}  # TOML has a word for each type


_DEEP = re.compile(rf"(?:[\[{{][^\[\]{{}}]*+){{{DEEPEST}}}")
_LONG_NUMBER = re.compile(r"(?<![\"'\w])[-+]?(?:0[xob])?[0-9a-fA-F_]{300}")


def _place_of(pattern: re.Pattern[str], text: str) -> tuple[int, int]:
    """Where a text first is what the parser cannot read, or its beginning."""
    found = pattern.search(text)
    return _place_in(text, 0 if found is None else found.start())


def _place_in(text: str, at: int) -> tuple[int, int]:
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)


_TOML_KEY = r"""(?:"[^"\n]*+"|'[^'\n]*+'|[A-Za-z0-9_-]++)"""
_TOML_KEYS = re.compile(
    rf"(?P<indent>\s*+)(?P<open>\[?\[?)\s*+(?P<keys>{_TOML_KEY}(?:\s*+\.\s*+{_TOML_KEY})*+)\s*+(?:=|\])"
)
_LONG_KEY = re.compile(rf"(?<![A-Za-z0-9_-])(?:{_TOML_KEY}[ \t]*+\.[ \t]*+)++")


def _toml_keys(text: str, values: dict[str, Any]) -> Iterator[tuple[KeyPath, tuple[int, int]]]:
    """Find the lines of the keys, which the parser does not give; those in inline tables are not found."""
    import tomllib

    table: KeyPath = ()
    seen: set[KeyPath] = set()
    entries: dict[KeyPath, int] = {}  # [[tables]] so far
    for number, line in enumerate(text.splitlines(), start=1):
        found = _TOML_KEYS.match(line)
        if found is None:
            continue
        path: KeyPath = () if found["open"] else table
        try:
            below: Any = tomllib.loads(f"{found['keys']} = 0")
        except tomllib.TOMLDecodeError:
            continue  # a line inside a text
        while isinstance(below, dict):
            key = next(iter(below))
            path, below = (*path, key), below[key]
            if path in entries and not (found["open"] == "[[" and below == 0):
                path = (*path, entries[path])  # the last of the [[tables]]
        if found["open"] == "[[":
            entries[path] = entries.get(path, -1) + 1
            path = (*path, entries[path])
        if found["open"]:
            table = path
        # A line inside a text of several lines may look like a key; most are not keys of the file.
        if path not in seen and _has(values, path):
            seen.add(path)
            yield path, (number, len(found["indent"]) + 1)


def _has(values: Any, path: KeyPath) -> bool:
    for part in path:
        if (isinstance(values, Mapping) and part in values) or (
            isinstance(values, list) and isinstance(part, int) and part < len(values)
        ):
            values = values[part]
        else:
            return False
    return True
