"""Descriptions: charm, options, units and relations as the model has them, in every process."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.juju import connected, installed, machine, write_charm

from vca_core import NotFound
from vca_core.backend import Description, InstalledCharm, RelationState
from vca_core.naming import EeId
from vca_core.secrets import MASK
from vca_core.stores import MemoryStore
from vca_jujusim.controller import SimulatedController


def charm_of(described: Description) -> InstalledCharm:
    """The charm that is installed."""
    assert described.charm is not None
    return described.charm


async def test_a_machine_without_a_charm_has_nothing_to_describe(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        ee_id = await machine(edge)
        assert await edge.describe(ee_id) == Description(EeId.parse(ee_id))


async def test_options_come_with_their_types_and_whether_they_are_set(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        ee_id = await installed(edge, config={"mtu": "1500"})
        await edge.exec_primitive(ee_id, "config", {"hostname": "edge"})
        options = (await edge.describe(ee_id)).options
        assert (options["mtu"].value, options["mtu"].is_set, options["mtu"].type) == (1500, True, "int")
        assert (options["hostname"].value, options["hostname"].is_set) == ("edge", True)
        assert not any(one.is_set for name, one in options.items() if name not in {"mtu", "hostname"})


async def test_secret_options_are_masked(controller: SimulatedController, tmp_path: Path) -> None:
    text = {"type": "string", "default": ""}
    write_charm(tmp_path, "safe", config={"password": text, "key": {"type": "secret"}, "name": text})
    async with connected(controller, tmp_path) as edge:
        ee_id = await installed(edge, "safe", config={"password": "s3cret", "key": "secret:d1", "name": "n"})
        options = (await edge.describe(ee_id)).options
        assert {name: one.value for name, one in options.items()} == {"password": MASK, "key": MASK, "name": "n"}


async def test_units_come_with_their_leader(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        ee_id = await installed(edge, num_units=2)
        described = await edge.describe(ee_id)
        url = charm_of(described).reference
        assert [(one.name, one.is_leader, one.state.native, one.charm) for one in described.units] == [
            ("app-vnf-vnf1/0", True, "active", url),
            ("app-vnf-vnf1/1", False, "active", url),
        ]
        assert all(one.addresses for one in described.units)
        await edge.scale(ee_id, 1)
        assert [one.is_leader for one in (await edge.describe(ee_id)).units] == [True]


async def test_the_digest_is_the_charms_wherever_it_is_asked_for(
    controller: SimulatedController, tmp_path: Path
) -> None:
    store = MemoryStore()
    charm = write_charm(tmp_path, "router")
    async with connected(controller, tmp_path, store=store) as edge:
        ee_id = await installed(edge, "router")
        other = await installed(edge, "router", ".ns1.other")
        first = charm_of(await edge.describe(ee_id))
        assert first.name == "router"
        assert first.digest == charm_of(await edge.describe(other)).digest is not None
        (charm / "hooks" / "install").write_text("#!/bin/sh\necho changed\n")
        await edge.upgrade(ee_id, "router")
        second = await edge.describe(ee_id)
        assert charm_of(second).digest not in {None, first.digest}
        assert charm_of(second).reference != first.reference
        assert {one.charm for one in second.units} == {charm_of(second).reference}
        assert charm_of(await edge.describe(other)).digest == first.digest
    async with connected(controller, tmp_path, store=store) as later:
        assert await later.describe(ee_id) == second


async def test_a_digest_of_another_charm_is_not_believed(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        ee_id = await installed(edge)
        notes = controller.model("ns1").annotations_of("application-app-vnf-vnf1")
        notes["vca-charm"] = notes["vca-charm"].replace("simple-router-", "simple-router-9")
    async with connected(controller) as later:
        assert charm_of(await later.describe(ee_id)).digest is None


async def test_a_relation_is_described_at_both_ends(controller: SimulatedController, tmp_path: Path) -> None:
    write_charm(tmp_path, "server", provides={"site": {"interface": "http"}})
    write_charm(
        tmp_path, "client", requires={"backend": {"interface": "http"}}, peers={"cluster": {"interface": "peers"}}
    )
    async with connected(controller, tmp_path) as edge:
        one = await installed(edge, "server", ".ns1.a")
        other = await installed(edge, "client", ".ns1.b")
        await edge.add_relation(one, other, "site", "backend")
        assert (await edge.describe(one)).relations == (
            RelationState("site", EeId.parse(other), "app-vnf-b", "backend"),
        )
        assert (await edge.describe(other)).relations == (
            RelationState("backend", EeId.parse(one), "app-vnf-a", "site"),
        )
        await edge.remove_relation(one, other, "site", "backend")
        assert not (await edge.describe(one)).relations


async def test_what_is_gone_or_another_one_cannot_be_described(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        ee_id = await installed(edge)
        with pytest.raises(NotFound):
            await edge.describe(f"{ee_id[:-1]}9")
        await edge.delete_execution_environment(ee_id)
        with pytest.raises(NotFound):
            await edge.describe(ee_id)
        with pytest.raises(NotFound):
            await edge.describe("no-such-model.app.0")
