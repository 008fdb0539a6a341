"""What scale, upgrade and a second install do to the units, and what they leave alone."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from vca_core.errors import AlreadyExists, BackendError, BadArguments
from vca_core.status import DeploymentStatus
from vca_core.testing.charms import COUNTED
from vca_core.testing.checks.option_effects import check_options
from vca_core.testing.kit import Kit
from vca_core.testing.look import Sight
from vca_core.testing.suite import Suite, check_error, sees, skip_unless
from vca_core.testing.verdict import NO_HOOKS, NO_LEADERS, OWN_CHARMS


class UnitEffectChecks(Suite, suite=True):
    """What becomes of units."""

    @sees("scale")
    async def test_scaling_down_keeps_the_oldest_and_the_leader(self, kit: Kit) -> None:
        """They are the same units, with what they had; the others are gone, and so is what they had."""
        ee_id = await kit.create(kit.namespace())
        await kit.install(ee_id, num_units=2)
        oldest = await kit.look_everywhere(ee_id)
        await kit.scale(ee_id, 4)
        await check_kept(kit, ee_id, oldest, "after scaling up")
        leaders = [sight.unit for sight in await kit.look_everywhere(ee_id) if sight.leader]
        await kit.scale(ee_id, 2)
        assert len(await kit.units_of(ee_id)) == 2, "there are not two units"
        await check_kept(kit, ee_id, oldest, "after scaling down")
        still = [sight.unit for sight in await kit.look_everywhere(ee_id) if sight.leader]
        assert still == leaders, f"{leaders} led, and after scaling down {still} leads"
        there = await kit.units_of(ee_id)
        await kit.scale(ee_id, 3)
        for sight in await kit.look_everywhere(ee_id):
            assert sight.unit in there or len(sight.marks) == 1, (
                f"unit {sight.unit} is new, and knows what a unit that was removed ran"
            )

    @sees("scale")
    async def test_scaling_to_what_is_there_changes_nothing(self, kit: Kit) -> None:
        """Neither units nor options, nor the charm."""
        ee_id = await kit.create(kit.namespace())
        await kit.install(ee_id, num_units=2, config={"label": "kept"})
        before = await kit.look_everywhere(ee_id)
        await kit.scale(ee_id, 2)
        assert await kit.units_of(ee_id) == [sight.unit for sight in before], "other units are listed than before"
        await check_kept(kit, ee_id, before, "after scaling to what was there")
        await check_options(kit, ee_id, {"label": "kept"}, "after scaling to what was there")

    @sees("upgrade")
    async def test_an_upgrade_brings_the_new_charm_to_every_unit(self, kit: Kit) -> None:
        """Its program is what is run from then on; the units are those that were there, and so is the leader.

        Installing again means the new version now, and not the one before.
        """
        ee_id = await kit.create(kit.namespace())
        await kit.install(ee_id, num_units=2)
        before = await kit.look_everywhere(ee_id)
        await kit.upgrade(ee_id)
        after = await check_kept(kit, ee_id, before, "after an upgrade")
        for sight in after:
            assert sight.charm == "second", f"unit {sight.unit} runs the {sight.charm} charm after an upgrade"
        assert len(after) == len(before), f"there were {len(before)} units before the upgrade, and now {len(after)}"
        led, leads = [[sight.unit for sight in sights if sight.leader] for sights in (before, after)]
        assert led == leads, f"{led} led, and after an upgrade {leads} leads"
        await kit.install(ee_id, kit.charms.upgraded)
        with pytest.raises(BadArguments, match="upgrade") as caught:
            await kit.install(ee_id)
        check_error(caught.value)

    @sees("scale", "upgrade")
    async def test_units_made_after_an_upgrade_have_the_new_charm(self, kit: Kit) -> None:
        """And the leader is the one that it was."""
        ee_id = await kit.create_ready(kit.namespace())
        leader = await kit.look(ee_id)
        await kit.upgrade(ee_id)
        await kit.scale(ee_id, 2)
        charms = {sight.unit: sight.charm for sight in await kit.look_everywhere(ee_id)}
        assert set(charms.values()) == {"second"}, f"the units run {charms}"
        assert (await kit.look(ee_id)).unit == leader.unit, f"{leader.unit} led, and another unit does now"

    @sees("upgrade")
    async def test_an_upgrade_leaves_other_ees_alone(self, kit: Kit) -> None:
        """Of the same charm, in the same NS. Of two that are upgraded side by side, each has what it was given."""
        one, beside, other = [await kit.create_ready(kit.namespace(vnf)) for vnf in ("one", "beside", "other")]
        upgrades = [kit.upgrade(ee_id, config={"label": label}) for ee_id, label in ((one, "one"), (beside, "beside"))]
        await kit.run_in_step("upgrade", *upgrades)
        assert (await kit.look(other)).charm == "first", f"{one} was upgraded, and {other} runs the new charm, too"
        for ee_id, label in ((one, "one"), (beside, "beside")):
            sight = await kit.look(ee_id)
            assert (sight.charm, sight.options.get("label")) == ("second", label), (
                f"two EEs were upgraded side by side, {ee_id} with label={label!r}; it runs the {sight.charm} charm "
                f"with {sight.options.get('label')!r}"
            )

    @sees("scale")
    async def test_scaling_leaves_other_ees_alone(self, kit: Kit) -> None:
        """Of the same charm, in the same NS, and namesakes. Two that are scaled side by side each have their number."""
        namespaces = [kit.namespace("one"), kit.namespace("beside"), kit.namespace("one", ns="b")]
        one, beside, other = [await kit.create_ready(namespace) for namespace in namespaces]
        await kit.run_in_step("scale", kit.scale(one, 2), kit.scale(beside, 3))
        numbers = [len(await kit.units_of(ee_id)) for ee_id in (one, beside, other)]
        assert numbers == [2, 3, 1], (
            f"{one} was scaled to 2 units, {beside} at the same time to 3, and {other} not; they have {numbers}"
        )

    @sees()
    async def test_a_delete_leaves_what_others_have(self, kit: Kit) -> None:
        """Of an EE, and of a whole namespace: what runs in namesakes and others with similar names goes on there."""
        namespaces = [kit.namespace("vnf10"), kit.namespace(ns="b")]
        ee_id, beside, namesake = [await kit.create_ready(one) for one in (kit.namespace(), *namespaces)]
        before = {one: await kit.look_everywhere(one) for one in (beside, namesake)}
        await kit.check_delete(ee_id)
        for one, sights in before.items():
            await check_kept(kit, one, sights, f"after {ee_id} was deleted")
        if "delete_namespace" in kit.capabilities:
            await kit.connector.delete_namespace(kit.namespace(None))
            await check_kept(kit, namesake, before[namesake], f"after {kit.namespace(None)} was deleted")

    @sees()
    async def test_an_install_puts_as_many_units_as_were_asked(self, kit: Kit) -> None:
        """Each of them runs the charm that was installed, under a name of its own."""
        ee_id = await kit.create(kit.namespace())
        await kit.install(ee_id, num_units=3)
        sights = await kit.look_everywhere(ee_id)
        assert len({sight.unit for sight in sights}) == 3, f"there are {[sight.unit for sight in sights]}"
        assert {sight.charm for sight in sights} == {"first"}, f"not all run the charm that was installed: {sights}"
        described = await kit.describe(ee_id)
        if described is not None:
            assert sorted(unit.name for unit in described.units) == sorted(sight.unit for sight in sights), (
                f"described are {described.units}"
            )

    @sees()
    async def test_installing_again_sets_options_and_adds_units(self, kit: Kit) -> None:
        """Options that are not given keep their values, None resets one; one unit, the default, asks for nothing."""
        ee_id = await kit.create(kit.namespace())
        await kit.install(ee_id, config={"label": "kept", "count": 3, "share": 2.5})
        before = await kit.look_everywhere(ee_id)
        await kit.install(ee_id, config={"count": 4, "share": None}, num_units=2)
        await kit.install(ee_id, config={"flag": False})
        await check_kept(kit, ee_id, before, "after installing again")
        assert len(await kit.units_of(ee_id)) == 2, "there are not two units"
        await check_options(kit, ee_id, {"label": "kept", "count": 4, "flag": False}, "after installing again")

    @sees()
    async def test_installing_again_refuses_what_others_do(self, kit: Kit) -> None:
        """Fewer units, another version, another charm: each is refused, and changes nothing."""
        ee_id = await kit.create(kit.namespace())
        await kit.install(ee_id, config={"label": "kept"}, num_units=3)
        before = await kit.look_everywhere(ee_id)
        with pytest.raises(BadArguments, match="scale") as fewer:
            await kit.install(ee_id, config={"label": "changed"}, num_units=2)
        check_error(fewer.value)
        with pytest.raises(BadArguments, match="upgrade") as version:
            await kit.install(ee_id, kit.charms.upgraded, config={"label": "changed"})
        check_error(version.value)
        with pytest.raises(AlreadyExists) as another:
            await kit.install(ee_id, kit.charms.other, config={"label": "changed"})
        check_error(another.value)
        after = await check_kept(kit, ee_id, before, "after refused installs")
        assert len(after) == 3, f"there were three units, and now there are {len(after)}"
        assert {sight.charm for sight in after} == {"first"}, f"the charm was changed: {after}"
        await check_options(kit, ee_id, {"label": "kept"}, "after refused installs")

    @sees()
    async def test_a_unit_whose_hook_fails_is_reported(self, kit: Kit) -> None:
        """Install fails and names it; it is listed as failed, and so says the EE's home. The EE can be deleted."""
        skip_unless(kit.subject.hooks, NO_HOOKS)
        if kit.charms.failing is None:
            pytest.skip(OWN_CHARMS)
        home = await kit.make_home()
        ee_id = await kit.create(kit.namespace(), home)
        async with kit.failing_hooks():
            with pytest.raises(BackendError) as caught:
                await kit.install(ee_id, kit.charms.failing)
        check_error(caught.value)
        states = [state for state in (await kit.record(ee_id)).entities if state.entity.kind == "unit"]
        assert any(state.entity.id in caught.value.message for state in states), (
            f"{caught.value.message!r} names no unit of those that are listed: {[state.entity.id for state in states]}"
        )
        assert any(state.meaning is DeploymentStatus.FAILED for state in states), f"a hook failed; listed are {states}"
        for state in states:
            told = [report.state for report in kit.reports_on(ee_id) if report.state.entity == state.entity]
            assert not told or told[-1].meaning is state.meaning, f"{state} is listed, and {told[-1]} was reported last"
        described = await kit.describe(ee_id)
        if described is not None:
            assert any(unit.state.meaning is DeploymentStatus.FAILED for unit in described.units), (
                f"a hook failed, and described are {described.units}"
            )
        await kit.connector.refresh_status(ee_id)
        await kit.settle()
        status = (await kit.fields_at(home)).get("status")
        assert status == DeploymentStatus.FAILED.value, f"a hook failed, and the home of {ee_id} says {status}"
        await kit.check_delete(ee_id)

    @sees()
    async def test_a_hook_that_fails_on_one_unit_only_counts(self, kit: Kit) -> None:
        """Install fails, though the leader is ready, again when it is asked again, and so does scale to what is there.

        It is the same unit each time: whatever the hook had done is there. An upgrade may mend it: then the hook has
        run on that unit, and not again on the others.
        """
        skip_unless(kit.subject.hooks, NO_HOOKS)
        charm = kit.charms.partly
        if charm is None:
            pytest.skip(OWN_CHARMS)
        ee_id = await kit.create(kit.namespace())
        failed: list[str] = []
        operations = ["install", "install again"] + ["scale to what was there"] * ("scale" in kit.capabilities)
        async with kit.failing_hooks(partly=True):
            for operation in operations:
                try:
                    if operation.startswith("scale"):
                        await kit.scale(ee_id, 2)
                    else:
                        await kit.install(ee_id, charm, num_units=2)
                except BackendError as error:
                    before, failed = failed, await _failed_units(kit, ee_id)
                    assert any(unit in check_error(error).message for unit in failed), (
                        f"{operation}: {error.message!r} names no unit of those that are listed as failed: {failed}"
                    )
                    assert failed == before or not before, f"{before} had failed, and after {operation} {failed} have"
                else:
                    skip_unless((await kit.look(ee_id)).leader is not None, NO_LEADERS)
                    pytest.fail(f"a hook failed on the unit that does not lead, and {operation} succeeded")
        if "upgrade" in kit.capabilities:
            failed = await _failed_units(kit, ee_id)
            try:
                await kit.upgrade(ee_id, COUNTED if kit.has_own_charm else None)
            except BackendError as error:
                check_error(error)
            else:
                still = await _failed_units(kit, ee_id)
                assert not still, f"an upgrade brought a charm whose hooks work and succeeded; failed are {still}"
                if kit.has_running_hooks:
                    await _check_installed(kit, ee_id, failed)


