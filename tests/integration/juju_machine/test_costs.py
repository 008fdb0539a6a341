"""What lives on machines cost, in requests and connections."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from support.juju import connected, installed, proxy_charm

from vca_core import Connector
from vca_jujusim import SimulatedController

SSH = {"ssh-hostname": "10.9.9.9", "ssh-username": "osm", "ssh-password": "canary-3f9a"}
UNCOUNTED = ("Pinger.Ping", "AllWatcher.Next", "ModelManager.ListModels", "charms.upload")
"""Uploads, and what waits for all lives together: how often that is asked depends on how long others take."""


async def life(connector: Connector, ns: str) -> None:
    """From create to the end of the NS."""
    ee_id = await installed(connector, "proxy", f"{ns}.vnf1")
    await connector.exec_primitive(ee_id, "config", SSH)
    await connector.exec_primitive(ee_id, "touch")
    await connector.delete_execution_environment(ee_id)
    await connector.delete_namespace(ns)


def requests_of(controller: SimulatedController) -> int:
    """How many requests came so far."""
    return sum(number for name, number in controller.counts.requests.items() if name not in UNCOUNTED)


@pytest.mark.parametrize("lives", [1, 20])
async def test_a_life_costs_a_connection_and_16_requests(
    controller: SimulatedController, tmp_path: Path, lives: int
) -> None:
    proxy_charm(tmp_path)
    async with connected(controller, tmp_path) as connector:
        await life(connector, ".warm")
        asked, opened = requests_of(controller), controller.counts.opened
        await asyncio.gather(*(life(connector, f".ns{number}") for number in range(lives)))
        assert requests_of(controller) - asked <= 16 * lives
        assert controller.counts.opened - opened == lives  # one for each model; the controller's was open
