"""What an NS file does not have any more is neither deleted nor passed over in silence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from vca_core import BadArguments, Vca
from vca_core.service import Applied, Apply, LeftOut, read_service
from vca_core.stores import MemoryStore

CHARMS = Path(__file__).parents[3] / "docs" / "examples" / "charms"
ROUTER = {"charm": "simple-router"}
HOST = {"hostname": "h1", "username": "u"}


class World:
    """A fake and a store that outlive a `Vca`."""

    def __init__(self, folder: Path) -> None:
        self.state = str(folder / "world.db")
        self.store = MemoryStore()

    def vca(self, **options: Any) -> Vca:
        edge = {"backend": "fake", "options": {"state": self.state, **options}}
        return Vca.from_config({"artifacts": str(CHARMS), "connectors": {"edge": edge}}, environ={}, store=self.store)

    async def apply(self, vnfs: dict[str, Any], relations: Any = (), **options: Any) -> Applied:
        service = read_service({"ns": "n", "vnfs": vnfs, "relations": list(relations)})
        async with self.vca(**options) as vca:
            return await Apply(vca, service).run()


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


async def test_a_vnf_that_left_the_file_is_named_until_it_is_back(world: World) -> None:
    first = await world.apply({"core": ROUTER, "edge": ROUTER})
    assert first.left_out == []
    for _ in range(2):
        applied = await world.apply({"edge": ROUTER})
        assert applied.left_out == [LeftOut("core", first.ee_ids["core"], "edge")]
        assert applied.is_complete
    async with world.vca() as vca:
        assert len(await vca.connector().list_execution_environments()) == 2, "nothing was deleted"
    assert (await world.apply({"core": ROUTER, "edge": ROUTER})).left_out == []


async def test_a_renamed_vnf_is_named_beside_the_new_one(world: World) -> None:
    first = await world.apply({"core": ROUTER})
    applied = await world.apply({"heart": ROUTER})
    assert [one.ee_id for one in applied.left_out] == [first.ee_ids["core"]]
    assert applied.ee_ids.keys() == {"heart"}


async def test_a_vnf_whose_ee_was_deleted_is_not_left_out(world: World) -> None:
    first = await world.apply({"core": ROUTER, "edge": ROUTER})
    async with world.vca() as vca:
        await vca.connector().delete_execution_environment(first.ee_ids["core"])
    assert (await world.apply({"edge": ROUTER})).left_out == []


async def test_a_relation_and_a_charm_that_left_the_file_are_named(world: World) -> None:
    both = {"core": ROUTER, "edge": ROUTER}
    await world.apply(both, [["core:gateway", "edge:upstream"]])
    assert (await world.apply(both, [["core:gateway", "edge:upstream"]])).notes == []
    applied = await world.apply({"core": ROUTER, "edge": {}})
    assert applied.notes == [
        "NS n: core:gateway - edge:upstream were related, and are not in the file any more; the relation goes on",
        "NS n: a charm was installed for VNF edge, which has none in the file any more; it goes on",
    ]
    alone = await world.apply({"core": ROUTER})
    assert alone.notes == [], "the VNF is named"
    assert [one.vnf for one in alone.left_out] == ["edge"]


async def test_a_corrected_host_is_the_one_that_counts_for_a_rename(world: World) -> None:
    refusal = {"operation": "register_execution_environment", "fail": "locked", "times": 1}
    failed = await world.apply({"old": {"machine": HOST}}, script=[refusal])
    assert failed.errors
    corrected = {**HOST, "hostname": "h2"}
    assert (await world.apply({"old": {"machine": corrected}})).is_complete
    with pytest.raises(BadArguments, match="registered already, for VNF old"):
        await world.apply({"new": {"machine": corrected}})
    assert (await world.apply({"new": {"machine": HOST}})).is_complete
