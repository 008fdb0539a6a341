"""The command is killed at some moment of an NS's life: what comes after goes on with it, and leaves nothing.

A machine that Juju had begun to make, and that had no note yet, is named, and goes with the NS. The suite tries one
moment; `make kills` tries 30.
"""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Literal

import pytest
import yaml
from support.juju import write_charm
from support.juju_k8s import PATIENT, options_of, sidecar
from support.killing import has_had, left_in, run, run_killed

from vca_core import Vca
from vca_jujusim import SimulatedController

KILLS = int(os.environ.get("VCA_KILLS", "1"))
SEED = int(os.environ.get("VCA_KILLS_SEED", "1610"))
LIFE = 54
"""Requests of the whole life, about: those that come after it kill nothing."""

MOMENTS = sorted(random.Random(SEED).sample(range(1, LIFE), min(KILLS, LIFE - 1)))  # noqa: S311 - to be the same again

SERVICE = {
    "ns": "demo",
    "vnfs": {
        "core": {"charm": "client", "connector": "hosts"},
        "dns": {"charm": "dns", "connector": "pods", "config": {"label": "edge"}, "day1": [{"run": "touch"}]},
    },
    "relations": [["core:names", "dns:dns"]],
}


@pytest.fixture
def folder(tmp_path: Path, controller: SimulatedController) -> Path:
    """A config and an NS with a VNF on a machine and one on pods, which are related."""
    sidecar(tmp_path / "charms")
    write_charm(tmp_path / "charms", "client", requires={"names": {"interface": "dns"}})
    given = options_of(controller, **PATIENT)
    config = {
        "artifacts": "charms",
        "connectors": {
            "hosts": {"backend": "juju-machine", "options": given},
            "pods": {"backend": "juju-k8s", "options": {**given, "cloud": "k8s"}},
        },
    }
    (tmp_path / "vca.yaml").write_text(yaml.safe_dump(config))
    (tmp_path / "service.yaml").write_text(yaml.safe_dump(SERVICE))
    return tmp_path


async def is_named(controller: SimulatedController, folder: Path) -> None:
    """A machine is nobody's: since nobody can tell whose it is, it is named, and stays."""
    hosts = controller.model("demo")
    [nobodys] = hosts.machines.keys() - {unit.machine for unit in hosts.units.values()}
    assert hosts.annotations_of(f"machine-{nobodys}") == {}
    assert f"unclaimed machines demo:{nobodys}" in await run(folder, "doctor", "--json")


async def test_a_machine_of_a_killed_life_without_a_note_is_named(
    controller: SimulatedController, folder: Path
) -> None:
    made = controller.faults.hang("MachineManager.AddMachines", "after")
    assert await run_killed(folder, lambda: made.hits) == "apply"
    await run(folder, "apply", "service.yaml")
    await is_named(controller, folder)
    await run(folder, "delete", "demo", "--yes")
    assert left_in(controller) == []


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", ["Application.Consume", "Application.AddRelation"])
@pytest.mark.parametrize("end", ["hosts", "pods"])
async def test_what_a_killed_relation_left_goes_with_either_ee(
    controller: SimulatedController, folder: Path, end: str, step: str, when: Literal["before", "after"]
) -> None:
    cut_off = controller.faults.hang(step, when)
    assert await run_killed(folder, lambda: cut_off.hits) == "apply"
    models = [controller.model(name) for name in ("demo", "demo-k8s")]
    assert list(models[1].offers) == ["app-vnf-dns-dns"]
    async with Vca.from_config(folder / "vca.yaml", environ={}) as vca:
        ee_ids = {"hosts": "demo.app-vnf-core.0", "pods": "demo-k8s.app-vnf-dns.k8s"}
        await vca.connector(end).delete_execution_environment(ee_ids[end])
    assert not any(model.offers or model.relations for model in models)
    assert end == "pods" or not models[0].remotes  # which stay where the provider goes first


async def test_an_offer_of_a_killed_relation_goes_with_the_other_ns(
    controller: SimulatedController, folder: Path
) -> None:
    cut_off = controller.faults.hang("Application.Consume", "before")
    assert await run_killed(folder, lambda: cut_off.hits) == "apply"
    async with Vca.from_config(folder / "vca.yaml", environ={}) as vca:
        await vca.connector("hosts").delete_namespace(".demo")
    assert not controller.model("demo-k8s").offers


@pytest.mark.parametrize("moment", MOMENTS)
async def test_a_killed_life_goes_on_and_leaves_nothing(
    controller: SimulatedController, folder: Path, moment: int
) -> None:
    controller.clock.latency = 0.01
    killed = f"{await run_killed(folder, has_had(controller, moment)) or 'nothing'} killed after {moment} requests"
    await run(folder, "apply", "service.yaml")
    models = {name: controller.model(name) for name in left_in(controller)}
    assert sorted(models) == ["demo", "demo-k8s"], killed
    counts = [(len(one.applications), len(one.units), len(one.relations)) for one in models.values()]
    assert counts == [(1, 1, 1), (1, 1, 1)], killed
    hosts = controller.model("demo")
    used = {unit.machine for unit in hosts.units.values()}
    if any(key not in used for key in hosts.machines):  # rarely: the kill came before the machine had its note
        assert killed.startswith("apply"), killed
        await is_named(controller, folder)
    await run(folder, "delete", "demo", "--yes")
    assert left_in(controller) == [], killed
