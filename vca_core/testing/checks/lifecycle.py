"""What a backend costs its process: nothing before it is used, nothing afterwards, and never its event loop."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from typing import Self

import pytest

from vca_core.errors import ConflictError, VcaError
from vca_core.testing.kit import Kit
from vca_core.testing.leftovers import Holdings
from vca_core.testing.scenarios import SCENARIOS, do_everything
from vca_core.testing.suite import Suite, needs, skip_unless

BLOCKED = 0.5
"""Seconds without a turn of the event loop, three times in a row, that nothing else explains."""

_BEAT = 0.01


class LifecycleChecks(Suite, suite=True):
    """What a backend costs its process."""

    async def test_constructing_connects_to_nothing(self, kit: Kit) -> None:
        """Neither tasks nor threads nor connections, before anything is asked."""
        assert Holdings.now().beyond(kit.before) == []

    @pytest.mark.parametrize("kind", ["task", "thread", "descriptor"])
    async def test_a_disconnect_leaves_no(self, kit: Kit, kind: str) -> None:
        """No task, thread, socket or file that was not there before; what was made stays in the backend's system."""
        ee_id = await kit.create_ready(kit.namespace())
        if kit.can_work:
            await kit.work(ee_id)
        await kit.check_delete(ee_id)
        await kit.create_ready(kit.namespace())
        left = [name for name in await kit.leftovers() if name.startswith(kind)]
        assert not left, f"left behind: {', '.join(left)}"

    async def test_a_disconnect_in_the_middle_leaves_nothing(self, kit: Kit) -> None:
        """Its caller gets an error, and the EE is there or not, as if the operation had been cancelled."""
        makes = "create_execution_environment"
        scenario = SCENARIOS[makes if makes in kit.capabilities else "register_execution_environment"]
        at = await scenario.set_up(kit)
        running, gate = await kit.watching.run_to_wait(scenario.operation, scenario.call(kit, at))
        left = await kit.leftovers()
        try:
            await running
        except ConflictError:
            pass
        else:
            skip_unless(gate is not None, f"{scenario.operation} does not wait on this backend")
        assert not left, f"left behind: {', '.join(left)}"
        stored = await kit.stored_ee_id(at.db_dict)
        listed = await kit.ids()
        assert listed == ([] if stored is None else [stored]), f"the backend lists {listed}, and {stored} is stored"

    async def test_a_backend_can_be_used_again_after_a_disconnect(self, kit: Kit) -> None:
        """What is there is there still, and can be worked with."""
        ee_id = await kit.create_ready(kit.namespace())
        before = await kit.record(ee_id)
        for _ in range(3):
            await kit.vca.disconnect()
            await kit.check_unchanged(before)
        await kit.check_delete(ee_id)

    async def test_the_event_loop_goes_on(self, kit: Kit) -> None:
        """Nothing that a backend does keeps it from turning."""
        gaps = []
        for number in range(3):
            async with _Heartbeat() as heartbeat:
                namespace = kit.namespace(f"vnf{number}")
                ee_id = await kit.create_ready(namespace)
                if kit.can_work:
                    await kit.work(ee_id)
                await kit.check_delete(ee_id)
                await do_everything(kit, f"y{number}")
            gaps.append(heartbeat.longest)
            if heartbeat.longest < BLOCKED:
                return
        raise AssertionError(f"it stood still for {min(gaps):.1f} s: something blocks it")

    async def test_everything_is_gone_at_the_end(self, kit: Kit) -> None:
        """After a life with all that can be done, failures included, the backend lists what it listed before."""
        before = await kit.connector.list_execution_environments()
        for scenario in SCENARIOS.values():
            if not scenario.is_possible(kit):
                continue
            at = await scenario.set_up(kit, f"x{len(scenario.operation)}")
            await scenario.call(kit, at)
            if kit.can_fail and not scenario.removes:
                with contextlib.suppress(VcaError):
                    await kit.fail(at.ee_id or (await kit.ids_in(at.namespace))[0])
            for record in await kit.listing():
                await kit.check_delete(str(record.ee_id))
            if "delete_namespace" in kit.capabilities:
                await kit.connector.delete_namespace(at.namespace.rpartition(".")[0])
        assert await kit.connector.list_execution_environments() == before

    @needs("delete_namespace")
    async def test_a_namespace_can_be_made_again_after_it_was_deleted(self, kit: Kit) -> None:
        """At once, and by the same name."""
        for _ in range(3):
            ee_id = await kit.create_ready(kit.namespace())
            assert await kit.ids() == [ee_id]
            await kit.connector.delete_namespace(kit.namespace(None))
            assert await kit.ids() == []


class _Heartbeat:
    """Measures the longest time in which the event loop did not turn although this process could run.

    A thread counts that time: on a machine with other work it stands still whenever the loop does.
    """

    def __init__(self) -> None:
        self.longest = 0.0
        self._passed = 0.0
        self._over = threading.Event()

    async def __aenter__(self) -> Self:
        self._thread = threading.Thread(target=self._count, name="clock of the kit", daemon=True)
        self._thread.start()
        self._task = asyncio.get_running_loop().create_task(self._beat(), name="heartbeat of the kit")
        await asyncio.sleep(0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.wait((self._task,))
        self._over.set()
        self._thread.join()

    def _count(self) -> None:
        before = time.monotonic()
        while not self._over.wait(_BEAT):
            now = time.monotonic()
            self._passed += min(now - before, 5 * _BEAT)
            before = now

    async def _beat(self) -> None:
        while True:
            before = self._passed
            await asyncio.sleep(_BEAT)
            self.longest = max(self.longest, self._passed - before - _BEAT)
