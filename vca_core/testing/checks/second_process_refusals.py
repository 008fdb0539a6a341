"""What a second process is refused, or does not find, changes nothing of the EE that is there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from vca_core.errors import AlreadyExists, BadArguments, ExecutionError, NotFound, VcaError
from vca_core.naming import EeId, Namespace
from vca_core.status import DeploymentStatus
from vca_core.testing.checks.second_process import look, new_home, open_second_process, up_to_date, while_the_first_is
from vca_core.testing.kit import Kit
from vca_core.testing.scenarios import SCENARIOS, Setting, ends
from vca_core.testing.standing import Standing
from vca_core.testing.suite import Suite, needs, skip_unless
from vca_core.testing.verdict import NO_FAILURE

Home = Mapping[str, Any]
Refused = tuple[str, type[VcaError], Callable[[], Awaitable[Any]]]
"""What is done, the error that it raises, and the call."""


class SecondProcessRefusalChecks(Suite, suite=True):
    """What a second process is refused."""

    @while_the_first_is
    @needs("create_execution_environment")
    async def test_a_create_refused_in_a_second_process_changes_nothing(self, kit: Kit, first: str) -> None:
        """Of what is there already: without a home, with that of the present EE, and with another one."""
        home = await new_home(kit)
        ee_id = await kit.create(kit.namespace(), home)
        before = await up_to_date(kit, ee_id, home)
        async with open_second_process(kit, first) as other:
            for place in (None, home, await kit.make_home()):
                await _check_refused(other, ee_id, home, before, _create(other, place))
            stale = _stale(ee_id)
            for place in (None, home, await kit.make_home()):
                await _check_refused(other, ee_id, home, before, _reuse(other, place, stale))
            await _check_nothing_new(kit, ee_id, home, before)

    @while_the_first_is
    @needs("create_execution_environment")
    async def test_a_second_process_takes_no_names_of_another_namespace(self, kit: Kit, first: str) -> None:
        """Of two namespaces that would share an EE, the first has it, and it does not change."""
        one, two = kit.namespace("vnf_1"), kit.namespace("vnf-1")
        names = kit.names
        same = names.application(Namespace.parse(one)) == names.application(Namespace.parse(two))
        skip_unless(same, "the backend's names tell vnf_1 and vnf-1 apart")
        home = await new_home(kit)
        ee_id = await kit.create(one, home)
        before = await up_to_date(kit, ee_id, home)
        async with open_second_process(kit, first) as other:
            for place in (None, home, await kit.make_home()):
                refused = ("a create of vnf-1", BadArguments, lambda place=place: other.create(two, place))
                await _check_refused(other, ee_id, home, before, refused)
            await _check_nothing_new(kit, ee_id, home, before)

    @while_the_first_is
    @needs("install_configuration_sw")
    async def test_an_install_refused_in_a_second_process_changes_nothing(self, kit: Kit, first: str) -> None:
        """Bad arguments: an option that the charm does not have, and no units."""
        home = await new_home(kit)
        ee_id = await kit.create(kit.namespace(), home)
        before = await up_to_date(kit, ee_id, home)
        async with open_second_process(kit, first) as other:
            place = await kit.make_home()
            for given in ({"config": {"no-such-option": "value"}}, {"num_units": 0}):
                call = lambda given=given: other.install(ee_id, db_dict=place, **given)  # noqa: E731 - one of several
                await _check_refused(other, ee_id, home, before, (f"an install with {given}", BadArguments, call))
            await _check_nothing_new(kit, ee_id, home, before)

    @while_the_first_is
    async def test_what_a_second_process_is_refused_changes_nothing(self, kit: Kit, first: str) -> None:
        """Bad arguments, another charm or version, a unit that is not there, endpoints that do not fit."""
        home = await new_home(kit)
        scenario = SCENARIOS["add_relation"]
        if scenario.is_possible(kit) and kit.charms.provides and kit.charms.requires:
            at = await scenario.set_up(kit, home=home)
        else:
            at = Setting(kit.namespace(), await kit.create_ready(kit.namespace(), home), "", {})
        before = await up_to_date(kit, at.ee_id, home)
        async with open_second_process(kit, first) as other:
            refused = _refusals_on_an_ee(other, replace(at, db_dict=await kit.make_home()))
            skip_unless(refused, "it implements nothing that could be refused on an EE")
            for one in refused:
                await _check_refused(other, at.ee_id, home, before, one)
            await _check_nothing_new(kit, at.ee_id, home, before)

    @while_the_first_is
    async def test_a_second_process_deletes_only_what_the_id_names(self, kit: Kit, first: str) -> None:
        """What is not there is success; an EE by the same names with another locator is another one, and stays."""
        home = await new_home(kit)
        ee_id = await kit.create(kit.namespace(), home)
        before = await up_to_date(kit, ee_id, home)
        present = EeId.parse(ee_id)
        never_was = str(replace(present, application=f"{present.application}7"))
        async with open_second_process(kit, first) as other:
            for operation in ("deregister_execution_environment", "delete_execution_environment"):
                for absent in (_stale(ee_id), never_was) if operation in other.capabilities else ():
                    at = Setting(kit.namespace(), absent, "", await kit.make_home())
                    await SCENARIOS[operation].call(other, at)
                    (await Standing.of(other, ee_id, home)).must_be(before, f"{operation} of {absent}")
                    await other.settle()
                    assert other.statuses_at(at.db_dict)[-1].status is DeploymentStatus.COMPLETED, (
                        "a delete was done, and its place does not say so"
                    )
            await _check_nothing_new(kit, ee_id, home, before)

    @while_the_first_is
    @needs("exec_primitive")
    async def test_a_failure_in_a_second_process_leaves_the_home_alone(self, kit: Kit, first: str) -> None:
        """Its outcome is FAILED at its own place; the home of its EE stays as it was."""
        skip_unless(kit.can_fail, NO_FAILURE)
        home = await new_home(kit)
        ee_id = await kit.create_ready(kit.namespace(), home)
        before = await up_to_date(kit, ee_id, home)
        async with open_second_process(kit, first) as other:
            for place in (None, await kit.make_home()):
                call = lambda place=place: other.fail(ee_id, db_dict=place)  # noqa: E731 - one of several
                await _check_refused(other, ee_id, home, before, ("a primitive that fails", ExecutionError, call))
                assert place is None or other.statuses_at(place)[-1].status is DeploymentStatus.FAILED, (
                    "a primitive failed, and its place does not say so"
                )
            await _check_nothing_new(kit, ee_id, home, before)


async def _check_refused(kit: Kit, ee_id: str, home: Home, before: Standing, refused: Refused) -> None:
    """Do what is refused, and check that nothing of the EE has changed."""
    what, error, call = refused
    with pytest.raises(error):
        await call()
    (await Standing.of(kit, ee_id, home)).must_be(before, f"{what} in a second process")


async def _check_nothing_new(kit: Kit, ee_id: str, home: Home, before: Standing) -> None:
    """Check that the first process sees it as it was."""
    await look(kit, ee_id)
    (await Standing.of(kit, ee_id, home)).must_be(before, "the first process looked after what a second one did")


def _stale(ee_id: str) -> str:
    """The id of an EE by the same names that is there no more."""
    parsed = EeId.parse(ee_id)
    return str(replace(parsed, locator=f"{parsed.locator}7"))


def _create(kit: Kit, place: Home | None) -> Refused:
    return "a second create", AlreadyExists, lambda: kit.create(kit.namespace(), place)


def _reuse(kit: Kit, place: Home | None, ee_id: str) -> Refused:
    return f"a reuse of {ee_id}", NotFound, lambda: kit.create(kit.namespace(), place, reuse_ee_id=ee_id)


def _refusals_on_an_ee(kit: Kit, at: Setting) -> list[Refused]:
    """What is refused on an EE that is ready, as far as the backend implements it."""
    connector, charms, ee_id, place = kit.connector, kit.charms, at.ee_id, at.db_dict
    options = kit.subject.operation_options.get("upgrade")
    wrong, unit = {"no-such-option": "value"}, f"{EeId.parse(ee_id).application}/77"
    of_hooks: dict[str, Refused] = {
        "install_configuration_sw": (
            "an install of another charm",
            AlreadyExists,
            lambda: kit.install(ee_id, charms.other, db_dict=place),
        ),
        "configure": (
            "an option that is not there",
            BadArguments,
            lambda: connector.exec_primitive(ee_id, "config", wrong, place),
        ),
        "exec_primitive": (
            "a primitive that is not there",
            BadArguments,
            lambda: connector.exec_primitive(ee_id, "no-such-primitive", {}, place),
        ),
        "upgrade": (
            "an upgrade to another charm",
            BadArguments,
            lambda: connector.upgrade(ee_id, charms.other, place, options=options),
        ),
    }
    if "install_configuration_sw" not in kit.capabilities:
        return []  # what has no charms refuses none of it
    refused = [one for hook, one in of_hooks.items() if hook in kit.capabilities]
    if kit.can_work:
        refused.append(("a unit that is not there", NotFound, lambda: kit.work(ee_id, db_dict=place, unit=unit)))
    another = "an install of another version"
    refused.append((another, BadArguments, lambda: kit.install(ee_id, charms.upgraded, db_dict=place)))
    if at.other:
        one, other, provides, _ = ends(kit, at)
        misfit = "endpoints that do not fit"
        refused.append((misfit, BadArguments, lambda: connector.add_relation(one, other, provides, provides)))
    return refused
