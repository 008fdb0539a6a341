"""Deletes: seen to be gone, forced only when they have to be."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from support.juju import NS, backend_of, client_of, connected, installed, machine, until, write_charm

from vca_core import BadArguments, ConflictError, VcaTimeoutError
from vca_jujusim.controller import SimulatedController
from vca_jujusim.world.entities import RemoteApplication

APP = "app-vnf-vnf1"


def models(controller: SimulatedController) -> set[str]:
    return {model.record.name for model in controller.world.models.values()} - {"controller"}


@pytest.mark.defect("D48")
@pytest.mark.defect("U11")
async def test_deleting_what_is_absent_succeeds_and_makes_nothing(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        await edge.delete_namespace(NS)
        await edge.delete_execution_environment("ns1.app-vnf-vnf1.0")
        assert models(controller) == set()
        await machine(edge, ".ns1.other")
        await edge.delete_execution_environment("ns1.app-vnf-vnf1.0")
        await edge.delete_execution_environment("ns1.app-vnf-vnf1.0")
    assert list(controller.model("ns1").machines) == ["0"]


@pytest.mark.defect("D49")
async def test_a_namespace_goes_with_all_that_is_in_it(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        await asyncio.gather(*(installed(edge, namespace=f".ns1.vnf{number}") for number in range(3)))
        await edge.delete_namespace(NS)
        assert models(controller) == set()
        await installed(edge, namespace=".ns1.vnf0")
        await edge.delete_namespace(NS)
    assert controller.counts.failed_logins == 0


@pytest.mark.defect("U7")
async def test_only_the_model_of_that_very_name_goes(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        await machine(edge, ".ns1.a")
        await machine(edge, ".ns10.a")
        await edge.delete_namespace(NS)
        assert models(controller) == {"ns10"}


async def test_the_controllers_own_model_is_refused(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        with pytest.raises(BadArguments, match="controller's own model"):
            await edge.delete_namespace(".controller")


@pytest.mark.defect("D25")
async def test_an_ee_is_gone_when_its_application_and_machine_are(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        ee_id = await installed(edge)
        controller.faults.freeze("application")
        deleting = asyncio.create_task(edge.delete_execution_environment(ee_id))
        await until(lambda: controller.counts.requests["Application.DestroyApplication"])
        await asyncio.sleep(0.15)  # what the watcher gathers
        assert not deleting.done()
        controller.thaw()
        await deleting
        assert (controller.model("ns1").applications, controller.model("ns1").machines) == ({}, {})


@pytest.mark.defect("U10")
async def test_an_application_that_stays_is_forced_after_the_grace(controller: SimulatedController) -> None:
    async with connected(controller, delete_grace=0.3) as edge:
        ee_id = await installed(edge)
        controller.lose_machine("ns1", "0")
        await edge.delete_execution_environment(ee_id)
        assert (controller.model("ns1").applications, controller.model("ns1").machines) == ({}, {})
    assert controller.counts.requests["Application.DestroyApplication"] == 2


@pytest.mark.defect("D21")
@pytest.mark.defect("D22")
async def test_a_model_that_stays_is_forced_or_else_a_timeout(
    controller: SimulatedController,
) -> None:
    async with connected(controller, delete_grace=0.3) as edge:
        await machine(edge)
        controller.faults.freeze("model")
        with pytest.raises(VcaTimeoutError):
            await edge.delete_namespace(NS, total_timeout=1.5)
        assert controller.counts.requests["ModelManager.DestroyModels"] == 2
        assert models(controller) == {"ns1"}
        controller.thaw()
        await edge.delete_namespace(NS)
        assert models(controller) == set()


@pytest.mark.defect("D22")
@pytest.mark.defect("D23")
async def test_a_lost_connection_does_not_count_as_removed(controller: SimulatedController) -> None:
    controller.on_model_dead = "nothing"
    async with connected(controller, delete_grace=20.0) as edge:
        await machine(edge)
        controller.faults.freeze("model")
        deleting = asyncio.create_task(edge.delete_namespace(NS))
        await until(lambda: controller.counts.requests["ModelManager.DestroyModels"])
        await controller.restart()
        await until(lambda: controller.counts.requests["ModelManager.ListModels"] == 2)  # it is there still
        assert not deleting.done()
        controller.thaw()
        await deleting
        assert models(controller) == set()
    assert controller.counts.opened == 3  # nothing connects to a model that was asked to go


async def test_a_model_that_goes_just_after_the_login_is_gone(controller: SimulatedController) -> None:
    controller.faults.freeze("machine")
    async with connected(controller) as edge:
        making = asyncio.create_task(machine(edge))
        await until(lambda: controller.counts.requests["Annotations.Set"])
        controller.faults.refuse("Client.WatchAll", "unknown model", "model not found")
        controller.cut("ns1")
        with pytest.raises(ConflictError, match="model ns1 was removed meanwhile"):
            await making


@pytest.mark.defect("D27")
@pytest.mark.defect("D66")
async def test_concurrent_deletes_share_one_outcome_and_leave_nothing(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        await installed(edge)
        await asyncio.gather(*(edge.delete_namespace(NS) for _ in range(3)))
        assert controller.counts.requests["ModelManager.DestroyModels"] == 1
        session = backend_of(edge).session
        assert (session.reporter._owners, session.reporter._adopted, session.facts._kept) == ({}, {}, {})
        assert (client_of(edge)._models, client_of(edge)._uuids, session.uploads._urls) == ({}, {}, {})


async def test_storage_is_kept_if_the_option_says_so(controller: SimulatedController) -> None:
    async with connected(controller, destroy_storage=False) as edge:
        await machine(edge)
        await edge.delete_namespace(NS)
    assert models(controller) == set()


async def test_a_model_that_others_destroy_is_noticed(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        await installed(edge)
        controller.remove_model("ns1")
        await until(lambda: models(controller) == set())
        await edge.delete_namespace(NS)
        assert await edge.list_execution_environments() == []
        await installed(edge)


async def test_machines_of_others_are_left_alone(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        one = await installed(edge, namespace=".ns1.a")
        await installed(edge, namespace=".ns1.b")
        await edge.delete_execution_environment(one)
        assert list(controller.model("ns1").machines) == ["1"]
        await edge.deregister_execution_environment("ns1.app-vnf-b.1")
        assert controller.model("ns1").machines == {}


@pytest.mark.defect("D20")
async def test_a_machine_that_does_not_go_is_a_timeout(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        ee_id = await machine(edge)
        controller.faults.freeze("machine")
        with pytest.raises(VcaTimeoutError):
            await edge.delete_execution_environment(ee_id, total_timeout=0.5)
        controller.thaw()
        await edge.delete_execution_environment(ee_id)
        assert controller.model("ns1").machines == {}


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("Application.DestroyApplication", 'application "x" is not alive'),
        ("Application.DestroyApplication", 'application "x" not found'),
        ("Application.DestroyRelation", 'application "x" is not alive'),
        ("ModelManager.DestroyModels", "model is not found or not alive"),
        ("ModelManager.DestroyModels", 'model "x" not found'),
        ("ModelManager.ModelStatus", 'model "x" is no longer alive'),
    ],
)
async def test_a_model_that_is_said_to_be_gone_is_seen_to_be_gone(
    controller: SimulatedController, tmp_path: Path, asked: str, message: str
) -> None:
    write_charm(tmp_path, "server", provides={"site": {"interface": "http"}})
    write_charm(tmp_path, "client", requires={"backend": {"interface": "http"}})
    async with connected(controller, tmp_path) as edge:
        one = await installed(edge, "server", ".ns1.a")
        other = await installed(edge, "client", ".ns1.b")
        await edge.add_relation(one, other, "site", "backend")
        controller.faults.refuse(asked, message) if "Relation" in asked else controller.faults.result_error(
            asked, message
        )
        await edge.delete_namespace(NS)
        assert models(controller) == set()


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("Application.DestroyApplication", 'application "x" is not alive'),
        ("Application.DestroyApplication", 'application "x" not found'),
        ("MachineManager.DestroyMachineWithParams", "machine is not found or not alive"),
    ],
)
async def test_an_ee_that_is_said_to_be_gone_is_seen_to_be_gone(
    controller: SimulatedController, asked: str, message: str
) -> None:
    async with connected(controller) as edge:
        ee_id = await (installed if "Application" in asked else machine)(edge)
        controller.faults.result_error(asked, message)
        await edge.delete_execution_environment(ee_id)
        assert (controller.model("ns1").applications, controller.model("ns1").machines) == ({}, {})


async def test_an_ees_machine_survives_deregister_but_not_delete(
    controller: SimulatedController,
) -> None:
    async with connected(controller) as edge:
        deregistered = await installed(edge, num_units=2)
        bare = await machine(edge, ".ns1.bare")
        deleted = await installed(edge, namespace=".ns1.deleted", num_units=2)
        model = controller.model("ns1")
        instances = [model.machines[one].instance_id for one in "012"]
        await edge.deregister_execution_environment(deregistered)
        await edge.deregister_execution_environment(bare)
        await edge.delete_execution_environment(deleted)
        assert (model.applications, model.machines) == ({}, {})
        assert sorted(model.record.kept) == sorted(instances)


@pytest.mark.parametrize("order", [(".ns1", ".ns2"), (".ns2", ".ns1")])
async def test_offers_and_what_consumes_them_do_not_stand_in_the_way(
    controller: SimulatedController, tmp_path: Path, order: tuple[str, str]
) -> None:
    write_charm(tmp_path, "server", provides={"site": {"interface": "http"}})
    async with connected(controller, tmp_path) as edge:
        await installed(edge, "server")
        await machine(edge, ".ns2.a")
        offers = await client_of(edge).facade("ApplicationOffers")
        tag = f"model-{controller.model('ns1').record.uuid}"
        ends = {"site": "site"}
        added = {"model-tag": tag, "offer-name": "web", "application-name": APP, "endpoints": ends}
        assert (await offers.Offer(offers=[added])).results[0].error is None
        offer = controller.model("ns1").offers["web"]
        consumed = RemoteApplication("web", "admin/ns1.web", offer.uuid, tag, [])
        controller.model("ns2").put("remoteApplication", "web", consumed)
        await until(lambda: "web" in client_of(edge)._models["ns2"].state.remotes)
        for namespace in order:
            await edge.delete_namespace(namespace)
            assert namespace[1:] not in models(controller)
