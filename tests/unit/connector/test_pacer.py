"""What begins at the same moment is spread over turns of the event loop."""

from __future__ import annotations

import asyncio

from vca_core._engine.pacer import Pacer


async def test_so_many_begin_in_a_turn_in_the_order_they_came() -> None:
    pacer = Pacer(3)
    begun: list[int] = []

    async def begin(number: int) -> None:
        await pacer.wait_turn()
        begun.append(number)

    tasks = [asyncio.ensure_future(begin(number)) for number in range(10)]
    seen = []
    while len(begun) < 10:
        await asyncio.sleep(0)
        seen.append(len(begun))
    assert begun == list(range(10))
    assert max(after - before for before, after in zip([0, *seen], seen, strict=False)) == 3
    await asyncio.gather(*tasks)


async def test_who_leaves_the_queue_costs_nobody_a_turn() -> None:
    pacer = Pacer(1)
    tasks = [asyncio.ensure_future(pacer.wait_turn()) for _ in range(5)]
    await asyncio.sleep(0)
    for task in tasks[1:4]:
        task.cancel()
    await asyncio.gather(tasks[0], tasks[4])


def test_a_loop_that_ended_mid_turn_leaves_room_in_the_next() -> None:
    pacer = Pacer(1)
    loop = asyncio.new_event_loop()
    turn = pacer.wait_turn()
    loop.run_until_complete(asyncio.wait_for(turn, 60))
    loop.close()
    asyncio.run(asyncio.wait_for(pacer.wait_turn(), 60))
