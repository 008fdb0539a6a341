"""What brings a service up: in order where there is one, once, and again from where it stopped."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import pytest

from vca_core import BadArguments, Vca, VcaConnectionError
from vca_core.service import Applied, Apply, Step, StepState, plan, read_service
from vca_core.service.lease import Holder, Lease
from vca_core.service.ledger import COLLECTION
from vca_core.stores import MemoryStore
from vca_fake import Recorder, Script

CHARMS = Path(__file__).parents[3] / "docs" / "examples" / "charms"


VNFS: dict[str, Any] = {
    "a": {"charm": "simple-router", "day1": [{"run": "show-routes"}, {"run": "config", "with": {"mtu": 1400}}]},
    "b": {"charm": "simple-router", "day1": [{"run": "show-routes"}], "after": ["a"]},
    "c": {"machine": {"hostname": "h", "username": "u"}},
}


def service_of(**changes: Any) -> Any:
    return read_service({"ns": "n", "vnfs": VNFS, "relations": [["a:gateway", "b:upstream"]], **changes})


class World:
    """A fake, a script, a recorder and a store that outlive a `Vca`."""

    def __init__(self, tmp_path: Path, charms: Path = CHARMS) -> None:
        self.charms = charms
        self.script, self.recorder, self.store = Script(), Recorder(), MemoryStore()
        self.state = str(tmp_path / "world.db")
        self.steps: list[tuple[str, StepState]] = []

    def vca(self) -> Vca:
        options = {"script": self.script, "recorder": self.recorder, "state": self.state}
        config = {"artifacts": str(self.charms), "connectors": {"edge": {"backend": "fake", "options": options}}}
        return Vca.from_config(config, environ={}, store=self.store)

    async def apply(self, service: Any = None) -> Applied:
        self.recorder.clear()
        self.steps.clear()
        async with self.vca() as vca:
            return await Apply(vca, service or service_of(), self._note).run()

    def _note(self, step: Step, state: StepState, detail: str) -> None:
        self.steps.append((step.key, state))

    def asked(self) -> list[str]:
        reads = ("open", "list_execution_environments", "describe_execution_environment")
        return [operation for operation in self.recorder.operations() if operation not in reads]


class OvertakenStore(MemoryStore):
    """A store in which a service is noted only when another run of it, with another store, is through.

    Args:
        other: runs it.
    """

    def __init__(self, other: Callable[[], Awaitable[object]]) -> None:
        super().__init__()
        self._other: Callable[[], Awaitable[object]] | None = other

    async def ensure(self, table: str, document: Mapping[str, Any]) -> bool:
        if table == COLLECTION and self._other is not None:
            other, self._other = self._other, None
            await other()
        return await super().ensure(table, document)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_a_plan_has_each_step_behind_what_it_waits_for() -> None:
    steps = plan(service_of()).steps
    place = {step.key: number for number, step in enumerate(steps)}
    assert set(place) == {
        "a/create", "a/install", "a/day1/0", "a/day1/1", "b/create", "b/install", "b/day1/0", "c/register",
        "a:gateway - b:upstream/relate",
    }  # fmt: skip
    for step in steps:
        assert all(place[need] < place[step.key] for need in step.needs), step
    needs = {step.key: set(step.needs) for step in steps}
    assert needs["a/day1/0"] == {"a:gateway - b:upstream/relate", "a/install"} or needs["a/day1/0"] >= {
        "a:gateway - b:upstream/relate"
    }
    assert needs["b/day1/0"] >= {"a/day1/1"}


def test_a_digest_shows_a_change_and_no_secret() -> None:
    def digest(**config: Any) -> str:
        vnfs = {"a": {"charm": "simple-router", "config": config}}
        step = next(step for step in plan(service_of(vnfs=vnfs, relations=[])).steps if step.kind == "install")
        return step.inputs.digest(step.inputs.find_secrets())

    assert digest(mtu=1) != digest(mtu=2)
    assert digest(password="one-secret") == digest(password="another-secret")
    assert digest(password="one") == digest(password="two") == digest(password=3), "also of short ones"


async def test_a_service_is_brought_up_once(world: World) -> None:
    applied = await world.apply()
    assert applied.is_complete
    assert set(applied.ee_ids) == {"a", "b", "c"}
    assert applied.outputs["a/day1/1"] == "CONFIG OK"
    asked = world.asked()
    assert asked.count("create_execution_environment") == 2
    assert asked.index("add_relation") < asked.index("exec_primitive:show-routes") < asked.index("configure")
    assert asked[-1] == "exec_primitive:show-routes", "b comes after a"
    again = await world.apply()
    assert set(again.states.values()) == {StepState.KEPT}
    assert world.asked() == []
    assert again.ee_ids == applied.ee_ids


async def test_the_status_of_each_vnf_stands_in_the_services_document(world: World) -> None:
    await world.apply()
    [document] = await world.store.find(COLLECTION)
    assert {name: entry["status"] for name, entry in document["vnfs"].items()} == dict.fromkeys("abc", "completed")
    assert document["vnfs"]["a"]["ee_id"].startswith("n.app-vnf-a.")


async def test_a_failed_step_stops_only_its_dependents_until_the_rerun(world: World) -> None:
    world.script.add("exec_primitive", namespace=".n.a", times=1, fail={"message": "locked", "output": {"code": 1}})
    applied = await world.apply()
    states = applied.states
    assert (states["a/day1/0"], states["a/day1/1"], states["b/day1/0"]) == (
        StepState.FAILED,
        StepState.BLOCKED,
        StepState.BLOCKED,
    )
    assert states["c/register"] is StepState.DONE
    assert "locked" in str(applied.errors["a/day1/0"])
    again = await world.apply()
    assert again.is_complete
    asked = [one for one in world.asked() if one != "describe_execution_environment"]  # what secrets there are
    assert asked == ["exec_primitive:show-routes", "configure", "exec_primitive:show-routes"]


async def test_a_failure_is_named_behind_a_vnf_without_day1(world: World) -> None:
    world.script.add("exec_primitive", namespace=".n.a", fail={"message": "locked"})
    router = {"charm": "simple-router"}
    vnfs = {
        "a": {**router, "day1": [{"run": "show-routes"}]},
        "m": {**router, "after": ["a"]},
        "c": {**router, "day1": [{"run": "show-routes"}], "after": ["m"]},
    }
    told: dict[str, str] = {}
    async with world.vca() as vca:
        service = service_of(vnfs=vnfs, relations=[])
        applied = await Apply(vca, service, lambda step, _, detail: told.update({step.key: detail})).run()
    assert (applied.states["m/install"], applied.states["c/day1/0"]) == (StepState.DONE, StepState.BLOCKED)
    assert told["c/day1/0"] == "waits for a/day1/0"
    assert applied.states.keys() == told.keys()


@pytest.mark.parametrize(
    "operation",
    ["create_execution_environment", "register_execution_environment", "install_configuration_sw", "add_relation"],
)
async def test_what_took_effect_before_a_lost_connection_is_resumed(world: World, operation: str) -> None:
    world.script.add(operation, disconnect=True, when="after", times=1)
    applied = await world.apply()
    assert not applied.is_complete
    assert any(isinstance(error, VcaConnectionError) for error in applied.errors.values())
    assert (await world.apply()).is_complete
    async with world.vca() as vca:
        assert len(await vca.connector().list_execution_environments()) == 3


async def test_a_failed_installation_is_corrected(tmp_path: Path) -> None:
    charm = tmp_path / "charms" / "simple-router"
    shutil.copytree(CHARMS / "simple-router", charm)
    world = World(tmp_path, charm.parent)
    service = service_of(vnfs={"a": VNFS["a"]}, relations=[])
    world.script.add("install_configuration_sw", disconnect=True, when="after", times=1)
    failed = await world.apply(service)
    assert failed.states["a/install"] == StepState.FAILED
    (charm / "added").write_text("by the correction")
    assert (await world.apply(service)).is_complete
    assert world.asked().count("upgrade") == 1
    assert (await world.apply(service)).is_complete
    assert world.asked() == []


@pytest.mark.parametrize("operation", ["create", "install", "upgrade"])
async def test_unknown_options_are_refused_before_anything_is_done(world: World, operation: str) -> None:
    wrong = {**VNFS["b"], "options": {operation: {"no_such": 1}}}
    with pytest.raises(BadArguments, match="no_such") as caught:
        await world.apply(service_of(vnfs={**VNFS, "b": wrong}))
    assert caught.value.bad_args == [f"vnfs.b.options.{operation}.no_such"]
    assert world.asked() == []
    assert world.steps == []


async def test_a_correction_that_is_refused_changes_nothing(tmp_path: Path) -> None:
    charm = tmp_path / "charms" / "simple-router"
    shutil.copytree(CHARMS / "simple-router", charm)
    world = World(tmp_path, charm.parent)
    world.script.add("install_configuration_sw", disconnect=True, when="after", times=1)
    given = {"charm": "simple-router", "units": 3}
    await world.apply(service_of(vnfs={"a": given}, relations=[]))
    with pytest.raises(BadArguments, match="no_such"):
        await world.apply(service_of(vnfs={"a": {**given, "options": {"install": {"no_such": 1}}}}, relations=[]))
    assert world.asked() == []
    fewer = await world.apply(service_of(vnfs={"a": {**given, "units": 2}}, relations=[]))
    assert "scale does" in str(fewer.errors["a/install"])
    assert "upgrade" not in world.asked()


async def test_what_others_installed_is_not_corrected(tmp_path: Path) -> None:
    charm = tmp_path / "charms" / "simple-router"
    shutil.copytree(CHARMS / "simple-router", charm)
    world = World(tmp_path, charm.parent)
    async with world.vca() as vca:
        ee_id, _ = await vca.connector().create_execution_environment(".n.a")
        await vca.connector().install_configuration_sw(ee_id, "simple-router")
    (charm / "added").write_text("by somebody else")
    applied = await world.apply(service_of(vnfs={"a": {"charm": "simple-router"}}, relations=[]))
    assert "call upgrade" in str(applied.errors["a/install"])
    assert "upgrade" not in world.asked()


async def test_a_cancelled_run_is_gone_on_with(world: World) -> None:
    world.script.add("install_configuration_sw", namespace=".n.b", times=1, hang=True)
    running = asyncio.create_task(world.apply())
    while ("b/install", StepState.RUNNING) not in world.steps or ("a/install", StepState.DONE) not in world.steps:
        await asyncio.sleep(0.01)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    again = await world.apply()
    assert again.is_complete
    assert again.states["a/install"] is StepState.KEPT


async def test_what_somebody_else_deleted_is_brought_up_again(world: World) -> None:
    first = await world.apply()
    async with world.vca() as vca:
        await vca.connector().delete_execution_environment(first.ee_ids["b"])
    again = await world.apply()
    assert again.is_complete
    assert again.ee_ids["b"] != first.ee_ids["b"]
    assert again.ee_ids["a"] == first.ee_ids["a"]
    assert (again.states["a/install"], again.states["b/install"]) == (StepState.KEPT, StepState.DONE)


@pytest.fixture
def charms(tmp_path: Path) -> Path:
    """Charms that may be changed."""
    return Path(shutil.copytree(CHARMS, tmp_path / "charms"))


async def test_a_charm_counts_with_what_is_in_it(tmp_path: Path, charms: Path) -> None:
    world = World(tmp_path, charms)
    await world.apply()
    os.utime(charms / "simple-router" / "metadata.yaml", (1, 1))
    shutil.copytree(charms / "simple-router", charms / "renamed")
    moved = {"vnfs": {**VNFS, "a": {**VNFS["a"], "charm": "renamed"}}}
    for service in (service_of(), service_of(**moved)):
        assert set((await world.apply(service)).states.values()) == {StepState.KEPT}
    (charms / "simple-router" / "added").touch()
    with pytest.raises(BadArguments, match="inputs now: a: install simple-router; b: install simple-router"):
        await world.apply()
    assert world.asked() == []
    with pytest.raises(BadArguments, match="inputs now: b: install simple-router"):
        await world.apply(service_of(**moved))


async def test_a_charm_that_is_gone_is_not_compared(tmp_path: Path, charms: Path) -> None:
    world = World(tmp_path, charms)
    await world.apply()
    shutil.rmtree(charms / "simple-router")
    assert set((await world.apply()).states.values()) == {StepState.KEPT}


async def test_changed_inputs_are_refused_before_anything_begins(world: World) -> None:
    await world.apply()
    vnfs = {name: vnf.model_dump(by_alias=True, exclude_defaults=True) for name, vnf in service_of().vnfs.items()}
    vnfs["a"]["config"] = {"mtu": 9000}
    vnfs["d"] = {"charm": "simple-router"}
    with pytest.raises(BadArguments, match="have other inputs now: a: install simple-router") as caught:
        await world.apply(service_of(vnfs=vnfs))
    assert caught.value.bad_args == ["a/install"]
    assert world.asked() == []


async def test_a_vnf_that_is_new_in_the_file_is_added(world: World) -> None:
    await world.apply()
    vnfs = {name: vnf.model_dump(by_alias=True, exclude_defaults=True) for name, vnf in service_of().vnfs.items()}
    vnfs["d"] = {"charm": "simple-router"}
    applied = await world.apply(service_of(vnfs=vnfs))
    assert applied.is_complete
    assert world.asked() == ["create_execution_environment", "install_configuration_sw"]


async def test_an_unknown_connector_is_refused_before_anything_begins(world: World) -> None:
    with pytest.raises(BadArguments, match="there is no connector 'egde': did you mean 'edge'"):
        await world.apply(service_of(connector="egde"))
    assert world.asked() == []


async def test_it_waits_for_another_run_on_the_same_store(tmp_path: Path) -> None:
    config = {
        "artifacts": str(CHARMS),
        "connectors": {"edge": {"backend": "fake"}},
        "store": f"sqlite:///{tmp_path}/s",
    }
    steps: list[str] = []
    waiting: asyncio.Future[Holder] = asyncio.get_running_loop().create_future()
    async with Vca.from_config(config, environ={}) as vca:
        apply = Apply(vca, service_of(), lambda step, *_: steps.append(step.key), waiting.set_result)
        async with Lease(vca.store, ".n", 10.0, lambda _: None).hold():
            running = asyncio.create_task(apply.run())
            assert (await waiting).process == os.getpid()
            assert steps == []
        applied = await running
    assert applied.is_complete
    assert applied.statuses == dict.fromkeys("abc", "completed")


async def test_text_in_a_file_reaches_the_charm_as_written(world: World, tmp_path: Path) -> None:
    charm = tmp_path / "charms" / "words"
    (charm / "hooks").mkdir(parents=True)
    (charm / "hooks" / "install").write_text("#!/bin/sh\n")
    (charm / "metadata.yaml").write_text("name: words\nsummary: s\ndescription: d\nseries: [jammy]\n")
    (charm / "config.yaml").write_text("options: {ver: {type: string}, mtu: {type: int}, flag: {type: string}}\n")
    (charm / "actions.yaml").write_text("tell: {params: {t: {type: string}, num: {type: integer}}}\n")
    file = tmp_path / "ns.yaml"
    text = "ns: n\nvnfs:\n  a:\n    charm: words\n    config: {ver: VER, mtu: 0x1F, flag: yes}\n"
    text += "    day1: [{run: tell, with: {t: 007, num: 7}}, {run: config, with: {params: {flag: 1.50}}}]\n"
    file.write_text(text.replace("VER", "1.10"))
    world.charms = tmp_path / "charms"
    applied = await world.apply(read_service(file))
    assert applied.is_complete
    assert applied.outputs["a/day1/0"] == {"unit": "app-vnf-a/0", "t": "007", "num": 7}
    async with world.vca() as vca:
        description = await vca.connector().describe(applied.ee_ids["a"])
    there = {name: option.value for name, option in description.options.items()}
    assert there == {"ver": "1.10", "mtu": 31, "flag": "1.50"}
    file.write_text(text.replace("VER", "1.1"))
    with pytest.raises(BadArguments, match="other inputs now: a: install words"):
        await world.apply(read_service(file))


@pytest.mark.parametrize(("day1", "runs"), [("again", 1), ("done", 0)])
async def test_day_1_of_what_another_store_brought_up_is_decided_on(
    world: World, tmp_path: Path, day1: Literal["again", "done"], runs: int
) -> None:
    primitive = "exec_primitive:show-routes"
    service = read_service({"ns": "n", "vnfs": {"a": {"charm": "simple-router", "day1": [{"run": "show-routes"}]}}})
    other = World(tmp_path)
    world.store = OvertakenStore(lambda: other.apply(service))
    overtaken = await world.apply(service)
    assert "another `vca apply` brings it up" in overtaken.errors["a/create"].message
    assert (other.asked().count(primitive), world.asked().count(primitive)) == (1, 0)
    with pytest.raises(BadArguments, match="the status store does not know who made it"):
        await world.apply(service)
    async with world.vca() as vca:
        assert (await Apply(vca, service, day1=day1).run()).is_complete
    assert world.asked().count(primitive) == runs
    assert (await world.apply(service)).is_complete


async def test_what_a_newer_release_took_meanwhile_is_not_noted(world: World) -> None:
    class Taken(MemoryStore):
        async def set(self, table: str, filter: Mapping[str, Any], update: Mapping[str, Any]) -> bool:
            if table == COLLECTION and any(path.startswith("begun.") for path in update):
                await super().set(table, {"_id": ".n"}, {"schema": 2, "release": "7.0"})
            return await super().set(table, filter, update)

    world.store = Taken()
    applied = await world.apply()
    assert applied.errors  # of the install that came first, and of what another VNF has done meanwhile
    for error in applied.errors.values():
        assert "vca-core 7.0 wrote the record '.n' with schema 2; this is vca-core" in str(error)
    assert "install_configuration_sw" not in world.asked()
    document = await world.store.get(COLLECTION, {"_id": ".n"})
    assert document is not None
    assert document.get("begun") is None


async def test_a_service_that_says_no_schema_gets_one(world: World) -> None:
    await world.apply()
    before = await world.store.get(COLLECTION, {"_id": ".n"})
    assert before is not None
    await world.store.delete(COLLECTION, {"_id": ".n"})
    old = {name: value for name, value in before.items() if name not in {"schema", "release"}}
    await world.store.ensure(COLLECTION, old)
    assert (await world.apply()).is_complete
    assert world.asked() == [], "all of it was done"
    after = await world.store.get(COLLECTION, {"_id": ".n"})
    assert after is not None
    assert {name: after[name] for name in ("schema", "release", "done")} == {
        name: before[name] for name in ("schema", "release", "done")
    }


async def test_the_steps_of_many_vnfs_begin_a_few_at_a_time(world: World) -> None:
    turn, begun = 0, dict[int, int]()

    async def count_turns() -> None:
        nonlocal turn
        while True:
            turn += 1
            await asyncio.sleep(0)

    def note(step: Step, state: StepState, detail: str) -> None:
        if state is StepState.RUNNING:
            begun[turn] = begun.get(turn, 0) + 1

    counting = asyncio.create_task(count_turns())
    async with world.vca() as vca:
        applied = await Apply(vca, service_of(vnfs={f"v{at}": {} for at in range(200)}, relations=[]), note).run()
    counting.cancel()
    assert applied.is_complete
    assert sum(begun.values()) == 200
    assert max(begun.values()) <= 40


async def test_what_is_kept_of_a_service_is_not_read_for_each_step(world: World) -> None:
    reads = 0

    class Counting(MemoryStore):
        async def get(self, table: str, filter: Mapping[str, Any]) -> dict[str, Any] | None:
            nonlocal reads
            reads += table == COLLECTION
            return await super().get(table, filter)

    world.store = Counting()
    vnfs = {f"v{at}": {"charm": "simple-router", "day1": [{"run": "show-routes"}]} for at in range(40)}
    assert (await world.apply(service_of(vnfs=vnfs, relations=[]))).is_complete
    assert reads <= 2 * len(vnfs) + 10, "the core reads each home before it claims it, and the path of each primitive"
