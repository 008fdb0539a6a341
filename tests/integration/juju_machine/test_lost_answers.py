"""Each request, with its connection cut before or after it took effect: recovered, and nothing is there twice."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from support.juju import NS, connected, installed, machine, proxy_charm, until

from vca_core.errors import BackendError, VcaConnectionError, VcaTimeoutError
from vca_juju_common.client.requests import upload
from vca_juju_common.client.transport import connection
from vca_jujusim import uploads, watcher
from vca_jujusim.controller import SimulatedController

REQUESTS = [
    "Admin.Login",
    "ModelManager.CreateModel",
    "Client.WatchAll",
    "AllWatcher.Next",
    "MachineManager.AddMachines",
    "Annotations.Set",
    "charms.upload",
    "Application.Deploy",
    "Application.SetConfigs",
    "Application.Get",
    "Action.EnqueueOperation",
    "Action.Actions",
    "Application.DestroyApplication",
    "ModelManager.DestroyModels",
    "ModelManager.ListModels",
]


async def life(controller: SimulatedController, folder: Path, **options: Any) -> None:
    """A whole life; what is there is there once, and nothing is left."""
    proxy_charm(folder)
    async with connected(controller, folder, **options) as edge:
        ee_id = await installed(edge, "proxy")
        model = controller.model("ns1")
        assert (len(model.machines), len(model.applications), len(model.units)) == (1, 1, 1)
        values = {"ssh-hostname": "h", "ssh-username": "u", "ssh-password": "canary"}
        assert await edge.exec_primitive(ee_id, "config", values) == "CONFIG OK"
        await edge.exec_primitive(ee_id, "touch")
        assert [one.status for one in model.actions.values()] == ["completed"] * 2
        await edge.delete_execution_environment(ee_id)
        assert (model.machines, model.applications) == ({}, {})
        await edge.delete_namespace(NS)
    assert [model.record.name for model in controller.world.models.values()] == ["controller"]
    assert controller.counts.failed_logins == 0


@pytest.mark.parametrize("request_name", REQUESTS)
@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_connection_that_is_cut(
    controller: SimulatedController, tmp_path: Path, request_name: str, when: str
) -> None:
    rule = controller.faults.drop(request_name, when)  # type: ignore[arg-type]
    await life(controller, tmp_path)
    assert rule.hits == 1


@pytest.mark.parametrize(
    "request_name", ["MachineManager.AddMachines", "Application.Deploy", "Action.EnqueueOperation"]
)
@pytest.mark.parametrize("when", ["before", "after"])
async def test_an_answer_that_never_comes(
    controller: SimulatedController, tmp_path: Path, request_name: str, when: str
) -> None:
    controller.faults.hang(request_name, when)  # type: ignore[arg-type]
    await life(controller, tmp_path, request_timeout=0.4)


@pytest.mark.parametrize(
    "request_name",
    [
        "MachineManager.AddMachines",
        "Annotations.Set",
        "Application.Deploy",
        "Application.SetConfigs",
        "Action.EnqueueOperation",
        "Application.DestroyApplication",
        "ModelManager.DestroyModels",
    ],
)
@pytest.mark.parametrize("whole", [True, False])
async def test_races_of_the_controller_are_run_again(
    controller: SimulatedController, tmp_path: Path, request_name: str, whole: bool
) -> None:
    controller.faults.contention(request_name, times=2, whole=whole)
    controller.faults.aborted_transaction(request_name, times=1, whole=whole)
    await life(controller, tmp_path)


async def test_every_connection_cut_at_every_fifth_request(
    controller: SimulatedController, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "LASTING", 0.0)  # pauses that grow are another test's
    for number in range(5, 100, 5):
        controller.faults.drop("*", nth=number)
    await life(controller, tmp_path)


async def test_concurrent_requests_give_as_many_machines_as_asked_for(controller: SimulatedController) -> None:
    controller.faults.drop("MachineManager.AddMachines", "after", nth=3)
    controller.faults.drop("MachineManager.AddMachines", "before", nth=7)
    async with connected(controller) as edge:
        made = await asyncio.gather(*(machine(edge, f".ns1.vnf{number}") for number in range(12)))
        assert len(set(made)) == 12
        nobodys = [f"ns1:{one.id}" for one in controller.model("ns1").machines.values() if not one.annotations]
        assert len(controller.model("ns1").machines) == 12 + len(nobodys)
        assert len(nobodys) <= 1  # the one that nobody heard of, unless it was the first in the model
        assert (await edge.health())["unclaimed_machines"] == nobodys


async def test_a_controller_that_restarts_in_the_middle_loses_nothing(
    controller: SimulatedController, tmp_path: Path
) -> None:
    async def restart_now_and_then() -> None:
        for seen in (5, 9, 14):
            await until(lambda seen=seen: controller.counts.total >= seen)  # type: ignore[misc]
            await controller.restart()

    restarting = asyncio.create_task(restart_now_and_then())
    await life(controller, tmp_path)
    await restarting


@pytest.mark.parametrize("when", ["before", "after"])
async def test_units_asked_for_are_as_many_as_were_asked_for(controller: SimulatedController, when: str) -> None:
    rule = controller.faults.drop("Application.AddUnits", when)  # type: ignore[arg-type]
    async with connected(controller) as edge:
        ee_id = await installed(edge)
        await edge.scale(ee_id, 3)
        assert len(controller.model("ns1").units) == 3
    assert rule.hits == 1


@pytest.fixture
def behind(monkeypatch: pytest.MonkeyPatch) -> set[tuple[str, str]]:
    """What a watcher that begins tells at once; all else a while later, as from another node of a controller."""
    known: set[tuple[str, str]] = set()
    begin = watcher.Watcher.__init__

    def begin_behind(self: watcher.Watcher, *args: Any) -> None:
        begin(self, *args)
        for key in set(self._pending) - known if known else ():
            del self._pending[key]
            asyncio.get_running_loop().call_later(0.2, self.note_change, *key)

    monkeypatch.setattr(watcher.Watcher, "__init__", begin_behind)
    return known


async def test_what_a_watcher_does_not_show_yet_is_not_asked_for_twice(
    controller: SimulatedController, tmp_path: Path, behind: set[tuple[str, str]]
) -> None:
    proxy_charm(tmp_path)
    async with connected(controller, tmp_path) as edge:
        ee_id = await machine(edge, artifact_path="proxy")
        model = controller.model("ns1")
        behind.update(model.all_keys())
        controller.faults.drop("Application.Deploy", "after")
        await edge.install_configuration_sw(ee_id, "proxy")
        behind.update(model.all_keys())
        controller.faults.drop("Action.EnqueueOperation", "after")
        await edge.exec_primitive(ee_id, "generate-ssh-key")
        assert [one.status for one in model.actions.values()] == ["completed"]
        assert controller.counts.requests["Action.EnqueueOperation"] == 1


async def test_an_install_goes_on_with_what_a_rival_installed(controller: SimulatedController, tmp_path: Path) -> None:
    proxy_charm(tmp_path)
    async with connected(controller, tmp_path, alone=False) as one, connected(controller, tmp_path, alone=False) as two:
        ee_id = await machine(one)
        await two.get_status(NS)
        await asyncio.gather(*(edge.install_configuration_sw(ee_id, "proxy") for edge in (one, two)))
    assert len(controller.model("ns1").units) == 1


@pytest.fixture
def quick_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Uploads are tried again at once."""
    monkeypatch.setattr(upload, "pauses", lambda _least: itertools.repeat(0.0))


