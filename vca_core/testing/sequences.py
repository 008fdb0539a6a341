"""What a store does in sequences of steps that are drawn by a seed, compared with what the store in memory does."""

from __future__ import annotations

import random
import re
from typing import Any

from vca_core.errors import VcaError
from vca_core.stores import MemoryStore, StatusStore

_SEQUENCES = 120
_STEPS = 12
_IDS: list[Any] = ["a", "1", 1, 1.0, 2]
_PATHS = ["a", "a.0", "a.b", "a.2.c", "b.1", "a.$", "", "_id"]
_VALUES: list[Any] = [None, True, 1, "text", [], [{"c": 1}], {}, {"b": 2}, 0.5, "\ud800", 2**53 + 1, "long" * 20_000]


async def compare_with_memory(store: StatusStore) -> None:
    """Check that a store does the same as the one in memory; errors are of the same class.

    Args:
        store: an open one, without tables ``t0``, ``t1`` and so on.
    """
    draw = random.Random(20261125)  # noqa: S311 - no secret
    for number in range(_SEQUENCES):
        memory, table = MemoryStore(), f"t{number}"
        for _ in range(_STEPS):
            step = _draw(draw)
            expected, found = await _result(memory, table, step), await _result(store, table, step)
            assert _whole(found) == _whole(expected), f"{step}: {found!r}, and in memory {expected!r}"
        assert _whole(await store.find(table)) == _whole(await memory.find(table))


def _draw(draw: random.Random) -> tuple[str, tuple[Any, ...]]:
    keys = draw.sample(["_id", "a", "a.b", "b"], draw.randint(0, 2))
    # Databases differ in whether null is found through an empty list.
    query = {key: draw.choice([*_IDS, True] if "." in key else [*_IDS, None, True]) for key in keys}
    method = draw.choice(["ensure", "ensure", "set", "set", "get", "find", "exists", "delete"])
    if method == "ensure":
        fields = {key: draw.choice(_VALUES) for key in draw.sample(["a", "b"], draw.randint(0, 2))}
        return method, ({"_id": draw.choice(_IDS), **fields},)
    if method == "set":
        update = {path: draw.choice(_VALUES) for path in draw.sample(_PATHS, draw.randint(0, 3))}
        return method, (query, update)
    return method, (query,)


def _whole(value: Any) -> Any:
    """A value with U+FFFD for halves of characters: not every database can hold those."""
    if isinstance(value, str):
        return re.sub("[\ud800-\udfff]", "\ufffd", value)
    if isinstance(value, dict):
        return {_whole(key): _whole(item) for key, item in value.items()}
    return [_whole(item) for item in value] if isinstance(value, list) else value


async def _result(store: StatusStore, table: str, step: tuple[str, tuple[Any, ...]]) -> Any:
    method, arguments = step
    try:
        return await getattr(store, method)(table, *arguments)
    except VcaError as error:
        return type(error)
