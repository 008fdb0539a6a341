"""With a spill folder, an outcome that was returned while the store was away outlives the process."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
import stat
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest
from support.backends import Plain
from support.full_disk import no_room
from support.making import MakeVca
from support.spilling import ACTION, HOME, Switched, folder, restart, store

from vca_core.backend import Operation
from vca_core.errors import BadArguments, StoreError, VcaTimeoutError
from vca_core.hookspecs import hookimpl
from vca_core.stores import MemoryStore, filesystems
from vca_core.tasks import in_thread
from vca_core.vca import Vca

__all__ = ["folder", "store"]


@pytest.fixture
async def ee_id(make_vca: MakeVca, store: Switched, folder: Path) -> str:
    """An EE that ran an action and was gone from its process before the store was back."""
    vca = make_vca(Plain, store=store, timeouts={"store_grace": 0.02}, status={"spill": str(folder)})
    made, _ = await vca.connector().create_execution_environment(".ns.vnf", HOME)
    assert await vca.flush() == []
    assert list(folder.glob("*")) == [], "nothing is made before it is needed"
    store.is_off = True
    await vca.connector().exec_primitive(made, "anything", {}, ACTION)
    report = await vca.disconnect()
    assert "completed" in {unwritten.fields["status"] for unwritten in report.unwritten}
    store.is_off = False
    return made


async def test_an_outcome_is_stored_by_the_next_process(
    make_vca: MakeVca, store: Switched, folder: Path, ee_id: str
) -> None:
    assert "status" not in await store.status("op")
    [file] = folder.glob("*.db")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    await restart(make_vca, store, folder)
    assert (await store.status("op"))["status"] == "completed"
    assert list(folder.iterdir()) == []


async def test_an_outcome_passes_none_that_is_later(
    make_vca: MakeVca, store: Switched, folder: Path, ee_id: str, caplog: pytest.LogCaptureFixture
) -> None:
    await store.set("nsrs", {"_id": "ns"}, {"op.status": "failed", "op.status-time": "9999999999.0"})
    await restart(make_vca, store, folder)
    assert (await store.status("op"))["status"] == "failed"
    assert "later statuses stand there" in caplog.text
    assert list(folder.iterdir()) == []


async def test_an_outcome_goes_to_no_other_ee_of_that_name(
    make_vca: MakeVca, store: Switched, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    vca = make_vca(Plain, store=store, timeouts={"store_grace": 0.02}, status={"spill": str(folder)})
    ee_id, _ = await vca.connector().create_execution_environment(".ns.vnf", HOME)
    store.is_off = True
    await vca.connector().exec_primitive(ee_id, "anything", {}, HOME)
    await vca.disconnect()
    store.is_off = False
    await store.set("vca_execution_environments", {"ee_id": ee_id}, {"generation": "another"})
    await store.set("nsrs", {"_id": "ns"}, {"vca.status": "of the other one"})
    await restart(make_vca, store, folder)
    assert (await store.status("vca"))["status"] == "of the other one"
    assert "earlier process left" in caplog.text


async def test_a_file_is_left_to_the_process_that_lives(make_vca: MakeVca, store: Switched, folder: Path) -> None:
    vca = make_vca(Plain, store=store, timeouts={"store_grace": 0.02}, status={"spill": str(folder)})
    ee_id, _ = await vca.connector().create_execution_environment(".ns.vnf", HOME)
    store.is_off = True
    await vca.connector().exec_primitive(ee_id, "anything", {}, ACTION)
    store.is_off = False
    await restart(make_vca, store, folder)
    assert len(list(folder.glob("*.db"))) == 1
    assert await vca.flush(60) == []
    await vca.disconnect()
    assert list(folder.iterdir()) == [], "what the store has by now is kept no longer"


async def test_a_folder_that_is_lost_costs_no_operation(
    make_vca: MakeVca, store: Switched, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    vca = make_vca(Plain, store=store, timeouts={"store_grace": 0.02}, status={"spill": str(folder)})
    ee_id, _ = await vca.connector().create_execution_environment(".ns.vnf", HOME)
    folder.write_text("a file by now")
    store.is_off = True
    await vca.connector().exec_primitive(ee_id, "anything", {}, ACTION)
    assert "kept in this process only" in caplog.text
    store.is_off = False


def _file(tmp_path: Path, _: pytest.MonkeyPatch) -> str:
    (tmp_path / "file").write_text("")
    return str(tmp_path / "file")


def _mount(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "mounts").write_text(f"1 1 0:1 / {tmp_path} rw - nfs4 server:/ rw\n")
    monkeypatch.setattr(filesystems, "_MOUNTS", tmp_path / "mounts")
    return str(tmp_path / "spill")


def _forbid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    tmp_path.chmod(0o500)
    return str(tmp_path / "spill")


UNUSABLE: dict[str, Callable[[Path, pytest.MonkeyPatch], str]] = {
    "make": lambda tmp_path, _: str(tmp_path / "a" / "b" / "spill"),
    "is none": _file,
    "on NFS": _mount,
    "may write to": _forbid,
}


@pytest.mark.parametrize("what", UNUSABLE)
async def test_a_folder_that_cannot_be_used_is_refused_at_once(
    make_vca: MakeVca, store: Switched, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    spill = UNUSABLE[what](tmp_path, monkeypatch)
    vca = make_vca(Plain, store=store, status={"spill": spill})
    for _ in range(2):
        with pytest.raises(BadArguments, match=f"status.spill: .*{what}") as caught:
            await vca.connector().create_execution_environment(".ns.vnf", HOME)
        assert caught.value.bad_args == ["status.spill"]
    with pytest.raises(BadArguments, match=f"status.spill: .*{what}"):
        await vca.__aenter__()
    assert (await vca.disconnect()).is_clean
    tmp_path.chmod(0o700)


async def test_a_folder_that_does_not_answer_stops_only_who_needs_it(
    make_vca: MakeVca, store: Switched, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounts = tmp_path / "mounts"
    os.mkfifo(mounts)  # whoever reads it waits until somebody writes
    monkeypatch.setattr(filesystems, "_MOUNTS", mounts)
    went_on = threading.Event()
    rescue = threading.Thread(target=lambda: went_on.wait(60) or mounts.write_text(""))
    rescue.start()
    vca = make_vca(Plain, store=store, status={"spill": str(folder)})
    creating = asyncio.create_task(vca.connector().create_execution_environment(".ns.vnf", HOME))
    writer = None
    while writer is None:
        with contextlib.suppress(OSError):  # nobody reads yet
            writer = os.open(mounts, os.O_WRONLY | os.O_NONBLOCK)
        await asyncio.sleep(0.001)
        assert not creating.done(), "the event loop stood still until the folder was looked at"
    went_on.set()
    with pytest.raises(VcaTimeoutError, match="the spill folder is looked at"):
        await vca.connector().create_execution_environment(".ns.other", HOME, total_timeout=0.01)
    plain = tmp_path / "plain"
    plain.touch()
    plain.replace(mounts)  # whoever comes from now on need not wait
    os.close(writer)
    await creating
    await in_thread(rescue.join)


@pytest.mark.parametrize("damage", ["not a database", ""])
async def test_a_damaged_file_stops_nothing(
    make_vca: MakeVca, store: Switched, folder: Path, ee_id: str, damage: str
) -> None:
    (folder / "0000.lock").write_text("")
    (folder / "0000.db").write_text(damage)
    await restart(make_vca, store, folder)
    assert (await store.status("op"))["status"] == "completed"


class Unopened(Switched):
    """Opens once its password is right."""

    is_wrong = False

    async def open(self) -> None:
        if self.is_wrong:
            raise StoreError("authentication failed", retryable=False)


async def test_a_start_with_a_wrong_password_loses_nothing(make_vca: MakeVca, folder: Path) -> None:
    store = Unopened()
    await store.ensure("nsrs", {"_id": "ns", "vca": {}, "op": {}, "later": {}})
    later = {**ACTION, "path": "later"}
    short: dict[str, Any] = {"timeouts": {"store_grace": 0.02}, "status": {"spill": str(folder)}}
    first = make_vca(Plain, store=store, **short)
    ee_id, _ = await first.connector().create_execution_environment(".ns.vnf", HOME)
    store.is_off = True
    await first.connector().exec_primitive(ee_id, "anything", {}, ACTION)
    await first.disconnect()
    store.is_off, store.is_wrong = False, True
    second = make_vca(Plain, store=store, **short)
    async with second:
        await second.connector().exec_primitive(ee_id, "anything", {}, later)
        report = await second.disconnect()
    assert ["authentication failed" in one.reason for one in report.unwritten if one.path.path == "later"] == [True]
    assert len(list(folder.glob("*.db"))) == 2, "that of the first process, and that of the second"
    store.is_wrong = False
    await restart(make_vca, store, folder)
    assert [(await store.status(path))["status"] for path in ("op", "later")] == ["completed"] * 2
    assert list(folder.iterdir()) == []


async def test_what_a_file_has_is_stored_once_the_store_opens(
    make_vca: MakeVca, store: Switched, folder: Path, ee_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[bool] = []

    async def open_late(_: MemoryStore) -> None:
        opened.append(len(opened) > 0)
        if not opened[-1]:
            raise BadArguments("store: two options contradict each other", ["store"])

    monkeypatch.setattr(MemoryStore, "open", open_late)
    await restart(make_vca, store, folder)
    assert opened == [False, True]
    assert (await store.status("op"))["status"] == "completed"


async def test_a_damaged_record_keeps_an_outcome_in_its_file(
    make_vca: MakeVca, store: Switched, folder: Path, ee_id: str, caplog: pytest.LogCaptureFixture
) -> None:
    query = {"ee_id": ee_id}
    record = await store.get("vca_execution_environments", query)
    assert record is not None
    await store.set("vca_execution_environments", query, {"home": "of another kind"})
    await restart(make_vca, store, folder)
    assert "status" not in await store.status("op")
    assert "is damaged" in caplog.text
    await store.set("vca_execution_environments", query, {"home": record["home"]})
    await restart(make_vca, store, folder)
    assert (await store.status("op"))["status"] == "completed"
    assert list(folder.iterdir()) == []


async def test_a_damaged_record_costs_no_outcome_of_a_later_operation(
    make_vca: MakeVca, store: Switched, folder: Path, ee_id: str
) -> None:
    await store.set("vca_execution_environments", {"ee_id": ee_id}, {"home": "of another kind"})
    async with make_vca(Plain, store=store) as vca:
        await vca.connector().exec_primitive(ee_id, "anything", {}, {**ACTION, "path": "later"})
        assert await vca.flush() == []
    document = await store.get("nsrs", {"_id": "ns"})
    assert document is not None
    assert document["later"]["status"] == "completed"


async def test_what_the_store_refuses_for_itself_leaves_the_file(
    make_vca: MakeVca, store: Switched, folder: Path, ee_id: str, caplog: pytest.LogCaptureFixture
) -> None:
    await store.delete("nsrs", {"_id": "ns"})
    await store.ensure("nsrs", {"_id": "ns", "vca": {}, "op": "no document"})
    await restart(make_vca, store, folder)
    assert "cannot be stored" in caplog.text
    assert list(folder.iterdir()) == []


class Held(Plain):
    """Does what a test wants while a primitive runs."""

    during: ClassVar[Callable[[], None]] = staticmethod(lambda: None)

    @hookimpl
    async def exec_primitive(self, op: Operation, primitive: str, params: Mapping[str, Any]) -> dict[str, Any]:
        type(self).during()
        return {}


async def run_while_it_is_away(make_vca: MakeVca, store: Switched, folder: Path, *, marked: bool) -> str:
    """An EE that ran an action whose outcome is in the folder only; its mark is stored or not."""
    kind = type("Now", (Held,), {"during": staticmethod(lambda: setattr(store, "is_off", True))})
    vca = make_vca(kind, store=store, timeouts={"store_grace": 0.02}, status={"spill": str(folder)})
    made, _ = await vca.connector().create_execution_environment(".ns.vnf", HOME)
    assert await vca.flush() == []
    store.is_off = not marked
    await vca.connector().exec_primitive(made, "anything", {}, ACTION)
    await vca.disconnect()
    store.is_off = False
    return made


@pytest.mark.parametrize("clock", [-3600.0, 3600.0], ids=["behind", "ahead"])
async def test_an_outcome_passes_nothing_later_whatever_the_clock(
    make_vca: MakeVca, store: Switched, folder: Path, clock: float
) -> None:
    await run_while_it_is_away(make_vca, store, folder, marked=True)
    there = float((await store.status("op"))["status-time"])
    await store.set("nsrs", {"_id": "ns"}, {"op.status": "of another host", "op.status-time": str(there + clock)})
    await restart(make_vca, store, folder)
    assert (await store.status("op"))["status"] == "of another host"
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("marked", [True, False])
async def test_an_outcome_follows_what_its_operation_left(
    make_vca: MakeVca, store: Switched, folder: Path, marked: bool
) -> None:
    await run_while_it_is_away(make_vca, store, folder, marked=marked)
    assert (await store.status("op")).get("status") == ("running" if marked else None)
    await restart(make_vca, store, folder)
    assert (await store.status("op"))["status"] == "completed"


async def run_on_a_full_disk(make_vca: MakeVca, store: Switched, folder: Path) -> tuple[Vca, str]:
    """A `Vca` that still runs, with an EE that ran an action whose outcome neither the store nor the disk took."""
    vca = make_vca(Plain, store=store, timeouts={"store_grace": 0.02}, status={"spill": str(folder)})
    other, _ = await vca.connector().create_execution_environment(".ns.other", {**HOME, "path": "other"})
    ee_id, _ = await vca.connector().create_execution_environment(".ns.vnf", HOME)
    assert await vca.flush() == []
    store.is_off = True
    with no_room():
        await vca.connector().exec_primitive(ee_id, "anything", {}, ACTION)
    assert outcomes_in(folder) == []
    return vca, other


def outcomes_in(folder: Path) -> list[str]:
    """The paths whose outcomes the files in a folder have."""
    found = []
    for path in folder.glob("*.db"):
        with contextlib.closing(sqlite3.connect(path)) as file, contextlib.suppress(sqlite3.OperationalError):
            for (document,) in file.execute("SELECT json_extract(document, '$.path') FROM documents ORDER BY position"):
                found.append(document)
    return found


async def test_a_folder_is_used_again_once_its_disk_has_room(
    make_vca: MakeVca, store: Switched, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    vca, other = await run_on_a_full_disk(make_vca, store, folder)
    assert caplog.text.count("kept in this process only") == 1
    await vca.connector().exec_primitive(other, "anything", {}, {**ACTION, "path": "later"})
    assert outcomes_in(folder) == ["op", "later"], "also that of an EE that does nothing more"
    store.is_off = False
    await vca.disconnect()
    assert (await store.status("op"))["status"] == "completed"
    assert list(folder.iterdir()) == []


async def test_an_outcome_reaches_its_file_though_nothing_else_runs(
    make_vca: MakeVca, store: Switched, folder: Path
) -> None:
    vca, _ = await run_on_a_full_disk(make_vca, store, folder)
    spill = vca._shared.spill
    assert spill is not None
    assert spill._retrying is not None
    await spill._retrying
    assert outcomes_in(folder) == ["op"]
    store.is_off = False


async def test_an_outcome_reaches_its_file_at_the_latest_at_the_end(
    make_vca: MakeVca, store: Switched, folder: Path
) -> None:
    vca, _ = await run_on_a_full_disk(make_vca, store, folder)
    await vca.disconnect()
    assert outcomes_in(folder) == ["op"]
    store.is_off = False
    await restart(make_vca, store, folder)
    assert (await store.status("op"))["status"] == "completed"
    assert list(folder.iterdir()) == []


async def test_a_disk_that_stays_full_keeps_nothing_of_its_folder(
    make_vca: MakeVca, store: Switched, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    vca, _ = await run_on_a_full_disk(make_vca, store, folder)
    with no_room():
        await vca.disconnect()
    assert "the outcomes of 1 operations are in no file" in caplog.text
    assert list(folder.iterdir()) == []
    store.is_off = False
