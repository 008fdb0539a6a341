"""What extensions see of a request: all that it names, and no value."""

from __future__ import annotations

import asyncio
import dataclasses
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from support.distributions import Site

from vca_core import BadArguments, Vca, VcaError
from vca_core.connector import Connector
from vca_core.extensions import OperationFacts, StatusChange
from vca_core.naming import EeId
from vca_core.status import Entity

CHARMS = Path(__file__).parents[3] / "docs" / "examples" / "charms"
CANARY = "canary-4711"

WATCH = """
    from contextlib import asynccontextmanager
    from vca_core.hookspecs import hookimpl

    seen, changes, places = [], [], []

    class Watch:
        def __init__(self, options): ...

        @hookimpl
        @asynccontextmanager
        async def around(self, operation):
            seen.append(operation)
            try:
                yield
            except Exception as error:
                places.append((operation, error.as_data()["where"]))
                raise

        @hookimpl
        def refused(self, operation, error):
            places.append((operation, error.as_data()["where"]))

        @hookimpl
        def status_changed(self, change):
            changes.append(change)
"""


def watch(site: Site, actor: str | None = None) -> tuple[Vca, list[OperationFacts], list[StatusChange]]:
    """Make a `Vca` on two fakes, and the lists of what an extension sees: operations and statuses."""
    module = site.add("watch", WATCH, "[vca.extensions]", "watch = MODULE:Watch")
    config: dict[str, Any] = {
        "artifacts": str(CHARMS),
        "connectors": {"edge": {"backend": "fake"}, "core": {"backend": "fake"}},
        "default": "edge",
        "extensions": ["watch"],
    }
    vca = Vca.from_config(config, environ={}, actor=actor)
    return vca, sys.modules[module].seen, sys.modules[module].changes


def places_of(seen: list[OperationFacts]) -> list[Any]:
    """Where errors happened, as the extension whose operations these are saw them."""
    [places] = [vars(module)["places"] for module in list(sys.modules.values()) if vars(module).get("seen") is seen]
    found: list[Any] = places
    return found


async def test_the_facts_of_a_request_name_all_that_it_names(site: Site) -> None:
    vca, seen, _ = watch(site, "operator@desk")
    async with vca:
        edge = vca.connector()
        ee_id, _ = await edge.create_execution_environment(".ns.vnf@one", artifact_path="simple-router")
        await edge.install_configuration_sw(ee_id, "simple-router", config={"hostname": CANARY}, num_units=2)
        await edge.exec_primitive(ee_id, "touch", {"filename": CANARY})
        await edge.exec_primitive(ee_id, "config", {"params": {"hostname": CANARY}})
        await edge.scale(ee_id, 1)
    facts_seen = [
        {
            name: value
            for name, value in dataclasses.asdict(facts).items()
            if value not in {None, ()} and name not in {"id", "connector", "backend", "actor"}
        }
        for facts in seen
    ]
    assert facts_seen == [
        {"operation": "create_execution_environment", "namespace": ".ns.vnf@one", "charm": "simple-router"},
        {
            "operation": "install_configuration_sw",
            "ee_id": ee_id,
            "charm": "simple-router",
            "parameters": ("hostname",),
            "num_units": 2,
        },
        {"operation": "exec_primitive", "ee_id": ee_id, "primitive": "touch", "parameters": ("filename",)},
        {"operation": "configure", "ee_id": ee_id, "parameters": ("hostname",)},
        {"operation": "scale", "ee_id": ee_id, "num_units": 1},
    ]
    assert {(facts.connector, facts.backend, facts.actor) for facts in seen} == {
        ("edge", "edge (fake)", "operator@desk")
    }
    assert len({facts.id for facts in seen}) == len(seen)
    assert CANARY not in repr(seen)


async def test_errors_show_extensions_where_they_happened(site: Site) -> None:
    vca, seen, _ = watch(site)
    places = places_of(seen)
    async with vca:
        edge = vca.connector()
        ee_id, _ = await edge.create_execution_environment(".ns.vnf")
        with pytest.raises(VcaError):
            await edge.exec_primitive(ee_id, "touch", {})  # it has no charm
        with pytest.raises(BadArguments):
            await edge.scale(ee_id, 0)
    assert [facts.operation for facts, _ in places] == ["exec_primitive", "scale"]
    for facts, place in places:
        expected = {"operation": facts.operation, "operation_id": facts.id, "backend": facts.backend, "ee_id": ee_id}
        assert place == expected


