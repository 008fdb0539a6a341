"""The connection to a controller: logins, certificates, breaks and comebacks."""

from __future__ import annotations

import asyncio
import gc
import logging
import re
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from support.juju import VNF, backend_of, client_of, config_for, connected, installed, machine, until

from vca_core import BackendError, NotFound, Vca, VcaConnectionError, VcaTimeoutError
from vca_core.text_files import read_text
from vca_juju_common import options
from vca_jujusim.controller import SimulatedController


async def test_all_endpoints_are_tried_and_new_ones_are_learned() -> None:
    async with (
        SimulatedController(endpoints=3, dead=(0,)) as controller,
        connected(controller, endpoints=controller.endpoints[:2]) as edge,
    ):
        await machine(edge)
        assert controller.counts.opened == 2
        await controller.set_endpoint(1, "dead")
        controller.cut()
        await machine(edge, ".ns1.other")
        first, *_ = client_of(edge).addresses
        assert first == controller.endpoints[2]


async def test_a_half_open_endpoint_does_not_hold_up_the_others() -> None:
    async with SimulatedController(endpoints=2) as controller:
        await controller.set_endpoint(0, "half-open")
        async with connected(controller) as edge:
            await asyncio.wait_for(edge.health(), 3.0)


@pytest.mark.defect("D26")
async def test_an_absent_controller_is_reported_within_the_limit(controller: SimulatedController) -> None:
    await controller.go_down()
    async with connected(controller, connect_timeout=0.3) as edge:
        with pytest.raises(VcaConnectionError, match="no connection within 0.3 s.*cannot be reached") as caught:
            await edge.health()
        assert caught.value.retryable
        await controller.come_back()
        await edge.health()


