"""A second process on the same store and the same system changes what its operations change, and nothing else.

Each check is made while the process that made the EE is connected, and after it is gone.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from vca_core._tracking.place import COLLECTION
from vca_core.errors import ExecutionError, NotFound, VcaError
from vca_core.naming import EeId
from vca_core.status import DeploymentStatus, aggregate
from vca_core.testing.differences import differences
from vca_core.testing.kit import Kit
from vca_core.testing.scenarios import SCENARIOS, Setting, each_operation
from vca_core.testing.standing import TIME, Standing
from vca_core.testing.suite import Suite, needs, skip_unless
from vca_core.testing.verdict import NO_FAILURE, NOT_PERSISTENT
from vca_core.traits import TRAITS

while_the_first_is = pytest.mark.parametrize("first", ["connected", "gone"])
"""Makes a check two: one beside the process that made the EE, one after that has disconnected."""

ENDS = {
    "deregister_execution_environment": "deregistered",
    "delete_execution_environment": "deleted",
    "delete_namespace": "deleted",
}
"""The last word at a home, by what ended it."""
AGGREGATES = ("install_configuration_sw", "scale", "upgrade", "resume_execution_environment")
"""The operations whose outcome is what the EE is then."""


class SecondProcessChecks(Suite, suite=True):
    """What a second process does."""

    @while_the_first_is
    async def test_a_second_process_that_only_looks_changes_nothing(self, kit: Kit, first: str) -> None:
        """Whatever it reads, and however often; what it reports of an EE is what is listed."""
        home = await new_home(kit)
        ee_id = await kit.create_ready(kit.namespace(), home)
        before = await up_to_date(kit, ee_id, home)
        async with open_second_process(kit, first) as other:
            await look(other, ee_id)
            now = await Standing.of(other, ee_id, home)
            now.must_be(before, "a second process looked")
            assert not other.statuses, f"a second process that only looked stored {other.statuses[0].fields}"
            _check_reports(other, ee_id, now)
            await look(kit, ee_id)
            (await Standing.of(kit, ee_id, home)).must_be(before, "the first process looked after it")

    @while_the_first_is
    @each_operation
    async def test_a_second_process_changes_what_its_operation_changes(
        self, kit: Kit, operation: str, first: str
    ) -> None:
        """As the first would: the home of the EE, the record of it and the listing are what the operation leaves."""
        home = await new_home(kit)
        scenario = SCENARIOS[operation]
        if scenario.makes:
            skip_unless("create_execution_environment" in kit.capabilities, "hosts are registered one by one")
            ee_id = await kit.create_ready(kit.namespace(), home)
            at = Setting(kit.namespace("vnf2"), "", "", await kit.make_home())
        else:
            at = await scenario.set_up(kit, home=home)
            ee_id = at.ee_id
            if TRAITS[operation].resumes:  # given another home, the EE would move there
                at = replace(at, db_dict=home)
        before = await up_to_date(kit, ee_id, home)
        beside = await up_to_date(kit, at.other, None) if at.other else None
        async with open_second_process(kit, first) as other:
            what = f"{operation} in a second process"
            earlier = len(kit.statuses_at(home))
            await scenario.call(other, at)
            now = await Standing.of(other, ee_id, home)
            passed_through = _has_changed_meanwhile(other, ee_id, now)
            _check_effect(operation, before.timeless() if passed_through else before, now, what)
            if beside is not None:
                (await Standing.of(other, at.other, None)).must_be(beside, f"{what}: the EE at the other end")
            if scenario.takes_db_dict:
                _check_outcome(other, operation, at.db_dict, now)
            if operation == "delete_namespace":
                kept = await kit.store.find(COLLECTION, {"model": EeId.parse(ee_id).model})
                assert not kept, f"{what}: the core still has {kept}"
            await kit.wait_listed(ee_id, now.listed)
            for process in (other, kit):
                await look(process, ee_id, is_there=now.listed is not None)
                (await Standing.of(process, ee_id, home)).must_be(now, f"{what}, and somebody looked")
            strays = kit.statuses_at(home)[earlier:]
            assert not strays, f"{what}: the first process stored {strays[0].fields} at the home"

    @while_the_first_is
    @needs("create_execution_environment")
    async def test_an_ee_that_a_second_process_makes_is_its_own(self, kit: Kit, first: str) -> None:
        """Its id and its status are at its home, and the process that is there already leaves them alone."""
        await kit.create(kit.namespace())
        async with open_second_process(kit, first) as other:
            home = await new_home(other)
            ee_id = await other.create_ready(kit.namespace("vnf2"), home)
            before = await up_to_date(other, ee_id, home)
            assert before.home.get("ee_id") == ee_id, f"{ee_id} was made, and its home says {before.home}"
            before.must_say_what_is_listed("a second process made an EE")
            await kit.wait_listed(ee_id, before.listed)
            await look(kit, ee_id)
            (await Standing.of(kit, ee_id, home)).must_be(before, "the first process looked at what a second one made")

    @while_the_first_is
    @needs("create_execution_environment")
    async def test_a_second_process_goes_on_with_an_ee(self, kit: Kit, first: str) -> None:
        """By its id: its home stays where it is and says what is listed; given another one, it moves there."""
        home = await new_home(kit)
        ee_id = await kit.create_ready(kit.namespace(), home)
        before = await up_to_date(kit, ee_id, home)
        async with open_second_process(kit, first) as other:
            assert await other.create(kit.namespace(), reuse_ee_id=ee_id) == ee_id, (
                f"going on with {ee_id} gave another id"
            )
            now = await Standing.of(other, ee_id, home)
            now.must_say_what_is_listed("a second process went on with it")
            changed = differences(before.record, now.record, "its record")
            changed += differences(before.listed, now.listed, "listed")
            assert not changed, f"a second process went on with it: {'; '.join(changed)}"
            elsewhere = await new_home(other)
            assert await other.create(kit.namespace(), elsewhere, reuse_ee_id=ee_id) == ee_id, (
                f"going on with {ee_id} gave another id"
            )
            moved = await Standing.of(other, ee_id, elsewhere)
            moved.must_say_what_is_listed("a second process gave it another home")
            assert moved.home.get("ee_id") == ee_id, f"the new home of {ee_id} says {moved.home}"
            left = await Standing.of(kit, ee_id, home)
            assert left.words == (DeploymentStatus.COMPLETED.value, "", "moved", "operation"), (
                f"the home that it left says {left.words}"
            )
            await look(kit, ee_id)
            (await Standing.of(kit, ee_id, elsewhere)).must_be(moved, "the first process looked after that")
            assert await kit.fields_at(home) == left.home, "the first process wrote to the home that the EE has left"

    @while_the_first_is
    @needs("exec_primitive")
    async def test_a_failure_stands_for_a_second_process(self, kit: Kit, first: str) -> None:
        """Until that operates on the EE: then its home says again what is listed."""
        skip_unless(kit.can_fail, NO_FAILURE)
        home = await new_home(kit)
        ee_id = await kit.create_ready(kit.namespace(), home)
        with pytest.raises(ExecutionError):
            await kit.fail(ee_id, db_dict=home)
        before = await Standing.of(kit, ee_id, home)
        assert before.home.get("status") == DeploymentStatus.FAILED.value, (
            f"a primitive failed, and its home says {before.home}"
        )
        async with open_second_process(kit, first) as other:
            await look(other, ee_id)
            (await Standing.of(other, ee_id, home)).must_be(before, "a second process looked at a failure")
            await other.work(ee_id, db_dict=await other.make_home())
            await other.connector.refresh_status(ee_id)
            now = await Standing.of(other, ee_id, home)
            now.must_say_what_is_listed("a second process operated on an EE that had failed")
            await look(kit, ee_id)
            (await Standing.of(kit, ee_id, home)).must_be(now, "the first process looked after that")

    @while_the_first_is
    async def test_an_ee_that_vanished_is_gone_for_who_asks(self, kit: Kit, first: str) -> None:
        """Deleted by a process without this store: a second process that is asked for it sees that."""
        home = await new_home(kit)
        ee_id = await kit.create(kit.namespace(), home)
        before = await up_to_date(kit, ee_id, home)
        async with open_second_process(kit, first) as other:
            async with open_second_process(kit, "connected", has_store=False) as stranger:
                await stranger.check_delete(ee_id)
            await look(other, ee_id, is_there=False)
            now = await Standing.of(other, ee_id, home)
            assert now.words == (DeploymentStatus.UNKNOWN.value, "nothing of it is present any more", "", "machine"), (
                f"the EE is gone, and its home says {now.words}"
            )
            assert (now.record, now.listed) == (before.record, None), f"the EE is gone; it was {before}, and is {now}"


@contextlib.asynccontextmanager
async def open_second_process(kit: Kit, first: str, *, has_store: bool = True) -> AsyncIterator[Kit]:
    """Start a second process.

    Args:
        kit: the first one.
        first: ``connected``: it stays; ``gone``: it disconnects before.
        has_store: whether they share the store.
    """
    skip_unless(kit.subject.persistent, NOT_PERSISTENT)
    await kit.settle()
    if first == "gone":
        await kit.vca.disconnect()
    async with kit.open_second_process(has_store=has_store) as other:
        yield other


async def new_home(kit: Kit) -> dict[str, Any]:
    """Make a document for a home; skips the check where the second process sees another world."""
    skip_unless(kit.subject.persistent, NOT_PERSISTENT)  # before anything is made
    return await kit.make_home()


async def up_to_date(kit: Kit, ee_id: str, home: Mapping[str, Any] | None) -> Standing:
    """See how an EE stands, with its home up to date: an outcome may say more than the listing."""
    await kit.connector.refresh_status(ee_id)
    return await Standing.of(kit, ee_id, home)


async def look(kit: Kit, ee_id: str, *, is_there: bool = True) -> None:
    """Read all that can be read; other checks are about what reads return."""
    await kit.listing()
    of_ns = [kit.namespace(None)]
    for read, asked in (("get_status", of_ns), ("get_metrics", of_ns), ("health", [])):
        if read in kit.capabilities:
            with contextlib.suppress(VcaError):
                await getattr(kit.connector, read)(*asked)
    if is_there:
        await kit.connector.refresh_status(ee_id)
    else:
        with pytest.raises(NotFound):
            await kit.connector.refresh_status(ee_id)
    await kit.settle()


def _check_reports(kit: Kit, ee_id: str, now: Standing) -> None:
    """Check that a process that did nothing reported nothing but what is listed."""
    listed = {} if now.listed is None else {state.entity: state for state in now.listed.entities}
    for report in kit.reports_on(ee_id):
        state = listed.get(report.state.entity)
        word = "gone" if report.gone else repr(report.state.native)
        assert state is not None or report.gone, f"{report.state.entity} was reported as {word}, and is not listed"
        assert state is None or (state.native == report.state.native and not report.gone), (
            f"{report.state.entity} was reported as {word}, and is listed as {state.native!r}"
        )


def _has_changed_meanwhile(kit: Kit, ee_id: str, now: Standing) -> bool:
    """Whether an EE was in another state than before and after: then its home was written, and says when."""
    listed = {} if now.listed is None else {state.entity: state.native for state in now.listed.entities}
    return any(
        report.state.entity in listed and listed[report.state.entity] != report.state.native
        for report in kit.reports_on(ee_id)
    )


def _check_effect(operation: str, before: Standing, now: Standing, what: str) -> None:
    if operation in ENDS:
        now.check_over(ENDS[operation], what)
    elif operation in AGGREGATES:
        now.must_say_what_is_listed(what)
        changed = differences(before.record, now.record, "its record")
        assert not changed, f"{what}: {'; '.join(changed)}"
        assert now.home.get("ee_id") == before.home.get("ee_id"), f"{what}: another ee_id stands at its home"
    else:
        (now if TIME in before.home else now.timeless()).must_be(before, what)


def _check_outcome(kit: Kit, operation: str, db_dict: Mapping[str, Any], now: Standing) -> None:
    stored = kit.statuses_at(db_dict)
    assert stored, f"no status of {operation} was stored"
    expected = DeploymentStatus.COMPLETED
    if operation in AGGREGATES and now.listed is not None:
        worst = aggregate(now.listed.entities)
        expected = expected if worst is None else worst.meaning
    assert stored[-1].status is expected, f"the outcome of {operation} is {stored[-1].status}, not {expected}"
