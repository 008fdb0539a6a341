"""The command is killed at some moment of an NS's life: what comes after goes on with it, and leaves nothing.

A machine that Juju had begun to make, and that had no note yet, is named, and goes with the NS. The suite tries one
moment; `make kills` tries 30.
"""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
import yaml
from support.juju import write_charm
from support.juju_k8s import PATIENT, options_of, sidecar
from support.killing import left_in, run, run_killed

from vca_jujusim import SimulatedController

KILLS = int(os.environ.get("VCA_KILLS", "1"))
SEED = int(os.environ.get("VCA_KILLS_SEED", "1610"))
LIFE = 70
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


@pytest.mark.parametrize("moment", MOMENTS)
async def test_a_killed_life_goes_on_and_leaves_nothing(
    controller: SimulatedController, folder: Path, moment: int
) -> None:
    controller.clock.latency = 0.01
    killed = f"{await run_killed(folder, controller, moment) or 'nothing'} killed after {moment} requests"
    await run(folder, "apply", "service.yaml")
    models = {name: controller.model(name) for name in left_in(controller)}
    assert sorted(models) == ["demo", "demo-k8s"], killed
    counts = [(len(one.applications), len(one.units), len(one.relations)) for one in models.values()]
    assert counts == [(1, 1, 1), (1, 1, 1)], killed
    hosts = controller.model("demo")
    used = {unit.machine for unit in hosts.units.values()}
    nobodys = [key for key in hosts.machines if key not in used]
    if nobodys:  # the kill came before the machine had a note: nobody can tell whose it is, so it is named and stays
        assert killed.startswith("apply"), killed
        assert (len(nobodys), hosts.annotations_of(f"machine-{nobodys[0]}")) == (1, {}), killed
        assert f"unclaimed machines demo:{nobodys[0]}" in await run(folder, "doctor", "--json"), killed
    await run(folder, "delete", "demo", "--yes")
    assert left_in(controller) == [], killed
