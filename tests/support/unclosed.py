"""Sockets that something leaves open, found where that was and not in the test that runs when they are collected."""

from __future__ import annotations

import asyncio
import gc
import warnings


async def unclosed_sockets() -> list[str]:
    """Collect what nobody refers to any more, and return what Python says of the sockets that are still open."""
    for _ in range(20):  # what was cancelled comes to its end
        await asyncio.sleep(0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        gc.collect()
    return [str(one.message) for one in caught if issubclass(one.category, ResourceWarning)]
