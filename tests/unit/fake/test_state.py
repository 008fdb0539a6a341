"""A file with what exists: several processes see one world, also one after the other."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.commands import unprivileged
from unit.fake.callbacks import set_on_machine
from unit.fake.conftest import EXAMPLES

from vca_core import AlreadyExists, Vca, VcaConnectionError


def config(folder: Path, **options: Any) -> dict[str, Any]:
    return {
        "artifacts": str(EXAMPLES / "charms"),
        "store": f"sqlite:////{folder}/status.db",
        "connectors": {"edge": {"backend": "fake", "options": {"state": f"{folder}/world.db", **options}}},
    }


async def test_what_one_vca_made_the_next_one_goes_on_with(tmp_path: Path) -> None:
    async with Vca.from_config(config(tmp_path), environ={}) as vca:
        ee_id, _ = await vca.connector().create_execution_environment(".ns.router")
        await vca.connector().install_configuration_sw(ee_id, "simple-router", config={"mtu": 1400}, num_units=2)
    async with Vca.from_config(config(tmp_path), environ={}) as vca:
        connector = vca.connector()
        [record] = await connector.list_execution_environments()
        assert (str(record.ee_id), str(record.namespace), record.address) == (ee_id, ".ns.router", "ns-0.fake.example")
        assert [state.native for state in record.entities] == ["started", "active", "active"]
        with pytest.raises(AlreadyExists):
            await connector.create_execution_environment(".ns.router")
        assert await connector.exec_primitive(ee_id, "show-routes") == {"unit": "app-vnf-router/0", "table": "main"}
        await connector.scale(ee_id, 1)
        await connector.delete_namespace(".ns")
        assert await connector.list_execution_environments() == []


async def test_two_at_once_see_each_others_work(tmp_path: Path) -> None:
    async with (
        Vca.from_config(config(tmp_path, latency=0.02), environ={}) as one,
        Vca.from_config(config(tmp_path, latency=0.02), environ={}) as other,
    ):
        made = await asyncio.gather(
            *(vca.connector().create_execution_environment(".ns.router") for vca in (one, other)),
            return_exceptions=True,
        )
        [refused] = [result for result in made if isinstance(result, AlreadyExists)]
        [(ee_id, _)] = [result for result in made if isinstance(result, tuple)]
        assert refused.ee_id == ee_id
        await other.connector().install_configuration_sw(ee_id, "simple-router")
        assert await one.connector().exec_primitive(ee_id, "show-routes")
        await one.connector().delete_execution_environment(ee_id)
        assert await other.connector().list_execution_environments() == []


async def test_what_was_interrupted_goes_on_from_when_it_happened(tmp_path: Path) -> None:
    stored = asyncio.Event()
    slow = Vca.from_config(config(tmp_path, latency=3600), on_update_db=set_on_machine(stored), environ={})
    creating = asyncio.create_task(slow.connector().create_execution_environment(".ns.router"))
    await stored.wait()
    creating.cancel()
    with pytest.raises(asyncio.CancelledError):
        await creating
    await slow.disconnect()
    async with Vca.from_config(config(tmp_path), environ={}) as quick:
        [record] = await quick.connector().list_execution_environments()
        await quick.connector().create_execution_environment(".ns.router", reuse_ee_id=record.ee_id)
        [record] = await quick.connector().list_execution_environments()
        assert [state.native for state in record.entities] == ["started"]


async def test_processes_that_work_in_one_ns_at_once_lose_nothing(tmp_path: Path) -> None:
    script = """
import asyncio, json, sys
from vca_core import Vca

async def main():
    async with Vca.from_config(json.loads(sys.argv[1]), environ={}) as vca:
        connector = vca.connector()
        for number in range(5):
            ee_id, _ = await connector.create_execution_environment(f".ns.vnf{sys.argv[2]}{number}")
            await connector.install_configuration_sw(ee_id, "simple-router")
            print(ee_id)

asyncio.run(main())
"""
    given = json.dumps(config(tmp_path))
    processes = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", script, given, name, stdout=subprocess.PIPE)
        for name in "abc"
    ]
    outputs = await asyncio.gather(*(process.communicate() for process in processes))
    assert [process.returncode for process in processes] == [0, 0, 0]
    printed = sorted(line for output, _ in outputs for line in output.decode().split())
    async with Vca.from_config(config(tmp_path), environ={}) as vca:
        records = await vca.connector().list_execution_environments()
    assert [str(record.ee_id) for record in records] == printed
    assert len({record.ee_id.locator for record in records}) == len(printed) == 15


async def test_a_file_that_cannot_be_used_is_named_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "world.db").write_text("these are notes, not a database\n" * 50)
    async with Vca.from_config(config(tmp_path), environ={}) as vca:
        with pytest.raises(VcaConnectionError, match=r"world\.db cannot be used: .*; is it a file of the fake"):
            await vca.connector().create_execution_environment(".ns.vnf")


async def test_a_file_that_is_read_only_can_be_read(tmp_path: Path) -> None:
    """What would change it is refused with a remedy."""
    async with Vca.from_config(config(tmp_path), environ={}) as vca:
        await vca.connector().create_execution_environment(".ns.vnf")
    script = """
import asyncio, json, sys
from vca_core import Vca, VcaConnectionError
async def main():
    async with Vca.from_config(json.loads(sys.argv[1]), environ={}) as vca:
        print(*(one.ee_id for one in await vca.connector().list_execution_environments()))
        try:
            await vca.connector().create_execution_environment(".ns.other")
        except VcaConnectionError as error:
            print(error.retryable, error)
asyncio.run(main())
"""
    file, mode = tmp_path / "world.db", tmp_path.stat().st_mode
    try:
        for path in (file, tmp_path):
            path.chmod(path.stat().st_mode & ~0o222)
        given = json.dumps({**config(tmp_path), "store": "memory:"})
        command = unprivileged(sys.executable, "-c", script, given)
        said = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=True)
    finally:
        tmp_path.chmod(mode)
    listed, refused = said.stdout.splitlines()
    assert listed == "ns.app-vnf-vnf.0"
    assert refused.startswith("False"), "it does not succeed later by itself"
    assert f"the fake's state {file} cannot be used: attempt to write a readonly database" in refused
    assert "in a folder that this user may write to?" in refused
