"""Faults that others are to blame for: limits of the controller, machines of other makers, charms and their store."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from support.faults.scene import NS, Scene
from support.juju import client_of

from vca_juju_common.archive import render
from vca_jujusim.archives import read_archive
from vca_jujusim.world.entities import Status
from vca_jujusim.world.machines import add_machine

_CROWD = 8


def reach_a_quota(scene: Scene) -> None:
    """No more can be made of what is asked for."""
    scene.rules.append(scene.controller.faults.refuse(scene.request, "no more of them", "quota limit exceeded"))


def add_beside(scene: Scene) -> None:
    """Somebody else adds a machine while a request for one is lost, in a model that was there: it may be anybody's."""
    scene.controller.world.add_model(NS, scene.controller.username, "localhost", "default", {})
    scene.rules.append(scene.controller.faults.drop(scene.request, "before", nth=scene.nth))
    scene.meanwhile(lambda: add_machine(scene.model, {}))


def keep_charmhub_away(scene: Scene) -> None:
    """The charm is that of the store, and the controller does not reach it."""
    local = scene.kit.charms
    archive = render(local.folder / local.charm)
    scene.controller.publish(read_archive(archive.file.read()))
    archive.close()
    scene.kit.charms = replace(local, charm="ch:proxy")
    scene.rules.append(scene.controller.faults.refuse("Charms.ResolveCharms", "dial tcp: i/o timeout"))


async def dial_a_crowd(scene: Scene) -> None:
    """So many other models are dialled that the time until the operation has its turn is beyond connect_timeout."""
    controller, connector = scene.controller, scene.kit.connector

    async def read(ns: str) -> None:
        await connector.get_status(f".{ns}")
        await connector.delete_namespace(f".{ns}")

    await connector.health()
    line = client_of(connector)._dialer.line = asyncio.Semaphore(2)
    controller.faults.delay("connect", 0.3)
    for name in (f"crowd{number}" for number in range(_CROWD)):
        controller.world.add_model(name, controller.username, "localhost", "default", {})
        scene.begun.append(asyncio.create_task(read(name)))
    while len(line._waiters or ()) < _CROWD - 2:
        await asyncio.sleep(0)


def break_and_mend(scene: Scene) -> None:
    """The unit's hook has failed for good; the charm that it is upgraded to is mended, and the options ask for that."""
    for unit in scene.model.units.values():
        unit.workload, unit.retry = Status("error", 'hook failed: "start"', {"hook": "start"}), False
        scene.model.note_change("unit", unit.name)
    options = {"upgrade": {"force_units": True, "resolve": True}}
    scene.kit.subject = replace(scene.kit.subject, operation_options=options)
