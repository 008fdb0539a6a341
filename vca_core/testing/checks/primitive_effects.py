"""A primitive is run once, where it was asked for, with what it was given."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Any

import pytest

from vca_core.errors import ExecutionError, NotFound, VcaError
from vca_core.testing.differences import contrast, shorten
from vca_core.testing.kit import Kit
from vca_core.testing.naps import take_nap
from vca_core.testing.suite import Suite, check_error, sees, skip_unless, with_faults
from vca_core.testing.verdict import NO_FAILURE, OWN_CHARMS

EMPTY: Mapping[str, Any] = {
    "text": "",
    "number": 0,
    "share": 0.1234567,
    "flag": False,
    "deep": {"a": [1, {"b": None}], "c": None},
}
TEXTS: Mapping[str, Any] = {
    "text": " Grüße=a=b, 'kit'\r\n$HOME \"\\n\" e\u0301 " + 70_000 * "x" + " ",
    "number": 2**40,
    "deep": {"ä b": "$(c)\t", "yes": "0123"},
}
"""Letters, signs and blanks that are lost by whoever makes a command of them; an accent that is a letter of its own, as
it is lost where texts are normalized; and more than fits on a line, into 64 KiB, or into 32 bits.
"""

OPTION = "--text=-n"
"""A text that looks like an option of a command."""

WAITS = 3
"""At how many waits of a primitive the connection is lost."""

NAPS = (0.5, 5.0)
"""Seconds that a program takes; the connection is cut meanwhile. The longer one is for when it had not begun."""


class PrimitiveEffectChecks(Suite, suite=True):
    """What becomes of primitives."""

    @pytest.mark.parametrize("params", [EMPTY, TEXTS], ids=["empty", "texts"])
    @sees()
    async def test_parameters_arrive_as_they_were_given(self, kit: Kit, params: Mapping[str, Any]) -> None:
        """With their types; empty text, zero, false and what lies within others included."""
        sight = await kit.look(await kit.create_ready(kit.namespace()), mark="arrive", **params)
        expected = {"mark": "arrive", **params}
        wrong = [
            name
            for name in {**expected, **sight.params}
            if _convert(sight.params.get(name, ...)) != _convert(expected.get(name))
        ]
        told = (
            "{} was given as {}, and the unit saw {}".format(name, *_contrast(expected, sight.params, name))
            for name in wrong
        )
        assert not wrong, "; ".join(told)

    @sees()
    async def test_an_output_comes_back_as_the_program_gave_it(self, kit: Kit) -> None:
        """Letter by letter, whatever its length; empty text included. The kit's own `echo` gives back a text."""
        skip_unless(kit.subject.charms is None, OWN_CHARMS)
        ee_id = await kit.create_ready(kit.namespace())
        for text in (TEXTS["text"], "", OPTION):
            output = await kit.connector.exec_primitive(ee_id, "echo", {"text": text})
            assert isinstance(output, dict), "the output is no mapping"
            expected, found = contrast(text, output.get("text"))
            assert output.get("text") == text, (
                f"the program gave the text {expected}, and in the output it is {found}; that has {', '.join(output)}"
            )

    @sees()
    async def test_a_primitive_is_run_once(self, kit: Kit) -> None:
        """Each call by one run, on one unit, also one that is like another; its output is that of its own run."""
        ee_id = await kit.create(kit.namespace())
        await kit.install(ee_id, num_units=2)
        asked = ["one", "two", "two"]
        for mark in asked:
            sight = await kit.look(ee_id, mark=mark)
            assert sight.params.get("mark") == mark, (
                f"{mark!r} was asked, and answered was {sight.params.get('mark')!r}"
            )
        ran = [mark for sight in await kit.look_everywhere(ee_id) for mark in sight.marks if mark in asked]
        assert sorted(ran) == sorted(asked), f"asked were {asked}, and the units ran {ran}"

    @sees()
    async def test_a_primitive_that_fails_is_run_once(self, kit: Kit) -> None:
        """Whether it is tried again is the caller's to say; the kit's own `fail` leaves a mark, as `look` does."""
        skip_unless(kit.can_fail, NO_FAILURE)
        ee_id = await kit.create_ready(kit.namespace())
        await kit.look(ee_id, mark="before")
        with pytest.raises(ExecutionError):
            await kit.fail(ee_id)
        marks = (await kit.look(ee_id, mark="after")).marks
        assert len(marks) <= 3, f"one primitive failed between two others, and the unit ran {', '.join(marks)}"

    @sees()
    async def test_a_primitive_is_run_on_the_leader(self, kit: Kit) -> None:
        """Where no unit is named, also after a disconnect; where there are no leaders, on the same one each time."""
        ee_id = await kit.create(kit.namespace())
        await kit.install(ee_id, num_units=3)
        first, again = await kit.look(ee_id), await kit.look(ee_id)
        assert first.unit == again.unit, f"it was run on {first.unit}, and then on {again.unit}"
        await kit.vca.disconnect()
        after = (await kit.look(ee_id)).unit
        assert first.unit == after, f"it was run on {first.unit}, and after a disconnect on {after}"
        assert first.leader is not False, f"it was run on {first.unit}, which does not lead"
        everywhere = await kit.look_everywhere(ee_id)
        leaders = [sight.unit for sight in everywhere if sight.leader]
        assert len(leaders) == (first.leader is True), f"these units say that they lead: {leaders}"
        described = await kit.describe(ee_id)
        if described is not None and first.leader:
            leading = [unit.name for unit in described.units if unit.is_leader]
            assert leading in ([], [first.unit]), f"the description says that {leading} leads, and {first.unit} does"

    @sees()
    async def test_a_primitive_is_run_on_the_unit_that_is_named(self, kit: Kit) -> None:
        """On each of them, by the name that is listed; no other unit runs it."""
        ee_id = await kit.create(kit.namespace())
        await kit.install(ee_id, num_units=3)
        units = await kit.units_of(ee_id)
        for unit in units:
            sight = await kit.look(ee_id, unit, mark=f"for {unit}")
            assert sight.unit == unit, f"{unit} was asked for, and {sight.unit} ran it"
        for sight in await kit.look_everywhere(ee_id):
            ran = [mark for mark in sight.marks if mark.startswith("for ")]
            assert ran == [f"for {sight.unit}"], f"unit {sight.unit} ran {ran}"

    @sees()
    async def test_a_unit_of_another_ee_is_not_found(self, kit: Kit) -> None:
        """Nothing is run there."""
        one, other = [await kit.create_ready(kit.namespace(vnf)) for vnf in ("one", "other")]
        [unit] = await kit.units_of(other)
        skip_unless(unit not in await kit.units_of(one), "units of different EEs have the same names")
        with pytest.raises(NotFound) as caught:
            await kit.look(one, unit, mark="astray")
        check_error(caught.value)
        assert "astray" not in (await kit.look(other)).marks, f"{unit} was asked for in {one}, and {other} ran it"

    @sees()
    async def test_primitives_of_several_ees_are_kept_apart(self, kit: Kit) -> None:
        """Each is run where it was asked for, and gives back what came of it, though they run side by side.

        Two of the EEs are namesakes, so that their units may have the same names.
        """
        namespaces = [kit.namespace("vnf0"), kit.namespace("vnf1"), kit.namespace("vnf0", ns="b")]
        made = [await kit.create_ready(namespace) for namespace in namespaces]
        sights = await asyncio.gather(*(kit.look(ee_id, mark=ee_id) for ee_id in made))
        for ee_id, sight in zip(made, sights, strict=True):
            assert sight.params.get("mark") == ee_id, (
                f"{ee_id} was asked, and the output is {sight.params.get('mark')}'s"
            )
            assert sight.unit in await kit.units_of(ee_id), f"{ee_id} was asked, and {sight.unit} ran it"
            ran = [mark for mark in (await kit.look(ee_id)).marks if mark in made]
            assert ran == [ee_id], f"a unit of {ee_id} ran what was asked of {ran}"

    @sees()
    async def test_a_primitive_is_run_once_after_a_disconnect(self, kit: Kit) -> None:
        """What ran before is not run again, and the units are those that were there."""
        ee_id = await kit.create_ready(kit.namespace())
        before = await kit.look(ee_id, mark="before")
        await kit.vca.disconnect()
        after = await kit.look(ee_id, mark="after")
        assert after.unit == before.unit, f"{before.unit} ran it before, and {after.unit} does now"
        assert after.marks == (*before.marks, "after"), f"run was {before.marks}, and then {after.marks}"

    @sees()
    @with_faults
    async def test_a_lost_connection_runs_no_primitive_twice(self, kit: Kit) -> None:
        """Cut where it waits for the first, second or third time: it is run once, or not at all."""
        ee_id = await kit.create_ready(kit.namespace())
        asked = []
        for wait in range(1, WAITS + 1):
            asked.append(f"cut at {wait}")
            work = kit.look(ee_id, mark=asked[-1])
            running, gate = await kit.watching.run_to_wait("exec_primitive", work, wait)
            if gate is None:
                await running
                break
            async with kit.faults.disconnect():
                gate.set()
                await asyncio.wait((running,), timeout=kit.limit(0.2))
            with contextlib.suppress(VcaError):
                await running
        ran = [mark for mark in (await kit.look(ee_id)).marks if mark in asked]
        assert len(ran) == len(set(ran)), f"what was asked once was run more often: {ran}"

    @sees()
    @with_faults
    async def test_a_primitive_is_not_run_again_after_a_cut(self, kit: Kit) -> None:
        """Its connection is cut while its program runs, and the system can be reached again at once."""
        skip_unless(kit.subject.charms is None, OWN_CHARMS)
        ee_id = await kit.create_ready(kit.namespace())
        for seconds in NAPS:
            mark = f"cut-within-{seconds}"
            async with take_nap(kit, ee_id, seconds, mark) as nap:
                async with getattr(kit.faults, "cut", kit.faults.disconnect)():
                    pass
                await asyncio.wait((nap.task,), timeout=kit.limit(seconds + 10))
            await kit.record(ee_id)  # a read connects again
            ran = (await kit.look(ee_id)).marks.count(mark)
            assert ran <= 1, f"the connection was cut while a program ran, and it was run {ran} times"
            if ran:
                return


def _contrast(expected: Mapping[str, Any], found: Mapping[str, Any], name: str) -> tuple[str, str]:
    """Show a parameter as it was given, and as it was seen."""
    if name in expected and name in found:
        return contrast(expected[name], found[name])
    given, seen = [shorten(one[name]) if name in one else "nothing" for one in (expected, found)]
    return given, seen


def _convert(value: object) -> object:
    """A value with the type of everything in it, so that 0, 0.0 and false differ."""
    if isinstance(value, Mapping):
        return {key: _convert(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_convert(inner) for inner in value]
    return type(value), value
