"""Options arrive at every unit, with their types, and nowhere else."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from vca_core.errors import BadArguments
from vca_core.testing.charms import NUMBER, RETYPED, SHARE
from vca_core.testing.differences import contrast
from vca_core.testing.kit import Kit
from vca_core.testing.suite import Suite, check_error, sees, skip_unless
from vca_core.testing.verdict import OWN_CHARMS

DEFAULTS: Mapping[str, Any] = {"label": "none", "count": 1, "share": 0.5, "flag": True, "token": ""}
"""The options of the kit's charm that every version has."""
LONG = f" Grüße=a=b, 'kit'\r\n$HOME e\u0301 {5_000 * 'x'} "
EMPTY: Mapping[str, Any] = {"label": "", "count": 0, "share": 0.0, "flag": False, "token": "no"}
SOME: Mapping[str, Any] = {"label": LONG, "count": -(2**53 + 1), "share": 1.23456789, "flag": False, "token": "0123"}
SAME: Mapping[str, Any] = {**DEFAULTS, "token": "@kit"}
"""What the options are anyway: they are set all the same, and stay so if another version has other defaults. The token
is a text that looks like something else in each of these: a truth, a number, the name of a file. No float is as exact
as the count is.
"""

by_each = pytest.mark.parametrize("operation", ["install_configuration_sw", "configure", "upgrade"])
"""Makes a check one of each operation that takes options."""
with_each = pytest.mark.parametrize("values", [SOME, EMPTY, SAME], ids=["some", "empty", "defaults"])


