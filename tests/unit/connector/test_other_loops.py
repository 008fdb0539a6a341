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

USES: dict[str, Callable[[Vca], Awaitable[Any]]] = {
    "key": lambda vca: vca.get_public_key(),
    "connector's key": lambda vca: vca.connector().get_public_key(),
    "store": lambda vca: vca.store.get("t", {"_id": "a"}),
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


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_a_forked_process_is_refused(use: Callable[[Vca], Awaitable[Any]]) -> None:
    vca = Vca.from_config(CONFIG, environ={})
    read, write = os.pipe()
    if (child := os.fork()) == 0:
        try:
            os.write(write, asyncio.run(awaited(use, vca)).encode())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read) as told:
        assert "which forked this one" in told.read()
    os.waitpid(child, 0)
