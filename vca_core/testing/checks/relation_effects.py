"""Relations are there once, where both ends see them, for as long as they should be."""

from __future__ import annotations

import pytest

from vca_core.errors import BadArguments
from vca_core.testing.charms import IMPLICIT, LIMITED
from vca_core.testing.kit import Kit
from vca_core.testing.look import ABOUT
from vca_core.testing.suite import Suite, check_error, sees, skip_unless
from vca_core.testing.verdict import OWN_CHARMS


class RelationEffectChecks(Suite, suite=True):
    """What becomes of relations."""

    @sees("add_relation")
    async def test_a_relation_is_seen_once_at_both_ends(self, kit: Kit) -> None:
        """However often it is made, from whichever end, and anew; also where another pair is related side by side."""
        one, other, third, fourth = await _create_each(kit, "one", "other", "third", "fourth")
        await check_relations(kit, {one: (0, 0), other: (0, 0)}, "before any relation")
        await kit.run_in_step("add_relation", relate(kit, one, other), relate(kit, third, fourth))
        await kit.connector.add_relation(fourth, third, *reversed(_endpoints(kit)))
        expected = {one: (1, 0), other: (0, 1), third: (1, 0), fourth: (0, 1)}
        await check_relations(kit, expected, "after two relations side by side, one of them made twice")
        if "remove_relation" in kit.capabilities:
            await kit.run_in_step("remove_relation", unrelate(kit, one, other), unrelate(kit, third, fourth))
            await check_relations(kit, dict.fromkeys(expected, (0, 0)), "after both were removed side by side")
            await relate(kit, one, other)
            await check_relations(kit, {one: (1, 0), other: (0, 1)}, "after one of them was made anew")

    @sees("add_relation")
    async def test_every_charm_provides_an_endpoint_by_itself(self, kit: Kit) -> None:
        """It is declared by none; either end may be named first."""
        skip_unless(kit.subject.charms is None, OWN_CHARMS)
        one, other, third = await _create_each(kit, "one", "other", "third")
        await kit.connector.add_relation(one, other, ABOUT, IMPLICIT)
        await kit.connector.add_relation(third, one, IMPLICIT, ABOUT)
        seen = (await kit.look(one)).relations.get(ABOUT)
        assert seen == 2, f"two charms provided {IMPLICIT} to one, whose unit sees {seen} relations of {ABOUT}"

    @sees("add_relation", "remove_relation")
    async def test_only_the_relation_that_is_named_is_removed(self, kit: Kit) -> None:
        """Others of the same endpoints stay; either end may be named first."""
        one, second, third = await _create_each(kit, "one", "second", "third")
        await relate(kit, one, second)
        await relate(kit, one, third)
        await relate(kit, second, one)
        await relate(kit, third, one)  # both endpoints of `one` have two
        await kit.connector.remove_relation(second, one, *reversed(_endpoints(kit)))
        expected = {one: (1, 2), second: (1, 0), third: (1, 1)}
        await check_relations(kit, expected, "after one of four was removed")

    @sees("add_relation")
    async def test_relations_go_with_their_ee(self, kit: Kit) -> None:
        """Those of the neighbours stay, and of namesakes in another NS; an EE that is made anew has none."""
        one, second, third = await _create_each(kit, "one", "second", "third")
        elsewhere = [await kit.create_ready(kit.namespace(vnf, ns="b")) for vnf in ("one", "second")]
        await relate(kit, one, second)
        await relate(kit, one, third)
        await relate(kit, *elsewhere)
        await kit.check_delete(second)
        stay = {one: (1, 0), third: (0, 1), elsewhere[0]: (1, 0), elsewhere[1]: (0, 1)}
        await check_relations(kit, stay, "after an EE was deleted")
        (again,) = await _create_each(kit, "second")
        await check_relations(kit, {one: (1, 0), again: (0, 0)}, "after it was made anew")

    @sees("add_relation")
    @pytest.mark.parametrize("end", ["first", "second"])
    async def test_an_endpoint_takes_no_more_than_its_limit(self, kit: Kit, end: str) -> None:
        """Whichever end it is of: a further one is refused, until one is removed; what is there may be asked for."""
        skip_unless(kit.subject.charms is None, OWN_CHARMS)
        limited, one, other = await _create_each(kit, "limited", "one", "other")

        async def relate_limited(to: str) -> None:
            named = [(limited, LIMITED), (to, _endpoints(kit)[0])]
            (ee_id_1, endpoint_1), (ee_id_2, endpoint_2) = named if end == "first" else reversed(named)
            await kit.connector.add_relation(ee_id_1, ee_id_2, endpoint_1, endpoint_2)

        await relate_limited(one)
        with pytest.raises(BadArguments) as caught:
            await relate_limited(other)
        check_error(caught.value)
        await relate_limited(one)
        await check_relations(kit, {one: (1, 0), other: (0, 0)}, "after a relation beyond an endpoint's limit")
        if "remove_relation" in kit.capabilities:
            await kit.connector.remove_relation(limited, one, LIMITED, _endpoints(kit)[0])
            await relate_limited(other)

    @sees("add_relation", "scale", "upgrade")
    async def test_relations_outlast_what_is_done_to_their_ends(self, kit: Kit) -> None:
        """New units see them, and so do those of another version, also after a disconnect."""
        one, other = await _create_each(kit, "one", "other")
        await relate(kit, one, other)
        await kit.scale(one, 2)
        await kit.upgrade(one)
        await kit.vca.disconnect()
        await check_relations(kit, {one: (1, 0), other: (0, 1)}, "after scale, upgrade and a disconnect")


async def _create_each(kit: Kit, *vnfs: str) -> list[str]:
    return [await kit.create_ready(kit.namespace(vnf)) for vnf in vnfs]


def _endpoints(kit: Kit) -> tuple[str, str]:
    return kit.charms.provides or "out", kit.charms.requires or "into"


async def relate(kit: Kit, one: str, other: str) -> None:
    """Relate two EEs: the first provides."""
    await kit.connector.add_relation(one, other, *_endpoints(kit))


async def unrelate(kit: Kit, one: str, other: str) -> None:
    """Remove their relation."""
    await kit.connector.remove_relation(one, other, *_endpoints(kit))


async def check_relations(kit: Kit, expected: dict[str, tuple[int, int]], when: str) -> None:
    """Check that all units of EEs, and the descriptions, have the relations that they should have.

    Args:
        kit: where.
        expected: how many relations there are of the endpoint that provides, and of the one that requires, by EE.
        when: what was done before.
    """
    endpoints = _endpoints(kit)
    for ee_id, numbers in expected.items():
        for sight in await kit.look_everywhere(ee_id):
            seen = tuple(sight.relations.get(endpoint, 0) for endpoint in endpoints)
            assert seen == numbers, f"{when}, unit {sight.unit} sees {seen} relations of {endpoints}, not {numbers}"
        described = await kit.describe(ee_id)
        if described is not None:
            names = [relation.endpoint for relation in described.relations]
            counts = tuple(names.count(endpoint) for endpoint in endpoints)
            assert counts == numbers, f"{when}, {ee_id} is described with {counts} of {endpoints}, not {numbers}"