class OptionEffectChecks(Suite, suite=True):
    """What becomes of options."""

    @by_each
    @with_each
    @sees()
    async def test_options_arrive_at_every_unit(self, kit: Kit, operation: str, values: Mapping[str, Any]) -> None:
        """As they were given, with their types; empty text, zero and false are values, too."""
        ee_id = await kit.create(kit.namespace())
        await kit.install(ee_id, num_units=2, config=values if operation == "install_configuration_sw" else {})
        if operation == "configure":
            await kit.configure(ee_id, **values)
        if operation == "upgrade":
            await kit.upgrade(ee_id, config=values)
        await check_options(kit, ee_id, values, f"after {operation}")

    @sees("configure")
    async def test_configure_changes_what_it_is_given_only(self, kit: Kit) -> None:
        """An option that is not named keeps its value, whatever set it; nothing may be given, too."""
        ee_id = await kit.create(kit.namespace())
        await kit.install(ee_id, config={"label": "kept", "count": 3}, num_units=2)
        await kit.configure(ee_id, flag=False)
        await kit.configure(ee_id)
        await check_options(kit, ee_id, {"label": "kept", "count": 3, "flag": False}, "after configure")
        await kit.configure(ee_id, count=4)
        await check_options(kit, ee_id, {"label": "kept", "count": 4, "flag": False}, "after two calls of configure")

    @sees("configure")
    async def test_an_option_that_is_reset_has_its_default_again(self, kit: Kit) -> None:
        """None resets it, and no other one; others can be set in the same call, and `flag` was never set."""
        ee_id = await kit.create(kit.namespace())
        await kit.install(ee_id, config={"label": "kept", "count": 3, "token": None})
        await kit.configure(ee_id, count=None, flag=None, share=2.5)
        await check_options(kit, ee_id, {"label": "kept", "share": 2.5}, "after `count` was reset and `share` was set")

    @sees("configure")
    async def test_options_of_one_ee_are_no_other_ones(self, kit: Kit) -> None:
        """Of several that are installed and configured side by side, each has its own; two are namesakes."""
        own: tuple[dict[str, Any], ...] = ({}, {"share": 2.5}, {"flag": False})
        namespaces = [kit.namespace("vnf0"), kit.namespace("vnf1"), kit.namespace("vnf0", ns="b")]
        ees = {
            namespace: {"label": f"of {number}", "count": number, **own[number]}
            for number, namespace in enumerate(namespaces)
        }

        async def live(namespace: str, values: Mapping[str, Any]) -> str:
            ee_id = await kit.create(namespace)
            await kit.install(ee_id, config={"label": values["label"]})
            await kit.configure(ee_id, **{name: value for name, value in values.items() if name != "label"})
            return ee_id

        made = await asyncio.gather(*(live(namespace, values) for namespace, values in ees.items()))
        for ee_id, values in zip(made, ees.values(), strict=True):
            await check_options(kit, ee_id, values, "with other EEs beside it")

    @sees("configure")
    async def test_options_outlast_a_disconnect(self, kit: Kit) -> None:
        """They are in the backend's system; what is configured afterwards is added to them."""
        ee_id = await kit.create(kit.namespace())
        await kit.install(ee_id, config={"label": "kept"})
        await kit.vca.disconnect()
        await kit.configure(ee_id, count=5)
        await kit.vca.disconnect()
        await check_options(kit, ee_id, {"label": "kept", "count": 5}, "after a disconnect")

    @by_each
    @sees()
    async def test_a_refused_option_leaves_all_as_it_was(self, kit: Kit, operation: str) -> None:
        """Neither the right ones that were given beside it are set, nor is a charm installed or upgraded."""
        skip_unless(operation in kit.capabilities, f"the backend has no {operation}")
        wrong: dict[str, Any] = {"label": "changed", "no-such-option": 1}
        ee_id = await kit.create(kit.namespace())
        if operation == "install_configuration_sw":
            with pytest.raises(BadArguments) as caught:
                await kit.install(ee_id, config=wrong)
            described = await kit.describe(ee_id)
            assert described is None or described.charm is None, "the install was refused, and a charm is described"
            assert not await kit.units_of(ee_id), "the install was refused, and there are units"
            await kit.install(ee_id, config={"count": 3})
        else:
            await kit.install(ee_id, config={"count": 3})
            with pytest.raises(BadArguments) as caught:
                await (kit.upgrade(ee_id, config=wrong) if operation == "upgrade" else kit.configure(ee_id, **wrong))
        check_error(caught.value)
        await check_options(kit, ee_id, {"count": 3}, f"after a refused {operation}")
        charm = (await kit.look(ee_id)).charm
        assert charm == "first", f"after a refused {operation} the unit runs the {charm} charm"

    @sees("upgrade")
    async def test_an_upgrade_keeps_the_options(self, kit: Kit) -> None:
        """Those that it is not given keep their values, and those that nobody set their defaults; None resets one.

        The new version's options are what is described and configured from then on. To the charm that is there already,
        an upgrade sets what it is given, too.
        """
        ee_id = await kit.create(kit.namespace())
        await kit.install(ee_id, config={"label": "kept", "count": 3, "share": 2.5, "flag": DEFAULTS["flag"]})
        kept = {"label": "kept", "count": 4, "flag": DEFAULTS["flag"]}  # set, though to what it is anyway
        is_configured = "configure" in kit.capabilities
        if is_configured:
            await kit.configure(ee_id, count=2)
        await kit.describe(ee_id)
        await kit.upgrade(ee_id, config={"count": 4, "share": None})
        await check_options(kit, ee_id, kept, "after an upgrade")
        if is_configured and kit.subject.charms is None:
            await kit.configure(ee_id, added="now")
            kept["added"] = "now"
            await check_options(kit, ee_id, kept, "after an upgrade")
        await kit.upgrade(ee_id, config={"label": "again"})
        await check_options(kit, ee_id, {**kept, "label": "again"}, "after an upgrade to the charm that was there")

    @sees("upgrade")
    async def test_an_option_that_a_version_lacks_goes_with_it(self, kit: Kit) -> None:
        """Others keep their values. A later version that has it again has it with its default.

        So has one that makes another type of it, which the value does not fit; and what nobody set has new defaults.
        """
        skip_unless(kit.subject.charms is None, OWN_CHARMS)
        ee_id = await kit.create(kit.namespace())
        await kit.install(ee_id, kit.charms.upgraded, config={"label": "kept", "added": "set"})
        await kit.upgrade(ee_id, kit.charms.charm)
        await check_options(kit, ee_id, {"label": "kept"}, "after an upgrade to a version without `added`")
        await kit.upgrade(ee_id, kit.charms.upgraded)
        await check_options(kit, ee_id, {"label": "kept"}, "after an upgrade to a version with `added`")
        added = (await kit.look(ee_id)).options.get("added")
        assert added == "later", f"`added` was set in an earlier version; its default is 'later', and it is {added!r}"
        await kit.upgrade(ee_id, RETYPED, config={"count": 3})
        options = (await kit.look(ee_id)).options
        label, share = options.get("label"), options.get("share")
        assert label == NUMBER, f"`label` was a text, and is a number whose default is {NUMBER} now; it is {label!r}"
        assert share == SHARE, f"`share` was never set, and has the default {SHARE} now; it is {share!r}"
        described = await kit.describe(ee_id)
        if described is not None:
            states = {name: (state.value, state.is_set) for name, state in described.options.items()}
            expected = {"label": (NUMBER, False), "count": (3, True), "share": (SHARE, False)}
            found = {name: states.get(name) for name in expected}
            assert found == expected, f"after an upgrade that changes the type of `label`, described are {found}"

    @sees("scale")
    async def test_new_units_have_the_options(self, kit: Kit) -> None:
        """Those that were set before they came, by the install or since."""
        ee_id = await kit.create(kit.namespace())
        await kit.install(ee_id, config={"label": "kept"})
        given: dict[str, Any] = {"label": "kept"}
        if "configure" in kit.capabilities:
            await kit.configure(ee_id, count=5)
            given["count"] = 5
        await kit.scale(ee_id, 2)
        await check_options(kit, ee_id, given, "after scaling")


async def check_options(kit: Kit, ee_id: str, given: Mapping[str, Any], when: str) -> None:
    """Check that every unit, and the description, has the options that were given, and of all others the defaults.

    Args:
        kit: where.
        ee_id: which EE.
        given: values that were set, by option.
        when: what was done before.
    """
    expected = {**DEFAULTS, **given}
    for sight in await kit.look_everywhere(ee_id):
        for name, value in expected.items():
            seen = sight.options.get(name)
            should_be, is_now = contrast(value, seen)
            assert _is_same(seen, value), (
                f"{when}, unit {sight.unit} sees {name}={is_now}, and it should be {should_be}"
            )
    described = await kit.describe(ee_id)
    if described is None:
        return
    for name, value in expected.items():
        option = described.options.get(name)
        assert option is not None, f"{when}, the description has no option {name}"
        should_be, is_now = contrast(value, option.value)
        assert option.secret or _is_same(option.value, value), (
            f"{when}, the description says {name}={is_now}, and units see {should_be}"
        )
        assert option.is_set == (name in given), (
            f"{when}, the description says that {name} is {'' if option.is_set else 'not '}set, and it is the other way"
        )


def _is_same(one: object, other: object) -> bool:
    """Equal, and of one type; a float may come as a whole number."""
    if isinstance(other, float):
        return isinstance(one, float | int) and not isinstance(one, bool) and one == other
    return type(one) is type(other) and one == other
