"""One document: whether a filter matches it, and what an update makes of it.

The semantics are those of MongoDB's equality filters and of its ``$set``, so that what is tried with one store holds
with another. All functions are pure: an update shares with the old document what it did not touch.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from vca_core.errors import BadArguments, StoreError
from vca_core.plain import Place, kind_of, plain

LONGEST_PADDING = 1_500_000
"""How many nulls a position behind a list's end may bring about at most; as in MongoDB."""

LARGEST_NUMBER = 2**63 - 1
"""The largest whole number in a filter; as in MongoDB."""

_HAS_FLAW = re.compile(r"\A\.|\.\.|\.\Z|\A\$|\.\$|\0").search

_MOST_PATHS = 1024
"""How many paths are kept in their parts: an orchestrator writes to the same few again and again."""

_MISSING = object()
_SCALARS = (str, int, float, bool, type(None))


# Filters.


def check_filter(filter: object) -> None:
    """Check a filter: equality on dotted paths, and nothing else.

    Args:
        filter: ``{dotted path: scalar}``, at least one.

    Raises:
        BadArguments: it is not valid; `bad_args` starts with ``filter``.
    """
    if not isinstance(filter, Mapping) or not filter:
        raise BadArguments(
            "filter: expected a mapping of at least one dotted path to the value there, such as {'_id': 'ns1'}",
            ["filter"],
        )
    for path, value in filter.items():
        if isinstance(path, str) and (value is None or isinstance(value, str)) and _is_sound(path):
            continue  # nearly all are, and this is quick
        if not isinstance(path, str) or not all(path.split(".")):
            shown = repr(path) if isinstance(path, str) else kind_of(path)
            raise BadArguments(f"filter: expected dotted paths as keys, got {shown}", ["filter"])
        if any(part.startswith("$") for part in path.split(".")):
            raise BadArguments(
                f"filter: operators are not supported, got {path!r}; expected dotted paths and the values there",
                [f"filter.{path}"],
            )
        if "\0" in path:
            raise BadArguments(f"filter: expected paths without the character NUL, got {path!r}", ["filter"])
        if isinstance(value, int) and abs(value) > LARGEST_NUMBER:
            raise BadArguments(f"filter.{path}: expected a whole number of at most 64 bits", [f"filter.{path}"])
        if not isinstance(value, _SCALARS) or (isinstance(value, float) and not math.isfinite(value)):
            raise BadArguments(
                f"filter.{path}: expected text, a number, true, false or null, got {kind_of(value)}",
                [f"filter.{path}"],
            )


@lru_cache(maxsize=_MOST_PATHS)
def _is_sound(path: str) -> bool:
    return bool(path) and not _HAS_FLAW(path)


def matches(document: Mapping[str, Any], filter: Mapping[str, Any]) -> bool:
    """Say whether a document matches a checked filter.

    Args:
        document: plain data.
        filter: a path that leads through a list looks at each of its elements and, where a part is a number, at that
            position; null also matches what is missing.
    """
    for path, wanted in filter.items():  # noqa: SIM110 - a generator would cost more than what it asks
        if not _has_value(document, path, wanted):
            return False
    return True


def _has_value(document: Mapping[str, Any], path: str, wanted: Any) -> bool:
    found: Any = document
    for part in _split(path):  # through objects only, as nearly always: stores ask this of each document
        if not isinstance(found, dict):
            break
        found = found.get(part, _MISSING)
    else:
        if isinstance(found, str):
            return bool(found == wanted)
        if not isinstance(found, list):
            return _is_equal(found, wanted)
    return any(_is_equal(found, wanted) for found in _values_below(document, path.split(".")))


