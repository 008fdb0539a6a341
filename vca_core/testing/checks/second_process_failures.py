"""What fails in one process ends, and takes back, nothing of what another one does at the same time."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import pytest

from vca_core.errors import ExecutionError, VcaError
from vca_core.status import DeploymentStatus
from vca_core.testing.checks.option_effects import check_options
from vca_core.testing.checks.second_process import look, new_home, open_second_process, up_to_date
from vca_core.testing.differences import differences
from vca_core.testing.kit import Kit
from vca_core.testing.standing import Standing
from vca_core.testing.suite import Suite, needs, sees, skip_unless
from vca_core.testing.verdict import NO_FAILURE


class SecondProcessFailureChecks(Suite, suite=True):
    """What one process does while a primitive of another one runs, and one of the two fails."""

    @needs("exec_primitive")
    async def test_a_failure_ends_nothing_that_another_process_runs(self, kit: Kit) -> None:
        """A primitive fails while one of another process runs on the same EE: that one ends as it would alone."""
        skip_unless(kit.can_fail, NO_FAILURE)
        home = await new_home(kit)
        ee_id = await kit.create_ready(kit.namespace(), home)
        await up_to_date(kit, ee_id, home)
        async with open_second_process(kit, "connected") as other:
            place = await other.make_home()
            async with _hold(other, other.work(ee_id, db_dict=place)) as running:
                with pytest.raises(ExecutionError):
                    await kit.fail(ee_id, db_dict=await kit.make_home())
            await running
            (await Standing.of(kit, ee_id, home)).must_say_what_is_listed("one of two primitives failed")
            await other.settle()
            last = other.statuses_at(place)[-1]
            assert last.status is DeploymentStatus.COMPLETED, f"another primitive failed, and this one says {last}"

    @needs("exec_primitive")
    async def test_a_failure_brings_back_nothing_another_process_deleted(self, kit: Kit) -> None:
        """An EE is deleted while a primitive of another process runs on it: it stays away when that fails."""
        skip_unless(kit.can_fail, NO_FAILURE)
        home = await new_home(kit)
        ee_id = await kit.create_ready(kit.namespace(), home)
        async with open_second_process(kit, "connected") as other:
            place = await other.make_home()
            async with _hold(other, other.fail(ee_id, db_dict=place)) as failing:
                await kit.check_delete(ee_id)
            with pytest.raises(VcaError):
                await failing
            for process in (other, kit):
                await look(process, ee_id, is_there=False)
            (await Standing.of(kit, ee_id, home)).check_over("deleted", "a primitive failed after its EE was deleted")

    @sees("configure", "scale")
    async def test_a_failure_undoes_nothing_another_process_changed(self, kit: Kit) -> None:
        """Options that were set and units that were made while it ran; what the owner writes then is what is listed."""
        home = await new_home(kit)
        ee_id = await kit.create(kit.namespace(), home)
        await kit.install(ee_id, config={"label": "before"})
        async with open_second_process(kit, "connected") as other:
            async with _hold(other, other.fail(ee_id, db_dict=await other.make_home())) as failing:
                await kit.configure(ee_id, label="meanwhile", count=5)
                await kit.scale(ee_id, 2)
                before = await up_to_date(kit, ee_id, home)
            with pytest.raises(ExecutionError):
                await failing
            what = "a primitive of another process failed"
            now = await Standing.of(kit, ee_id, home)
            changed = differences(before.listed, now.listed, "listed")
            assert not changed, f"{what}: {'; '.join(changed)}"
            await check_options(kit, ee_id, {"label": "meanwhile", "count": 5}, f"after {what}")
            await kit.scale(ee_id, 1)
            (await Standing.of(kit, ee_id, home)).must_say_what_is_listed(f"{what}, and the owner scaled")


@contextlib.asynccontextmanager
async def _hold(kit: Kit, work: Coroutine[Any, Any, Any]) -> AsyncIterator[asyncio.Task[Any]]:
    """Keep a primitive where it waits first, while something else is done; it goes on then."""
    running, gate = await kit.watching.run_to_wait("exec_primitive", work)
    try:
        yield running
    finally:
        if gate is not None:
            gate.set()
        await asyncio.wait((running,))
