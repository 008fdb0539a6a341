"""What Juju refuses is refused, with Juju's codes."""

from __future__ import annotations

import pytest

from vca_jujusim import Refusal, SimulatedController
from vca_jujusim.raw import RawClient, archive

from .conftest import PROXY, ROUTER, SIDECAR, Connect, World


async def refusal(awaitable: object) -> tuple[str, str]:
    """The code and the message of a refusal."""
    with pytest.raises(Refusal) as caught:
        await awaitable  # type: ignore[misc]
    return caught.value.code, caught.value.message


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"config.yaml": "options: {}"}, 'archive file "metadata.yaml" not found'),
        ({"metadata.yaml": "summary: s\ndescription: d"}, "name"),
        ({**ROUTER, "config.yaml": "options: {a: {type: list}}"}, "unknown type"),
        ({**ROUTER, "config.yaml": "options: {a: {type: int, default: x}}"}, "expected int"),
        ({**ROUTER, "actions.yaml": "a: {params: {x: {type: 3}}}"}, "invalid params schema"),
        ({**ROUTER, "../evil": "x"}, "leads out"),
        ({**ROUTER, "metadata.yaml": "[: no yaml"}, "not valid"),
    ],
)
async def test_archives_that_are_no_charms(world: World, files: dict[str, str], reason: str) -> None:
    code, message = await refusal(world.client.upload_charm(archive(files)))
    assert code == "bad request"
    assert reason in message
    assert not world.sim.counts.uploads


async def test_a_charm_url_with_both_architecture_and_series(world: World) -> None:
    path = f"/model/{world.uuid}/charms?schema=local&arch=amd64&series=jammy"
    sent = world.client.put("POST", path, archive(ROUTER), {"Content-Type": "application/zip"})
    assert await refusal(sent) == (
        "bad request",
        'charm or bundle URL has invalid form: "local:amd64/jammy/router-0"',
    )
    assert not world.sim.counts.uploads


async def test_what_is_no_archive_at_all(world: World) -> None:
    assert "zip" in (await refusal(world.client.upload_charm(b"PK not really")))[1]


@pytest.mark.parametrize(
    ("change", "code", "reason"),
    [
        ({"charm-origin": {"source": "local"}}, "bad request", "base"),
        ({"charm-origin": {"base": {"name": "ubuntu", "channel": "24.04"}}}, "not supported", "ubuntu@24.04"),
        ({"charm-origin": {"base": {"name": "ubuntu", "channel": "1.04"}}}, "not valid", "ubuntu@1.04"),
        ({"charm-url": "local:jammy/other-0"}, "not found", "other"),
        ({"config-yaml": "router: {mtu: large}"}, "", "mtu"),
        ({"config-yaml": "router: {colour: red}"}, "", "colour"),
        ({"config-yaml": "other: {mtu: 1}"}, "bad request", "no settings"),
        ({"application": "1router"}, "bad request", "invalid name"),
        ({"placement": [{"scope": "#", "directive": "7"}]}, "not found", "machine 7"),
        ({"resources": {"blob": "no-such-id"}}, "not found", "blob"),
    ],
)
async def test_deployments(world: World, change: dict[str, object], code: str, reason: str) -> None:
    found = await refusal(world.deploy(**change))
    assert found[0] == code
    assert reason in found[1]
    assert not world.sim.model("ns").applications
    assert not world.sim.model("ns").machines


async def test_a_base_that_was_not_declared_with_force(world: World) -> None:
    origin = {"base": {"name": "ubuntu", "channel": "24.04"}}
    await world.deploy(**{"charm-origin": origin, "Force": True})
    assert world.sim.model("ns").machines["0"].base.version == "24.04"


@pytest.mark.parametrize("profile", ["devices: {a: {type: disk}}", "config: {limits.cpu: '1'}"])
async def test_a_profile_that_is_not_for_charms_needs_force(world: World, profile: str) -> None:
    url = await world.client.upload_charm(archive({**ROUTER, "lxd-profile.yaml": profile}))
    error = await refusal(world.deploy(**{"charm-url": url}))
    assert error[1].startswith("invalid lxd-profile.yaml: contains ")
    await world.deploy(**{"charm-url": url, "Force": True})