def _values_below(value: Any, parts: list[str]) -> Iterator[Any]:
    """What a path leads to; `_MISSING` where it leads to nothing."""
    if not parts:
        yield value
        if isinstance(value, list):
            yield from value
        return
    part, rest = parts[0], parts[1:]
    if isinstance(value, Mapping):
        yield from _values_below(value[part], rest) if part in value else (_MISSING,)
    elif isinstance(value, list):
        if (position := _position(part)) is not None and position < len(value):
            yield from _values_below(value[position], rest)
        for item in value:
            if isinstance(item, Mapping):
                yield from _values_below(item, parts)
    else:
        yield _MISSING


def value_at(document: Mapping[str, Any], path: str) -> Any:
    """Return the value at a dotted path, as `set_path` would find it; None if there is none.

    Args:
        document: plain data.
        path: dotted; in a list a part is a position.
    """
    value: Any = document
    for part in path.split("."):
        if isinstance(value, Mapping):
            value = value.get(part)
        elif isinstance(value, list) and (position := _position(part)) is not None and position < len(value):
            value = value[position]
        else:
            return None
    return value


def _is_equal(found: Any, wanted: Any) -> bool:
    if wanted is None:
        return found is None or found is _MISSING
    if isinstance(found, bool) or isinstance(wanted, bool):
        return found is wanted
    if isinstance(found, str | int | float):
        return bool(found == wanted)
    return False


# Updates.


def apply_update(document: Mapping[str, Any], update: Mapping[str, Any]) -> dict[str, Any]:
    """Set several paths at once.

    Args:
        document: plain data; it is left as it is.
        update: values by dotted path.

    Returns:
        The document as it is afterwards.

    Raises:
        StoreError: a path cannot be set, or two paths overlap; not retryable.
    """
    below: dict[tuple[str, ...], dict[str, Any]] = {}
    for path, value in update.items():
        parts = _check_parts(path)
        if parts[0] == "_id":
            _check_identity(document, parts, value)
        below.setdefault(parts[:-1], {})[parts[-1]] = value if isinstance(value, str) else plain_value(value, path)
    if len(below) > 1:  # else they stand side by side
        _check_apart(tuple(update))
    changed = dict(document)
    for above, values in below.items():
        changed = _set(changed, above, values, above)
    return changed


def check_update(filter: Mapping[str, Any], update: Mapping[str, Any]) -> None:
    """Check an update as far as that is possible without the document.

    Args:
        filter: which document it is for.
        update: values by dotted path.

    Raises:
        StoreError: a path cannot be set, or two paths overlap; not retryable.
    """
    for path, value in update.items():
        parts = _check_parts(path)
        if parts[0] == "_id":
            _check_identity(filter, parts, value)
    _check_apart(tuple(update))


