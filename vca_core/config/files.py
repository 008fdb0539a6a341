"""A configuration file as it was read: its values, and in which line and column each key stands."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vca_core.config.problems import KeyPath
from vca_core.errors import BadArguments

if TYPE_CHECKING:
    import yaml


@dataclass(slots=True)
class Document:
    """Values and where they stand.

    Args:
        values: what was read.
        folder: what relative paths start from.
        places: where a value comes from, by path: ``vca.yaml:5:3`` or a variable of the environment.
    """

    values: dict[str, Any]
    folder: Path
    places: dict[KeyPath, str] = field(default_factory=dict)

    def place_of(self, path: KeyPath) -> str:
        """Say where a value stands, or else what it stands in, with a colon behind it; empty when nothing is known."""
        while path and path not in self.places:
            path = path[:-1]
        place = self.places.get(path)
        return f"{place}: " if place else ""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why a file cannot be used. A result, not an error: the parsers' errors hold the whole text, secrets included."""

    reason: str
    line: int | None = None
    column: int | None = None


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
        raise BadArguments(f"{path}: a configuration is a file that ends in .yaml, .yml or .toml", ["source"])
    text = read_text(path)
    read = text if isinstance(text, Unreadable) else parsers[path.suffix.lower()](text)
    if isinstance(read, tuple) and not isinstance(read[0], dict):
        read = Unreadable(f"should be a mapping with the key `{needed}`, not a {type(read[0]).__name__}", 1, 1)
    if isinstance(read, tuple) and not read[0]:
        read = Unreadable(f"is empty; it needs at least `{needed}`")
    if isinstance(read, Unreadable):
        where = "" if read.line is None else f":{read.line}:{read.column}"
        raise BadArguments(f"{path}{where}: {read.reason}", ["source"])
    values, marks = read
    places = {at: f"{path}:{line}:{column}" for at, (line, column) in marks.items()}
    return Document(values, path.absolute().parent, {(): str(path), **places})


def read_text(path: Path) -> str | Unreadable:
    """Read a text file."""
    try:
        return path.read_text("utf-8-sig")
    except FileNotFoundError:
        return Unreadable("there is no such file")
    except OSError as error:
        return Unreadable(f"cannot be read: {error.strerror}")
    except UnicodeDecodeError as error:
        return Unreadable(f"is not UTF-8 (byte {error.start})")


_Marks = dict[KeyPath, tuple[int, int]]
_Read = tuple[Any, _Marks] | Unreadable


def _read_yaml(text: str) -> _Read:
    import yaml  # who configures with a mapping or with TOML does not need it

    try:
        loader = yaml.SafeLoader(text)
        root = loader.get_single_node()
        if root is None:
            return {}, {}
        marks: _Marks = {}
        wrong = _mark_keys(loader, root, (), marks, frozenset())
        if wrong is not None:
            return wrong
        values = loader.construct_document(root)
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        column = len(before) - before.rfind("\n")
        return Unreadable(f"has a forbidden character (U+{error.character:04X})", before.count("\n") + 1, column)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reason = f"is no valid YAML: {_without_quotes(error.problem or error.context or '')}"
        if "mapping values are not allowed" in reason:
            reason += '; a text with a colon at its end, as "memory:", has to be in quotes'
        return Unreadable(reason, mark.line + 1, mark.column + 1) if mark else Unreadable(reason)
    except (ValueError, RecursionError, LookupError, AttributeError, TypeError, OverflowError) as error:
        # An impossible date; thousands of brackets; `!!bool foo`, `!!int ""`. What is raised may hold the value.
        return Unreadable(f"is no valid YAML: it has a value that cannot be read ({type(error).__name__})")
    return values, marks


def _mark_keys(
    loader: yaml.SafeLoader, node: Any, path: KeyPath, marks: _Marks, above: frozenset[yaml.Node]
) -> Unreadable | None:
    """Note where each key below a node stands; the result is a key that is there twice, or a node inside itself."""
    line, column = node.start_mark.line + 1, node.start_mark.column + 1
    if node in above:
        return Unreadable("an alias stands inside of what it names", line, column)
    children: list[tuple[KeyPath, yaml.Node]] = []
    if node.id == "sequence":
        for number, item in enumerate(node.value):
            marks.setdefault((*path, number), (item.start_mark.line + 1, item.start_mark.column + 1))
            children.append(((*path, number), item))
    elif node.id == "mapping":
        lines: dict[Hashable, int] = {}
        merged = []
        for key_node, item in node.value:
            line, column = key_node.start_mark.line + 1, key_node.start_mark.column + 1
            if key_node.tag == "tag:yaml.org,2002:merge":
                # What is merged in stands somewhere else, and what stands here goes before it.
                merged += [(path, one) for one in (item.value if item.id == "sequence" else [item])]
            elif key_node.id == "scalar":  # any other key is refused when it is constructed
                key = loader.construct_object(key_node)
                if key in lines:
                    return Unreadable(f"{key!r} is there twice, the first time in line {lines[key]}", line, column)
                lines[key] = line
                marks.setdefault((*path, key), (line, column))
                children.append(((*path, key), item))
        children += merged
    for below, child in children:
        wrong = _mark_keys(loader, child, below, marks, above | {node})
        if wrong is not None:
            return wrong
    return None


def _without_quotes(reason: str) -> str:
    """Take out what the parser quotes of the file: a secret that starts with `*` or `!` would be among it."""
    return re.sub(r"""(['"])(?!<)[^'"\\][^'"]+\1""", "'...'", reason)


def _read_toml(text: str) -> _Read:
    import tomllib

    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        reason, _, place = str(error).rpartition(" (at ")
        numbers = [int(number) for number in re.findall(r"\d+", place)]
        reason = f"is no valid TOML: {_without_quotes(reason)}"
        if len(numbers) == 2:
            return Unreadable(reason, *numbers)
        return Unreadable(f"{reason}, at the end")
    except (ValueError, RecursionError) as error:
        return Unreadable(f"is no valid TOML: it has a value that cannot be read ({type(error).__name__})")
    return values, dict(_toml_keys(text, values))


_TOML_KEY = r"""(?:"[^"\n]*"|'[^'\n]*'|[A-Za-z0-9_-]+)"""
_TOML_KEYS = re.compile(rf"(?P<indent>\s*)(?P<open>\[?\[?)\s*(?P<keys>{_TOML_KEY}(?:\s*\.\s*{_TOML_KEY})*)\s*(?:=|\])")


def _toml_keys(text: str, values: dict[str, Any]) -> Iterator[tuple[KeyPath, tuple[int, int]]]:
    """Find the lines of the keys, as well as can be done without a parser that tells: keys in inline tables are not."""
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
        # A line inside a text of several lines may look like a key; most are none of the file's.
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