REFUSED: dict[str, Callable[[Connector, str], Awaitable[Any]]] = {
    "namespace": lambda edge, _: edge.create_execution_environment("no namespace"),
    "artifact": lambda edge, ee_id: edge.install_configuration_sw(ee_id, "../elsewhere"),
    "units": lambda edge, ee_id: edge.scale(ee_id, 0),
    "options": lambda edge, ee_id: edge.scale(ee_id, 1, options={"speed": 9}),
    "time-out": lambda edge, ee_id: edge.exec_primitive(ee_id, "touch", total_timeout=-1),
    "ee_id": lambda edge, _: edge.delete_execution_environment("of one part"),
    "endpoint": lambda edge, ee_id: edge.add_relation(ee_id, ee_id, "uplink", ""),
    "read": lambda edge, _: edge.get_status("no namespace"),
    "charm": lambda edge, ee_id: edge.install_configuration_sw(ee_id, "absent"),
}
"""Calls that never begin, by what is refused."""


async def refuse_all(vca: Vca) -> dict[str, dict[str, Any]]:
    """Make all calls that are refused; the plain form of each error, without the id of its run."""
    errors = {}
    async with vca:
        edge = vca.connector()
        ee_id, _ = await edge.create_execution_environment(".ns.vnf")
        for what, call in REFUSED.items():
            with pytest.raises(VcaError) as caught:
                await call(edge, ee_id)
            errors[what] = data = caught.value.as_data()
            assert data["where"].pop("operation_id")
            assert data["where"]["operation"]
            assert data["where"]["backend"] == "edge (fake)"
        with pytest.raises(VcaError) as caught:
            await vca.add_relation((edge, ee_id, "uplink"), ("edge", ee_id, "uplink"))  # type: ignore[arg-type]
        assert caught.value.as_data()["where"]["operation"] == "add_relation"
    return errors


async def test_refusals_say_where_with_and_without_extensions(site: Site) -> None:
    watched, _, _ = watch(site)
    config = {"artifacts": str(CHARMS), "connectors": {"edge": {"backend": "fake"}}}
    with_one, without = await refuse_all(watched), await refuse_all(Vca.from_config(config, environ={}))
    assert with_one == without
    assert without["units"]["where"] == {
        "operation": "scale",
        "backend": "edge (fake)",
        "ee_id": "ns.app-vnf-vnf.0",
    }


async def test_credentials_are_named_and_never_shown(site: Site) -> None:
    vca, seen, _ = watch(site)
    async with vca:
        credentials = {"hostname": CANARY, "username": CANARY, "password": CANARY}
        await vca.connector().register_execution_environment(".ns.vnf", credentials)
    assert seen[0].parameters == ("hostname", "username", "password")
    assert CANARY not in repr(seen)


async def test_a_relation_is_reported_with_both_ends(site: Site) -> None:
    vca, seen, _ = watch(site)
    places = places_of(seen)
    async with vca:
        edge = vca.connector()
        ees = [(await edge.create_execution_environment(f".ns.vnf{number}"))[0] for number in (1, 2)]
        for ee_id, charm in zip(ees, ("simple-router", "content-cache"), strict=True):
            await edge.install_configuration_sw(ee_id, charm)
        seen.clear()
        await edge.add_relation(ees[0], ees[1], "gateway", "uplink")
        with pytest.raises(BadArguments):
            await edge.add_relation(ees[0], ees[1], "gateway", "")
    [(refused, _)] = places
    for facts in (*seen, refused):
        assert (facts.operation, facts.connector, facts.ee_id) == ("add_relation", "edge", ees[0])
        assert (facts.connector_2, facts.ee_id_2) == ("edge", ees[1])


SAME: dict[str, tuple[Callable[..., Awaitable[Any]], dict[str, Any]]] = {
    "configure": (
        lambda edge, ee_id, **wrong: edge.exec_primitive(ee_id, "config", {"hostname": CANARY}, **wrong),
        {"unit": "router/0"},
    ),
    "configure, nested": (
        lambda edge, ee_id, **wrong: edge.exec_primitive(ee_id, "config", {"params": {"hostname": CANARY}}, **wrong),
        {"unit": "router/0"},
    ),
    "resume_execution_environment": (
        lambda edge, ee_id, **wrong: edge.create_execution_environment(".ns.vnf", reuse_ee_id=ee_id, **wrong),
        {"options": {"speed": 9}},
    ),
    "exec_primitive": (lambda edge, ee_id: edge.get_ee_ssh_public_key(ee_id), {"ee_id": "x"}),
    "list_execution_environments": (lambda edge, ee_id: edge.refresh_status(ee_id), {"ee_id": "x"}),
    "describe_execution_environment": (lambda edge, ee_id: edge.describe(ee_id), {"ee_id": "x"}),
    "scale": (lambda edge, ee_id: edge.scale(ee_id, 2), {"ee_id": "x"}),
}
"""Calls by the hook that they ask for, and what makes them refused."""


