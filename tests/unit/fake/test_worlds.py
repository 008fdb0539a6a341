"""Models in a file: what a change costs does not depend on how much else is in it, and it is what it is in memory."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vca_core.errors import VcaConnectionError
from vca_core.naming import Namespace
from vca_fake.rows import Rows
from vca_fake.world import Model
from vca_fake.worlds import FileWorlds, MemoryWorlds, Worlds


def adding(name: str) -> Callable[[Model], None]:
    namespace = Namespace.parse(f".n.{name}")

    def add(model: Model) -> None:
        model.add(name, namespace, on_kubernetes=False, hostname=None, base="", arch="")

    return add


async def test_a_change_reads_only_the_applications_it_looks_at(tmp_path: Path) -> None:
    worlds = FileWorlds(tmp_path / "world.db")
    await worlds.open()
    for number in range(20):
        await worlds.change("m", adding(f"a{number}"))

    def look(model: Model) -> int:
        model.applications["a7"].revision += 1
        assert isinstance(model.applications, Rows)
        return len(model.applications._seen)

    assert await worlds.change("m", look) == 1
    [model] = await worlds.models()
    assert [one.revision for one in model.applications.values()] == [0] * 7 + [1] + [0] * 12
    await worlds.close()


async def test_a_change_that_raises_changes_nothing(tmp_path: Path) -> None:
    worlds = FileWorlds(tmp_path / "world.db")
    await worlds.open()
    await worlds.change("m", adding("a"))

    def fail(model: Model) -> None:
        model.remove("a")
        raise ValueError

    with pytest.raises(ValueError, match="^$"):
        await worlds.change("m", fail)
    assert [list(model.applications) for model in await worlds.models()] == [["a"]]
    await worlds.close()


NAMES = st.sampled_from("abc")
STEPS = st.lists(st.tuples(st.sampled_from(["add", "remove", "touch", "replace", "delete all"]), NAMES), max_size=5)


def doing(steps: list[tuple[str, str]]) -> Callable[[Model], list[str]]:
    def work(model: Model) -> list[str]:
        for step, name in steps:
            if step == "add" and name not in model.applications:
                adding(name)(model)
            elif step == "remove":
                model.remove(name)
            elif step == "touch" and name in model.applications:
                model.applications[name].revision += 1
            elif step == "replace":
                model.remove(name)
                adding(name)(model)
            model.deleted = model.deleted or step == "delete all"
        return sorted(model.applications)

    return work


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
@given(st.lists(STEPS, max_size=6))
async def test_a_file_keeps_what_memory_keeps(
    tmp_path_factory: pytest.TempPathFactory, changes: list[list[tuple[str, str]]]
) -> None:
    kept: list[Worlds] = [FileWorlds(tmp_path_factory.mktemp("worlds") / "world.db"), MemoryWorlds()]
    seen = []
    for worlds in kept:
        await worlds.open()
        names = [await worlds.change("m", doing(steps)) for steps in changes]
        models = [
            (model.machines_so_far, sorted((name, one.revision, one.ee_id) for name, one in model.applications.items()))
            for model in await worlds.models()
        ]
        seen.append((names, models))
        await worlds.close()
    assert seen[0] == seen[1]


async def test_a_state_that_is_no_database_does_not_do_later(tmp_path: Path) -> None:
    (tmp_path / "world.db").write_text("no database, whatever its name says\n" * 50)
    with pytest.raises(VcaConnectionError) as caught:
        await FileWorlds(tmp_path / "world.db").open()
    assert not caught.value.retryable
    with pytest.raises(VcaConnectionError) as caught:
        await FileWorlds(tmp_path / "absent" / "world.db").open()
    assert not caught.value.retryable


async def test_a_state_that_another_one_changes_may_do_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vca_fake.worlds._BUSY", 0.0)
    worlds = FileWorlds(tmp_path / "world.db")
    await worlds.open()
    other = sqlite3.connect(tmp_path / "world.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(VcaConnectionError) as caught:
        await worlds.models()
    assert caught.value.retryable
    other.close()
    await worlds.close()
