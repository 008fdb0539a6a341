"""A time-out says why nothing came, whichever request it was that the controller no longer answered."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Literal

import pytest
from support.juju import connected, installed, machine, until

from vca_core import Connector, VcaTimeoutError
from vca_juju_common import finishing
from vca_jujusim.controller import SimulatedController

Call = Callable[[Connector, str, str, float], Awaitable[object]]
"""Takes the connector, an EE with a charm, one without, and seconds."""

CALLS: dict[str, Call] = {
    "Action.EnqueueOperation": lambda edge, ee, _, limit: edge.exec_primitive(ee, "show-routes", total_timeout=limit),
    "Application.Deploy": lambda edge, _, bare, limit: edge.install_configuration_sw(
        bare, "simple-router", total_timeout=limit
    ),
    "Application.AddUnits": lambda edge, ee, _, limit: edge.scale(ee, 2, total_timeout=limit),
    "Application.SetConfigs": lambda edge, ee, _, limit: edge.exec_primitive(
        ee, "config", {"mtu": 1400}, total_timeout=limit
    ),
    "Application.DestroyApplication": lambda edge, ee, _, limit: edge.delete_execution_environment(
        ee, total_timeout=limit
    ),
    "MachineManager.AddMachines": lambda edge, *more: edge.create_execution_environment(
        ".ns1.vnf9", total_timeout=more[-1]
    ),
    "ModelManager.CreateModel": lambda edge, *more: edge.create_execution_environment(
        ".ns2.vnf9", total_timeout=more[-1]
    ),
    "ModelManager.DestroyModels": lambda edge, *more: edge.delete_namespace(".ns1", total_timeout=more[-1]),
    "ModelManager.ListModels": lambda edge, *more: edge.list_execution_environments(total_timeout=more[-1]),
    "Client.FullStatus": lambda edge, *more: edge.get_status(".ns1", total_timeout=more[-1]),
    "Controller.ControllerVersion": lambda edge, *more: edge.health(total_timeout=more[-1]),
}

Way = Literal["gone", "upgraded"]


async def leave(controller: SimulatedController, way: Way) -> None:
    """Have the controller no longer do what is asked."""
    if way == "gone":
        await controller.go_down()
        controller.faults.clear()
    else:
        controller.faults.clear()
        controller.upgrade()


async def text_of_timeout(request: str, call: Call, way: Way) -> str:
    """What a call's time-out says when the controller leaves at a request of it, and stays away."""
    async with SimulatedController() as controller, connected(controller, outage_timeout=60.0, alone=False) as edge:
        ee_id, bare = await installed(edge), await machine(edge, ".ns1.vnf2")
        await edge.health()
        rule = controller.faults.drop(request, "before", times=None)
        calling = asyncio.ensure_future(call(edge, ee_id, bare, 3.0))
        await until(lambda: rule.hits)
        await leave(controller, way)
        with pytest.raises(VcaTimeoutError) as caught:
            await calling
        controller.faults.clear()
        if way == "gone":
            await controller.come_back()
        return caught.value.message


@pytest.mark.parametrize(
    ("way", "reason"),
    [("gone", r"; 127\.0\.0\.1:\d+ cannot be reached: "), ("upgraded", "; the controller is being upgraded$")],
)
async def test_every_timeout_says_what_became_of_the_controller(
    monkeypatch: pytest.MonkeyPatch, way: Way, reason: str
) -> None:
    monkeypatch.setattr(finishing, "LIMIT", 0.2)
    texts = await asyncio.gather(*(text_of_timeout(request, call, way) for request, call in CALLS.items()))
    silent = {request: text for request, text in zip(CALLS, texts, strict=True) if not re.search(reason, text)}
    assert silent == {}


async def test_who_waits_for_one_that_waits_learns_why(controller: SimulatedController) -> None:
    async with connected(controller, outage_timeout=60.0) as edge:
        await machine(edge, ".ns2.vnf1")
        rule = controller.faults.drop("ModelManager.CreateModel", "before", times=None)
        making = [
            asyncio.create_task(edge.create_execution_environment(f".ns1.vnf{number}", total_timeout=2.0))
            for number in range(3)
        ]
        await until(lambda: rule.hits)
        await leave(controller, "gone")
        for outcome in await asyncio.gather(*making, return_exceptions=True):
            assert isinstance(outcome, VcaTimeoutError)
            assert "cannot be reached" in outcome.message
        await controller.come_back()
