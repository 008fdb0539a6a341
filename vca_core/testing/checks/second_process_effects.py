"""Two processes that work on one EE see each other's effects: what counts is the system, not what one remembers."""

from __future__ import annotations

import asyncio
import functools
import json

import pytest

from vca_core.errors import ConflictError
from vca_core.naming import EeId
from vca_core.testing.checks.option_effects import check_options
from vca_core.testing.checks.relation_effects import check_relations, relate, unrelate
from vca_core.testing.checks.second_process import open_second_process
from vca_core.testing.kit import Kit
from vca_core.testing.suite import Suite, needs, sees, skip_unless

WAITS = 6
"""At how many waits of configure another process sets an option."""


class SecondProcessEffectChecks(Suite, suite=True):
    """What comes of the work of two processes, while both are connected."""

    @sees("configure")
    async def test_options_set_by_two_processes_are_all_kept(self, kit: Kit) -> None:
        """Each sets its own option of one EE, in turns, and the last one resets another's."""
        ee_id = await kit.create(kit.namespace())
        await kit.install(ee_id, config={"label": "kept"})
        async with open_second_process(kit, "connected") as other:
            await other.configure(ee_id, count=5)
            await kit.configure(ee_id, flag=False)
            await check_options(other, ee_id, {"label": "kept", "count": 5, "flag": False}, "set by two processes")
            await other.configure(ee_id, label=None, flag=None)
            await kit.configure(ee_id, flag=False)  # what this process set before, and the other one has reset
            await check_options(kit, ee_id, {"count": 5, "flag": False}, "after the other process reset `label`")
            if "upgrade" in kit.capabilities and kit.subject.charms is None:
                await other.upgrade(ee_id)
                await kit.configure(ee_id, added="now")  # an option of the version that the other process brought
                expected = {"count": 5, "flag": False, "added": "now"}
                await check_options(other, ee_id, expected, "after the other process had upgraded it")

    @sees("configure")
    async def test_options_set_by_two_processes_at_once_are_kept(self, kit: Kit) -> None:
        """One is held where it waits, each time in turn, and another one sets another option meanwhile."""
        ee_id = await kit.create(kit.namespace())
        await kit.install(ee_id, config={"label": "kept"})
        # Without the store, in which one of the two would learn that the other has taken the EE over.
        async with open_second_process(kit, "connected", has_store=False) as other:
            for wait in range(1, WAITS + 1):
                setting = functools.partial(kit.configure, ee_id, share=wait + 0.5)
                running, gate = await kit.watching.run_to_wait("configure", setting(), wait)
                if gate is None:
                    await running
                    break
                setting_other = functools.partial(other.configure, ee_id, count=wait + 1)
                beside = asyncio.create_task(setting_other())
                await asyncio.wait((beside,), timeout=kit.limit(1))  # it may have to wait for the first one's end
                gate.set()
                await asyncio.wait((running, beside))
                for outcome, again in ((running, setting), (beside, setting_other)):
                    if isinstance(outcome.exception(), ConflictError):  # the system says that it did nothing
                        await again()
                    else:
                        outcome.result()
                options = (await kit.look(ee_id)).options
                seen = [options.get(name) for name in ("label", "count", "share")]
                assert seen == ["kept", wait + 1, wait + 0.5], (
                    f"one process set count={wait + 1} while another one set share={wait + 0.5}; label, count and "
                    f"share are now {seen}"
                )

    @sees("scale")
    async def test_units_made_by_two_processes_are_counted_once(self, kit: Kit) -> None:
        """Whoever scales, there are as many units as were asked for last, and both run primitives on each."""
        ee_id = await kit.create_ready(kit.namespace())
        async with open_second_process(kit, "connected") as other:
            for who, beside, number in ((kit, other, 2), (other, kit, 3), (kit, other, 4), (other, kit, 1)):
                await who.scale(ee_id, number)
                there = await who.units_of(ee_id)
                assert len(there) == number, (
                    f"two processes scaled in turns, the last one to {number}: there are {len(there)} units"
                )
                for unit in there:  # the other process is told of them by name
                    await beside.look(ee_id, unit)

    @sees()
    async def test_a_primitive_of_a_second_process_runs_in_the_same_unit(self, kit: Kit) -> None:
        """What a unit was asked before, it was asked by whatever process."""
        ee_id = await kit.create_ready(kit.namespace())
        await kit.look(ee_id, mark="first")
        async with open_second_process(kit, "connected") as other:
            await other.look(ee_id, mark="second")
        seen = (await kit.look(ee_id, mark="third")).marks
        assert seen == ("first", "second", "third"), f"first, second and third were run, and the unit remembers {seen}"

    @sees("add_relation", "remove_relation")
    async def test_a_relation_of_one_process_is_removed_by_another(self, kit: Kit) -> None:
        """It is gone for both, and there once when both make it."""
        one, two = [await kit.create_ready(kit.namespace(vnf)) for vnf in ("one", "two")]
        async with open_second_process(kit, "connected") as other:
            await relate(other, one, two)
            await unrelate(kit, one, two)
            await check_relations(other, {one: (0, 0), two: (0, 0)}, "after another process than its maker removed it")
            await relate(kit, one, two)
            await relate(other, one, two)
            await check_relations(kit, {one: (1, 0), two: (0, 1)}, "after two processes made one relation")

    @needs()
    @pytest.mark.parametrize("read", ["get_status", "get_metrics"])
    async def test_what_is_read_of_an_ns_shows_no_other_one(self, kit: Kit, read: str) -> None:
        """Neither its model nor its applications are named, though both are read side by side."""
        skip_unless(read in kit.capabilities, f"the backend has no {read}")
        ours = EeId.parse(await kit.create_ready(kit.namespace("resident")))
        foreign = EeId.parse(await kit.create_ready(kit.namespace("stranger", ns="elsewhere")))
        namespaces = [kit.namespace(None), kit.namespace(None, ns="elsewhere")]
        kit.watching.keep_in_step(read, kit.subject.patience)
        found = await asyncio.gather(*map(getattr(kit.connector, read), namespaces))
        for namespace, answer, stranger in zip(namespaces, found, (foreign, ours), strict=True):
            text = json.dumps(answer, default=str)
            # The model of the one begins as the other's does.
            names = [stranger.application] if stranger is ours else [stranger.model, stranger.application]
            named = [name for name in names if name in text]
            assert not named, f"{read} of {namespace} names {' and '.join(named)}, of another NS"
