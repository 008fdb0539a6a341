"""What backends report: in order, complete, and in words that mean something."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from vca_core.errors import ExecutionError
from vca_core.status import DeploymentStatus, Entity, aggregate
from vca_core.testing.kit import Kit
from vca_core.testing.scenarios import SCENARIOS, each_with_outcome
from vca_core.testing.suite import Suite, needs, skip_unless
from vca_core.testing.verdict import NO_FAILURE
from vca_core.testing.watching import Report
from vca_core.traits import TRAITS

_MOMENT = 0.2
"""Seconds."""
_FINAL = (DeploymentStatus.COMPLETED, DeploymentStatus.FAILED)
_PROGRESS = {DeploymentStatus.PENDING: 0, DeploymentStatus.RUNNING: 1, DeploymentStatus.UNKNOWN: 1}


class StatusChecks(Suite, suite=True):
    """What backends report."""

    @each_with_outcome
    async def test_the_outcome_comes_last_and_once(self, kit: Kit, operation: str) -> None:
        """Nothing is reported to an operation's place once it is over."""
        scenario = SCENARIOS[operation]
        at = await scenario.set_up(kit)
        at = type(at)(at.namespace, at.ee_id, at.other, await kit.make_home())
        await scenario.call(kit, at)
        await kit.settle()
        statuses = kit.statuses_at(at.db_dict)
        assert statuses, "no status was stored"
        expected = [DeploymentStatus.COMPLETED]
        if TRAITS[operation].is_aggregate:
            worst = aggregate((await kit.record(at.ee_id)).entities)
            expected = [worst.meaning if worst else DeploymentStatus.COMPLETED]
        assert [stored.status for stored in statuses[-1:]] == expected, (
            f"stored were {statuses}, and the last should be {expected}"
        )

    async def test_what_is_listed_was_reported(self, kit: Kit) -> None:
        """Each entity of an EE, also one that comes after a disconnect."""
        ee_id = await kit.create_ready(kit.namespace())
        await check_reported(kit, ee_id)
        if {"scale", "install_configuration_sw"} <= kit.capabilities:
            await kit.vca.disconnect()
            await kit.scale(ee_id, 2)
            await check_reported(kit, ee_id)

    async def test_what_was_reported_last_is_what_is_listed(self, kit: Kit) -> None:
        """The native words of the listing are those that were reported, also of namesakes in two NSs."""
        makes = ("", "b") if "create_execution_environment" in kit.capabilities else ("",)
        ee_ids = [await kit.create(kit.namespace(ns=ns)) for ns in makes]
        if "install_configuration_sw" in kit.capabilities:
            await kit.install(ee_ids[0])  # the other one stays without
        listed = {
            ee_id: {state.entity: state.native for state in (await kit.record(ee_id)).entities} for ee_id in ee_ids
        }
        for ee_id in ee_ids:
            last = _last_words(kit.reports_on(ee_id))
            for entity, native in listed[ee_id].items():
                word = last.get(entity, native)
                assert word == native, f"{entity} of {ee_id} was last reported as {word!r} and is {native!r}"
            others = {entity for other in ee_ids if other != ee_id for entity in listed[other]} - listed[ee_id].keys()
            strays = [str(entity) for entity in last if entity in others]
            assert not strays, f"{', '.join(strays)} of another EE was reported of {ee_id}"

    async def test_what_is_reported_goes_forward(self, kit: Kit) -> None:
        """While an EE and its units come up, nothing that was ready is reported as not ready again."""
        ee_id = await kit.create(kit.namespace())
        if kit.has_own_charm:  # another one may say what it likes
            await kit.install(ee_id, num_units=2)
        _check_forward(kit.reports_on(ee_id))

    async def test_native_words_mean_something(self, kit: Kit) -> None:
        """The documented table knows them, or the backend says what they mean (`status=`)."""
        ee_id = await kit.create_ready(kit.namespace())
        if kit.can_work:
            await kit.work(ee_id)
        unknown = {
            f"{report.state.entity.kind} {report.state.native!r}"
            for report in kit.watching.reports
            if not report.gone and report.state.meaning is DeploymentStatus.UNKNOWN
        }
        assert not unknown, f"these words mean nothing: {', '.join(sorted(unknown))}"

    async def test_a_deleted_ee_is_not_reported_any_more(self, kit: Kit) -> None:
        """Nothing that is left behind goes on reporting it."""
        ee_id = await kit.create_ready(kit.namespace())
        await kit.check_delete(ee_id)
        before = len(kit.watching.reports)
        await kit.create(kit.namespace("vnf2"))
        await asyncio.sleep(kit.limit(_MOMENT))  # for what looks from time to time
        alive = [report for report in kit.reports_on(ee_id, before) if not report.gone]
        assert not alive, f"{alive[0].state.entity} of the deleted EE was reported"

    @needs("exec_primitive")
    async def test_a_primitive_that_succeeds_is_reported_to_its_end(self, kit: Kit) -> None:
        """Its action goes forward and is completed; the next one is another action."""
        ee_id = await kit.create_ready(kit.namespace())
        since = len(kit.watching.reports)
        await kit.work(ee_id)
        await kit.vca.disconnect()
        await kit.work(ee_id)
        actions = _actions(kit.reports_on(ee_id, since))
        assert actions, "no entity of the kind 'action' was reported"
        _check_forward(actions)
        assert actions[-1].state.meaning is DeploymentStatus.COMPLETED, (
            f"the action's last word was {actions[-1].state.native!r}"
        )

    @needs("exec_primitive")
    async def test_a_primitive_that_fails_is_reported_as_failed(self, kit: Kit) -> None:
        """Its action is never reported as completed, and its outcome is FAILED."""
        skip_unless(kit.can_fail, NO_FAILURE)
        ee_id = await kit.create_ready(kit.namespace())
        since, db_dict = len(kit.watching.reports), await kit.make_home()
        with pytest.raises(ExecutionError):
            await kit.fail(ee_id, db_dict=db_dict)
        await kit.settle()
        actions = _actions(kit.reports_on(ee_id, since))
        assert actions, "no entity of the kind 'action' was reported"
        meanings = [action.state.meaning for action in actions]
        assert DeploymentStatus.COMPLETED not in meanings, "it was reported as completed"
        assert meanings[-1] is DeploymentStatus.FAILED, f"its action was reported as {meanings[-1].value} at the end"
        outcome = kit.statuses_at(db_dict)[-1].status
        assert outcome is DeploymentStatus.FAILED, f"a primitive failed, and its outcome is {outcome}"

    @needs("scale", "install_configuration_sw")
    async def test_a_unit_that_was_removed_is_reported_as_gone(self, kit: Kit) -> None:
        """With None as its native word, so that the EE's aggregate is rid of it."""
        ee_id = await kit.create_ready(kit.namespace())
        options = kit.subject.operation_options.get("scale")
        await kit.connector.scale(ee_id, 2, options=options)
        before = {state.entity for state in (await kit.record(ee_id)).entities}
        await kit.connector.scale(ee_id, 1, options=options)
        removed = before - {state.entity for state in (await kit.record(ee_id)).entities}
        gone = {report.state.entity for report in kit.reports_on(ee_id) if report.gone}
        assert {entity for entity in removed if entity.kind == "unit"} <= gone, (
            f"removed were {removed}, and reported as gone {gone}"
        )


