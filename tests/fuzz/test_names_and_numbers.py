"""Numbers without end, nests without bottom and half characters, at each argument of a caller: BadArguments."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from vca_core.connector import Connector
from vca_core.errors import BadArguments
from vca_core.service import Plan, plan, read_service
from vca_core.service.lease import COLLECTION, Lease
from vca_core.stores.sqlite import SqliteStore
from vca_core.vca import Vca

pytestmark = pytest.mark.timeout(60)

CHARMS = Path(__file__).parents[2] / "docs" / "examples" / "charms"


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.fixture
async def connector() -> AsyncIterator[Connector]:
    config = {"artifacts": str(CHARMS), "connectors": {"edge": {"backend": "fake", "options": {"latency": 0}}}}
    async with Vca.from_config(config, environ={}) as vca:
        yield vca.connector()


HOSTILE = [10**5000, nested(3_000), "\ud800", {"\udfff": 1}, "x" * 2_000_000]


@pytest.mark.parametrize("value", HOSTILE, ids=["digits", "depth", "half a value", "half a name", "size"])
async def test_hostile_values_are_bad_arguments(connector: Connector, value: Any) -> None:
    ee_id, _ = await connector.create_execution_environment(".n.v", None)
    await connector.install_configuration_sw(ee_id, "simple-router")
    for call in (
        connector.create_execution_environment(".n.w", None, options={"a": value}),
        connector.create_execution_environment(".n.w", {"collection": "c", "filter": {"_id": value}, "path": "p"}),
        connector.register_execution_environment(".n.w", {"hostname": "h", "username": "u", "password": value}, None),
        connector.install_configuration_sw(ee_id, "simple-router", config={"hostname": value}),
        connector.exec_primitive(ee_id, "touch", {"filename": value}),
        connector.exec_primitive(ee_id, "config", {"params": {"hostname": value}}),
    ):
        with pytest.raises(BadArguments):
            await call


@pytest.mark.parametrize("text", ["a\ud800", "a\0", "/".join("a" * 100_000), "a" * 100_000], ids=ascii)
async def test_hostile_paths_are_bad_arguments(connector: Connector, text: str) -> None:
    ee_id, _ = await connector.create_execution_environment(".n.v", None)
    for path in (text, f"ch:{text}", f"../{text}"):
        with pytest.raises(BadArguments) as caught:
            await connector.install_configuration_sw(ee_id, path)
        assert len(str(caught.value)) < 20_000
    for db_dict in (
        {"collection": text, "filter": {"_id": "1"}, "path": "p"},
        {"collection": "c", "filter": {text: "1"}, "path": "p"},
        {"collection": "c", "filter": {"_id": "1"}, "path": text},
    ):
        with pytest.raises(BadArguments):
            await connector.create_execution_environment(".n.w", db_dict)


@pytest.mark.parametrize("ns", ["a/b", "../../a", "a" * 200, "\u20ac" * 200], ids=["slash", "up", "long", "bytes"])
async def test_any_ns_can_be_leased(tmp_path: Path, ns: str) -> None:
    store = SqliteStore(tmp_path / "s.db")
    await store.open()
    async with Lease(store, ns, 10.0, lambda _: None).hold():
        assert [lease["_id"] for lease in await store.find(COLLECTION)] == [ns]
    assert await store.find(COLLECTION) == []
    await store.close()


def test_a_chain_of_after_is_planned_in_linear_time() -> None:
    vnfs = {f"v{number}": {"charm": "c", "after": [f"v{number - 1}"] if number else []} for number in range(10_000)}
    planned = plan(read_service({"ns": "n", "vnfs": vnfs}))
    assert (len(planned.steps), _count_needs(planned)) == (20_000, 29_996)


def test_what_comes_after_a_chain_does_not_wait_for_each_of_it() -> None:
    chain = {f"c{number}": {"charm": "c", "after": [f"c{number - 1}"] if number else []} for number in range(1_000)}
    behind = {f"d{number}": {"charm": "c", "day1": [{"run": "p"}], "after": ["c999"]} for number in range(1_000)}
    planned = plan(read_service({"ns": "n", "vnfs": chain | behind}))
    assert len(planned.steps) == 5_000
    assert _count_needs(planned) < 10_000


def test_what_comes_after_a_hub_does_not_wait_for_each_relation() -> None:
    hub = {"hub": {"charm": "c"}}
    around = {f"v{n}": {"charm": "c", "day1": [{"run": "p"}], "after": ["hub"]} for n in range(1_000)}
    relations = [[f"hub:a{n}", f"v{n}:b"] for n in range(1_000)]
    planned = plan(read_service({"ns": "n", "vnfs": hub | around, "relations": relations}))
    assert len(planned.steps) == 4_002
    assert _count_needs(planned) < 10_000


def _count_needs(planned: Plan) -> int:
    return sum(len(one.needs) for one in planned.parts)


def test_a_vnf_without_primitives_passes_on_what_it_waits_for() -> None:
    day1 = [{"run": "touch"}]
    vnfs = {"a": {"charm": "c", "day1": day1}, "b": {"after": ["a"]}, "c": {"charm": "c", "day1": day1, "after": ["b"]}}
    planned = plan(read_service({"ns": "n", "vnfs": vnfs}))
    needs = {one.key: one.needs for one in planned.parts}
    assert needs["c/day1/0"] == ("c/install", "b/day1")
    assert needs["b/day1"] == ("b/create", "a/day1/0")


def test_circles_of_after_are_found_wherever_they_are() -> None:
    vnfs = {f"v{number}": {"after": [f"v{number + 1}"]} for number in range(5_000)} | {"v5000": {"after": ["v4990"]}}
    with pytest.raises(BadArguments, match="comes after itself") as caught:
        read_service({"ns": "n", "vnfs": vnfs})
    assert int(str(caught.value).partition(" comes")[0].rpartition("v")[2]) >= 4_990  # no name is masked
