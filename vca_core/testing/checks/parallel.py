"""Operations on different EEs go on side by side; on one EE one after the other."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from vca_core.testing.kit import Kit
from vca_core.testing.naps import LONG, take_nap
from vca_core.testing.scenarios import SCENARIOS, each_of_one_ee
from vca_core.testing.suite import Suite, needs, sees, skip_unless
from vca_core.testing.verdict import OWN_CHARMS

SEVERAL = 4

WAITS = 3
"""At how many waits an operation may keep others waiting before the check fails."""

MOMENT = 10.0
"""Seconds in which an operation on another EE has to go on, from one wait to the next, or to end."""

TIMES = 2
"""How many primitives end beside one that is still running: what they wait for is certainly taken at the second."""


class ParallelChecks(Suite, suite=True):
    """Operations side by side."""

    @each_of_one_ee
    async def test_operations_on_different_ees_do_not_wait_for_each_other(self, kit: Kit, operation: str) -> None:
        """One is held where it waits, and another ends meanwhile; at the first, second or third wait."""
        scenario = SCENARIOS[operation]
        await kit.create(kit.namespace("first"))  # what is done once for an NS is done
        kept_waiting = False
        for wait in range(1, WAITS + 1):  # a lock that is held for a moment is let go at the next
            held, other = [await scenario.set_up(kit, f"n{wait}{part}") for part in ("held", "other")]
            running, gate = await kit.watching.run_to_wait(operation, scenario.call(kit, held), wait)
            if gate is None:
                await running
                break  # it waits no more
            beside = asyncio.create_task(
                kit.create(other.namespace)
                if scenario.alone
                else scenario.call(kit, other)  # on another EE all the same
            )
            was_free = await kit.watching.goes_on(beside, kit.limit(MOMENT))
            gate.set()
            await asyncio.gather(running, beside)
            if was_free:
                return
            kept_waiting = True
            if scenario.alone:
                for ee_id in await kit.ids_in(held.namespace):
                    await kit.connector.delete_execution_environment(ee_id)
        assert not kept_waiting, f"{operation} on one EE waited until it was done on another one"

    @pytest.mark.parametrize("operation", ["install_configuration_sw", "exec_primitive", "scale"])
    async def test_what_is_read_does_not_wait_for_operations(self, kit: Kit, operation: str) -> None:
        """One is held where it waits, and the listing and the description of its EE come meanwhile."""
        scenario = SCENARIOS[operation]
        skip_unless(scenario.is_possible(kit), f"the backend has no {operation}")
        at = await scenario.set_up(kit)
        kept_waiting = False
        for wait in range(1, WAITS + 1):  # as above
            running, gate = await kit.watching.run_to_wait(operation, scenario.call(kit, at), wait)
            if gate is None:
                await running
                break
            reading = asyncio.gather(kit.record(at.ee_id), kit.describe(at.ee_id))
            was_free = await kit.watching.goes_on(reading, kit.limit(MOMENT))
            gate.set()
            await asyncio.gather(running, reading)
            if was_free:
                return
            kept_waiting = True
        assert not kept_waiting, f"what is read of an EE waited until {operation} was done"

    @sees()
    async def test_a_primitive_does_not_wait_for_that_of_another_ee(self, kit: Kit) -> None:
        """Others run to their end while the program of the one runs, which does not end before."""
        skip_unless(kit.subject.charms is None, OWN_CHARMS)
        one, other = [await kit.create_ready(kit.namespace(vnf)) for vnf in ("one", "other")]
        async with take_nap(kit, one, LONG) as nap:
            beside = asyncio.create_task(_look(kit, other, TIMES))
            was_first = await kit.watching.goes_on(beside, kit.limit(MOMENT)) and not nap.task.done()
        await beside
        assert was_first, "a primitive waited until the program of another EE's primitive had ended"

    @needs("exec_primitive")
    async def test_operations_on_one_ee_wait_for_each_other(self, kit: Kit) -> None:
        """Hooks of one EE never overlap."""
        ee_id = await kit.create_ready(kit.namespace())
        await asyncio.gather(*(kit.work(ee_id) for _ in range(SEVERAL)))
        calls = kit.calls_of("exec_primitive")
        assert len(calls) == SEVERAL, f"{SEVERAL} were asked for, and {len(calls)} were called"
        for earlier, later in itertools.pairwise(calls):
            assert earlier.ended is not None, "a hook has returned to its caller, and not ended"
            assert earlier.ended <= later.began, "one began before the other had ended"

    async def test_many_ees_can_be_made_at_once(self, kit: Kit) -> None:
        """Twenty of one NS: all of them come, each once, and all of them go."""
        namespaces = [kit.namespace(f"vnf{number}") for number in range(20)]
        skip_unless("create_execution_environment" in kit.capabilities, "hosts are registered one by one")
        made = await asyncio.gather(*map(kit.create, namespaces))
        assert len(set(made)) == len(namespaces), f"of {len(namespaces)} EEs there are {len(set(made))} ids"
        await kit.check_listed(made)
        await asyncio.gather(*map(kit.connector.delete_execution_environment, made))
        await kit.check_listed([])


async def _look(kit: Kit, ee_id: str, times: int) -> None:
    for _ in range(times):
        await kit.look(ee_id)
