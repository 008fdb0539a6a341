"""A pool of MongoDB connections that leaves no socket open where a connect is cancelled.

The driver cancels its own tasks when a client is closed, and callers cancel theirs. It closes the socket of a connect
that fails or takes too long, but not of one that is cancelled: that stays open until the garbage collector finds it.
"""

from __future__ import annotations

import functools
from types import TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pymongo.asynchronous.pool import AsyncConnection, Pool

_DIALS = "_async_create_connection"
"""The driver's function that makes a socket, and connects it."""


@functools.cache
def closing_pool() -> type[Pool]:
    """The class of such a pool; `vca_core.stores.mongo_urls.load_driver` should have been called."""
    from pymongo.asynchronous.pool import Pool as DriversPool  # the driver is for those who use it

    class ClosingPool(DriversPool):
        """The driver's pool, with that one difference."""

        async def connect(self, handler: Any = None) -> AsyncConnection:
            """See the driver's."""
            try:
                return await super().connect(handler)
            except BaseException as error:
                _close_socket(error.__traceback__)
                raise

    return ClosingPool


def _close_socket(trace: TracebackType | None) -> None:
    """Close the socket that a connect got no further with: only the frame that made it knows it."""
    while trace is not None:
        frame = trace.tb_frame
        if frame.f_code.co_name == _DIALS and (made := frame.f_locals.get("sock")) is not None:
            made.close()  # once more, if the driver did
        trace = trace.tb_next
