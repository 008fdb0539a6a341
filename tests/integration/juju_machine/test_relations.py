"""Relations between execution environments."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from support.juju import config_for, connected, installed, until, write_charm

from vca_core import BackendError, BadArguments, NotFound, NotSupported, Vca, VcaTimeoutError
from vca_juju_common import relations
from vca_jujusim.controller import SimulatedController
from vca_jujusim.world.model import Model
from vca_jujusim.world.relating import add_relation


def write_pair(folder: Path) -> None:
    write_charm(folder, "server", provides={"site": {"interface": "http"}})
    write_charm(folder, "client", requires={"backend": {"interface": "http"}})


@pytest.mark.defect("D5")
@pytest.mark.defect("D4")
async def test_two_applications_are_related_and_a_second_time_is_fine(
    controller: SimulatedController, tmp_path: Path
) -> None:
    write_pair(tmp_path)
    async with connected(controller, tmp_path) as edge:
        one = await installed(edge, "server", ".ns1.a")
        other = await installed(edge, "client", ".ns1.b")
        await edge.add_relation(one, other, "site", "backend")
        await edge.add_relation(other, one, "backend", "site")
        assert len(controller.model("ns1").relations) == 1
        await edge.remove_relation(one, other, "site", "backend")
        assert len(controller.model("ns1").relations) == 0
        await edge.remove_relation(one, other, "site", "backend")


async def test_relations_are_asked_for_whatever_was_heard(controller: SimulatedController, tmp_path: Path) -> None:
    """What another process has just made or removed is not reported yet."""
    write_pair(tmp_path)
    async with connected(controller, tmp_path) as edge, connected(controller, tmp_path, alone=False) as far:
        one = await installed(edge, "server", ".ns1.a")
        other = await installed(edge, "client", ".ns1.b")
        await far.describe(one)
        for maker, remover in ((edge, far), (far, edge)):
            await maker.add_relation(one, other, "site", "backend")
            await remover.remove_relation(one, other, "site", "backend")
            assert len(controller.model("ns1").relations) == 0
        await edge.add_relation(one, other, "site", "backend")
        assert len(controller.model("ns1").relations) == 1
        described = await far.describe(one)
        assert [str(there.other) for there in described.relations] == [other]
        readings = controller.counts.requests["Client.WatchAll"]
        assert await far.describe(one) == described
        assert controller.counts.requests["Client.WatchAll"] == readings, "there was nothing to be heard of"


@pytest.mark.parametrize("code", ["", "not found"])
async def test_a_relation_that_is_said_not_to_be_found_is_looked_at(
    controller: SimulatedController, tmp_path: Path, code: str
) -> None:
    write_pair(tmp_path)
    async with connected(controller, tmp_path) as edge:
        one = await installed(edge, "server", ".ns1.a")
        other = await installed(edge, "client", ".ns1.b")
        await edge.add_relation(one, other, "site", "backend")
        message = 'application "app-vnf-a" not found'
        rule = controller.faults.refuse("Application.DestroyRelation", message, code, times=2)
        await edge.remove_relation(one, other, "site", "backend")
        assert len(controller.model("ns1").relations) == 0
        assert rule.hits == 2


async def test_a_relation_that_was_not_heard_of_is_waited_for(controller: SimulatedController, tmp_path: Path) -> None:
    """Another process has just made it: removing it ends when it is gone, and not while its units leave it."""
    write_pair(tmp_path)
    async with connected(controller, tmp_path) as edge, connected(controller, tmp_path, alone=False) as far:
        one = await installed(edge, "server", ".ns1.a")
        other = await installed(edge, "client", ".ns1.b")
        await far.describe(one)
        await edge.add_relation(one, other, "site", "backend")
        controller.faults.freeze("relation")
        removing = asyncio.create_task(far.remove_relation(one, other, "site", "backend"))
        await until(lambda: [one.life for one in controller.model("ns1").relations.values()] == ["dying"])
        await far.describe(one)  # by then, a removal that waits for nothing has ended
        assert not removing.done()
        controller.faults.clear()
        controller.wake()
        await removing
        assert len(controller.model("ns1").relations) == 0


@pytest.mark.parametrize("is_known", [True, False])
async def test_a_relation_is_made_anew_after_an_earlier_one_has_gone(
    controller: SimulatedController, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_known: bool
) -> None:
    monkeypatch.setattr(relations, "ASK_AGAIN", 0.1)
    write_pair(tmp_path)
    async with connected(controller, tmp_path) as edge, connected(controller, tmp_path, alone=False) as far:
        one = await installed(edge, "server", ".ns1.a")
        other = await installed(edge, "client", ".ns1.b")
        if not is_known:
            await far.describe(one)  # before there is one
        await edge.add_relation(one, other, "site", "backend")
        if is_known:
            await far.describe(one)
        controller.faults.freeze("relation")
        removing = asyncio.create_task(edge.remove_relation(one, other, "site", "backend"))
        found = controller.model("ns1").relations
        await until(lambda: [there.life for there in found.values()] == ["dying"])
        adding = asyncio.create_task(far.add_relation(one, other, "site", "backend"))
        await until(lambda: controller.counts.requests["Application.AddRelation"] >= 3)  # the second one was refused
        controller.faults.clear()
        controller.wake()
        await adding
        await removing
        assert [there.life for there in found.values()] == ["alive"]


async def test_a_relation_that_others_make_anew_meanwhile_stays(
    controller: SimulatedController, tmp_path: Path
) -> None:
    """No watcher reports the end of one that is made anew at once, nor does its name tell the two apart."""
    write_pair(tmp_path)
    async with connected(controller, tmp_path, delete_grace=0.1) as edge:
        one = await installed(edge, "server", ".ns1.a")
        other = await installed(edge, "client", ".ns1.b")
        await edge.add_relation(one, other, "site", "backend")
        controller.faults.freeze("relation")
        model = controller.model("ns1")
        (before,) = model.relations.values()
        removing = asyncio.create_task(edge.remove_relation(one, other, "site", "backend"))
        await until(lambda: before.life == "dying")
        model.remove("relation", before.key)
        again = add_relation(model, ["app-vnf-a:site", "app-vnf-b:backend"])
        await removing
        assert [(there.id, there.life) for there in model.relations.values()] == [(again.id, "alive")]
        assert again.id != before.id


def make_anew(model: Model) -> None:
    for there in list(model.relations.values()):
        model.remove("relation", there.key)
    add_relation(model, ["app-vnf-a:site", "app-vnf-b:backend"])


async def test_what_was_reported_of_a_relation_may_be_old(controller: SimulatedController, tmp_path: Path) -> None:
    write_pair(tmp_path)
    async with connected(controller, tmp_path) as edge:
        one = await installed(edge, "server", ".ns1.a")
        other = await installed(edge, "client", ".ns1.b")
        await edge.add_relation(one, other, "site", "backend")
        make_anew(controller.model("ns1"))
        await edge.remove_relation(one, other, "site", "backend")
        assert controller.model("ns1").relations == {}


async def test_a_relation_that_is_made_while_an_answer_is_lost_stays(
    controller: SimulatedController, tmp_path: Path
) -> None:
    write_pair(tmp_path)
    async with connected(controller, tmp_path) as edge:
        one = await installed(edge, "server", ".ns1.a")
        other = await installed(edge, "client", ".ns1.b")
        await edge.add_relation(one, other, "site", "backend")
        lost = controller.faults.drop("Application.DestroyRelation", "after")
        removing = asyncio.create_task(edge.remove_relation(one, other, "site", "backend"))
        await until(lambda: lost.hits == 1)
        make_anew(controller.model("ns1"))
        await removing
        assert len(controller.model("ns1").relations) == 1


async def test_a_limit_says_which_unit_a_relation_that_goes_is_held_by(
    controller: SimulatedController, tmp_path: Path
) -> None:
    write_pair(tmp_path)
    async with connected(controller, tmp_path, delete_grace=60.0) as edge:
        one = await installed(edge, "server", ".ns1.a")
        other = await installed(edge, "client", ".ns1.b")
        await edge.add_relation(one, other, "site", "backend")
        unit = controller.model("ns1").units["app-vnf-a/0"]
        controller.faults.hook_error(unit.name, "config-changed", times=None, retry=False)
        controller.wake()
        await until(lambda: unit.workload.current == "error")
        with pytest.raises(VcaTimeoutError, match="app-vnf-a/0 has to leave .* is in error: .*; the option resolve"):
            await edge.remove_relation(one, other, "site", "backend", total_timeout=1)
        asked = controller.counts.requests["Application.AddRelation"]
        with pytest.raises(VcaTimeoutError, match="app-vnf-a/0 has to leave .* is in error: .*; the option resolve"):
            await edge.add_relation(one, other, "site", "backend", total_timeout=1)
        assert controller.counts.requests["Application.AddRelation"] == asked + 1  # its end is an event


async def test_a_relation_that_a_unit_does_not_leave_is_forced(controller: SimulatedController, tmp_path: Path) -> None:
    write_pair(tmp_path)
    async with connected(controller, tmp_path, delete_grace=0.3) as edge:
        one = await installed(edge, "server", ".ns1.a")
        other = await installed(edge, "client", ".ns1.b")
        await edge.add_relation(one, other, "site", "backend")
        unit = controller.model("ns1").units["app-vnf-a/0"]
        controller.faults.hook_error(unit.name, "config-changed", times=None, retry=False)
        controller.wake()
        await until(lambda: unit.workload.current == "error")
        await edge.remove_relation(one, other, "site", "backend")
        assert controller.model("ns1").relations == {}
    assert controller.counts.requests["Application.DestroyRelation"] == 2


async def test_an_id_of_an_earlier_ee_removes_no_relation(controller: SimulatedController, tmp_path: Path) -> None:
    write_pair(tmp_path)
    async with connected(controller, tmp_path) as edge:
        old = await installed(edge, "server", ".ns1.a")
        other = await installed(edge, "client", ".ns1.b")
        await edge.delete_execution_environment(old)
        one = await installed(edge, "server", ".ns1.a")
        await edge.add_relation(one, other, "site", "backend")
    async with connected(controller, tmp_path) as edge:
        await edge.remove_relation(old, other, "site", "backend")
        assert len(controller.model("ns1").relations) == 1
        await edge.remove_relation(one, other, "site", "backend")
        assert len(controller.model("ns1").relations) == 0


async def test_a_relation_that_went_with_its_model_is_removed(controller: SimulatedController, tmp_path: Path) -> None:
    write_pair(tmp_path)
    async with connected(controller, tmp_path) as edge:
        one = await installed(edge, "server", ".ns1.a")
        other = await installed(edge, "client", ".ns1.b")
        await edge.add_relation(one, other, "site", "backend")
        await edge.delete_namespace(".ns1")
        await edge.remove_relation(one, other, "site", "backend")
        assert await edge.list_execution_environments() == []


async def test_related_by_others_meanwhile_is_success(controller: SimulatedController, tmp_path: Path) -> None:
    write_pair(tmp_path)
    async with (
        connected(controller, tmp_path, alone=False) as edge,
        connected(controller, tmp_path, alone=False) as twin,
    ):
        one = await installed(edge, "server", ".ns1.a")
        other = await installed(edge, "client", ".ns1.b")
        await twin.list_execution_environments()
        await edge.add_relation(one, other, "site", "backend")
        await twin.add_relation(one, other, "site", "backend")
    assert len(controller.model("ns1").relations) == 1


async def test_a_relation_that_goes_is_made_anew_once_it_is_gone(
    controller: SimulatedController, tmp_path: Path
) -> None:
    write_pair(tmp_path)
    async with connected(controller, tmp_path) as edge:
        one = await installed(edge, "server", ".ns1.a")
        other = await installed(edge, "client", ".ns1.b")
        text = 'cannot add relation "k": relation k is dying, but not yet removed'
        controller.faults.refuse("Application.AddRelation", text, "already exists", times=2)
        await edge.add_relation(one, other, "site", "backend")
        assert controller.counts.requests["Application.AddRelation"] == 3
    assert len(controller.model("ns1").relations) == 1


@pytest.mark.parametrize(
    ("message", "code", "shown", "retryable"),
    [
        ("the operation has been blocked", "operation is blocked", "an operator has blocked such changes", False),
        ("max size of the model", "quota limit exceeded", "a limit .* is reached: max size", False),
        ('cannot add relation "a b": disk is full', "", "disk is full", False),
        ("not leader", "not leader", "not leader", True),
        ('"server" is not a valid tag', "", "is not a valid tag", False),
    ],
)
async def test_what_is_not_about_endpoints_is_no_bad_argument(
    controller: SimulatedController, tmp_path: Path, message: str, code: str, shown: str, *, retryable: bool
) -> None:
    write_pair(tmp_path)
    async with connected(controller, tmp_path) as edge:
        one = await installed(edge, "server", ".ns1.a")
        other = await installed(edge, "client", ".ns1.b")
        controller.faults.refuse("Application.AddRelation", message, code)
        with pytest.raises(BackendError, match=shown) as caught:
            await edge.add_relation(one, other, "site", "backend")
    assert (type(caught.value), caught.value.code, caught.value.retryable) == (BackendError, code, retryable)


async def test_an_endpoint_takes_no_more_relations_than_its_limit(
    controller: SimulatedController, tmp_path: Path
) -> None:
    write_pair(tmp_path)
    write_charm(tmp_path, "few", requires={"up": {"interface": "http", "limit": "1"}})
    async with connected(controller, tmp_path) as edge:
        few = await installed(edge, "few", ".ns1.a")
        servers = [await installed(edge, "server", f".ns1.{name}") for name in ("b", "c")]
        await edge.add_relation(few, servers[0], "up", "site")
        with pytest.raises(BadArguments, match="app-vnf-a:up takes 1 relation, and has as many") as caught:
            await edge.add_relation(few, servers[1], "up", "site")
        assert set(caught.value.bad_args) <= {"endpoint_1", "endpoint_2"}


async def test_endpoints_that_are_not_there_or_do_not_fit_are_refused(
    controller: SimulatedController, tmp_path: Path
) -> None:
    write_pair(tmp_path)
    ends = {"provides": {"site": {"interface": "http"}}, "requires": {"backend": {"interface": "http"}}}
    write_charm(tmp_path, "both", **ends)
    async with connected(controller, tmp_path) as edge:
        one = await installed(edge, "server", ".ns1.a")
        other = await installed(edge, "client", ".ns1.b")
        both = await installed(edge, "both", ".ns1.c")
        with pytest.raises(BadArguments):
            await edge.add_relation(one, other, "nothing", "backend")
        with pytest.raises(BadArguments):
            await edge.add_relation(one, one, "site", "site")
        with pytest.raises(BadArguments):
            await edge.add_relation(both, both, "site", "backend")
        with pytest.raises(NotFound):
            await edge.add_relation(one, "ns1.app-vnf-d.9", "site", "backend")


@pytest.mark.defect("D17")
@pytest.mark.parametrize(
    "reason",
    ['application "app-vnf-a" not found', 'application "a" is not alive', "application is not found or not alive"],
)
async def test_an_application_that_goes_meanwhile_is_not_found(
    controller: SimulatedController, tmp_path: Path, reason: str
) -> None:
    write_pair(tmp_path)
    async with connected(controller, tmp_path) as edge:
        one = await installed(edge, "server", ".ns1.a")
        other = await installed(edge, "client", ".ns1.b")
        controller.faults.refuse("Application.AddRelation", f'cannot add relation "k": {reason}')
        with pytest.raises(NotFound, match=reason):
            await edge.add_relation(one, other, "site", "backend")


@pytest.mark.defect("U12")
async def test_an_ee_of_another_system_is_not_reached(controller: SimulatedController, tmp_path: Path) -> None:
    config = config_for(controller, tmp_path)
    config["connectors"]["other"] = {"backend": "fake"}
    async with Vca.from_config(config, environ={}) as vca:
        edge, other = vca.connector("edge"), vca.connector("other")
        for relate in (vca.add_relation, vca.remove_relation):
            with pytest.raises(NotSupported, match="connector other"):
                await relate((edge, "ns1.app-vnf-a.0", "site"), (other, "ns1.app-vnf-b.1", "backend"))


async def test_two_connectors_on_one_model_relate_within_it(controller: SimulatedController, tmp_path: Path) -> None:
    write_pair(tmp_path)
    config = config_for(controller, tmp_path)
    config["connectors"]["twin"] = config["connectors"]["edge"]
    async with Vca.from_config(config, environ={}) as vca:
        edge, twin = vca.connector("edge"), vca.connector("twin")
        one = await installed(edge, "server", ".ns1.a")
        other = await installed(twin, "client", ".ns1.b")
        await vca.add_relation((edge, one, "site"), (twin, other, "backend"))
        model = controller.model("ns1")
        assert (list(model.relations), model.offers) == (["app-vnf-b:backend app-vnf-a:site"], {})
        await vca.remove_relation((twin, other, "backend"), (edge, one, "site"))
        assert model.relations == {}


async def test_a_relation_that_is_dying_is_waited_for(controller: SimulatedController, tmp_path: Path) -> None:
    write_pair(tmp_path)
    async with connected(controller, tmp_path) as edge:
        one = await installed(edge, "server", ".ns1.a")
        other = await installed(edge, "client", ".ns1.b")
        await edge.add_relation(one, other, "site", "backend")
        controller.faults.freeze("relation")
        (before,) = controller.model("ns1").relations.values()
        removing = asyncio.create_task(edge.remove_relation(one, other, "site", "backend"))
        await until(lambda: before.life == "dying")
        assert not removing.done()
        controller.thaw()
        await removing
        await edge.add_relation(one, other, "site", "backend")
        (after,) = controller.model("ns1").relations.values()
        assert after is not before