async def test_a_machine_of_another_base(world: World) -> None:
    await world.result("MachineManager.AddMachines", params=[{"base": {"name": "ubuntu", "channel": "20.04"}}])
    _, message = await refusal(world.deploy(placement=[{"scope": "#", "directive": "0"}]))
    assert "base does not match" in message


async def test_a_second_application_of_a_name(world: World) -> None:
    await world.deploy()
    assert (await refusal(world.deploy()))[0] == "already exists"


async def test_units_and_placement_for_a_subordinate(world: World) -> None:
    assert (await refusal(world.deploy(SIDECAR, "side")))[0] == "bad request"
    placement = [{"scope": "#", "directive": "0"}]
    assert (await refusal(world.deploy(SIDECAR, "side", **{"num-units": 0, "placement": placement})))[
        0
    ] == "bad request"
    await world.deploy(SIDECAR, "side", **{"num-units": 0})
    await world.deploy()
    await world.call("Application.AddRelation", endpoints=["side:host", "router:juju-info"])
    assert world.sim.model("ns").units["side/0"].principal == "router/0"


async def test_relations_that_do_not_fit(world: World) -> None:
    for name in ("one", "two", "three"):
        await world.deploy(name=name)
    await world.deploy(PROXY, "proxy")
    add = world.call
    await add("Application.AddRelation", endpoints=["one:gateway", "two:upstream"])
    code, message = await refusal(add("Application.AddRelation", endpoints=["two:upstream", "one:gateway"]))
    assert code == "already exists"
    assert "relation two:upstream one:gateway already exists" in message
    assert (await refusal(add("Application.AddRelation", endpoints=["one:nope", "two"])))[0] == "not found"
    assert (await refusal(add("Application.AddRelation", endpoints=["one", "nobody"])))[0] == "not found"
    assert (await refusal(add("Application.AddRelation", endpoints=["one:gateway", "three:gateway"])))[0] == "not found"
    assert "limit" in (await refusal(add("Application.AddRelation", endpoints=["three:gateway", "two:upstream"])))[1]
    assert "ambiguous" in (await refusal(add("Application.AddRelation", endpoints=["one", "three"])))[1]


async def test_actions_that_are_not_declared_or_do_not_fit(world: World) -> None:
    await world.deploy()

    async def enqueue(name: str, unit: str = "unit-router-0", **params: object) -> object:
        return await world.result(
            "Action.EnqueueOperation", actions=[{"receiver": unit, "name": name, "parameters": params}]
        )

    assert "not defined" in (await refusal(enqueue("reboot")))[1]
    assert "filename" in (await refusal(enqueue("touch")))[1]
    assert "additionalProperties" in (await refusal(enqueue("strict", other=1)))[1]
    assert "must be of type string" in (await refusal(enqueue("touch", filename=3)))[1]
    assert (await refusal(enqueue("touch", "unit-router-7", filename="x")))[0] == "not found"
    assert not world.sim.model("ns").actions
    await enqueue("touch", filename="x", other=1)  # Juju 3 takes what is not declared
    [ran] = world.sim.model("ns").actions.values()
    assert ran.params == {"filename": "x", "other": 1, "mode": "w"}


async def test_undeclared_or_mistyped_options_set_nothing(world: World) -> None:
    await world.deploy()
    for wrong in ({"mtu": "9000", "colour": "red"}, {"mtu": "9000", "fast": "maybe"}):
        await refusal(world.result("Application.SetConfigs", Args=[{"application": "router", "config": wrong}]))
    assert world.sim.model("ns").applications["router"].config == {}
    await world.result(
        "Application.SetConfigs", Args=[{"application": "router", "config": {"name": "", "fast": "True"}}]
    )
    assert world.sim.model("ns").applications["router"].config == {"name": "", "fast": True}


async def test_machines_with_units_go_by_force_only(world: World) -> None:
    await world.deploy()
    destroy = {"machine-tags": ["machine-0"], "force": False}
    assert "has unit" in (await refusal(world.result("MachineManager.DestroyMachineWithParams", **destroy)))[1]
    await world.result("MachineManager.DestroyMachineWithParams", **(destroy | {"force": True}))
    await world.until("machine", "0", lambda data: data["life"] == "gone")


