"""The programs of charms on the fake: each action in a process, with hook tools, in its unit's own folder."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from vca_core import BackendError, BadArguments, Connector, ExecutionError, Vca
from vca_core.connector.inspection import Inspection
from vca_core.testing.charms import pack
from vca_core.testing.watching import Watching

CONFIG = "options:\n  label: {type: string, default: 'a label'}\n  count: {type: int, default: 1}\n"
PROGRAMS = {
    "tell": """
        action-set unit="$JUJU_UNIT_NAME" leader="$(is-leader)" label="$(config-get label)" count="$(config-get count)"
        action-set all="$(config-get --format=json)" deep="$(action-get deep.er)" outer.inner="$(action-get text)"
        action-set absent="$(action-get --format json absent)" secret="$(env | grep -c VCA_TEST_SECRET)"
        status-set active ready; juju-log said
        echo out; echo err >&2
    """,
    "fails": "action-set tried=yes; action-fail 'no luck'",
    "garbles": r"""action-set raw="$(printf 'caf\351')"; action-fail "$(printf 'no \377 luck')" """,
    "breaks": "echo broken >&2; exit 3",
    "hangs": 'echo $$ >"pid"; sleep 100',
    "counts": 'echo run >>runs; action-set runs="$(wc -l <runs)"',
}


@pytest.fixture
def charms(tmp_path: Path) -> Path:
    charm = tmp_path / "charms" / "teller"
    (charm / "actions").mkdir(parents=True)
    (charm / "hooks").mkdir()
    (charm / "hooks" / "install").write_text('#!/bin/sh\nif [ "$(config-get label)" = ill ]; then exit 2; fi\n')
    (charm / "hooks" / "install").chmod(0o755)
    (charm / "metadata.yaml").write_text("name: teller\nsummary: s\ndescription: d\nseries: [jammy]\n")
    (charm / "config.yaml").write_text(CONFIG)
    (charm / "actions.yaml").write_text("".join(f"{name}: {{additionalProperties: true}}\n" for name in PROGRAMS))
    for name, text in PROGRAMS.items():
        (charm / "actions" / name).write_text(f"#!/bin/sh\n{text}\n")
        (charm / "actions" / name).chmod(0o755)
    return charm.parent


@pytest.fixture
async def connector(charms: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Connector]:
    monkeypatch.setenv("VCA_TEST_SECRET", "of this process")
    edge = {"backend": "fake", "options": {"programs": str(tmp_path / "programs")}}
    async with Vca.from_config({"artifacts": str(charms), "connectors": {"edge": edge}}, environ={}) as vca:
        yield vca.connector()


@pytest.fixture
async def ee_id(connector: Connector) -> str:
    made, _ = await connector.create_execution_environment(".ns.vnf")
    await connector.install_configuration_sw(made, "teller", config={"count": 0}, num_units=2)
    return made


async def test_the_hook_install_is_run_again_where_it_failed(connector: Connector) -> None:
    made, _ = await connector.create_execution_environment(".ns.ill")
    for units in (1, 2):  # the first failed, and is tried again before the second, which is new
        with pytest.raises(BackendError, match="app-vnf-ill/0: hook failed: .install.: exit status 2"):
            await connector.install_configuration_sw(made, "teller", config={"label": "ill"}, num_units=units)
    [listed] = await connector.list_execution_environments()
    assert listed.entities[1].native == "error"
    await connector.install_configuration_sw(made, "teller", config={"label": "well"})
    [listed] = await connector.list_execution_environments()
    assert [state.native for state in listed.entities if state.entity.kind == "unit"] == ["active", "active"]


async def test_a_hook_that_cannot_be_run_fails_its_unit(connector: Connector, charms: Path) -> None:
    (charms / "teller" / "hooks" / "install").chmod(0o644)
    made, _ = await connector.create_execution_environment(".ns.vnf")
    with pytest.raises(BackendError, match="install.: it cannot be executed"):
        await connector.install_configuration_sw(made, "teller")


async def test_a_program_gets_what_it_asks_for(connector: Connector, ee_id: str) -> None:
    output: dict[str, Any] = await connector.exec_primitive(ee_id, "tell", {"text": "x=y", "deep": {"er": 7}})  # type: ignore[assignment]
    assert output == {
        "unit": "app-vnf-vnf/0",
        "leader": "True",
        "label": "a label",
        "count": "0",
        "all": '{"label": "a label", "count": 0}',
        "deep": "7",
        "outer": {"inner": "x=y"},
        "absent": "null",
        "secret": "0",
        "return-code": 0,
        "stdout": "out\n",
        "stderr": "err\n",
    }


@pytest.mark.parametrize(
    ("primitive", "message", "output"),
    [
        ("fails", "no luck", {"return-code": 0, "tried": "yes"}),
        ("garbles", "no \ufffd luck", {"return-code": 0, "raw": "caf\ufffd"}),
        ("breaks", "exit status 3", {"return-code": 3, "stderr": "broken\n"}),
    ],
)
async def test_a_program_fails_with_what_it_left_behind(
    connector: Connector, ee_id: str, primitive: str, message: str, output: dict[str, Any]
) -> None:
    with pytest.raises(ExecutionError, match=message) as caught:
        await connector.exec_primitive(ee_id, primitive)
    assert caught.value.output == output


async def test_each_unit_has_a_folder_that_goes_with_its_ee(connector: Connector, ee_id: str, tmp_path: Path) -> None:
    for unit, runs in (("app-vnf-vnf/0", "1"), ("app-vnf-vnf/1", "1"), ("app-vnf-vnf/0", "2")):
        output: dict[str, Any] = await connector.exec_primitive(ee_id, "counts", unit=unit)  # type: ignore[assignment]
        assert output["runs"] == runs
    await connector.upgrade(ee_id, "teller")
    output = await connector.exec_primitive(ee_id, "counts")  # type: ignore[assignment]
    assert output["runs"] == "3"
    await connector.delete_execution_environment(ee_id)
    assert not list((tmp_path / "programs").rglob("runs"))


async def test_a_cancelled_program_is_killed(connector: Connector, ee_id: str, tmp_path: Path) -> None:
    running = asyncio.create_task(connector.exec_primitive(ee_id, "hangs"))
    folder = tmp_path / "programs"
    while not (found := [file for file in folder.rglob("pid") if file.read_text().strip()]):
        await asyncio.sleep(0.01)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert not Path("/proc", found[0].read_text().strip()).exists()


async def test_a_refused_install_leaves_no_charm_behind(connector: Connector, tmp_path: Path) -> None:
    made, _ = await connector.create_execution_environment(".ns.vnf")
    with pytest.raises(BadArguments):
        await connector.install_configuration_sw(made, "teller", config={"nothing": 1})
    assert not list((tmp_path / "programs").rglob("actions"))


@pytest.mark.parametrize("form", ["folder", "archive"])
async def test_programs_may_be_symlinks_also_in_an_archive(connector: Connector, charms: Path, form: str) -> None:
    program = charms / "teller" / "actions" / "counts"
    program.rename(program.with_name("counting"))
    program.symlink_to("counting")
    pack(charms / "teller", charms / "teller.charm")
    made, _ = await connector.create_execution_environment(".ns.vnf")
    await connector.install_configuration_sw(made, "teller" if form == "folder" else "teller.charm")
    output: dict[str, Any] = await connector.exec_primitive(made, "counts")  # type: ignore[assignment]
    assert output["runs"] == "1"


async def test_a_cancelled_install_is_done_when_it_is_asked_again(charms: Path, tmp_path: Path) -> None:
    options = {"programs": str(tmp_path / "programs"), "state": str(tmp_path / "world.db"), "latency": 0.001}
    edge = {"backend": "fake", "options": options}
    async with Vca.from_config({"artifacts": str(charms), "connectors": {"edge": edge}}, environ={}) as vca:
        connector, watching = vca.connector(), Watching()
        Inspection(connector).observe(watching)
        is_cancelled, wait = True, 0
        while is_cancelled:  # also just when the charm was taken, and nobody knows yet
            wait += 1
            made, _ = await connector.create_execution_environment(f".ns.vnf{wait}")
            installing = asyncio.create_task(connector.install_configuration_sw(made, "teller"))
            watching.cancel_at("install_configuration_sw", wait, installing)
            await asyncio.wait((installing,))
            is_cancelled = installing.cancelled()
            await connector.install_configuration_sw(made, "teller")
            output: dict[str, Any] = await connector.exec_primitive(made, "counts")  # type: ignore[assignment]
            assert output.get("runs") == "1", f"cancelled at wait {wait}"
