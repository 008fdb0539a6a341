"""Execution environments of the fake: they come up, are listed, and go."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from unit.fake.callbacks import set_on_machine

from vca_core import AlreadyExists, BadArguments, Connector, DeploymentStatus, NotFound, Vca
from vca_core._tracking.place import COLLECTION


async def test_a_machine_comes_up_and_its_states_are_reported(
    connector: Connector, vca: Vca, statuses: list[dict[str, Any]]
) -> None:
    ee_id, address = await connector.create_execution_environment(".ns.vnf.vdu-0")
    assert ee_id == "ns.app-vnf-vnf-vdu-vdu-cnt-z0.0"
    assert address == {"hostname": "ns-0.fake.example"}
    await vca.flush(1)
    assert [(fields["entity-type"], fields["VCA-status"]) for fields in statuses] == [
        ("operation", "running"),
        ("machine", "pending"),
        ("machine", "started"),
        ("machine", "started"),
    ]
    assert statuses[-1]["status"] == "completed"


async def test_creating_twice_is_refused_and_says_what_to_reuse(connector: Connector) -> None:
    ee_id, address = await connector.create_execution_environment(".ns.vnf")
    with pytest.raises(AlreadyExists) as caught:
        await connector.create_execution_environment(".ns.vnf")
    assert caught.value.ee_id == ee_id
    assert await connector.create_execution_environment(".ns.vnf", reuse_ee_id=ee_id) == (ee_id, address)


@pytest.mark.defect("D45")
async def test_reusing_what_is_gone_is_not_found_and_makes_nothing(connector: Connector) -> None:
    ee_id, _ = await connector.create_execution_environment(".ns.vnf")
    await connector.delete_execution_environment(ee_id)
    with pytest.raises(NotFound):
        await connector.create_execution_environment(".ns.vnf", reuse_ee_id=ee_id)
    assert await connector.list_execution_environments() == []


async def test_a_registered_machine_keeps_its_address(connector: Connector) -> None:
    ee_id = await connector.register_execution_environment(".ns.vnf", {"hostname": "192.0.2.7", "username": "ubuntu"})
    [record] = await connector.list_execution_environments()
    assert (str(record.ee_id), record.address) == (ee_id, "192.0.2.7")
    await connector.deregister_execution_environment(ee_id)
    await connector.deregister_execution_environment(ee_id)
    assert await connector.list_execution_environments() == []


async def test_a_create_that_was_cancelled_is_found_and_continued(config: dict[str, Any]) -> None:
    config["connectors"]["edge"]["options"] = {"latency": 3600}
    stored = asyncio.Event()
    async with Vca.from_config(config, on_update_db=set_on_machine(stored), environ={}) as vca:
        connector = vca.connector()
        creating = asyncio.create_task(connector.create_execution_environment(".ns.vnf"))
        await stored.wait()
        creating.cancel()
        with pytest.raises(asyncio.CancelledError):
            await creating
        [document] = await vca.store.find(COLLECTION, {"application": "app-vnf-vnf"})
        [record] = await connector.list_execution_environments()
        assert document["ee_id"] == str(record.ee_id)
        assert document["state"]["status"] == "failed"


async def test_what_lives_goes_on_after_a_disconnect(config: dict[str, Any]) -> None:
    config["connectors"]["edge"]["options"] = {"latency": 0.5}
    stored = asyncio.Event()
    async with Vca.from_config(config, on_update_db=set_on_machine(stored), environ={}) as vca:
        connector = vca.connector()
        creating = asyncio.create_task(connector.create_execution_environment(".ns.vnf"))
        await stored.wait()
        report = await connector.disconnect()
        assert report.is_clean
        with pytest.raises(Exception, match="disconnected"):
            await creating
        [record] = await connector.list_execution_environments()
        assert [state.native for state in record.entities] == ["pending"]
        await connector.create_execution_environment(".ns.vnf", reuse_ee_id=record.ee_id)
        assert await connector.refresh_status(record.ee_id) is DeploymentStatus.COMPLETED


async def test_two_namespaces_are_never_merged(connector: Connector) -> None:
    await connector.create_execution_environment(".ns_3.vnf")
    with pytest.raises(BadArguments, match="share the model"):
        await connector.create_execution_environment(".ns-3.vnf")
    with pytest.raises(BadArguments, match="share the model"):
        await connector.delete_namespace(".ns-3")


@pytest.mark.defect("U7")
async def test_deleting_a_namespace_leaves_its_namesakes(connector: Connector) -> None:
    for ns in ("ns", "ns1", "my-ns"):
        await connector.create_execution_environment(f".{ns}.vnf")
    await connector.delete_namespace(".ns")
    await connector.delete_namespace(".ns")
    assert [record.ee_id.model for record in await connector.list_execution_environments()] == ["my-ns", "ns1"]
    assert await connector.list_execution_environments(".ns1") != []
    with pytest.raises(NotFound):
        await connector.get_status(".ns")


async def test_a_deleted_ee_can_be_made_again_and_is_another_one(connector: Connector) -> None:
    first, _ = await connector.create_execution_environment(".ns.vnf")
    await connector.delete_execution_environment(first)
    second, _ = await connector.create_execution_environment(".ns.vnf")
    assert second != first
    await connector.delete_execution_environment(first)
    assert [str(record.ee_id) for record in await connector.list_execution_environments()] == [second]


async def test_unknown_options_and_impossible_ones_are_refused(config: dict[str, Any]) -> None:
    for options, where in (({"latncy": 1}, "latency"), ({"latency": -1}, "latency")):
        config["connectors"]["edge"]["options"] = options
        with pytest.raises(BadArguments, match=where):
            Vca.from_config(config, environ={}).connector()
