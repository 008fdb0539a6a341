"""The kit as a programme: what it prints, what it takes, how it ends."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from vca_core.stores import store_from_url

TESTS = Path(__file__).parents[2]

STORES = """
from vca_core.stores import MemoryStore

class Honest(MemoryStore):
    pass

class Forgetful(MemoryStore):
    async def set(self, table, filter, update):
        return False

class NoStore:
    pass
"""

REREADING = """
import asyncio, pytest
from vca_core.stores import MemoryStore
from vca_core.stores.document import apply_update
from vca_core.testing import StoreConformance

class Rereading(MemoryStore):
    async def set(self, table, filter, update):
        document = await self.get(table, filter)
        if document is None:
            return False
        await asyncio.sleep(0)
        await super().set(table, {"_id": document["_id"]}, apply_update(document, update))
        return True

class TestRereading(StoreConformance):
    @pytest.fixture
    def new_store(self):
        return Rereading()

    @pytest.fixture
    def second_store(self, new_store):
        second = Rereading()
        second._tables = new_store._tables
        return second
"""

BACKEND = """
import pytest
from vca_core.backend import Backend, ExecutionEnvironment
from vca_core.hookspecs import hookimpl
from vca_core.testing import BackendConformance, Subject

class Desk(Backend):
    api_version = 1

    @hookimpl
    async def health(self):
        return {}

class TestDesk(BackendConformance):
    @pytest.fixture
    def subject(self):
        return Subject("desk")
