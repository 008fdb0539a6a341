"""Each EE runs what it was given: the files as they are now, and nothing of another EE or of an earlier one."""

from __future__ import annotations

import asyncio
import shutil

from vca_core.testing.charms import SPARE, pack
from vca_core.testing.checks.option_effects import check_options
from vca_core.testing.checks.relation_effects import check_relations, relate
from vca_core.testing.checks.unit_effects import check_kept
from vca_core.testing.kit import Kit
from vca_core.testing.look import PROGRAM, Sight
from vca_core.testing.suite import Suite, sees, skip_unless
from vca_core.testing.verdict import OWN_CHARMS


class VersionEffectChecks(Suite, suite=True):
    """Which charm an EE runs, and what of it stays."""

    @sees()
    async def test_two_ees_run_the_versions_that_they_were_given(self, kit: Kit) -> None:
        """Two of one charm, which are installed side by side: each with its own options, on as many units as asked."""
        one, other = [await kit.create(kit.namespace(vnf)) for vnf in ("one", "other")]
        await kit.run_in_step(
            "install_configuration_sw",
            kit.install(one, config={"label": "one"}, num_units=2),
            kit.install(other, kit.charms.upgraded, config={"label": "other"}),
        )
        for ee_id, expected in ((one, 2 * [("first", "one")]), (other, [("second", "other")])):
            ran = [(sight.charm, sight.options.get("label")) for sight in await kit.look_everywhere(ee_id)]
            assert ran == expected, f"{expected} were installed beside another version, and the units run {ran}"

    @sees("upgrade")
    async def test_an_upgrade_brings_what_the_files_are_now(self, kit: Kit) -> None:
        """They were changed since the install, in the same place. What the install brought was all of them."""
        skip_unless(kit.subject.charms is None, OWN_CHARMS)
        folder, edited = kit.charms.folder, f"edited-{kit.ns_id}"
        await asyncio.to_thread(shutil.copytree, folder / kit.charms.charm, folder / edited)
        ee_id = await kit.create(kit.namespace())
        await kit.install(ee_id, edited)
        _check_folders(await kit.look(ee_id), "a folder")
        (folder / edited / "actions" / "look").write_text(PROGRAM.replace("@CHARM@", "edited"), "utf-8")
        await kit.upgrade(ee_id, edited)
        ran = (await kit.look(ee_id)).charm
        assert ran == "edited", f"the charm's files were changed before the upgrade, and the unit runs the {ran} ones"

    @sees()
    async def test_a_charm_may_be_an_archive(self, kit: Kit) -> None:
        """Packed into one file, for install as for upgrade: its programs run all the same, and all of it is there."""
        skip_unless(kit.subject.charms is None, OWN_CHARMS)
        folder, charms = kit.charms.folder, (kit.charms.charm, kit.charms.upgraded)
        first, second = [f"{charm}-{kit.ns_id}.charm" for charm in charms]
        for charm, packed in zip(charms, (first, second), strict=True):
            await asyncio.to_thread(pack, folder / charm, folder / packed)
        ee_id = await kit.create(kit.namespace())
        await kit.install(ee_id, first, config={"label": "packed"})
        await check_options(kit, ee_id, {"label": "packed"}, "after an archive was installed")
        _check_folders(await kit.look(ee_id), "an archive")
        if "upgrade" in kit.capabilities:
            await kit.upgrade(ee_id, second)
            ran = (await kit.look(ee_id)).charm
            assert ran == "second", f"after an upgrade to an archive of the second charm, the unit runs the {ran} one"

    @sees()
    async def test_a_new_ee_has_nothing_of_an_earlier_one(self, kit: Kit) -> None:
        """Of the same namespace, which was deleted: neither its charm nor options, nor what its units ran."""
        ee_id = await kit.create(kit.namespace())
        await kit.install(ee_id, kit.charms.upgraded, config={"label": "earlier", "count": 3})
        await kit.look(ee_id, mark="earlier")
        await kit.check_delete(ee_id)
        ee_id = await kit.create(kit.namespace())
        assert not await kit.units_of(ee_id), "there are units before anything was installed"
        await kit.install(ee_id, config={})
        sight = await kit.look(ee_id)
        assert sight.charm == "first", f"it runs the {sight.charm} charm, as the earlier EE"
        assert "earlier" not in sight.marks, "its unit knows what a unit of the earlier EE ran"
        await check_options(kit, ee_id, {}, "in an EE whose namespace had another one before")
        if kit.subject.persistent:
            async with kit.open_second_process() as other:  # it never knew the earlier one
                mine, theirs = [(await one.record(ee_id)).address for one in (kit, other)]
            assert mine == theirs, f"its address is {theirs}, and the process that knew the earlier EE lists {mine}"

    @sees("resume_execution_environment")
    async def test_an_ee_that_is_gone_on_with_stays_as_it_is(self, kit: Kit) -> None:
        """With its charm, options, units and relations."""
        ee_id = await kit.create(kit.namespace())
        await kit.install(ee_id, config={"label": "kept"}, num_units=2)
        other = await kit.create_ready(kit.namespace("other"))
        has_relation = "add_relation" in kit.capabilities
        if has_relation:
            await relate(kit, ee_id, other)
        before = await kit.look_everywhere(ee_id)
        await kit.resume(kit.namespace(), ee_id)
        await check_kept(kit, ee_id, before, "after a create with `reuse_ee_id`")
        await check_options(kit, ee_id, {"label": "kept"}, "after a create with `reuse_ee_id`")
        if has_relation:
            await check_relations(kit, {ee_id: (1, 0), other: (0, 1)}, "after a create with `reuse_ee_id`")


def _check_folders(sight: Sight, what: str) -> None:
    assert SPARE in sight.folders, f"the charm came from {what}, and its unit has all but the empty folder {SPARE!r}"
