"""Asking for the end of what is in a model, and seeing it gone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from vca_core.errors import NotFound
from vca_juju_common.client.errors import ApiError
from vca_juju_common.client.interface import Model
from vca_juju_common.client.retries import pauses


async def wait_gone(model: Model, is_gone: Callable[[], bool], limit: float | None = None) -> bool:
    """Wait until something is gone, for at most so many seconds; a model that is gone takes everything along."""
    try:
        async with asyncio.timeout(limit):
            await model.wait(lambda: is_gone() or None)
    except NotFound:
        return True
    except TimeoutError:
        return False
    return True


async def ask_until_taken(
    model: Model, is_gone: Callable[[], bool], ask: Callable[[], Awaitable[object]], limit: float = float("inf")
) -> bool:
    """Ask for an end until that is taken; after so many seconds it is asked for no more.

    An answer that says that something is gone is not believed, since it may be about something else, or about what has
    only begun to go. The state is read anew instead, and where it is there still it is asked for again.
    """
    clock = asyncio.get_running_loop().time
    end = clock() + limit
    waits = pauses(0.1, 5.0)
    while True:
        try:
            await ask()
        except ApiError as error:
            if not error.is_gone:
                raise
        else:
            return True
        with suppress(NotFound):  # the model is gone, and the state is empty
            await model.reread()
        if is_gone() or clock() >= end:
            return False
        await asyncio.sleep(next(waits))