async def test_models(sim: SimulatedController, connect: Connect, world: World) -> None:
    admin = await connect()
    create = {"name": "ns", "owner-tag": "user-admin"}
    assert (await refusal(admin.call("ModelManager.CreateModel", **create)))[0] == "already exists"
    assert (
        "not a valid model name"
        in (await refusal(admin.call("ModelManager.CreateModel", **create | {"name": "N_s"})))[1]
    )
    assert (await refusal(admin.call("ModelManager.CreateModel", **create | {"cloud-tag": "cloud-x"})))[
        0
    ] == "not found"
    own = sim.model("controller").record.uuid
    await refusal(admin.result("ModelManager.DestroyModels", models=[{"model-tag": f"model-{own}"}]))
    assert "controller" in [model.record.name for model in sim.world.models.values()]
    gone = await refusal(admin.result("ModelManager.DestroyModels", models=[{"model-tag": "model-none"}]))
    assert gone[0] == "model not found"
    nobodys = "b0a9ec4c-0000-4000-8000-000000000000"
    sim.add_user("bob", "secret", "add-model")
    async with RawClient(sim, nobodys) as nowhere:
        assert (await refusal(nowhere.login()))[0] == "model not found"
        assert (await refusal(nowhere.login("bob", "secret")))[0] == "model not found", "whoever asks"
    async with RawClient(sim, own) as not_his:
        assert (await refusal(not_his.login("bob", "secret")))[1] == "permission denied"
    told = await refusal(admin.result("ModelManager.ModelInfo", entities=[{"tag": f"model-{nobodys}"}]))
    assert told[1] == "permission denied", "also to superusers"


async def test_a_model_with_storage_goes_once_its_fate_is_given(world: World, connect: Connect) -> None:
    stateful = {**ROUTER, "metadata.yaml": ROUTER["metadata.yaml"] + "storage: {data: {type: filesystem}}\n"}
    await world.deploy(stateful)
    admin, tag = await connect(), {"model-tag": f"model-{world.uuid}"}
    code, _ = await refusal(admin.result("ModelManager.DestroyModels", models=[tag]))
    assert code == "controller/model has persistent storage"
    await admin.result("ModelManager.DestroyModels", models=[tag | {"destroy-storage": True}])
    await world.wait_removed()


async def test_a_model_with_manual_machines_is_emptied_first(world: World, connect: Connect) -> None:
    manual = {"instance-id": "manual:10.0.0.9", "nonce": "manual:1", "addresses": [{"value": "10.0.0.9"}]}
    await world.result("MachineManager.AddMachines", params=[manual])
    tag = {"model-tag": f"model-{world.uuid}"}
    assert (
        "manually provisioned"
        in (await refusal((await connect()).result("ModelManager.DestroyModels", models=[tag])))[1]
    )


async def test_users_without_the_right(sim: SimulatedController, connect: Connect, world: World) -> None:
    for name, access in (("guest", "login"), ("osm", "add-model")):
        sim.add_user(name, "pw", access)
    guest, osm = await connect(None, "guest", "pw"), await connect(None, "osm", "pw")
    create = {"name": "own", "owner-tag": "user-guest"}
    assert (await refusal(guest.call("ModelManager.CreateModel", **create)))[0] == "unauthorized access"
    mine = create | {"owner-tag": "user-osm"}
    assert (await refusal(osm.call("ModelManager.CreateModel", **mine)))[1] == "no credential specified"
    asked = {"user-tag": "user-osm", "cloud-tag": "cloud-localhost"}
    credential = (await osm.result("Cloud.UserCredentials", **{"user-clouds": [asked]}))["result"][0]
    made = await osm.call("ModelManager.CreateModel", **mine, credential=credential)
    assert (await refusal(osm.call("ModelManager.CreateModel", **create)))[0] == "unauthorized access"
    async with RawClient(sim, world.uuid) as other:
        assert (await refusal(other.login("osm", "pw")))[0] == "unauthorized access"
    change = {"user-tag": "user-guest", "action": "grant", "access": "read", "model-tag": f"model-{made['uuid']}"}
    await osm.result("ModelManager.ModifyModelAccess", changes=[change])
    reader = await connect(made["uuid"], "guest", "pw")
    assert (await reader.call("Client.FullStatus"))["model"]["name"] == "own"
    assert (await refusal(reader.call("MachineManager.AddMachines", params=[{}])))[0] == "unauthorized access"


