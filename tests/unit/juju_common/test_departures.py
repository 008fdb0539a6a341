"""One poll of the controller's list serves all who wait for the end of a model."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from vca_juju_common.client.departures import Departures


async def test_a_wait_that_begins_as_the_poll_ends_is_looked_at() -> None:
    polled: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def listed() -> Collection[str]:
        if not polled.done():
            polled.set_result(None)  # who waits for this goes on right after the poll's last step
        return []

    departures = Departures(listed)

    async def wait_later() -> None:
        await polled
        departures.hasten()
        await departures.wait_gone("other")

    later = asyncio.ensure_future(wait_later())
    await asyncio.sleep(0)
    departures.hasten()
    async with asyncio.timeout(30):
        await departures.wait_gone("one")
        await later
    await departures.close()
