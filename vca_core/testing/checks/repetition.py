"""What can be asked for again and again: each delete, and each create that goes on with an EE."""

from __future__ import annotations

from vca_core.naming import EeId, Namespace
from vca_core.testing.kit import Kit
from vca_core.testing.scenarios import SCENARIOS, ends
from vca_core.testing.suite import Suite, needs

TIMES = 10


class RepetitionChecks(Suite, suite=True):
    """What can be asked for again and again."""

    async def test_an_ee_can_be_deleted_ten_times(self, kit: Kit) -> None:
        """Deleting or forgetting what does not exist succeeds."""
        ee_id = await kit.create(kit.namespace())
        for _ in range(TIMES):
            await kit.check_delete(ee_id)

    async def test_an_ee_that_never_was_can_be_deleted(self, kit: Kit) -> None:
        """Deleting what does not exist succeeds, and creates nothing."""
        names = kit.names
        namespace = Namespace.parse(kit.namespace())
        for _ in range(TIMES):
            await kit.check_delete(str(EeId(names.model(namespace), names.application(namespace), "0")))
        await kit.check_listed([])

    async def test_an_ee_can_be_made_again_after_it_was_deleted(self, kit: Kit) -> None:
        """Ten times over; the listing never has more than one."""
        for _ in range(TIMES):
            ee_id = await kit.create(kit.namespace())
            await kit.check_listed([ee_id])
            await kit.check_delete(ee_id)

    @needs("deregister_execution_environment")
    async def test_an_ee_can_be_deregistered_ten_times(self, kit: Kit) -> None:
        """Deleting or forgetting what does not exist succeeds."""
        ee_id = await kit.create(kit.namespace())
        for _ in range(TIMES):
            await kit.connector.deregister_execution_environment(ee_id)
        await kit.check_listed([])

    @needs("delete_namespace")
    async def test_a_namespace_can_be_deleted_ten_times(self, kit: Kit) -> None:
        """Deleting what does not exist succeeds, and creates nothing."""
        await kit.create(kit.namespace())
        for _ in range(TIMES):
            await kit.connector.delete_namespace(kit.namespace(None))
            await kit.check_listed([])

    @needs("delete_namespace")
    async def test_a_namespace_that_never_was_can_be_deleted(self, kit: Kit) -> None:
        """Deleting or forgetting what does not exist succeeds."""
        await kit.connector.delete_namespace(kit.namespace(None))
        await kit.check_listed([])

    @needs("resume_execution_environment")
    async def test_an_ee_can_be_reused_ten_times(self, kit: Kit) -> None:
        """It is the same one each time."""
        ee_id = await kit.create(kit.namespace())
        for _ in range(TIMES):
            assert await kit.resume(kit.namespace(), ee_id, await kit.make_home()) == ee_id, (
                f"going on with {ee_id} gave another id"
            )
        await kit.check_listed([ee_id])

    @needs("install_configuration_sw")
    async def test_a_charm_can_be_installed_ten_times(self, kit: Kit) -> None:
        """The same charm again is success, and changes nothing."""
        ee_id = await kit.create_ready(kit.namespace())
        before = await kit.record(ee_id)
        for _ in range(TIMES):
            await kit.install(ee_id)
        assert (await kit.record(ee_id)).entities == before.entities, (
            f"its entities were {before.entities}, and others are now"
        )

    @needs("install_configuration_sw", "configure")
    async def test_options_can_be_set_ten_times(self, kit: Kit) -> None:
        """To what they are already."""
        ee_id = await kit.create_ready(kit.namespace())
        for _ in range(TIMES):
            assert await kit.connector.exec_primitive(ee_id, "config", dict(kit.charms.config)) == "CONFIG OK", (
                "config gave no CONFIG OK"
            )

    @needs("install_configuration_sw", "add_relation")
    async def test_ees_can_be_related_ten_times(self, kit: Kit) -> None:
        """What exists already is success."""
        at = await SCENARIOS["add_relation"].set_up(kit)
        for _ in range(TIMES):
            await kit.connector.add_relation(*ends(kit, at))

    @needs("install_configuration_sw", "add_relation", "remove_relation")
    async def test_a_relation_can_be_removed_ten_times(self, kit: Kit) -> None:
        """What is not there is success."""
        at = await SCENARIOS["add_relation"].set_up(kit)
        await kit.connector.add_relation(*ends(kit, at))
        for _ in range(TIMES):
            await kit.connector.remove_relation(*ends(kit, at))
