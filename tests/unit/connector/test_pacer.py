"""What begins at the same moment is spread over turns of the event loop."""

from __future__ import annotations

import asyncio

from vca_core._engine.pacer import Pacer
from vca_core.errors import ConflictError
from vca_core.vca import Vca


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


async def test_who_is_refused_in_the_queue_does_not_begin() -> None:
    pacer = Pacer(1)
    tasks = [asyncio.ensure_future(pacer.wait_turn()) for _ in range(4)]
    await asyncio.sleep(0)
    tasks[3].cancel()
    pacer.refuse(lambda: ConflictError("closing"))
    begun, *refused, cancelled = await asyncio.gather(*tasks, return_exceptions=True)
    assert begun is None
    assert [type(one) for one in refused] == [ConflictError, ConflictError]
    assert refused[0] is not refused[1]
    assert isinstance(cancelled, asyncio.CancelledError)
    await pacer.wait_turn()


async def test_what_waits_for_its_turn_is_refused_by_a_disconnect() -> None:
    async with Vca.from_config({"connectors": {"edge": {"backend": "fake"}}}, environ={}) as vca:
        connector = vca.connector()
        creates = [asyncio.ensure_future(connector.create_execution_environment(f".ns.vnf{n}")) for n in range(100)]
        await asyncio.sleep(0)
        await connector.disconnect()
        results = await asyncio.gather(*creates, return_exceptions=True)
        refused = [one for one in results if isinstance(one, BaseException)]
        assert {type(one) for one in refused} == {ConflictError}
        made = {str(result[0]) for result in results if not isinstance(result, BaseException)}
        assert {str(record.ee_id) for record in await connector.list_execution_environments()} == made
        assert len(made) < 100


async def test_a_connector_with_calls_that_wait_is_not_retired() -> None:
    async with Vca.from_config({"connectors": {"edge": {"backend": "fake"}}}, environ={}) as vca:
        connector = vca.connector()
        creates = [asyncio.ensure_future(connector.create_execution_environment(f".ns.vnf{n}")) for n in range(100)]
        await asyncio.sleep(0)
        # As in the moment in which none of those that began is left.
        running, connector._engine._runner.running = connector._engine._runner.running, set()
        assert not await connector._engine.retire()
        connector._engine._runner.running = running
        assert len(await asyncio.gather(*creates)) == 100
