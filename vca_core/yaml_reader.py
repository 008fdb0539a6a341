"""YAML, read with suspicion: plain data comes out, or a reason that says where it stands and shows no value.

What YAML and Juju's reader of it make of a text differs from what PyYAML makes of it; this one is on Juju's side: a
date is text, ``10:30`` is text, the keys of mappings are text whatever they look like.

This module loads PyYAML, of which it takes libyaml's parser (all its wheels have it): the one in Python needs up to a
hundred times as long, quotes characters of the text in its errors, and is further from Juju's, which is a port of
libyaml. This module is loaded when the first YAML is read.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Any, NoReturn

from yaml._yaml import CParser
from yaml.error import Mark, MarkedYAMLError, YAMLError
from yaml.events import AliasEvent, MappingEndEvent, ScalarEvent, SequenceEndEvent, SequenceStartEvent, StreamEndEvent

from vca_core.errors import BadArguments
from vca_core.plain import DEEPEST
from vca_core.text_files import LARGEST_FILE, Places, Unreadable
from vca_core.written import Texts
from vca_core.yaml_scalars import Scalar, TooManyDigitsError, read_as_juju, read_ours

LARGEST_NUMBER_OF_NODES = 50_000
"""How many values a file may hold, with each alias counted as all that it stands for (the `billion laughs`)."""

LARGEST_TEXT = 4 * LARGEST_FILE
"""How many characters all its texts may have together, aliases counted likewise."""

MOST_IN_A_CHARM = 2_000
"""How many mappings and lists a YAML file of a charm may have: ten times what the largest charms have.

Each is a handful of objects for as long as the charm is kept, and Python's garbage collector holds up the event loop
for as long as it takes to look at all of them, in whatever thread they were made.
"""

_CORE = "tag:yaml.org,2002:"

_OTHER_VERSION = re.compile(r"(?:\s*#.*\n|\s*\n)*%YAML\s+(?!1\.1\s)")
_OF_CHARMCRAFT = "charmcraft.yaml"
"""What is written anew for Juju."""

_OF_OPTIONS = "config.yaml"
"""What Juju reads into a structure: of its ``options`` there, a second one adds to the first."""


def parse(file: str, content: bytes) -> Any:
    """Read a YAML file of a charm.

    Args:
        file: how errors call it.
        content: what is in it.

    Returns:
        Plain data: dict with text as keys, list, str, int, float, bool, None. None when the file is empty.

    Raises:
        BadArguments: it is too large, not UTF-8, not YAML 1.1 (with line and column), or uses what YAML has beyond
            plain data. A key that is twice in a mapping counts as it stands there last, as it does for Juju; in
            ``charmcraft.yaml`` it is refused, as by charmcraft.
    """
    if len(content) > LARGEST_FILE:
        raise BadArguments(f"{file}: expected at most {LARGEST_FILE} bytes, got more", ["artifact_path"])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadArguments(f"{file}: is not UTF-8 (byte {error.start}); save it as UTF-8", ["artifact_path"]) from error
    if file != _OF_CHARMCRAFT and _OTHER_VERSION.match(text):
        raise BadArguments(
            f"{file}: expected YAML 1.1, the only version that Juju reads; take the line %YAML out", ["artifact_path"]
        )
    rules = Rules.CHARMCRAFTS if file == _OF_CHARMCRAFT else Rules.JUJUS
    read = read_yaml(text, rules=rules, joined="options" if file == _OF_OPTIONS else None)
    if isinstance(read, Unreadable):
        where = "" if read.line is None else f"line {read.line}, column {read.column}: "
        raise BadArguments(f"{file}: {where}{read.reason}", ["artifact_path"])
    return read


class Rules(Enum):
    """Whose rules a text is read by, where people and programs do not agree on what YAML is."""

    OURS = "one document; no key twice; y and n are text"
    JUJUS = "the first document counts, whatever follows; a key, and what is merged in, counts as it stands there last"
    CHARMCRAFTS = "as Juju's, but a key twice only with the same value, and what is merged in goes behind the rest"


class OddKey(str):
    """A key that is text here, and something else to Juju where it takes keys as they come: ``on``, ``1``."""

    __slots__ = ()


def read_yaml(
    text: str,
    places: Places | None = None,
    *,
    texts: Texts | None = None,
    rules: Rules = Rules.OURS,
    joined: str | None = None,
) -> Any:
    """Read the text of a YAML file of at most `LARGEST_FILE` bytes.

    Args:
        text: the text, without a byte order mark.
        places: is filled with where everything stands: entries of mappings by their keys. None: it is not wanted.
        texts: is filled with what is written for numbers, true and false. None: it is not wanted.
        rules: whose rules it is read by. Keys that do not look like text are `OddKey` in a charm.
        joined: a key at the top whose mappings are put together where it is there twice, by Juju's rules.

    Returns:
        Plain data; None when the text is empty; `Unreadable` when it is not YAML, or more than plain data.
    """
    if (found := _FORBIDDEN.search(text)) is not None:
        at = found.start()
        place = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
        return _invalid(f"a forbidden character (U+{ord(found[0]):04X}); remove it", *place)
    try:
        root = (_Nodes if rules is Rules.OURS else _NodesOfCharms)(text).root()
        return None if root is None else _Plain(places, texts, rules, joined).data(root, (), 0)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reason = ", ".join(filter(None, (error.context, error.problem)))
        if "mapping values are not allowed" in reason:
            reason += '; a text with a colon at its end, such as "memory:", has to be in quotes'
        return _invalid(reason, mark.line + 1, mark.column + 1) if mark else _invalid(reason)
    except YAMLError:
        return _invalid("it cannot be read")


def _invalid(reason: str, line: int | None = None, column: int | None = None) -> Unreadable:
    return Unreadable(f"is not valid YAML: {reason}", line, column)


# A byte order mark within the text is among them.
_FORBIDDEN = re.compile(
    "[^\\t\\n\\r\\x20-\\x7e\\x85\\xa0-\\ud7ff\\ue000-\\ufefe\\uff00-\\ufffd\\U00010000-\\U0010ffff]"
)


_Node = tuple[str, str, int, int, Any]
"""What a text holds before it is plain data: kind, tag, line and column from 0 on, and what is in it: text, other
nodes, or pairs of them. The tag of a text in no quotes is empty: what it stands for is told later.