def set_path(document: Mapping[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Set one path, as MongoDB's ``$set`` does.

    What is missing on the way becomes an object, also for a number (``a.0`` of ``{}`` gives ``{"a": {"0": …}}``). In a
    list a part is a position; behind the list's end it is padded with null. A scalar or null on the way is refused.

    Args:
        document: plain data; it is left as it is.
        path: dotted: ``_admin.deployed.VCA.1.status``.
        value: plain data.

    Returns:
        The document as it is afterwards.

    Raises:
        StoreError: the path cannot be set; not retryable.
    """
    return apply_update(document, {path: value})


@lru_cache(maxsize=_MOST_PATHS)
def _split(path: str) -> tuple[str, ...]:
    return tuple(path.split("."))


@lru_cache(maxsize=_MOST_PATHS)
def _check_parts(path: str) -> tuple[str, ...]:
    """The parts of a path that can be set, whatever the document."""
    if (problem := problem_of_path(path)) is not None:
        raise _refusal(path, problem)
    return _split(path)


def problem_of_path(path: str) -> str | None:
    """What is wrong with a path that can never be set, whatever the document; None: nothing."""
    parts = _split(path)
    if "" in parts:
        return "expected a path without empty parts"
    if "$" in path and any(part.startswith("$") for part in parts):
        return "expected a path without parts that begin with $, the sign of operators"
    if "\0" in path:
        return "expected a path without the character NUL"
    return None


def _check_identity(document: Mapping[str, Any], parts: tuple[str, ...], value: Any) -> None:
    if len(parts) > 1 or document.get("_id", _MISSING) != value:
        raise _refusal(".".join(parts), "expected the same _id, which a document keeps")


@lru_cache(maxsize=_MOST_PATHS)
def _check_apart(paths: tuple[str, ...]) -> None:
    """Check that no path leads through another one."""
    those = frozenset(paths)
    for path in paths:
        end = path.rfind(".")
        while end > 0:
            if path[:end] in those:
                raise _refusal(path, f"{path[:end]!r} is set by the same update; keep one of them")
            end = path.rfind(".", 0, end)


def _set(parent: Any, parts: tuple[str, ...], values: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    """Set what stands side by side below one path; what is on the way is copied, what is beside it shared."""
    if parts:
        part, rest = parts[0], parts[1:]
        below = _child(parent, part, path)
        return _put_values(parent, {part: _set({} if below is _MISSING else below, rest, values, path)})
    if not isinstance(parent, dict):  # which can have any part
        for part in values:
            _child(parent, part, (*path, part))
    return _put_values(parent, values)


def _child(parent: Any, part: str, path: tuple[str, ...]) -> Any:
    """What a part names now, `_MISSING` for nothing.

    Raises:
        StoreError: nothing can ever be there.
    """
    if isinstance(parent, dict):
        return parent.get(part, _MISSING)
    if not isinstance(parent, list):
        kind = "null" if parent is None else kind_of(parent)
        raise _refusal(".".join(path), f"expected a mapping or a list where {part!r} is to be made, got {kind}")
    position = _position(part)
    if position is None:
        raise _refusal(".".join(path), f"expected a position in a list, got {part!r}")
    if position - len(parent) > LONGEST_PADDING:
        raise _refusal(".".join(path), f"expected a position near the end of a list of {len(parent)}, got {part}")
    return parent[position] if position < len(parent) else _MISSING


def _put_values(parent: dict[str, Any] | list[Any], values: Mapping[str, Any]) -> Any:
    if isinstance(parent, dict):
        return {**parent, **values}
    changed = list(parent)
    for part, value in values.items():
        position = int(part)
        changed += [None] * (position + 1 - len(changed))
        changed[position] = value
    return changed


def _position(part: str) -> int | None:
    """A position in a list; ``01`` and ``-1`` are not positions."""
    if not part.isascii() or not part.isdigit() or (part[0] == "0" and part != "0") or len(part) > 10:
        return None
    return int(part)


def _refusal(path: str, reason: str) -> StoreError:
    return StoreError(f"cannot set {path!r}: {reason}", retryable=False)


# Values.


def plain_value(value: Any, path: str) -> Any:
    """Copy a value that is to be stored; tuples become lists.

    Args:
        value: the value.
        path: where it is to be stored, for errors.

    Raises:
        BadArguments: it is not plain data; says where. The value is not shown.
    """

    def refuse(place: Place, reason: str) -> BadArguments:
        where = ".".join((path, *place))
        return BadArguments(f"{where}: {reason}; a store keeps plain data, such as JSON can hold", [where])

    return plain(value, refuse)


def new_document(document: object) -> tuple[str, dict[str, Any]]:
    """Check and copy a document that is to be inserted.

    Args:
        document: a mapping of plain data with a scalar ``_id``.

    Returns:
        The key that its ``_id`` is found by, and the copy.


    Raises:
        BadArguments: it is not such a document.
    """
    if not isinstance(document, Mapping) or not isinstance(document.get("_id"), str | int | float):
        raise BadArguments(
            "document: expected a mapping of plain data with an _id that is text or a number", ["document._id"]
        )
    return id_key(document["_id"]), plain_value(document, "document")


def id_key(value: str | float) -> str:
    """A text by which an ``_id`` is found: equal for what filters hold equal, ``1`` and ``1.0``."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return f"{type(value).__name__}:{value}"
