"""Models that are dead and not removed yet, and what is on its way out: waited for, never taken for what is there."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest
from support.faults.scene import Watched
from support.juju import NS, backend_of, client_of, connected, installed, machine, until

from vca_core import BackendError, ConflictError, NotFound, VcaTimeoutError
from vca_jujusim.controller import SimulatedController

LIST = "ModelManager.ListModels"


def life_of(controller: SimulatedController, model: str = "ns1") -> str:
    return controller.model(model).record.life


async def test_a_create_waits_until_a_dead_model_has_gone(controller: SimulatedController) -> None:
    async with connected(controller, alone=False) as one, connected(controller, alone=False) as other:
        await machine(one)
        controller.faults.freeze("dead model")
        deleting = asyncio.create_task(one.delete_namespace(NS))
        await until(lambda: life_of(controller) == "dead")
        making = asyncio.create_task(machine(other))
        asked = controller.counts.requests[LIST]
        await until(lambda: controller.counts.requests[LIST] > asked + 3)
        assert not deleting.done()
        assert not making.done()
        controller.thaw()
        await deleting
        assert await making == "ns1.app-vnf-vnf1.0"
        assert list(controller.model("ns1").machines) == ["0"]


async def test_a_create_waits_until_a_dying_model_has_gone(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        await machine(edge)
    controller.faults.freeze("model")
    controller.remove_model("ns1")
    dying = controller.model("ns1")
    async with connected(controller) as edge:
        making = asyncio.create_task(machine(edge))
        await until(lambda: controller.counts.requests["Client.WatchAll"] == 2)
        assert await edge.list_execution_environments() == []  # nobody else waits with it
        assert not making.done()
        controller.thaw()
        await making
        assert controller.model("ns1") is not dying


@pytest.mark.parametrize("on_model_dead", ["close", "told", "nothing"])
async def test_a_create_waits_where_it_is_first_to_meet_a_dead_model(
    controller: SimulatedController, on_model_dead: Any
) -> None:
    controller.on_model_dead = on_model_dead
    async with connected(controller, alone=False) as edge:
        await machine(edge)
        controller.faults.freeze("dead model")
        gone = controller.model("ns1")
        controller.remove_model("ns1")
        rule = controller.faults.hang("AllWatcher.Next", "before", times=None)  # so nothing tells it before
        await until(lambda: life_of(controller) == "dead")
        making = asyncio.create_task(machine(edge, ".ns1.vnf2"))
        await until(lambda: making.done() or client_of(edge)._departures._waiting)
        assert not making.done()
        rule.times = 0
        controller.thaw()
        assert await making == "ns1.app-vnf-vnf2.0"
        assert controller.model("ns1") is not gone


async def test_a_create_is_retryable_if_its_machine_went_with_a_model(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        controller.faults.freeze("machine")
        making = asyncio.create_task(machine(edge))
        await until(lambda: _is_stored(edge))
        controller.remove_model("ns1")
        controller.thaw()
        with pytest.raises(ConflictError, match="model ns1 was removed meanwhile: .*; make it anew") as caught:
            await making
        assert caught.value.retryable
        assert caught.value.ee_id is not None
        assert await machine(edge) == "ns1.app-vnf-vnf1.0"


async def _is_stored(edge: Any) -> bool:
    return bool(await edge.list_execution_environments())


async def test_a_create_makes_a_model_whose_name_is_free_when_it_lists(controller: SimulatedController) -> None:
    record = controller.world.add_model("ns1", controller.username, "localhost", "default", {}).record
    requests = controller.counts.requests = Watched()
    requests.due.append((LIST, 1, lambda: controller.world.models.pop(record.uuid)))
    async with connected(controller) as edge:
        assert await machine(edge) == "ns1.app-vnf-vnf1.0"
        assert requests["ModelManager.CreateModel"] == 2


async def test_a_create_where_a_model_just_began_to_go_is_retryable(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        await machine(edge)
        message = 'model "ns1" is no longer alive'
        controller.faults.refuse("MachineManager.AddMachines", message)
        with pytest.raises(ConflictError, match="no longer alive; try again") as caught:
            await machine(edge, ".ns1.vnf2")
        assert caught.value.retryable
        await machine(edge, ".ns1.vnf2")


async def test_deletes_share_one_poll(controller: SimulatedController) -> None:
    async with connected(controller, delete_grace=60.0) as edge:
        await asyncio.gather(*(machine(edge, f".ns{number}.a") for number in range(8)))
        controller.faults.freeze("dead model")
        controller.counts.reset()
        deleting = [asyncio.create_task(edge.delete_namespace(f".ns{number}")) for number in range(8)]
        await until(lambda: controller.counts.requests[LIST] == 4)
        assert not any(one.done() for one in deleting)
        controller.thaw()
        await asyncio.gather(*deleting)
        assert controller.counts.requests[LIST] <= 6
        assert controller.counts.opened == 0  # nothing connects to a model that was asked to go


async def test_all_who_wait_learn_that_the_list_cannot_be_had(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        await asyncio.gather(*(machine(edge, f".ns{number}.a") for number in range(3)))
        controller.faults.refuse(LIST, "permission denied", "unauthorized access", times=1)
        deleting = (edge.delete_namespace(f".ns{number}") for number in range(3))
        ended = await asyncio.gather(*deleting, return_exceptions=True)
        assert BackendError in {type(one) for one in ended}
        for number in range(3):
            await edge.delete_namespace(f".ns{number}")


async def test_a_model_whose_watcher_reports_its_end_is_waited_for(controller: SimulatedController) -> None:
    controller.on_model_dead = "told"
    async with connected(controller) as edge:
        await machine(edge)
        controller.faults.freeze("dead model")
        deleting = asyncio.create_task(edge.delete_namespace(NS))
        await until(lambda: controller.counts.requests[LIST] >= 2)
        assert not deleting.done()
        controller.thaw()
        await deleting
        await machine(edge)


@pytest.mark.parametrize("frozen", ["application", "machine"])
async def test_an_ee_on_its_way_out_is_neither_free_nor_there(controller: SimulatedController, frozen: str) -> None:
    async with connected(controller, alone=False) as one, connected(controller, alone=False) as other:
        ee_id = await installed(one)
        controller.faults.freeze(frozen)
        deleting = asyncio.create_task(one.delete_execution_environment(ee_id))
        things: Any = controller.model("ns1")._of(frozen)
        await until(lambda: [thing.life for thing in things.values()] == ["dying"])
        assert await other.list_execution_environments()
        await until(lambda: _sees_dying(other, frozen))
        with pytest.raises(ConflictError, match="being removed") as caught:
            await machine(other)
        assert caught.value.retryable
        controller.thaw()
        await deleting
        await until(lambda: _is_free(other))
        assert await machine(other) == "ns1.app-vnf-vnf1.1"


async def _sees_dying(edge: Any, kind: str) -> bool:
    async with backend_of(edge).session.read("ns1") as model:
        return any(thing.life == "dying" for thing in model.state.table(kind).values())


async def _is_free(edge: Any) -> bool:
    return not await edge.list_execution_environments()


@pytest.mark.parametrize(
    "asked",
    ["Admin.Login", "Client.WatchAll", "Application.DestroyApplication", "MachineManager.DestroyMachineWithParams"],
)
async def test_a_delete_looks_at_a_model_that_is_said_not_to_be_found(
    controller: SimulatedController, asked: str
) -> None:
    async with connected(controller) as edge:
        ee_id = await (machine if "Machine" in asked else installed)(edge)
    rule = controller.faults.refuse(asked, 'unknown model: "x"', "model not found", times=2, model="ns1")
    async with connected(controller) as edge:
        await edge.delete_execution_environment(ee_id)
        assert (controller.model("ns1").applications, controller.model("ns1").machines) == ({}, {})
    assert rule.hits == 2


async def test_one_answer_about_the_model_ends_nothing(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        await machine(edge)
        controller.faults.refuse("Annotations.Set", 'unknown model: "x"', "model not found", model="ns1")
        await machine(edge, ".ns1.vnf2")


async def test_work_in_a_dead_model_says_that_it_is_gone(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        ee_id = await installed(edge)
        controller.faults.freeze("dead model")
        controller.remove_model("ns1")
        await until(lambda: life_of(controller) == "dead")
        with pytest.raises(NotFound) as caught:
            await edge.scale(ee_id, 2)
        assert not caught.value.retryable
        assert await edge.list_execution_environments() == []


async def test_a_model_that_is_never_removed_is_named_in_the_time_out(controller: SimulatedController) -> None:
    async with connected(controller, delete_grace=0.1) as edge:
        await machine(edge)
        controller.faults.freeze("dead model")
        with pytest.raises(VcaTimeoutError, match="ns1 is still listed .*Juju never removes it") as caught:
            await edge.delete_namespace(NS, total_timeout=4.0)
        assert caught.value.retryable


@pytest.mark.parametrize("call", ["delete_execution_environment", "deregister_execution_environment"])
async def test_deletes_in_a_dead_model_say_that_it_is_listed_still(controller: SimulatedController, call: str) -> None:
    async with connected(controller, alone=False) as one, connected(controller, alone=False) as other:
        ee_id = await installed(one)
        controller.faults.freeze("dead model")
        controller.remove_model("ns1")
        await until(lambda: life_of(controller) == "dead")
        for edge in (one, other):
            for delete, of in ((getattr(edge, call), ee_id), (edge.delete_namespace, NS)):
                with pytest.raises(VcaTimeoutError, match="ns1 is dead, and listed still: .*juju#20658") as caught:
                    await delete(of, total_timeout=3.0)
                assert caught.value.retryable


@pytest.mark.parametrize(
    ("frozen", "reason"),
    [
        ("dead model", "it is dead, and Juju has not removed it"),
        ("machine", r"it still holds machine 0 \(started\)"),
        ("model", "it is dying, with nothing in it that keeps it"),
    ],
)
async def test_a_create_that_waits_in_vain_says_for_what(
    controller: SimulatedController, frozen: str, reason: str
) -> None:
    async with connected(controller) as edge:
        await machine(edge)
    controller.faults.freeze(frozen)
    controller.remove_model("ns1")
    await until(lambda: life_of(controller) == ("dead" if frozen == "dead model" else "dying"))
    async with connected(controller) as edge:
        await edge.health()
        waiting = asyncio.create_task(_make(edge))
        await until(lambda: client_of(edge)._departures._waiting)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await waiting
        # The core has the error of a limit say what is the cause of the cancellation.
        assert re.search(f"^model ns1 is on its way out and listed still: {reason}", str(caught.value.__cause__))


async def _make(edge: Any) -> None:
    async with client_of(edge).use("ns1", backend_of(edge).session._new_model()):
        pass


async def test_models_are_listed_while_others_of_them_are_deleted(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        kept = await machine(edge)
        controller.faults.delay("connect", 0.05)

        async def pass_by(ns: str) -> None:
            controller.world.add_model(ns, controller.username, "localhost", "default", {})
            await edge.get_status(f".{ns}")
            await edge.delete_namespace(f".{ns}")

        passing = asyncio.gather(*(pass_by(f"crowd{number}") for number in range(8)))
        while not passing.done():
            assert [str(one.ee_id) for one in await edge.list_execution_environments()] == [kept]
        await passing
