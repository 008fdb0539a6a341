"""A `Vca` belongs to one event loop and one process: the others are refused, whatever they ask for."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from vca_core.errors import VcaError
from vca_core.vca import Vca

CONFIG = {"connectors": {"edge": {"backend": "fake", "options": {"latency": 0}}}}

ID = {"_id": "a"}
USES: dict[str, Callable[[Vca], Awaitable[Any]]] = {
    "key": lambda vca: vca.get_public_key(),
    "connector's key": lambda vca: vca.connector().get_public_key(),
    "open": lambda vca: vca.store.open(),
    "get": lambda vca: vca.store.get("t", ID),
    "find": lambda vca: vca.store.find("t"),
    "exists": lambda vca: vca.store.exists("t", ID),
    "ensure": lambda vca: vca.store.ensure("t", ID),
    "set": lambda vca: vca.store.set("t", ID, {"x": 1}),
    "batch": lambda vca: vca.store.batch([]),
    "delete": lambda vca: vca.store.delete("t", ID),
    "close": lambda vca: vca.store.close(),
    "operation": lambda vca: vca.connector().create_execution_environment(".n.v", None),
    "flush": lambda vca: vca.flush(),
}


async def awaited(use: Callable[[Vca], Awaitable[Any]], vca: Vca) -> str:
    try:
        await use(vca)
    except VcaError as error:
        return error.message
    return "nothing"


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_another_loop_is_refused(use: Callable[[Vca], Awaitable[Any]]) -> None:
    async def inside() -> str:
        async with Vca.from_config(CONFIG, environ={}) as vca:
            return await asyncio.to_thread(lambda: asyncio.run(awaited(use, vca)))

    assert "belongs to another event loop" in asyncio.run(inside())


async def blocking_key(vca: Vca) -> Any:
    return await asyncio.to_thread(vca.get_public_key_blocking)


@pytest.mark.parametrize("use", [*USES.values(), blocking_key], ids=[*USES, "blocking key"])
def test_a_forked_process_is_refused(use: Callable[[Vca], Awaitable[Any]]) -> None:
    vca = Vca.from_config(CONFIG, environ={})
    read, write = os.pipe()
    if (child := os.fork()) == 0:
        try:
            os.write(write, asyncio.run(awaited(use, vca)).encode())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read) as output:
        assert "which forked this one" in output.read()
    os.waitpid(child, 0)
