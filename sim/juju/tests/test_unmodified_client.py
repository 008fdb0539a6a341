"""The `juju` package as it is, in the ways that its documentation shows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from juju.client import client
from juju.client.connection import Connection
from juju.controller import Controller
from juju.errors import JujuAPIError, JujuError

from vca_jujusim import SimulatedController, charm_from_documents

# The client leaves the connection of an upload open.
pytestmark = pytest.mark.filterwarnings("ignore:.*ssl.SSLSocket:pytest.PytestUnraisableExceptionWarning")

ROUTER = str(Path(__file__).parents[3] / "docs" / "examples" / "charms" / "simple-router")
CONFIG = {"authorized-keys": "ssh-ed25519 AAAA somebody"}


@pytest.fixture
async def controller(sim: SimulatedController) -> AsyncIterator[Controller]:
    made = Controller()
    await made.connect(endpoint=sim.endpoint, username=sim.username, password=sim.password, cacert=sim.ca_cert)
    yield made
    await made.disconnect()


async def test_a_life_from_model_to_model_gone(sim: SimulatedController, controller: Controller) -> None:
    model = await controller.add_model("ns1", config=dict(CONFIG))
    try:
        machine = await model.add_machine()
        await model.block_until(lambda: machine.agent_status == "started", timeout=20)
        assert machine.dns_name == "10.0.0.1"
        app = await model.deploy(ROUTER, application_name="router", to="0", series="jammy", config={"mtu": 1400})
        await model.block_until(lambda: bool(app.units) and app.units[0].workload_status == "active", timeout=20)
        assert (app.status, app.units[0].machine.id, await app.units[0].is_leader_from_status()) == (
            "active",
            "0",
            True,
        )
        await app.set_config({"hostname": "edge"})
        config = await app.get_config()
        assert (config["hostname"]["value"], config["mtu"]["value"], config["forwarding"]["value"]) == (
            "edge",
            1400,
            True,
        )
        assert set(await app.get_actions()) == {"show-routes", "add-route", "touch"}
        action = await (await app.units[0].run_action("touch", filename="/srv/x")).wait()
        assert (action.status, action.results["filename"], action.results["return-code"]) == ("completed", "/srv/x", 0)
        status = await model.get_status()
        assert status.applications["router"].units["router/0"].workload_status.status == "active"
        await model.set_annotations({"vca": "ns"})
        assert await model.get_annotations() == {"vca": "ns"}
        await app.remove()
        await model.block_until(lambda: not model.applications and not model.machines, timeout=20)
    finally:
        await model.disconnect()
    assert "ns1" in await controller.list_models()
    await controller.destroy_models("ns1")
    while "ns1" in await controller.list_models():
        pass
    assert sim.counts.uploads.total() == 1


async def test_relations_scaling_and_a_refresh(controller: Controller) -> None:
    model = await controller.add_model("ns2", config=dict(CONFIG))
    try:
        one = await model.deploy(ROUTER, application_name="one", series="jammy", num_units=2)
        two = await model.deploy(ROUTER, application_name="two", series="jammy")
        relation = await model.integrate("one:gateway", "two:upstream")
        assert relation.key == "two:upstream one:gateway"
        with pytest.raises(JujuError, match="already exists"):
            await model.integrate("one:gateway", "two:upstream")
        await one.destroy_units("one/1")
        await model.block_until(lambda: len(one.units) == 1, timeout=20)
        await two.refresh(path=ROUTER)
        assert two.data["charm-url"] == "local:jammy/simple-router-2"
        await two.remove_relation("upstream", "one:gateway")
        await model.block_until(lambda: not model.relations, timeout=20)
    finally:
        await model.disconnect()


async def test_users_with_the_right_to_add_models_have_their_own(sim: SimulatedController) -> None:
    sim.add_user("osm", "of-osm", "add-model")
    mine = Controller()
    await mine.connect(endpoint=sim.endpoint, username="osm", password="of-osm", cacert=sim.ca_cert)
    try:
        model = await mine.add_model("own", cloud_name="localhost", credential_name="default", config=dict(CONFIG))
        await model.disconnect()
        assert await mine.list_models() == ["own"]
        with pytest.raises(JujuError, match="permission denied"):
            await mine.add_user("more", "pw")
    finally:
        await mine.disconnect()


async def test_charms_of_the_store(sim: SimulatedController) -> None:
    sim.publish(
        charm_from_documents(
            {"name": "nginx", "summary": "s"},
            config={"options": {"port": {"type": "int", "default": 80}}},
            manifest={"bases": [{"name": "ubuntu", "channel": "22.04/stable"}]},
        ),
        revision=7,
    )
    uuid = sim.world.add_model("store", "admin", "localhost", "default", {}).record.uuid
    connection = await Connection.connect(
        endpoint=sim.endpoint, uuid=uuid, username=sim.username, password=sim.password, cacert=sim.ca_cert
    )
    try:
        facade = client.ApplicationFacade.from_connection(connection)
        asked = client.DeployFromRepositoryArg(
            charmname="nginx", applicationname="web", num_units=1, configyaml="web: {port: 8080}", channel="stable"
        )
        answer = await facade.DeployFromRepository(args=[asked])
        assert answer.results[0].errors == []
        assert answer.results[0].info.revision == 7
        assert sim.model("store").applications["web"].config == {"port": 8080}
        info = await client.CharmsFacade.from_connection(connection).CharmInfo(url="ch:amd64/nginx-7")
        assert info.meta.name == "nginx"
        resolved = await client.CharmsFacade.from_connection(connection).ResolveCharms(
            resolve=[{"reference": "ch:apache", "charm-origin": {"source": "charm-hub", "risk": "stable"}}]
        )
        assert resolved.results[0].error.code == "not found"
    finally:
        await connection.close()


async def test_a_wrong_password_is_reported_and_counted(sim: SimulatedController) -> None:
    with pytest.raises(JujuAPIError, match="invalid entity name or password"):
        await Controller().connect(endpoint=sim.endpoint, username="admin", password="guessed", cacert=sim.ca_cert)
    assert sim.counts.failed_logins == 1


async def _at_rest(sim: SimulatedController) -> None:
    while not sim.clock.is_idle:
        await asyncio.sleep(0)


async def test_an_offer_is_consumed_by_another_model(sim: SimulatedController, controller: Controller) -> None:
    offering = await controller.add_model("offering", config=dict(CONFIG))
    consuming = await controller.add_model("consuming", config=dict(CONFIG))
    try:
        await offering.deploy(ROUTER, application_name="router", series="jammy")
        await offering.create_offer("router:gateway", "gw")
        await consuming.deploy(ROUTER, application_name="client", series="jammy")
        assert await consuming.consume("admin/offering.gw", controller=controller) == "gw"
        await consuming.integrate("client:upstream", "gw")
        await _at_rest(sim)
        assert len(sim.model("offering").offer_consumers(sim.model("offering").offers["gw"])) == 1
        await consuming.remove_saas("gw")
        await _at_rest(sim)
        assert not sim.model("consuming").remotes
        assert not sim.model("offering").remotes
    finally:
        await consuming.disconnect()
        await offering.disconnect()


async def test_ssh_keys_are_removed_by_fingerprint(sim: SimulatedController, controller: Controller) -> None:
    model = await controller.add_model("keys", config=dict(CONFIG))
    try:
        await model.add_ssh_key("admin", "ssh-ed25519 BBBB somebody else")
        assert len((await model.get_ssh_keys(raw_ssh=True)).results[0].result) == 2
        shown = (await model.get_ssh_keys()).results[0].result
        assert shown[1].endswith(" (somebody else)")
        await model.remove_ssh_key("admin", "ssh-ed25519 BBBB somebody else")
        assert sim.model("keys").record.keys == [CONFIG["authorized-keys"]]
        with pytest.raises(JujuError, match="key not found"):
            await model.remove_ssh_key("admin", "ssh-ed25519 BBBB somebody else")
    finally:
        await model.disconnect()