It is nothing but tuples and text: Python's garbage collector, which holds up the event loop in whatever thread
something was made, lets go of those soon. Of PyYAML's nodes and marks it would look at a hundred thousand each time.
"""

_TEXT, _LIST, _MAPPING = "text", "list", "mapping"


class _Nodes(CParser):
    """libyaml's events up to the tree of nodes; none of PyYAML's constructors, which make Python objects."""

    one_document = True

    most_collections = LARGEST_NUMBER_OF_NODES

    def __init__(self, text: str) -> None:
        CParser.__init__(self, text)
        self._known: dict[str, _Node | None] = {}
        self._depth = 0
        self._count = 0
        self._collections = 0

    def root(self) -> _Node | None:
        """Read the text's document; None: there is none."""
        self.get_event()  # the stream begins
        if self.check_event(StreamEndEvent):
            return None
        self.get_event()  # the document begins
        node = self._node()
        self.get_event()  # the document ends
        if self.one_document and not self.check_event(StreamEndEvent):
            second: Any = self.peek_event()
            raise MarkedYAMLError(problem="expected one document, got a second one", problem_mark=second.start_mark)
        return node

    def _node(self) -> _Node:
        event: Any = self.get_event()
        self._count += 1
        if self._depth >= DEEPEST or self._count > LARGEST_NUMBER_OF_NODES:
            deep = f"deeper than {DEEPEST} levels; nest it less"
            raise MarkedYAMLError(problem=deep if self._depth >= DEEPEST else _TOO_MANY, problem_mark=event.start_mark)
        anchor: str | None = event.anchor
        if isinstance(event, AliasEvent):
            return self._anchored(event)
        if anchor is not None:
            if anchor in self._known:
                raise MarkedYAMLError(problem="an anchor that is there twice", problem_mark=event.start_mark)
            self._known[anchor] = None  # until it is known
        node = self._scalar(event) if isinstance(event, ScalarEvent) else self._collection(event)
        if anchor is not None:
            self._known[anchor] = node
        return node

    def _anchored(self, event: Any) -> _Node:
        if event.anchor not in self._known:
            raise MarkedYAMLError(problem="found undefined alias", problem_mark=event.start_mark)
        if (node := self._known[event.anchor]) is None:
            raise MarkedYAMLError(problem="an alias within what it names; remove it", problem_mark=event.start_mark)
        return node

    def _scalar(self, event: Any) -> _Node:
        tag = event.tag
        if tag is None or tag == "!":
            tag = "" if tag is None and event.implicit[0] else f"{_CORE}str"
        return _TEXT, tag, event.start_mark.line, event.start_mark.column, event.value

    def _collection(self, event: Any) -> _Node:
        self._collections += 1
        if self._collections > self.most_collections:
            reason = f"more than {self.most_collections} mappings and lists; use fewer"
            raise MarkedYAMLError(problem=reason, problem_mark=event.start_mark)
        is_list = isinstance(event, SequenceStartEvent)
        tag = f"{_CORE}seq" if is_list else f"{_CORE}map"
        self._depth += 1
        found: list[Any] = []
        while not self.check_event(SequenceEndEvent, MappingEndEvent):
            one = self._node()
            found.append(one if is_list else (one, self._node()))
        self.get_event()
        self._depth -= 1
        place = event.start_mark.line, event.start_mark.column
        return _LIST if is_list else _MAPPING, tag if event.tag in (None, "!") else event.tag, *place, tuple(found)