async def check_reported(kit: Kit, ee_id: str) -> None:
    """Check that all that is listed of an EE was reported."""
    record = await kit.record(ee_id)
    last = _last_words(kit.reports_on(ee_id))
    assert record.entities, "the listing has no entities: nobody can know how the EE is"
    for state in record.entities:
        assert state.entity in last, f"{state.entity} was never reported"


def _actions(reports: Sequence[Report]) -> list[Report]:
    return [report for report in reports if report.state.entity.kind == "action"]


def _last_words(reports: Sequence[Report]) -> dict[Entity, str]:
    words: dict[Entity, str] = {}
    for report in reports:
        words.pop(report.state.entity, None)
        if not report.gone:
            words[report.state.entity] = report.state.native
    return words


def _check_forward(reports: Sequence[Report]) -> None:
    """No entity goes back from a later state to an earlier one."""
    reached: dict[Entity, tuple[int, str]] = {}
    for report in reports:
        if report.gone:
            continue
        entity, meaning = report.state.entity, report.state.meaning
        rank = 2 if meaning in _FINAL else _PROGRESS[meaning]
        before, word = reached.get(entity, (0, ""))
        assert rank >= before, f"{entity} was reported {report.state.native!r} after {word!r}"
        reached[entity] = (rank, report.state.native)