async def _check_installed(kit: Kit, ee_id: str, failed: Sequence[str]) -> None:
    """Check that the hook `install` of a new version has run once on units where it had failed, and on no others."""
    for sight in await kit.look_everywhere(ee_id):
        ran, expected = sight.marks.count("install"), int(sight.unit in failed)
        assert ran == expected, (
            f"`install` {'had failed' if expected else 'had not failed'} on unit {sight.unit}, and an upgrade that "
            f"succeeded ran it {ran} times there"
        )


async def _failed_units(kit: Kit, ee_id: str) -> list[str]:
    states = (await kit.record(ee_id)).entities
    return [one.entity.id for one in states if one.entity.kind == "unit" and one.meaning is DeploymentStatus.FAILED]


async def check_kept(kit: Kit, ee_id: str, before: Sequence[Sight], when: str) -> list[Sight]:
    """Check that units are there still, with all that they ran, and return what all units see now.

    Args:
        kit: where.
        ee_id: which EE.
        before: what the units saw that should still be there.
        when: what was done since.
    """
    now = {sight.unit: sight for sight in await kit.look_everywhere(ee_id)}
    for sight in before:
        assert sight.unit in now, f"{when}, unit {sight.unit} is gone; there are {', '.join(now)}"
        ran = now[sight.unit].marks[: len(sight.marks)]
        assert ran == sight.marks, f"{when}, unit {sight.unit} does not know what it ran before: it was made anew"
    return list(now.values())