@pytest.mark.defect("D69")
async def test_operations_go_on_when_the_controller_comes_back(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        controller.faults.freeze("unit")
        installing = asyncio.create_task(installed(edge))
        await until(lambda: controller.counts.requests["Annotations.Set"] == 2)
        await controller.go_down()
        controller.thaw()
        await until(lambda: all(one.installed for one in controller.model("ns1").units.values()))
        await controller.come_back()
        ee_id = await installing
        await edge.exec_primitive(ee_id, "touch", {"filename": "/x"})
    assert controller.counts.failed_logins == 0


async def test_what_vanished_during_a_break_is_noticed(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        ee_id = await installed(edge)
        await controller.restart(lambda: controller.remove_application("ns1", "app-vnf-vnf1"))
        await until(lambda: not controller.model("ns1").applications)
        await edge.health()
        with pytest.raises(NotFound):
            await edge.exec_primitive(ee_id, "touch", {"filename": "/x"})


async def test_a_watcher_that_is_stopped_is_made_anew(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        ee_id = await machine(edge)
        controller.stop_watchers()
        await edge.install_configuration_sw(ee_id, "simple-router")
    assert controller.counts.opened == 2


async def test_a_connection_that_says_nothing_is_given_up(controller: SimulatedController) -> None:
    async with connected(controller, request_timeout=0.5) as edge:
        ee_id = await installed(edge)
        controller.stall()
        await edge.exec_primitive(ee_id, "touch", {"filename": "/x"})
    assert controller.counts.opened >= 3


async def test_a_disconnect_that_is_cut_short_leaves_no_connection(
    controller: SimulatedController, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread reads a file of a system that does not answer: it cannot be cancelled."""
    secret, answers = tmp_path / "secret", threading.Event()
    answers.set()
    monkeypatch.setattr(options, "read_text", lambda path: answers.wait() and read_text(path))
    secret.write_text(controller.password)
    config = config_for(controller, secret=None, secret_file=str(secret))
    config["timeouts"]["cleanup"] = 0.1
    vca = Vca.from_config(config, environ={})
    await vca.connector().health()
    http = client_of(vca.connector())._dialer.http
    opened = http._session()
    answers.clear()
    controller.cut()
    await until(lambda: controller.counts.opened == 2)
    await vca.disconnect()
    is_closed = opened.closed
    answers.set()
    assert is_closed
    await until(lambda: controller.counts.open == 0)


async def test_an_outage_longer_than_the_limit_is_reported(controller: SimulatedController) -> None:
    async with connected(controller, outage_timeout=0.4) as edge:
        ee_id = await installed(edge)
        await controller.go_down()
        with pytest.raises(VcaConnectionError, match="no connection within 0.4 s") as caught:
            await edge.exec_primitive(ee_id, "config", {"mtu": 1})
        assert caught.value.retryable
        await controller.come_back()
        await edge.exec_primitive(ee_id, "config", {"mtu": 1})


async def test_the_callers_deadline_holds_during_an_outage(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        ee_id = await installed(edge)
        await controller.go_down()
        with pytest.raises(VcaTimeoutError):
            await edge.exec_primitive(ee_id, "config", {"mtu": 1}, total_timeout=0.3)


async def test_an_empty_model_that_nobody_uses_is_disconnected(
    controller: SimulatedController,
) -> None:
    async with connected(controller, idle_timeout=0.1) as edge:
        ee_id = await machine(edge)
        await asyncio.sleep(0.3)
        assert controller.counts.open == 2  # there is something to watch
        await edge.delete_execution_environment(ee_id)
        await until(lambda: controller.counts.open == 1)
        await machine(edge)
        assert controller.counts.open == 2
        assert controller.counts.requests["ModelManager.CreateModel"] == 1


@pytest.mark.defect("D67")
@pytest.mark.defect("D68")
async def test_a_connector_can_be_left_while_the_controller_is_down(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        await machine(edge)
        await controller.go_down()
    await controller.come_back()
    async with connected(controller) as edge:
        assert len(await edge.list_execution_environments()) == 1


async def test_an_outage_that_lasts_too_long_ends_the_waits(
    controller: SimulatedController,
) -> None:
    controller.faults.freeze("machine")
    async with connected(controller, outage_timeout=0.3) as edge:
        making = asyncio.create_task(machine(edge))
        await until(lambda: controller.counts.requests["Annotations.Set"])
        await controller.go_down()
        with pytest.raises(VcaConnectionError, match=r"within 0\.3 s: 127\.0\.0\.1:\d+ cannot be reached: ") as caught:
            await making
        assert "object at" not in str(caught.value)
        assert caught.value.retryable
        await controller.come_back()
        controller.thaw()
        assert await machine(edge, reuse_ee_id=str(caught.value.ee_id)) == str(caught.value.ee_id)


async def test_an_outage_that_ends_in_time_is_waited_for(controller: SimulatedController) -> None:
    controller.faults.freeze("machine")
    async with connected(controller, outage_timeout=20.0) as edge:
        making = asyncio.create_task(machine(edge))
        await until(lambda: controller.counts.requests["Annotations.Set"])
        await controller.restart(controller.thaw)
        await making


async def test_what_is_asked_can_be_traced_without_what_is_said(
    controller: SimulatedController, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "vca_juju_common")
    async with connected(controller) as edge:
        ee_id = await installed(edge, config={"hostname": "canary"})
        controller.faults.refuse("Action.EnqueueOperation", "no canary", "unauthorized access")
        with pytest.raises(BackendError):
            await edge.exec_primitive(ee_id, "touch", {"filename": "canary"})
    assert "Admin.Login: done" in caplog.text
    assert "Application.Deploy: done" in caplog.text
    assert "Action.EnqueueOperation: error unauthorized access" in caplog.text
    assert controller.password not in caplog.text
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("vca_juju")]
    assert "canary" not in "\n".join(ours)


@pytest.mark.parametrize("request_name", ["Client.WatchAll", "AllWatcher.Next"])
@pytest.mark.parametrize(
    ("message", "code"),
    [("watcher was stopped", "stopped"), ("watcher was stopped", ""), ("try again", "try again")],
)
async def test_a_watcher_that_fails_in_passing_is_tried_again(
    controller: SimulatedController, request_name: str, message: str, code: str
) -> None:
    async with connected(controller) as edge:
        controller.faults.refuse(request_name, message, code, times=2)
        await machine(edge)
    assert controller.counts.opened == 4


async def test_a_watcher_that_never_answers_holds_nobody_up(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        ee_id = await machine(edge)
        model = client_of(edge)._models["ns1"]
        await until(lambda: controller.counts.requests["AllWatcher.Next"] >= 2)
        rule = controller.faults.hang("AllWatcher.Next")
        controller.model("ns1").note_change("machine", "0")
        await until(lambda: rule.hits)
        await model.reread()
        await edge.install_configuration_sw(ee_id, "simple-router")
        assert controller.counts.opened == 2


async def test_an_upgrade_of_the_controller_is_waited_for(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        await machine(edge)
        controller.upgrade(refusals=4)
        made = await asyncio.gather(*(machine(edge, f".ns{number}.vnf2") for number in (1, 2)))
        assert made == ["ns1.app-vnf-vnf2.1", "ns2.app-vnf-vnf2.0"]


async def test_an_upgrade_that_lasts_too_long_is_reported(controller: SimulatedController) -> None:
    async with connected(controller, outage_timeout=0.5, connect_timeout=0.2) as edge:
        await machine(edge)
        controller.upgrade()
        for call in (machine(edge, ".ns1.vnf2"), machine(edge, ".ns2.vnf1"), edge.list_execution_environments()):
            with pytest.raises(VcaConnectionError, match="the controller is being upgraded") as caught:
                await call
            assert caught.value.retryable
        controller.faults.clear()
        await machine(edge, ".ns2.vnf1")


async def test_a_timeout_says_why_the_controller_was_not_reached(controller: SimulatedController) -> None:
    message = f"; 127.0.0.1:{controller.ports[0]} cannot be reached: "
    async with connected(controller) as edge:
        await edge.health()  # what has to be imported is
    await controller.go_down()
    async with connected(controller, connect_timeout=60.0) as edge:
        with pytest.raises(VcaTimeoutError, match=message) as caught:
            await edge.create_execution_environment(VNF, total_timeout=0.3)
        assert "cannot be reached" in str(caught.value.__cause__)
        await controller.come_back()
        ee_id = await installed(edge)
        await controller.go_down()
        with pytest.raises(VcaTimeoutError, match=message):
            await edge.exec_primitive(ee_id, "touch", {"filename": "/x"}, total_timeout=0.3)
        await controller.come_back()


async def test_a_limit_tells_what_is_known_of_endpoints_meanwhile() -> None:
    async with SimulatedController(endpoints=2, dead=(0,)) as controller:
        async with connected(controller) as edge:
            await edge.health()  # what has to be imported is
        await controller.set_endpoint(1, "half-open")
        dead, silent = (re.escape(one) for one in controller.endpoints)
        message = f"{dead} cannot be reached: .*; {silent} has not answered yet"
        async with connected(controller, connect_timeout=60.0) as edge:
            with pytest.raises(VcaTimeoutError, match=message) as caught:
                await edge.health(total_timeout=1.0)
            assert "cannot be reached" in str(caught.value.__cause__)
        async with connected(controller, connect_timeout=1.0) as edge:
            with pytest.raises(VcaConnectionError, match=message) as failed:
                await edge.health()
            assert failed.value.__cause__ is not None


async def test_an_opening_that_is_cancelled_twice_leaves_nothing(
    controller: SimulatedController, caplog: pytest.LogCaptureFixture
) -> None:
    await controller.set_endpoint(0, "half-open")
    before = asyncio.all_tasks()
    for turns in range(8):
        async with connected(controller, connect_timeout=60.0) as edge:
            backend = backend_of(edge)
            opening = asyncio.create_task(backend.open())
            connection = client_of(edge)._connection
            while connection._failures is None:  # until it is being dialled
                await asyncio.sleep(0)
            for _ in range(5):
                await asyncio.sleep(0)
            opening.cancel()
            for _ in range(turns):
                await asyncio.sleep(0)
            opening.cancel()
            with suppress(asyncio.CancelledError):
                await opening
            await until(
                lambda: (
                    not (
                        {
                            one
                            for one in asyncio.all_tasks() - before
                            if one.get_name().startswith(("controller", "dial", "connection"))
                        }
                    )
                )
            )
    gc.collect()
    assert "Unclosed" not in caplog.text
