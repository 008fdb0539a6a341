"""The programs of uploaded charms: each action in a process, in its unit's own folder, with hook tools."""

from __future__ import annotations

import asyncio
import io
import stat
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from vca_jujusim import SimulatedController
from vca_jujusim.raw import archive

from .conftest import ROUTER, World

TELL = """#!/bin/sh
echo run >>runs
action-set unit="$JUJU_UNIT_NAME" leader="$(is-leader)" mtu="$(config-get mtu)" runs="$(wc -l <runs)"
action-set params="$(action-get --format=json)" gateways="$(relation-ids gateway)"
"""
FILES = ROUTER | {
    "actions.yaml": "tell: {params: {deep: {type: object, properties: {}}}}\nfails: {}\nhangs: {}\nwithout: {}\n",
    "actions/tell": TELL,
    "actions/fails": "#!/bin/sh\naction-set tried=yes\naction-fail 'no luck'\n",
    "actions/hangs": "#!/bin/sh\necho $$ >pid\nsleep 100\n",
}
"""A charm with programs, but for one of its actions."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "programs"


@pytest.fixture
async def sim(folder: Path) -> AsyncIterator[SimulatedController]:
    async with SimulatedController(programs=folder) as sim:
        yield sim


async def test_a_program_gets_what_it_asks_for(world: World) -> None:
    await world.deploy(FILES, **{"num-units": 2, "config": {"mtu": "0"}})
    for unit, leader, runs in (("leader", "True", "1"), ("1", "False", "1"), ("leader", "True", "2")):
        action = await world.action(
            "tell", f"router/{unit}" if unit == "leader" else f"unit-router-{unit}", deep={"a": 1}
        )
        assert action["status"] == "completed"
        assert action["output"] == {
            "unit": "router/0" if unit == "leader" else f"router/{unit}",
            "leader": leader,
            "mtu": "0",
            "runs": runs,
            "params": '{"deep": {"a": 1}}',
            "gateways": "",
            "return-code": 0,
        }


async def test_a_program_may_be_a_symlink(world: World) -> None:
    link = zipfile.ZipInfo("actions/tell")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    packed = io.BytesIO(archive({name: text for name, text in FILES.items() if name != "actions/tell"}))
    with zipfile.ZipFile(packed, "a") as charm:
        charm.writestr(link, "fails")
    await world.deploy(packed.getvalue())
    assert (await world.action("tell"))["message"] == "no luck"


async def test_a_unit_that_is_made_anew_kept_nothing(world: World, folder: Path) -> None:
    await world.deploy(FILES)
    await world.action("tell")
    assert list(folder.rglob("runs"))
    world.sim.remove_application("ns", "router")
    await world.until("unit", "router/0", lambda data: data["life"] == "gone")
    assert not list(folder.rglob("runs"))


async def test_a_program_fails_with_what_it_left_behind(world: World) -> None:
    await world.deploy(FILES)
    action = await world.action("fails")
    assert (action["status"], action["message"]) == ("failed", "no luck")
    assert action["output"] == {"return-code": 0, "tried": "yes"}


async def test_an_action_without_a_program_gives_its_parameters(world: World) -> None:
    await world.deploy(FILES)
    assert (await world.action("without"))["output"] == {"return-code": 0, "unit": "router/0"}


async def test_an_aborted_program_is_killed(world: World, folder: Path) -> None:
    await world.deploy(FILES)
    asked = {"receiver": "router/leader", "name": "hangs", "parameters": {}}
    tag = (await world.result("Action.EnqueueOperation", actions=[asked]))["action"]["tag"]
    while not (found := [file for file in folder.rglob("pid") if file.read_text().strip()]):
        await asyncio.sleep(0.01)
    await world.result("Action.Cancel", entities=[{"tag": tag}])
    await world.until("action", tag.removeprefix("action-"), lambda data: data["status"] == "aborted")
    while Path("/proc", found[0].read_text().strip()).exists():
        await asyncio.sleep(0.01)


async def test_nothing_of_programs_is_left_when_it_stops(folder: Path) -> None:
    async with SimulatedController(programs=folder):
        folder.mkdir()
    assert not folder.exists()
