"""Operations on different EEs go on side by side; on one EE one after the other."""

from __future__ import annotations

import asyncio
import itertools

from vca_core.testing.kit import Kit
from vca_core.testing.scenarios import SCENARIOS, each_of_one_ee
from vca_core.testing.suite import Suite, needs, skip_unless

SEVERAL = 4
TRIES = 3


class ParallelChecks(Suite, suite=True):
    """Operations side by side."""

    @each_of_one_ee
    async def test_operations_on_different_ees_do_not_wait_for_each_other(self, kit: Kit, operation: str) -> None:
        """While one goes on, others make steps, too; it fails if four stood in line for each other, thrice in a row."""
        scenario = SCENARIOS[operation]
        await kit.create(kit.namespace("first"))  # what is done once for an NS is done
        for attempt in range(TRIES):
            parts = [f"n{attempt}{number}" for number in range(SEVERAL)]
            settings = [await scenario.set_up(kit, part) for part in parts]
            since = len(kit.calls_of(operation))
            await asyncio.gather(*(scenario.call(kit, at) for at in settings))
            if not _stood_still(kit, operation, since):
                return
        raise AssertionError(f"{operation} on one EE waited until it was done on another one")

    @needs("exec_primitive")
    async def test_operations_on_one_ee_wait_for_each_other(self, kit: Kit) -> None:
        """Hooks of one EE never overlap."""
        ee_id = await kit.ready(kit.namespace())
        await asyncio.gather(*(kit.work(ee_id) for _ in range(SEVERAL)))
        calls = kit.calls_of("exec_primitive")
        assert len(calls) == SEVERAL
        for earlier, later in itertools.pairwise(calls):
            assert earlier.ended is not None
            assert earlier.ended <= later.began

    async def test_many_ees_can_be_made_at_once(self, kit: Kit) -> None:
        """Twenty of one NS: all of them come, each once, and all of them go."""
        namespaces = [kit.namespace(f"vnf{number}") for number in range(20)]
        skip_unless("create_execution_environment" in kit.capabilities, "hosts are registered one by one")
        made = await asyncio.gather(*map(kit.create, namespaces))
        assert len(set(made)) == len(namespaces)
        assert sorted(await kit.ids()) == sorted(made)
        await asyncio.gather(*map(kit.connector.delete_execution_environment, made))
        assert await kit.ids() == []


def _stood_still(kit: Kit, operation: str, since: int) -> bool:
    """Whether calls went on one after the other: each had made one step at most when the one before it ended."""
    calls = sorted(kit.calls_of(operation)[since:], key=lambda call: call.ended or 0)
    for earlier, later in itertools.pairwise(calls):
        steps = [step for call, step in kit.watching.marks if call is later]
        # One step is the wait for a lock; who waits less than thrice, or begins only then, shows nothing.
        end = earlier.ended or 0
        if len(steps) < 3 or later.began >= end or sum(step < end for step in steps) > 1:
            return False
    return True
