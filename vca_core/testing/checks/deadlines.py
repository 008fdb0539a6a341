"""Both deadlines hold, whatever the backend's system does, and leave nothing running."""

from __future__ import annotations

import asyncio

import pytest

from vca_core.errors import VcaError, VcaTimeoutError
from vca_core.testing.kit import Kit
from vca_core.testing.scenarios import SCENARIOS, Scenario, Setting, each_operation, each_with_progress
from vca_core.testing.suite import Suite, skip_unless, with_faults
from vca_core.testing.verdict import NO_STREAM

SHORT = 0.15
"""Seconds of the limit that is to be hit; the other one is never reached."""
STREAM = 0.5
"""Seconds of the limit while events go on: a tenth less is the longest silence between two of them."""


class DeadlineChecks(Suite, suite=True):
    """Both deadlines hold."""

    @each_operation
    async def test_what_waits_ends_at_its_total_limit(self, kit: Kit, operation: str) -> None:
        """Held where it first waits, it is cancelled at the limit, ends, and leaves an EE that can be deleted."""
        scenario = SCENARIOS[operation]
        at = await scenario.set_up(kit)
        kit.watching.hold(operation)
        try:
            await _check_limit(kit, scenario, at, total_timeout=kit.limit(SHORT))
        except VcaTimeoutError as error:
            assert error.kind == "total", f"it ended at its {error.kind} limit, and the total one had passed"
        else:
            pytest.skip(f"{operation} does not wait on this backend")
        await _check_usable(kit, scenario, at)

    @each_operation
    @with_faults
    async def test_silence_ends_at_the_total_limit(self, kit: Kit, operation: str) -> None:
        """The system says nothing any more."""
        scenario = SCENARIOS[operation]
        at = await scenario.set_up(kit)
        await _check_silence(kit, scenario, at, "total")
        await _check_usable(kit, scenario, at)

    @each_with_progress
    @with_faults
    async def test_silence_ends_at_the_progress_limit(self, kit: Kit, operation: str) -> None:
        """Nothing changes for too long."""
        scenario = SCENARIOS[operation]
        await kit.listing()  # opened: until then it is not the hook that waits
        at = await scenario.set_up(kit)
        await _check_silence(kit, scenario, at, "progress")
        await _check_usable(kit, scenario, at)

    @each_operation
    @with_faults
    async def test_a_stream_of_events_ends_at_the_total_limit(self, kit: Kit, operation: str) -> None:
        """Changes go on and on, and what is asked for is not done; what need not wait for it may be done."""
        scenario = SCENARIOS[operation]
        at = await scenario.set_up(kit)
        limit = kit.limit(STREAM)
        stream = getattr(kit.faults, "stream", None)
        if stream is None:
            pytest.skip(NO_STREAM)
        async with stream():
            try:
                await _check_limit(kit, scenario, at, total_timeout=limit, progress_timeout=0.9 * limit)
            except VcaTimeoutError as error:
                assert error.kind == "total", "events went on, and it was taken for silence"
        await _check_usable(kit, scenario, at)

    @pytest.mark.parametrize("read", ["list_execution_environments", "get_status", "get_metrics", "health"])
    @with_faults
    async def test_a_read_ends_at_its_total_limit(self, kit: Kit, read: str) -> None:
        """Reads have one limit, and it holds; or they need not ask."""
        skip_unless(read in kit.capabilities, f"the backend does not implement {read}")
        await kit.create_ready(kit.namespace())
        given = [] if read == "health" else [kit.namespace(None)]
        async with kit.faults.silence(), asyncio.timeout(kit.limit(30)):
            try:
                await getattr(kit.connector, read)(*given, total_timeout=kit.limit(SHORT))
            except VcaTimeoutError as error:
                assert error.kind == "total", f"it ended at its {error.kind} limit, and the total one had passed"
        await kit.check_nothing_runs()


async def _check_silence(kit: Kit, scenario: Scenario, at: Setting, kind: str) -> None:
    async with kit.faults.silence():
        try:
            await _check_limit(kit, scenario, at, **{f"{kind}_timeout": kit.limit(SHORT)})
        except VcaTimeoutError as error:
            assert error.kind == kind, f"it ended at its {error.kind} limit, and the {kind} one had passed"
        else:
            assert scenario.may_know, "it was done, and the system said nothing"


async def _check_limit(kit: Kit, scenario: Scenario, at: Setting, **limits: float) -> None:
    async with asyncio.timeout(kit.limit(30)):  # far beyond: the kit itself never hangs
        await scenario.call(kit, at, **limits)


async def _check_usable(kit: Kit, scenario: Scenario, at: Setting) -> None:
    """Nothing runs any more; what was being made is stored or not there; what is there can be deleted."""
    await kit.check_nothing_runs()
    await check_what_is_left(kit, scenario, at)


async def check_what_is_left(kit: Kit, scenario: Scenario, at: Setting) -> None:
    """Check that an operation which ended early left nothing, or an EE whose id is stored and that can be gone on with.

    Args:
        kit: where.
        scenario: the operation.
        at: its setting.
    """
    await kit.settle()
    found = await kit.ids_in(at.namespace)
    assert len(found) <= 1, f"it left {found}"
    if not scenario.makes:
        if not scenario.removes:
            assert found == [at.ee_id], f"{at.ee_id} is not listed any more"
        await kit.check_delete(at.ee_id)
        return
    stored = await kit.stored_ee_id(at.db_dict)
    if not found:
        assert stored is None, f"{stored} is stored, and the backend does not list it"
        return
    assert stored == found[0], f"the backend lists {found[0]}, and {stored} is stored: it is leaked"
    if "resume_execution_environment" in kit.capabilities:
        try:
            assert await kit.resume(at.namespace, found[0], at.db_dict) == found[0], (
                f"going on with {found[0]} gave another id"
            )
        except VcaError as error:
            raise AssertionError(f"{found[0]} was left, and cannot be gone on with: {error}") from error
    await kit.check_delete(found[0])
