"""Faults that others are to blame for: limits of the controller, machines of other makers, the store of charms."""

from __future__ import annotations

from dataclasses import replace

from support.faults.scene import NS, Scene

from vca_juju_common.archive import render
from vca_jujusim.archives import read_archive
from vca_jujusim.world.machines import add_machine


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
