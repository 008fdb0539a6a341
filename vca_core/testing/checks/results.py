"""What operations give back, and what is there when they have returned."""

from __future__ import annotations

import json
from collections.abc import Iterable

import pytest

from vca_core.errors import BadArguments, NotFound
from vca_core.naming import EeId, Namespace
from vca_core.status import DeploymentStatus, EntityState, aggregate
from vca_core.testing.kit import Kit
from vca_core.testing.suite import Suite, needs, skip_unless
from vca_core.testing.verdict import OWN_CHARMS

MANDATORY = frozenset({"list_execution_environments", "delete_execution_environment"})
"""What every backend has to implement, beside one of the two operations that make an EE."""


class ResultChecks(Suite, suite=True):
    """What operations give back, and what is there when they have returned."""

    async def test_an_ee_can_be_made_listed_and_deleted(self, kit: Kit) -> None:
        """The least that a backend can do."""
        makes = {"create_execution_environment", "register_execution_environment"} & kit.capabilities
        assert makes, "it implements neither create_execution_environment nor register_execution_environment"
        missing = MANDATORY - kit.capabilities
        assert not missing, f"it does not implement {', '.join(sorted(missing))}"
        before = await kit.ids()
        ee_id = await kit.create(kit.namespace())
        await kit.check_listed([*before, ee_id])
        await kit.check_delete(ee_id)
        await kit.check_listed(before)

    async def test_an_ee_has_the_names_of_its_namespace(self, kit: Kit) -> None:
        """Model and application of the ee_id are those that the backend's rules derive."""
        namespace = Namespace.parse(kit.namespace())
        ee_id = EeId.parse(await kit.create(str(namespace)))
        names = kit.names
        assert (ee_id.model, ee_id.application) == (names.model(namespace), names.application(namespace)), (
            f"{ee_id} does not have the names that are derived of {namespace}"
        )

    @needs("create_execution_environment")
    async def test_the_address_is_that_of_the_listing(self, kit: Kit) -> None:
        """The listing has what create returned."""
        ee_id, credentials = await kit.connector.create_execution_environment(kit.namespace())
        assert (await kit.record(ee_id)).address == (credentials or {}).get("hostname"), (
            f"create gave {credentials}, and another address is listed"
        )

    async def test_an_ee_is_ready_when_it_is_returned(self, kit: Kit) -> None:
        """Create and register return when the EE is there, not when it was asked for."""
        record = await kit.record(await kit.create(kit.namespace()))
        worst = aggregate(record.entities)
        assert worst is None or worst.meaning is DeploymentStatus.COMPLETED, f"{worst} when it was returned"

    @needs("install_configuration_sw")
    async def test_a_charm_is_ready_when_install_returns(self, kit: Kit) -> None:
        """As many units as were asked for, all of them settled: active, or blocked until they are configured."""
        ee_id = await kit.create(kit.namespace())
        await kit.install(ee_id, num_units=2)
        units = [state for state in (await kit.record(ee_id)).entities if state.entity.kind == "unit"]
        assert len(units) == 2, f"two units were asked for, and listed are {units}"
        _check_settled(units, "install has returned")

    @needs("scale", "install_configuration_sw")
    async def test_scaling_ends_with_the_units_that_were_asked_for(self, kit: Kit) -> None:
        """Up and down; all of them settled. The address of the EE stays, and of eleven units the two oldest do."""
        ee_id = await kit.create_ready(kit.namespace())
        address = (await kit.record(ee_id)).address
        oldest: list[str] = []
        for wanted in (3, 1, 1, 2, 11, 2):
            await kit.scale(ee_id, wanted)
            there = await kit.units_of(ee_id)
            oldest = there if wanted == 1 or (wanted == 2 and len(oldest) == 1) else oldest
            assert set(oldest) <= {*there}, f"scaled to {wanted}, {oldest} should stay, and listed are {there}"
            record = await kit.record(ee_id)
            assert record.address == address, f"scaled to {wanted}, and its address was {address}, is {record.address}"
            units = [state for state in record.entities if state.entity.kind == "unit"]
            assert len(units) == wanted, f"scaled to {wanted}, and listed are {units}"
            _check_settled(units, f"scaled to {wanted}")

    @needs("upgrade", "install_configuration_sw", "configure")
    async def test_an_upgraded_charm_has_the_options_of_its_new_version(self, kit: Kit) -> None:
        """The new version is what is configured, and run, from then on."""
        skip_unless(kit.subject.charms is None, OWN_CHARMS)
        ee_id = await kit.create_ready(kit.namespace())
        if "exec_primitive" in kit.capabilities:
            with pytest.raises(BadArguments):
                await kit.connector.exec_primitive(ee_id, "echo-again", {"text": "early"})
        options = kit.subject.operation_options.get("upgrade")
        await kit.connector.upgrade(ee_id, kit.charms.upgraded, config={"added": "now"}, options=options)
        _check_settled((await kit.record(ee_id)).entities, "upgrade has returned")
        assert await kit.connector.exec_primitive(ee_id, "config", {"added": "again"}) == "CONFIG OK", (
            "config gave no CONFIG OK"
        )
        if "exec_primitive" in kit.capabilities:
            await kit.connector.exec_primitive(ee_id, "echo-again", {"text": "now"})

    @needs("exec_primitive")
    async def test_a_primitive_gives_back_plain_data(self, kit: Kit) -> None:
        """A mapping, that can be stored as JSON."""
        output = await kit.work(await kit.create_ready(kit.namespace()))
        assert isinstance(output, dict), f"the output is no mapping: {type(output).__name__}"
        json.dumps(output)

    @needs("get_status")
    async def test_a_status_is_plain_data(self, kit: Kit) -> None:
        """It can be stored as JSON."""
        await kit.create_ready(kit.namespace())
        assert json.dumps(await kit.connector.get_status(kit.namespace(None))), "the status is nothing"

    @needs("get_status", "create_execution_environment")
    async def test_a_status_follows_what_was_done(self, kit: Kit) -> None:
        """What is there of the NS, its units and EEs without a charm included, and its end are in it the next time."""
        one = await kit.create_ready(kit.namespace("one"))
        before = await kit.connector.get_status(kit.namespace(None))
        if {"scale", "install_configuration_sw"} <= kit.capabilities:
            await kit.scale(one, 2)
            fewer, before = before, await kit.connector.get_status(kit.namespace(None))
            assert before != fewer, "a unit was added, and the status of its NS is what it was"
        ee_id = await kit.create(kit.namespace("other"))
        more = await kit.connector.get_status(kit.namespace(None))
        assert more != before, "an EE was made, and the status of its NS is what it was"
        await kit.check_delete(ee_id)
        assert await kit.connector.get_status(kit.namespace(None)) != more, (
            "an EE was deleted, and the status of its NS is what it was"
        )

    @needs("get_metrics")
    async def test_metrics_are_plain_data(self, kit: Kit) -> None:
        """By unit name; they can be stored as JSON."""
        await kit.create_ready(kit.namespace())
        assert json.dumps(await kit.connector.get_metrics(kit.namespace(None))), "the metrics are nothing"

    @needs("get_metrics", "scale", "install_configuration_sw")
    async def test_metrics_name_no_unit_that_is_gone(self, kit: Kit) -> None:
        """What was measured of it is not what there is now."""
        ee_id = await kit.create_ready(kit.namespace())
        await kit.scale(ee_id, 2)
        before = await kit.units_of(ee_id)
        await kit.connector.get_metrics(kit.namespace(None))
        await kit.scale(ee_id, 1)
        gone = set(before) - set(await kit.units_of(ee_id))
        named = sorted(gone & (await kit.connector.get_metrics(kit.namespace(None))).keys())
        assert not named, f"{', '.join(named)} was removed, and is in the metrics"

    @needs("health")
    async def test_health_is_plain_data(self, kit: Kit) -> None:
        """It can be stored as JSON."""
        assert json.dumps(await kit.connector.health()), "the health is nothing"

    @needs("get_status")
    async def test_reading_creates_nothing(self, kit: Kit) -> None:
        """What is asked of a namespace that is not there leaves none behind, and is answered once it is there."""
        reads = [kit.connector.get_status, kit.connector.get_metrics]
        possible = [read for read in reads if read.__name__ in kit.capabilities]
        for read in possible:
            try:
                await read(kit.namespace(None))
            except NotFound:
                pass
            else:
                raise AssertionError(f"{read.__name__} of a namespace that is not there is no NotFound")
        await kit.check_listed([])
        await kit.create(kit.namespace())
        for read in possible:
            await read(kit.namespace(None))

    @needs("deregister_execution_environment")
    async def test_a_deregistered_ee_is_forgotten(self, kit: Kit) -> None:
        """The listing does not have it any more."""
        ee_id = await kit.create(kit.namespace())
        await kit.connector.deregister_execution_environment(ee_id)
        await kit.check_listed([])

    @needs("delete_namespace")
    async def test_a_deleted_namespace_is_gone_with_all_its_ees(self, kit: Kit) -> None:
        """The listing has none of them, and its status is not found."""
        for vnf in ("vnf1", "vnf2"):
            await kit.create(kit.namespace(vnf))
        await kit.connector.delete_namespace(kit.namespace(None))
        await kit.check_listed([])
        if "get_status" in kit.capabilities:
            try:
                await kit.connector.get_status(kit.namespace(None))
            except NotFound:
                return
            raise AssertionError("its status is still reported")


def _check_settled(states: Iterable[EntityState], when: str) -> None:
    """Check that entities are ready, or blocked until they are configured."""
    for state in states:
        assert state.meaning is DeploymentStatus.COMPLETED or state.native == "blocked", (
            f"{when}, and {state.entity} is {state.native!r} still: {state.detail}"
        )