async def test_requests_that_do_not_fit_the_schema_or_the_connection(sim: SimulatedController, world: World) -> None:
    assert "cannot unmarshal" in (await refusal(world.call("Application.Get", application=3)))[1]
    assert (await refusal(world.call("Application.Fly")))[0] == "not implemented"
    assert (await refusal(world.call("Rockets.Launch")))[0] == "not implemented"
    assert (await refusal(world.call("ModelManager.ListModels", tag="user-admin")))[0] == "not supported"
    async with RawClient(sim) as stranger:
        assert (await refusal(stranger.call("Cloud.Clouds")))[0] in {"not implemented", "unauthorized access"}


async def test_offers_in_use_hold_their_application(sim: SimulatedController, connect: Connect, world: World) -> None:
    admin = await connect()
    await world.deploy()
    offer = {"model-tag": f"model-{world.uuid}", "application-name": "router", "endpoints": {"gateway": "gateway"}}
    await admin.result("ApplicationOffers.Offer", Offers=[offer])
    other = (await admin.call("ModelManager.CreateModel", **{"name": "other", "owner-tag": "user-admin"}))["uuid"]
    consumer = World(sim, await connect(other), other)
    await consumer.deploy(name="edge")
    details = await admin.result(
        "ApplicationOffers.GetConsumeDetails", **{"offer-urls": {"offer-urls": ["admin/ns.router"]}}
    )
    await consumer.result("Application.Consume", args=[details["offer"]])
    await consumer.call("Application.AddRelation", endpoints=["edge:upstream", "router:gateway"])
    destroy = {"applications": [{"application-tag": "application-router"}]}
    assert "used by 1 offer" in (await refusal(world.result("Application.DestroyApplication", **destroy)))[1]
    urls = {"offer-urls": ["admin/ns.router"]}
    assert "has 1 relation" in (await refusal(admin.result("ApplicationOffers.DestroyOffers", **urls)))[1]
    await consumer.call("Application.DestroyRelation", endpoints=["edge:upstream", "router:gateway"])
    gone = {"applications": [{"application-tag": "application-router"}]}
    await consumer.result("Application.DestroyConsumedApplications", **gone)
    await admin.result("ApplicationOffers.DestroyOffers", **urls)
    await world.result("Application.DestroyApplication", **destroy)
    await world.until("application", "router", lambda data: data["life"] == "gone")


@pytest.mark.parametrize("frame", ["{not json", "[]"])
async def test_frames_that_are_no_requests_end_the_connection(sim: SimulatedController, frame: str) -> None:
    async with RawClient(sim) as client:
        await client.send_text(frame)
        await client.wait_closed()
        with pytest.raises(ConnectionResetError):
            await client.login()
    assert not sim.defects


async def test_units_for_what_is_on_its_way_out(sim: SimulatedController, world: World) -> None:
    await world.deploy()
    await world.until("unit", "router/0", lambda data: data["workload-status"]["current"] == "active")
    sim.faults.freeze("unit")
    sim.faults.freeze("machine")
    await world.result("MachineManager.AddMachines", params=[{"jobs": ["JobHostUnits"]}])
    await world.result("MachineManager.DestroyMachineWithParams", **{"machine-tags": ["machine-1"]})
    add = {"application": "router", "num-units": 1}
    placed = add | {"placement": [{"scope": "#", "directive": "1"}]}
    where = 'acquiring machine to host unit "router/1": cannot assign unit "router/1" to machine 1: '
    assert await refusal(world.call("Application.AddUnits", **placed)) == (
        "",
        where + "machine is not found or not alive",
    )
    await world.result("Application.DestroyApplication", applications=[{"application-tag": "application-router"}])
    code, message = await refusal(world.call("Application.AddUnits", **add))
    assert code == ""
    assert message.endswith('cannot add unit to application "router": application is not found or not alive')