@pytest.mark.parametrize("asked", SAME)
async def test_a_call_has_the_same_facts_when_it_is_refused(site: Site, asked: str) -> None:
    call, wrong = SAME[asked]
    vca, seen, _ = watch(site)
    places = places_of(seen)
    async with vca:
        edge = vca.connector()
        ee_id, _ = await edge.create_execution_environment(".ns.vnf")
        await edge.install_configuration_sw(ee_id, "simple-router")
        seen.clear()
        with suppress(VcaError):  # the charm makes no keys
            await call(edge, ee_id=ee_id)
        places.clear()
        with pytest.raises(BadArguments):
            await call(edge, **{"ee_id": ee_id, **wrong})
    [ran], [(refused, place)] = seen, places
    understood = {"id": refused.id, "ee_id": None if "ee_id" in wrong else ran.ee_id}
    assert refused == dataclasses.replace(ran, **understood)
    hook = asked.partition(",")[0]
    assert (ran.operation, refused.operation, place["operation"]) == (hook, hook, hook)
    assert refused.id.startswith(f"{hook}-")


async def test_a_relation_without_a_connector_is_reported_as_refused(site: Site) -> None:
    vca, seen, _ = watch(site, "me")
    places = places_of(seen)
    other = Vca.from_config({"connectors": {"far": {"backend": "fake"}}}, environ={})
    async with vca:
        ours, theirs = (vca.connector(), "a.b.0", "x"), (other.connector(), "c.d.0", "x")
        wrong: Any
        for relate, wrong in ((vca.add_relation, ("edge", "a.b.0", "x")), (vca.remove_relation, 7)):
            with pytest.raises(BadArguments) as caught:
                await relate(wrong, ours)
            assert caught.value.operation_id == places[-1][0].id
        with pytest.raises(BadArguments):
            await vca.add_relation(ours, theirs)
    assert seen == []
    assert [
        (facts.operation, facts.connector, facts.ee_id, facts.connector_2, facts.ee_id_2, facts.actor)
        for facts, _ in places
    ] == [
        ("add_relation", "", "a.b.0", "edge", "a.b.0", "me"),
        ("remove_relation", "", None, "edge", "a.b.0", "me"),
        ("add_relation", "edge", "a.b.0", "far", "c.d.0", "me"),
    ]


async def test_calls_belong_to_the_request_they_are_made_in(site: Site) -> None:
    vca, seen, _ = watch(site)

    async def serve(request_id: str, connector: str) -> None:
        with vca.request(request_id):
            await vca.connector(connector).health()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(vca.connector(connector).health())
        await vca.connector(connector).health()

    async with vca:
        await asyncio.gather(serve("one", "edge"), serve("two", "core"))
        with vca.request("outer"), vca.request("inner"):
            await vca.connector().health()
    contexts = [(facts.request_id, facts.connector) for facts in seen]
    assert sorted(contexts[:-1], key=str) == sorted(
        [("one", "edge")] * 2 + [("two", "core")] * 2 + [(None, "edge"), (None, "core")], key=str
    )
    assert contexts[-1] == ("inner", "edge")


@pytest.mark.parametrize("given", ["", "  ", 7, "two\nlines", "x" * 301])
def test_an_actor_and_a_request_id_are_one_line(site: Site, given: Any) -> None:
    with pytest.raises(BadArguments) as caught:
        watch(site, given)
    assert caught.value.bad_args == ["actor"]
    vca = Vca.from_config({"connectors": {"edge": {"backend": "fake"}}}, environ={})
    with pytest.raises(BadArguments) as caught:
        vca.request(given)
    assert caught.value.bad_args == ["request_id"]


async def test_a_status_names_the_operation_that_it_is_of(site: Site) -> None:
    vca, seen, changes = watch(site)
    async with vca:
        edge = vca.connector()
        ee_id, _ = await edge.create_execution_environment(".ns.vnf1")
        await edge.install_configuration_sw(ee_id, "simple-router")
        await edge.delete_execution_environment(ee_id)
        await edge.create_execution_environment(".ns.vnf2")
        await edge.delete_namespace(".ns")
        await vca.flush()
    ids = [facts.id for facts in seen]
    assert {change.operation_id for change in changes} == set(ids)
    outcomes = {change.operation_id: change.fields["VCA-status"] for change in changes}
    assert [outcomes[one] for one in ids] == ["started", "active", "deleted", "started", "deleted"]


async def test_a_status_between_operations_is_of_none(site: Site) -> None:
    vca, _, changes = watch(site)
    async with vca:
        ee_id, _ = await vca.connector().create_execution_environment(".ns.vnf")
        await vca.flush()
        changes.clear()
        backend: Any = vca.connector()._engine.session.backend
        backend.host.report(EeId.parse(ee_id), Entity("machine", "0"), "down")
        await vca.flush()
    assert [(change.fields["VCA-status"], change.operation_id) for change in changes] == [("down", None)]


def test_facts_are_frozen(site: Site) -> None:
    facts = OperationFacts("health-1", "health", "edge", "edge (fake)")
    with pytest.raises(dataclasses.FrozenInstanceError):
        facts.actor = "me"  # type: ignore[misc]