_TAGS_OF_TEXTS = {"", *(f"{_CORE}{name}" for name in ("binary", "bool", "float", "int", "null", "str", "timestamp"))}
"""The tags that make something of a text for Juju; with any other one it is text."""

_TAGGED = "a tag that does not fit the value, or makes more of it than plain data; remove it, or put the text in quotes"

_TOO_MANY = f"more than {LARGEST_NUMBER_OF_NODES} values, with each alias counted as what it stands for; use fewer"


class _NodesOfCharms(_Nodes):
    """As Juju's reader has them, which knows YAML 1.1 in full here, and looks at the first document only."""

    one_document = False
    most_collections = MOST_IN_A_CHARM


class _Plain:
    """Plain data of nodes."""

    def __init__(self, places: Places | None, texts: Texts | None, rules: Rules, joined: str | None = None) -> None:
        self._places = places
        self._joined = None if joined is None else (joined,)
        self._texts = texts
        self._rules = rules
        self._read = read_ours if rules is Rules.OURS else read_as_juju
        self._count = 0
        self._length = 0

    def data(self, node: _Node, path: tuple[Any, ...], depth: int) -> Any:
        self._spend(node, depth)
        kind, tag, _, _, content = node
        is_any = self._rules is Rules.JUJUS  # it looks at no tag of a mapping or a list
        if kind == _MAPPING and (is_any or tag == f"{_CORE}map"):
            return self._mapping(node, path, depth)
        if kind == _LIST and (is_any or tag == f"{_CORE}seq"):
            return [self._item(item, (*path, number), depth + 1) for number, item in enumerate(content)]
        if kind == _TEXT:
            value = self._scalar(node)
            if self._texts is not None and value is not None and not isinstance(value, str):
                self._texts.setdefault(path, (value, content))  # what is merged in comes behind what stands there
            return value
        return self._fail(node, _TAGGED)

    def _spend(self, node: _Node, depth: int) -> None:
        self._count += 1
        if self._count > LARGEST_NUMBER_OF_NODES:
            self._fail(node, _TOO_MANY)
        if self._length > LARGEST_TEXT:
            self._fail(node, "too much text in its aliases; use fewer or shorter ones")
        if depth > DEEPEST:
            self._fail(node, f"deeper than {DEEPEST} levels, or an alias within what it names; nest it less")

    def _item(self, node: _Node, path: tuple[Any, ...], depth: int) -> Any:
        self._note(node, path)
        return self.data(node, path, depth)

    def _note(self, node: _Node, path: tuple[Any, ...]) -> None:
        if self._places is not None:
            _, _, line, column, _ = node
            self._places.setdefault(path, (line + 1, column + 1))

    def _mapping(self, node: _Node, path: tuple[Any, ...], depth: int) -> dict[str, Any]:
        own: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        has_merged = False
        _, _, _, _, entries = node
        for key, value in entries:
            kind, _, _, _, _ = key
            if kind != _TEXT:
                self._fail(key, "expected text as a key, got a mapping or a list")
            if not _is_merge(key):
                self._put(own, key, value, entries, path, depth)
            elif self._rules is Rules.JUJUS:
                more = self._merged(value, path, depth)
                if not path and self._joined is not None and self._joined[0] in more:
                    more[self._joined[0]] = _join(own.get(self._joined[0]), more[self._joined[0]])
                own |= more
            elif has_merged:
                self._fail(key, "the key '<<' is there twice; keep one")
            else:
                has_merged = True
        if has_merged:  # what stands here goes before what is merged in
            for key, value in entries:
                if _is_merge(key):
                    merged = self._merged(value, path, depth)
        return {**merged, **own}

    def _put(
        self, own: dict[str, Any], key: _Node, value: _Node, entries: Any, path: tuple[Any, ...], depth: int
    ) -> None:
        name = self._text(key)
        if self._rules is Rules.OURS:
            if name in own:
                first = next(line for (_, _, line, _, other), _ in entries if other == name)
                self._fail(key, f"{name!r} is there twice, the first time in line {first + 1}; keep one")
        elif not isinstance(self._scalar(key), str):
            name = OddKey(name)
        self._note(key, (*path, name))
        item = self.data(value, (*path, name), depth + 1)
        if (*path, name) == self._joined:
            item = _join(own.get(name), item)
        if self._rules is Rules.CHARMCRAFTS and name in own and repr(own[name]) != repr(item):  # true is not 1
            self._fail(key, f"the key {name!r} is there twice; keep one")
        own[name] = item

    def _merged(self, node: _Node, path: tuple[Any, ...], depth: int) -> dict[str, Any]:
        """What the mapping of a merge has, or the mappings: the first of them goes before the others."""
        kind, _, _, _, content = node
        parts: list[dict[str, Any]] = []
        for other in content if kind == _LIST else [node]:
            if other[0] != _MAPPING:
                self._fail(other, "expected mappings for '<<', got something else")
            self._spend(other, depth + 1)  # an empty one, too
            parts.append(self._mapping(other, path, depth + 1))
        merged: dict[str, Any] = {}
        for part in reversed(parts):
            merged |= part
        return merged

    def _scalar(self, node: _Node) -> Scalar:
        text = self._text(node)
        _, tag, _, _, _ = node
        if tag == f"{_CORE}str" or (self._rules is Rules.JUJUS and tag not in _TAGS_OF_TEXTS):
            return text
        try:
            value = self._read(text)
        except TooManyDigitsError:
            self._fail(node, "a number with too many digits; shorten it")
        match tag.removeprefix(_CORE), value:
            case ("", _) | ("null", None) | ("bool", bool()) | ("float", float()):
                return value
            case "int", int() if not isinstance(value, bool):
                return value
            case "float", int() if not isinstance(value, bool):
                return float(value)
        return self._fail(node, _TAGGED)

    def _text(self, node: _Node) -> str:
        _, _, _, _, text = node
        self._length += len(text)
        return str(text)

    def _fail(self, node: _Node, reason: str) -> NoReturn:
        _, _, line, column, _ = node
        raise MarkedYAMLError(problem=reason, problem_mark=Mark("", 0, line, column, None, 0))


def _join(first: Any, second: Any) -> Any:
    return first | second if isinstance(first, dict) and isinstance(second, dict) else second


def _is_merge(key: _Node) -> bool:
    _, tag, _, _, text = key
    return text == "<<" and tag in {"", f"{_CORE}merge"}
