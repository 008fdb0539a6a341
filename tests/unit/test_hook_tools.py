"""The fake and the simulated controller each give a charm's program its hook tools; both give it the same ones."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from vca_fake import hook_tools as of_the_fake
from vca_jujusim.world import hook_tools as of_the_simulator

PROGRAMS = {
    "asks": """
        action-set all="$(action-get --format=json)" one="$(action-get name)" deep="$(action-get deep.er)"
        action-set absent="$(action-get absent)" none="$(action-get --format=json absent)" yaml="$(action-get -o yaml)"
        action-set options="$(config-get --format json)" mtu="$(config-get mtu)"
        action-set smart="$(config-get --format smart mtu)"
        action-set leader="$(is-leader)" known="$(is-leader --format=json)"
        action-set related="$(relation-ids uplink)" unrelated="$(relation-ids --format=json none)"
    """,
    "answers": "action-set a.b=1 a.c=2 plain=x 'text=two words' empty= ; action-set a.b=3",
    "fails": "action-set done=half; action-fail 'no disk'",
    "fails-without-a-reason": "action-fail",
    "ends-with-a-code": "echo out; echo err >&2; exit 3",
    "says": "juju-log hello; status-set active; action-log step; application-version-set 1; echo out; echo err >&2",
    "looks-around": "action-set unit=$JUJU_UNIT_NAME action=$JUJU_ACTION_NAME here=$(basename $PWD)",
}


@pytest.mark.parametrize("name", PROGRAMS)
async def test_a_program_gets_the_same_tools_from_both(name: str, tmp_path: Path) -> None:
    given = _action(tmp_path, name, PROGRAMS[name])
    one = await of_the_fake.run(of_the_fake.Action(**given))
    two = await of_the_simulator.run(of_the_simulator.Run(**given))
    assert dataclasses.asdict(one) == dataclasses.asdict(two)
    assert one.output or one.failure or name == "says"


async def test_line_ends_of_an_output_come_back_as_they_were_set(tmp_path: Path) -> None:
    given = _action(tmp_path, "ends-lines", r"""action-set "text=$(printf 'one\r\ntwo')" """)
    one = await of_the_fake.run(of_the_fake.Action(**given))
    two = await of_the_simulator.run(of_the_simulator.Run(**given))
    assert (one.output["text"], two.output["text"]) == ("one\r\ntwo", "one\r\ntwo")


@pytest.mark.parametrize("of", ["fake", "simulator"])
@pytest.mark.parametrize("is_cancelled", [False, True])
async def test_a_run_is_over_though_a_child_goes_on(of: str, is_cancelled: bool, tmp_path: Path) -> None:
    hangs = "sleep 600" if is_cancelled else ""
    child = "echo $$ >child; mkdir started; exec sleep 600"  # it says itself that it has a session of its own
    given = _action(tmp_path, "leaves", f"setsid sh -c '{child}' &\n{hangs}")
    before = _open_files()
    running = asyncio.ensure_future(
        of_the_fake.run(of_the_fake.Action(**given))
        if of == "fake"
        else of_the_simulator.run(of_the_simulator.Run(**given))
    )
    while not (tmp_path / "vnf-0" / "started").is_dir():
        await asyncio.sleep(0.01)
    try:
        if is_cancelled:
            running.cancel()
        await asyncio.wait((running,), timeout=300)
    finally:
        os.kill(int((tmp_path / "vnf-0" / "child").read_text()), signal.SIGKILL)
    assert running.done()
    assert running.cancelled() == is_cancelled
    assert _open_files() - before == set()


def _open_files() -> set[str]:
    return {os.path.realpath(one) for one in Path("/proc/self/fd").iterdir()}


def _action(folder: Path, name: str, program: str) -> dict[str, Any]:
    file = folder / "charm" / "actions" / name
    file.parent.mkdir(parents=True)
    file.write_text(f"#!/bin/sh\n{program}\n")
    file.chmod(0o755)
    return {
        "name": name,
        "charm": folder / "charm",
        "folder": folder / "vnf-0",
        "unit": "vnf/0",
        "leader": True,
        "options": {"mtu": 1500, "tls": False, "rate": 0.5, "motd": "two\nlines"},
        "params": {"name": "x y", "deep": {"er": [1, None, "z"]}, "on": True},
        "relations": {"uplink": ["uplink:0", "uplink:3"]},
    }
