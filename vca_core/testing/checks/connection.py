"""A connection that is lost costs no EE and no outcome, and comes back."""

from __future__ import annotations

import asyncio

import pytest

from vca_core.errors import VcaConnectionError, VcaError, VcaTimeoutError
from vca_core.testing.checks.deadlines import check_what_is_left
from vca_core.testing.checks.statuses import check_reported
from vca_core.testing.kit import Kit
from vca_core.testing.scenarios import SCENARIOS, each_operation, reads_of
from vca_core.testing.suite import Suite, needs, with_faults
from vca_core.testing.verdict import NO_LOSS

_LIMIT = 0.4
"""Seconds that an operation tries while there is no connection."""


class ConnectionChecks(Suite, suite=True):
    """A connection that is lost."""

    @each_operation
    @with_faults
    async def test_without_a_connection_it_fails_and_nothing_is_lost(self, kit: Kit, operation: str) -> None:
        """A connection error, or a time-out: both say that a retry can help. Restored, the same call succeeds."""
        scenario = SCENARIOS[operation]
        at = await scenario.set_up(kit)
        async with kit.faults.disconnect():
            with pytest.raises((VcaConnectionError, VcaTimeoutError)) as caught:
                await scenario.call(kit, at, total_timeout=kit.limit(_LIMIT))
            assert caught.value.retryable, f"{caught.value!r} says that a retry does not help"
        await kit.check_nothing_runs()
        if scenario.makes:
            await check_what_is_left(kit, scenario, at)
        await scenario.call(kit, at)
        if not scenario.removes:
            assert len(await kit.ids_in(at.namespace)) == 1, (
                f"{operation} was done again, and there is not one EE of {at.namespace}"
            )

    @each_operation
    @with_faults
    async def test_a_connection_lost_on_the_way_costs_nothing(self, kit: Kit, operation: str) -> None:
        """Cut where the operation first waits: it succeeds after all, or says that a retry can help."""
        scenario = SCENARIOS[operation]
        at = await scenario.set_up(kit)
        work = scenario.call(kit, at, total_timeout=kit.limit(10))
        running, gate = await kit.watching.run_to_wait(operation, work)
        if gate is None:
            await running
            pytest.skip(f"{operation} does not wait on this backend")
        async with kit.faults.disconnect():
            gate.set()
            await asyncio.wait((running,), timeout=kit.limit(0.2))
        try:
            await running
        except VcaError as error:
            assert error.retryable, f"{error!r} says that a retry does not help"
        else:
            if scenario.removes:
                assert not await kit.ids_in(at.namespace), (
                    f"{operation} was reported as done, and {at.ee_id} is still listed"
                )
        await kit.check_nothing_runs()
        await check_what_is_left(kit, scenario, at)

    @with_faults
    async def test_what_was_there_is_there_when_the_connection_is_back(self, kit: Kit) -> None:
        """With the states that it had, and ready to be worked with; whatever is read first, it comes at once.

        What comes of it afterwards is reported, as before.
        """
        ee_id = await kit.create_ready(kit.namespace())
        before = await kit.record(ee_id)
        async with kit.faults.disconnect():
            pass
        await kit.check_unchanged(before)
        for read in reads_of(kit, kit.namespace(), ee_id):
            async with kit.faults.disconnect():
                pass
            await read()
        if kit.can_work:
            await kit.work(ee_id)
        if {"scale", "install_configuration_sw"} <= kit.capabilities:
            await kit.scale(ee_id, 2)
            await check_reported(kit, ee_id)

    @with_faults
    async def test_a_listing_without_a_connection_is_no_empty_one(self, kit: Kit) -> None:
        """A caller who hears that there is nothing makes it anew, or forgets it. What is remembered may be reported."""
        ee_id = await kit.create(kit.namespace())
        async with kit.faults.disconnect():
            try:
                listed = await kit.connector.list_execution_environments(total_timeout=kit.limit(_LIMIT))
            except VcaError as error:
                assert error.retryable, f"{error!r} says that a retry does not help"
            else:
                assert ee_id in [str(one.ee_id) for one in listed], f"{ee_id} is there, and is not listed"

    @with_faults
    async def test_an_ee_that_cannot_be_reached_is_not_left_out(self, kit: Kit) -> None:
        """One of two, in different NSs: both are listed, or the listing fails and says that a retry can help."""
        lose = getattr(kit.faults, "lose", None)
        if lose is None:
            pytest.skip(NO_LOSS)
        made = [await kit.create(kit.namespace(ns=ns)) for ns in ("lost", "other")]
        async with lose(made[0]):
            try:
                listed = await kit.connector.list_execution_environments(total_timeout=kit.limit(_LIMIT))
            except VcaError as error:
                assert error.retryable, f"{error!r} says that a retry does not help"
            else:
                missing = set(made) - {str(one.ee_id) for one in listed}
                assert not missing, f"{made[0]} cannot be reached, and not listed are {', '.join(sorted(missing))}"
        await kit.check_listed(made)

    @needs("health")
    @with_faults
    async def test_health_says_that_the_connection_is_lost(self, kit: Kit) -> None:
        """And that it is back."""
        await kit.connector.health()
        async with kit.faults.disconnect():
            with pytest.raises((VcaConnectionError, VcaTimeoutError)):
                await kit.connector.health(total_timeout=kit.limit(_LIMIT))
        await kit.connector.health()