"""


def vca(folder: Path, *arguments: str, code: int = 0) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("VCA_", "COV_"))}
    ended = subprocess.run(
        [sys.executable, "-m", "vca_core.cli", *arguments],
        cwd=folder,
        env=environment | {"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert ended.returncode == code, f"{ended.stdout}{ended.stderr}"
    return ended.stdout + ended.stderr


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "stores.py").write_text(STORES)
    (tmp_path / "desk.py").write_text(BACKEND)
    info = tmp_path / "vca_desk-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: vca-desk\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[vca.backends]\ndesk = desk:Desk\n")
    return tmp_path


def test_a_store_of_others_gets_its_verdict(folder: Path) -> None:
    output = vca(folder, "conformance", "--store", "stores:Honest", "--level", "full")
    assert "ok       a document is made once" in output
    last = output.rstrip().splitlines()[-1]
    assert last.startswith(
        "stores:Honest: level FULL, but for what was not examined: several processes, outages, lost answers; 32 passed"
    )
    assert "0 failed, 5 skipped" in last


def test_the_login_to_a_store_is_not_shown(folder: Path) -> None:
    url = "mongodb://somebody:hunter2@127.0.0.1:1/x?serverSelectionTimeoutMS=50&authSource=admin"
    for style in ([], ["--json"]):
        output = vca(folder, "conformance", "--store", url, "--only", "made and once", *style, code=1)
        assert "mongodb://127.0.0.1:1/x" in output
        assert "hunter2" not in output


def test_a_named_store_is_examined_in_tables_of_its_own(folder: Path) -> None:
    path = folder / "kept.db"

    async def fill() -> None:
        store = store_from_url(f"sqlite:///{path}", folder)
        await store.open()
        for table in ("t", "nsrs"):
            await store.ensure(table, {"_id": 1, "n": 0})
            await store.ensure(table, {"_id": "ns1", "n": 0})
        await store.close()

    asyncio.run(fill())
    output = vca(folder, "conformance", "--store", f"sqlite:///{path}")
    assert "level FULL, but for what was not examined: outages, lost answers; " in output
    assert "0 failed, 2 skipped" in output
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT collection, document FROM documents").fetchall()
    connection.close()
    assert sorted((table, str(json.loads(text)["_id"]), json.loads(text)["n"]) for table, text in rows) == [
        ("nsrs", "1", 0),
        ("nsrs", "ns1", 0),
        ("t", "1", 0),
        ("t", "ns1", 0),
    ]


def test_a_store_that_reads_and_writes_back_is_found_out(folder: Path) -> None:
    (folder / "rereading.py").write_text(REREADING)
    report: dict[str, Any] = json.loads(vca(folder, "conformance", "--suite", "rereading.py", "--json", code=1))
    [verdict] = report["verdicts"]
    failed = {check["check"] for check in verdict["checks"] if check["outcome"] == "failed"}
    assert {"test_two_instances_at_once_lose_nothing", "test_of_two_instances_one_wins"} <= failed


def test_a_store_that_forgets_is_found_out(folder: Path) -> None:
    report: dict[str, Any] = json.loads(vca(folder, "conformance", "--store", "stores:Forgetful", "--json", code=1))
    [verdict] = report["verdicts"]
    assert report["level"] == verdict["level"] == "NONE"
    failed = {check["check"]: check["reason"] for check in verdict["checks"] if check["outcome"] == "failed"}
    assert "test_setting_returns_whether_a_document_matched" in failed
    assert all(failed.values())
    assert "test_a_document_is_made_once" not in failed


def test_a_backend_below_the_base_level_learns_what_it_lacks(folder: Path) -> None:
    output = vca(folder, "conformance", "desk", code=1)
    lines = output.splitlines()
    assert lines[-1].startswith("  FAILED an ee can be made listed and deleted: ")
    assert "neither create_execution_environment nor register_execution_environment" in lines[-1]
    skipped = [line for line in lines if line.startswith("skipped")]
    assert any("the backend does not implement delete_execution_environment" in line for line in skipped)
    assert "desk: level NONE" in output


def test_of_a_selection_there_is_no_level(folder: Path) -> None:
    output = vca(folder, "conformance", "--store", "stores:Honest", "--only", "a_document_is_made_once")
    assert "stores:Honest: level NONE; 1 passed, 0 failed" in output
    assert "LEFT OUT, so there is no level: " in output


def test_a_run_keeps_its_files_apart_and_leaves_none(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PYTEST_DEBUG_TEMPROOT", "TMPDIR"):
        monkeypatch.setenv(name, str(tmp_path_factory.mktemp("root")))
    vca(folder, "conformance", "fake", "--only", "a_charm_is_ready_when_install_returns")
    assert [list(Path(os.environ[name]).iterdir()) for name in ("PYTEST_DEBUG_TEMPROOT", "TMPDIR")] == [[], []]


def test_the_first_failure_ends_a_run_that_shall(folder: Path) -> None:
    output = vca(folder, "conformance", "--store", "stores:Forgetful", "-x", code=1)
    assert ", 1 failed, " in output


def test_a_suite_is_run_with_the_settings_of_its_tests(folder: Path) -> None:
    output = vca(folder, "conformance", "--suite", "desk.py", "--level", "none", code=1)
    assert "desk: level NONE" in output


def test_a_run_that_broke_off_is_no_result(folder: Path) -> None:
    (folder / "conftest.py").write_text("def pytest_runtest_logreport():\n    raise RuntimeError('the disk is full')\n")
    output = vca(folder, "conformance", "--suite", "desk.py", "--level", "none", code=1)
    assert "the conformance kit's run broke off: " in output
    assert "level" not in output


def test_a_connector_of_a_config_is_examined_with_its_options(folder: Path) -> None:
    (folder / "office.yaml").write_text(
        "connectors:\n  edge: {backend: fake, options: {latency: 0.0, programs: units}}\n"
    )
    chosen = "ready_when_install_returns or gets_the_parameters or (without_a_connection and exec_primitive)"
    output = vca(folder, "conformance", "fake", "--config", "office.yaml", "--only", chosen, "--json")
    [verdict] = json.loads(output)["verdicts"]
    assert verdict["distribution"] == "vca-fake"
    assert {check["outcome"] for check in verdict["checks"] if not check["with_faults"]} == {"passed"}
    reasons = {check["reason"] for check in verdict["checks"] if check["with_faults"]}
    assert reasons == {"there is no fixture `faults`"}
    output = vca(folder, "-c", "office.yaml", "conformance", "other", code=2)
    assert "has no connector 'other', nor one with that backend; it has: edge (fake)" in output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "expected one thing to examine: a backend, --suite or --store"),
        (["fake", "--store", "memory:"], "expected one thing to examine"),
        (["--store", "memory:", "--works", "clean"], "belong to a backend"),
        (["nothing"], "there is no backend 'nothing'"),
        (["fake", "--config", "absent.yaml"], "--config: there is no file absent.yaml"),
        (["--store", "stores:Absent"], "cannot be loaded"),
        (["--store", "nosql:"], "there is no kind of store 'nosql'"),
        (["--suite", "absent.py"], "expected a file or a module with a suite, got 'absent.py'"),
        (["--suite", "stores.py"], "suite: cannot be run"),
        (["desk", "--level", "best"], "--level: expected one of NONE, BASE, FULL, got 'BEST'"),
        (["desk", "--works", "clean [1]"], "--works: expected a name"),
    ],
)
def test_wrong_usage_is_reported(folder: Path, arguments: list[str], message: str) -> None:
    assert message in vca(folder, "conformance", *arguments, code=2)


def test_without_pytest_it_says_what_to_install(folder: Path) -> None:
    (folder / "sitecustomize.py").write_text("import sys\nsys.modules['pytest'] = None\n")
    assert "pip install './vca[testing]'" in vca(folder, "conformance", "fake", code=2)
