"""What the fake says of its applications."""

from __future__ import annotations

from pathlib import Path

import pytest
from unit.fake.conftest import EXAMPLES

from vca_core import Connector, Vca
from vca_core.backend import Description, RelationState
from vca_core.errors import NotFound
from vca_core.naming import EeId


async def test_an_ee_without_a_charm_has_nothing_to_describe(connector: Connector) -> None:
    ee_id, _ = await connector.create_execution_environment(".ns.vnf")
    assert await connector.describe(ee_id) == Description(EeId.parse(ee_id))


async def test_a_description_shows_what_is_set_and_what_is_not(connector: Connector) -> None:
    ee_id, _ = await connector.create_execution_environment(".ns.vnf")
    await connector.install_configuration_sw(ee_id, "simple-router", config={"mtu": 1500})
    await connector.exec_primitive(ee_id, "config", {"hostname": "edge"})
    description = await connector.describe(ee_id)
    assert description.charm is not None
    assert description.charm.name == "simple-router"
    assert (description.options["hostname"].value, description.options["hostname"].is_set) == ("edge", True)
    assert (description.options["mtu"].value, description.options["mtu"].is_set, description.options["mtu"].type) == (
        1500,
        True,
        "int",
    )
    assert not any(one.is_set for name, one in description.options.items() if name not in {"mtu", "hostname"})


async def test_units_come_with_one_leader_and_its_charm(connector: Connector) -> None:
    ee_id, address = await connector.create_execution_environment(".ns.vnf")
    await connector.install_configuration_sw(ee_id, "simple-router", num_units=2)
    before = await connector.describe(ee_id)
    assert address is not None
    assert [(unit.is_leader, unit.state.native, list(unit.addresses)) for unit in before.units] == [
        (True, "active", [address["hostname"]]),
        (False, "active", [address["hostname"]]),
    ]
    await connector.upgrade(ee_id, "simple-router")
    after = await connector.describe(ee_id)
    assert before.charm is not None
    assert after.charm is not None
    assert before.charm.reference != after.charm.reference
    assert {unit.charm for unit in after.units} == {after.charm.reference}


async def test_a_charm_has_the_same_digest_wherever_it_is_installed(connector: Connector) -> None:
    digests = []
    for vnf, charm in (("one", "simple-router"), ("two", "simple-router"), ("three", "content-cache")):
        ee_id, _ = await connector.create_execution_environment(f".ns.{vnf}")
        await connector.install_configuration_sw(ee_id, charm)
        described = await connector.describe(ee_id)
        assert described.charm is not None
        digests.append(described.charm.digest)
    one, two, three = digests
    assert one is not None
    assert one == two != three


async def test_a_relation_is_described_at_both_ends(connector: Connector) -> None:
    one, two = [(await connector.create_execution_environment(f".ns.{vnf}"))[0] for vnf in ("one", "two")]
    for ee_id in (one, two):
        await connector.install_configuration_sw(ee_id, "simple-router")
    await connector.add_relation(one, two, "gateway", "upstream")
    names = {ee_id: EeId.parse(ee_id).application for ee_id in (one, two)}
    assert (await connector.describe(one)).relations == (
        RelationState("gateway", EeId.parse(two), names[two], "upstream"),
    )
    assert (await connector.describe(two)).relations == (
        RelationState("upstream", EeId.parse(one), names[one], "gateway"),
    )


async def test_what_is_gone_cannot_be_described(connector: Connector) -> None:
    ee_id, _ = await connector.create_execution_environment(".ns.vnf")
    await connector.delete_execution_environment(ee_id)
    with pytest.raises(NotFound):
        await connector.describe(ee_id)


async def test_another_process_describes_the_same(tmp_path: Path) -> None:
    options = {"state": str(tmp_path / "world.db")}
    config = {"artifacts": str(EXAMPLES / "charms"), "connectors": {"edge": {"backend": "fake", "options": options}}}
    async with Vca.from_config(config, environ={}) as first:
        ee_id, _ = await first.connector().create_execution_environment(".ns.vnf")
        await first.connector().install_configuration_sw(ee_id, "simple-router", config={"mtu": 1500})
        description = await first.connector().describe(ee_id)
        async with Vca.from_config(config, environ={}) as second:
            assert await second.connector().describe(ee_id) == description