@pytest.mark.usefixtures("quick_tries")
async def test_an_upload_waits_for_a_controller_that_goes_away(controller: SimulatedController, tmp_path: Path) -> None:
    proxy_charm(tmp_path)
    rule = controller.faults.hang("charms.upload", "before")
    async with connected(controller, tmp_path) as edge:
        ee_id = await machine(edge)
        installing = asyncio.create_task(edge.install_configuration_sw(ee_id, "proxy"))
        await until(lambda: rule.hits)
        await controller.go_down()
        done, _ = await asyncio.wait([installing], timeout=0.3)
        assert not done
        await controller.come_back()
        await installing
    assert len(controller.model("ns1").units) == 1


@pytest.mark.usefixtures("quick_tries")
async def test_an_upload_that_nothing_lets_through_is_given_up(controller: SimulatedController, tmp_path: Path) -> None:
    proxy_charm(tmp_path)
    async with connected(controller, tmp_path) as edge:
        ee_id = await machine(edge)
        controller.faults.drop("charms.upload", "before", times=None)
        with pytest.raises(VcaConnectionError, match="the upload broke off") as caught:
            await edge.install_configuration_sw(ee_id, "proxy")
        assert caught.value.retryable
    assert controller.counts.requests["charms.upload"] == 4


@pytest.mark.usefixtures("quick_tries")
async def test_an_upload_is_retried_whatever_a_proxy_says(
    controller: SimulatedController, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = "<h1>Zeit\u00fcberschreitung</h1>".encode("latin-1")
    answer = web.Response(status=502, body=page, content_type="text/html")
    monkeypatch.setattr(uploads, "_cut", lambda _request: answer)
    proxy_charm(tmp_path)
    controller.faults.drop("charms.upload", "before")
    async with connected(controller, tmp_path) as edge:
        await installed(edge, "proxy")
    assert controller.counts.requests["charms.upload"] == 2


@pytest.mark.usefixtures("quick_tries")
async def test_an_upload_is_retried_when_busy_and_not_when_refused(
    controller: SimulatedController, tmp_path: Path
) -> None:
    proxy_charm(tmp_path)
    controller.faults.refuse("charms.upload", "not now", "retry", times=2)
    async with connected(controller, tmp_path) as edge:
        await installed(edge, "proxy")
        assert controller.counts.requests["charms.upload"] == 3
        ee_id = await machine(edge, ".ns2.vnf1")
        controller.faults.refuse("charms.upload", "never", "forbidden")
        with pytest.raises(BackendError, match="never"):
            await edge.install_configuration_sw(ee_id, "proxy")


@pytest.mark.usefixtures("quick_tries")
async def test_an_upload_waits_for_an_upgrade_of_the_controller(
    controller: SimulatedController, tmp_path: Path
) -> None:
    proxy_charm(tmp_path)
    controller.faults.refuse(
        "charms.upload", "cannot upload charm: upgrade in progress", "upgrade in progress", times=6
    )
    async with connected(controller, tmp_path) as edge:
        await installed(edge, "proxy")
    assert controller.counts.requests["charms.upload"] == 7


@pytest.mark.usefixtures("quick_tries")
async def test_an_upload_reports_an_upgrade_that_lasts_too_long(
    controller: SimulatedController, tmp_path: Path
) -> None:
    proxy_charm(tmp_path)
    controller.faults.refuse("charms.upload", "upgrade in progress", "upgrade in progress", times=None)
    async with connected(controller, tmp_path, outage_timeout=0.3) as edge:
        ee_id = await machine(edge)
        with pytest.raises(
            VcaConnectionError, match="the upload broke off: the controller is being upgraded"
        ) as caught:
            await edge.install_configuration_sw(ee_id, "proxy")
        assert caught.value.retryable
    async with connected(controller, tmp_path) as edge:
        with pytest.raises(VcaTimeoutError, match="the controller is being upgraded"):
            await edge.install_configuration_sw(ee_id, "proxy", total_timeout=1.0)


async def test_requests_may_be_done_and_answered_in_any_order(controller: SimulatedController, tmp_path: Path) -> None:
    controller.faults.disorder = 50
    await life(controller, tmp_path)
    async with connected(controller) as edge:
        made = await asyncio.gather(
            *(installed(edge, namespace=f".ns1.vnf{number}", num_units=2) for number in range(4))
        )
        assert len(controller.model("ns1").units) == 2 * len(set(made))
        await asyncio.gather(*(edge.delete_execution_environment(ee_id) for ee_id in made))
        assert controller.model("ns1").machines == {}
