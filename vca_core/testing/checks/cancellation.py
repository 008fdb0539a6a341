"""A cancellation at any moment leaves nothing, or an EE that its caller can find."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from vca_core.errors import StoreError, VcaError
from vca_core.testing.checks.deadlines import check_what_is_left
from vca_core.testing.checks.option_effects import check_options
from vca_core.testing.kit import Kit
from vca_core.testing.scenarios import SCENARIOS, Scenario, Setting, each_operation
from vca_core.testing.suite import Suite, sees

FIRST = 50
LATER = 20
TURNS = (1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 24, 32, 48)
"""At which waits each step of a life is cancelled, as long as one of them waits so often."""


class CancellationChecks(Suite, suite=True):
    """A cancellation at any moment."""

    @each_operation
    async def test_a_cancellation_at_any_moment_leaves_nothing_unknown(self, kit: Kit, operation: str) -> None:
        """At the first 50 points where the operation waits, and at 20 later ones that are drawn by the seed."""
        scenario = SCENARIOS[operation]
        moments = _Moments(kit, scenario)
        for wait in range(1, FIRST + 1):
            if not await moments.cancel_at(wait):
                break
        else:
            waits = await moments.count_waits()
            later = range(FIRST + 1, waits + 1)
            drawn = random.Random(kit.subject.seed).sample(later, min(LATER, len(later)))  # noqa: S311 - no secret
            for wait in sorted(drawn):
                await moments.cancel_at(wait)
        await moments.end()

    @pytest.mark.parametrize("operation", ["create_execution_environment", "register_execution_environment"])
    async def test_an_ee_whose_id_cannot_be_stored_is_undone(self, kit: Kit, operation: str) -> None:
        """`op.created` raises: nobody could find it, and so it must not be there."""
        scenario = SCENARIOS[operation]
        at = await scenario.set_up(kit)
        kit.store.refuses_ids = True
        with pytest.raises(StoreError):
            await scenario.call(kit, at)
        kit.store.refuses_ids = False
        await kit.check_nothing_runs()
        left = await kit.ids_in(at.namespace)
        assert not left, f"the backend lists {left[0]}, whose id nobody has"
        await scenario.call(kit, at)

    @sees()
    async def test_what_was_cancelled_is_done_when_asked_again(self, kit: Kit) -> None:
        """Install, scale and upgrade, each cancelled on its way and asked for again: nothing is lost or doubled."""
        for wait in TURNS:
            if not await _live_twice(kit, wait):
                return


async def _live_twice(kit: Kit, wait: int) -> bool:
    """Cancel each step of a life where it waits for the given time, and take it again; whether one waits so often."""
    ee_id, given = await kit.create(kit.namespace(ns=f"at{wait}")), {"label": "kept", "count": 3}
    steps: dict[str, Callable[[], Coroutine[Any, Any, None]]] = {
        "install_configuration_sw": lambda: kit.install(ee_id, config=given, num_units=2),
        "scale": lambda: kit.scale(ee_id, 3),
        "upgrade": lambda: kit.upgrade(ee_id),
    }
    is_cancelled, units, when = False, 2, ""
    possible = [operation for operation in steps if operation in kit.capabilities]
    for operation in possible:
        task = asyncio.ensure_future(steps[operation]())
        kit.watching.cancel_at(operation, wait, task)
        await asyncio.wait((task,), timeout=kit.limit(60))
        kit.watching.cancel_at("", 0, task)
        assert task.done(), f"{operation} was cancelled at wait {wait}, and did not end"
        is_cancelled = is_cancelled or task.cancelled()
        await steps[operation]()
        when = f"after {operation} was cancelled at wait {wait}, and asked for again"
        units, there = 3 if operation == "scale" else units, await kit.units_of(ee_id)
        assert len(there) == units, f"{when}, there should be {units} units, and there are {there}"
    ran, expected = (await kit.look(ee_id)).charm, "second" if "upgrade" in possible else "first"
    assert ran == expected, f"{when}, the {ran} charm is run, and it should be the {expected} one"
    await check_options(kit, ee_id, given, when)
    await kit.check_delete(ee_id)
    return is_cancelled


class _Moments:
    """One operation, cancelled at one moment after the other.

    Args:
        kit: where.
        scenario: the operation.
    """

    def __init__(self, kit: Kit, scenario: Scenario) -> None:
        self._kit = kit
        self._scenario = scenario
        self._shared: Setting | None = None

    async def cancel_at(self, wait: int) -> bool:
        """Cancel the operation where it waits for the given time; say whether it came that far."""
        kit, at = self._kit, await self._setting(f"at{wait}")
        calls = len(kit.calls_of(self._scenario.operation))
        task = asyncio.ensure_future(self._scenario.call(kit, at))
        kit.watching.cancel_at(self._scenario.operation, wait, task)
        await asyncio.wait((task,), timeout=kit.limit(60))
        kit.watching.cancel_at("", 0, task)
        assert task.done(), f"cancelled at wait {wait}, it did not end"
        made = kit.calls_of(self._scenario.operation)
        reached = len(made) > calls and made[-1].waits >= wait
        if not task.cancelled() and (error := task.exception()) is not None:
            raise AssertionError(f"cancelled at wait {wait}, it ended with {error!r}") from error
        assert not (made[-1].cancelled and made[-1].returned), (
            f"cancelled at wait {wait}, it swallowed the CancelledError and returned"
        )
        await kit.check_nothing_runs()
        if self._shared is None:
            await check_what_is_left(kit, self._scenario, at)
        return reached

    async def count_waits(self) -> int:
        """How often the operation waits when nobody cancels it."""
        at = await self._setting("whole")
        await self._scenario.call(self._kit, at)
        return self._kit.watching.waits_of(self._scenario.operation)

    async def end(self) -> None:
        """What was used again and again still works, and can be deleted; and nothing is left in the process."""
        if self._shared is not None:
            try:
                await self._scenario.call(self._kit, self._shared)
            except VcaError as error:
                raise AssertionError(f"after cancellations it does not work any more: {error}") from error
            await check_what_is_left(self._kit, self._scenario, self._shared)
        left = await self._kit.find_leftovers()
        assert not left, f"left behind by cancellations: {', '.join(left)}"

    async def _setting(self, part: str) -> Setting:
        if not self._scenario.may_repeat:
            return await self._scenario.set_up(self._kit, part)
        if self._shared is None:
            self._shared = await self._scenario.set_up(self._kit)
        return self._shared
