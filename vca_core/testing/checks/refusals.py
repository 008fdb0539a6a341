"""What is refused, and with which error: bad input, and things that are absent, there already, or deleted."""

from __future__ import annotations

from typing import Any

import pytest

from vca_core.errors import AlreadyExists, BadArguments, ExecutionError, NotFound
from vca_core.naming import EeId, Namespace
from vca_core.testing.differences import differences
from vca_core.testing.kit import Kit, can_look
from vca_core.testing.scenarios import SCENARIOS, Setting, ends
from vca_core.testing.suite import Suite, check_error, needs, skip_unless
from vca_core.testing.verdict import NO_HOST, OWN_CHARMS

on_an_ee = pytest.mark.parametrize(
    "operation",
    ["install_configuration_sw", "configure", "exec_primitive", "add_relation", "scale", "upgrade"],
)
CANARY = "canary-3f1b"


class RefusalChecks(Suite, suite=True):
    """What is refused, and with which error."""

    @needs("create_execution_environment")
    async def test_a_second_create_is_refused(self, kit: Kit) -> None:
        """Nothing is made by it, and the first one stays."""
        ee_id = await kit.create(kit.namespace())
        with pytest.raises(AlreadyExists) as caught:
            await kit.create(kit.namespace())
        check_error(caught.value)
        await kit.check_listed([ee_id])

    @needs("create_execution_environment")
    async def test_the_refusal_of_a_second_create_carries_the_first_id(self, kit: Kit) -> None:
        """So that the caller can go on with it."""
        ee_id = await kit.create(kit.namespace())
        with pytest.raises(AlreadyExists) as caught:
            await kit.create(kit.namespace())
        assert caught.value.ee_id == ee_id, f"{caught.value!r} carries {caught.value.ee_id!r}, not {ee_id!r}"

    @needs("register_execution_environment")
    async def test_a_host_belongs_to_one_ee(self, kit: Kit) -> None:
        """It is refused for another namespace, and can be registered again once its EE is gone."""
        skip_unless(kit.subject.credentials is not None, NO_HOST)
        ee_id = await kit.register(kit.namespace())
        await kit.forget()
        with pytest.raises(AlreadyExists) as caught:
            await kit.register(kit.namespace("vnf2"))
        check_error(caught.value)
        await kit.check_listed([ee_id])
        for end in {"deregister_execution_environment", "delete_execution_environment"} & kit.capabilities:
            await getattr(kit.connector, end)(ee_id)
            ee_id = await kit.register(kit.namespace("vnf2"))
            await kit.check_listed([ee_id])

    @needs("resume_execution_environment")
    async def test_an_ee_to_reuse_that_is_gone_is_not_found(self, kit: Kit) -> None:
        """Nothing is made in its place."""
        ee_id = await kit.create(kit.namespace())
        await kit.check_delete(ee_id)
        with pytest.raises(NotFound) as caught:
            await kit.resume(kit.namespace(), ee_id)
        check_error(caught.value)
        await kit.check_listed([])

    @on_an_ee
    async def test_an_ee_that_never_was_is_not_found(self, kit: Kit, operation: str) -> None:
        """Neither it nor its namespace."""
        names = kit.names
        ee_ids = [str(EeId(names.model(of), names.application(of), "0")) for of in _namespaces(kit)]
        await _check_refused_as_absent(kit, operation, *ee_ids)
        await kit.check_listed([])

    @on_an_ee
    async def test_a_deleted_ee_is_not_found(self, kit: Kit, operation: str) -> None:
        """While its namespace is there still."""
        neighbour = await kit.create(kit.namespace("vnf3"))
        ee_ids = [await kit.create(kit.namespace(vnf)) for vnf in ("vnf1", "vnf2")]
        for ee_id in ee_ids:
            await kit.check_delete(ee_id)
        await _check_refused_as_absent(kit, operation, *ee_ids)
        await kit.check_listed([neighbour])

    @needs("install_configuration_sw", "configure")
    async def test_an_ee_without_a_charm_has_nothing_to_configure(self, kit: Kit) -> None:
        """NotFound, whatever is to be set."""
        ee_id = await kit.create(kit.namespace())
        with pytest.raises(NotFound) as caught:
            await kit.connector.exec_primitive(ee_id, "config", dict(kit.charms.config))
        check_error(caught.value)

    @needs("install_configuration_sw", "exec_primitive")
    async def test_an_ee_without_a_charm_has_no_primitives(self, kit: Kit) -> None:
        """NotFound, whatever is to be run."""
        ee_id = await kit.create(kit.namespace())
        with pytest.raises(NotFound) as caught:
            await kit.work(ee_id)
        check_error(caught.value)

    @needs("install_configuration_sw")
    async def test_install_refuses_an_option_that_the_charm_does_not_have(self, kit: Kit) -> None:
        """By name; the right ones can be given afterwards."""
        ee_id = await kit.create(kit.namespace())
        with pytest.raises(BadArguments, match="no-such-option"):
            await kit.install(ee_id, config={"no-such-option": CANARY})
        await kit.install(ee_id)

    @needs("install_configuration_sw")
    async def test_install_refuses_a_mistyped_value_without_showing_it(self, kit: Kit) -> None:
        """By the option's name; the value may be a secret."""
        option, value = _wrong(kit)
        ee_id = await kit.create(kit.namespace())
        with pytest.raises(BadArguments, match=option) as caught:
            await kit.install(ee_id, config={option: value})
        assert str(value) not in f"{caught.value}{caught.value.__cause__}", f"the refusal shows the value of {option}"

    @needs("install_configuration_sw", "configure")
    async def test_configure_refuses_an_option_the_charm_does_not_have(self, kit: Kit) -> None:
        """By name."""
        ee_id = await kit.create_ready(kit.namespace())
        with pytest.raises(BadArguments, match="no-such-option"):
            await kit.connector.exec_primitive(ee_id, "config", {"no-such-option": CANARY})

    @needs("install_configuration_sw", "configure")
    async def test_configure_refuses_a_mistyped_value_without_showing_it(self, kit: Kit) -> None:
        """By the option's name; the value may be a secret. A truth is no number, as it is in Python."""
        option, value = _wrong(kit)
        ee_id = await kit.create_ready(kit.namespace())
        with pytest.raises(BadArguments, match=option) as caught:
            await kit.connector.exec_primitive(ee_id, "config", {option: value})
        assert str(value) not in f"{caught.value}{caught.value.__cause__}", f"the refusal shows the value of {option}"
        if kit.has_own_charm:
            with pytest.raises(BadArguments, match="count"):
                await kit.configure(ee_id, count=True)

    @needs("install_configuration_sw", "exec_primitive")
    async def test_a_primitive_that_the_charm_does_not_have_is_refused(self, kit: Kit) -> None:
        """By name; nothing is run."""
        ee_id = await kit.create_ready(kit.namespace())
        with pytest.raises(BadArguments, match="no-such-primitive"):
            await kit.connector.exec_primitive(ee_id, "no-such-primitive", {"some": CANARY})

    @needs("install_configuration_sw", "exec_primitive")
    async def test_parameters_that_do_not_fit_are_refused(self, kit: Kit) -> None:
        """A required one that is missing, one of another type, one that is not declared: without values."""
        skip_unless(kit.subject.charms is None, OWN_CHARMS)
        ee_id = await kit.create_ready(kit.namespace())
        for params in ({}, {"text": ["71234"]}, {"text": "hello", "more": CANARY}):
            with pytest.raises(BadArguments) as caught:
                await kit.connector.exec_primitive(ee_id, "echo", params)
            assert CANARY not in check_error(caught.value).message, "the refusal shows a value"
            assert "71234" not in caught.value.message, "the refusal shows a value"

    @needs("install_configuration_sw", "exec_primitive")
    async def test_a_unit_that_is_not_there_is_not_found(self, kit: Kit) -> None:
        """Nor is one that is gone; nothing is run on another one."""
        ee_id = await kit.create_ready(kit.namespace())
        [unit] = await kit.units_of(ee_id) or [f"{EeId.parse(ee_id).application}/0"]
        gone: list[str] = []
        if "scale" in kit.capabilities:
            await kit.scale(ee_id, 2)
            gone = [name for name in await kit.units_of(ee_id) if name != unit]
            for name in gone:
                await kit.work(ee_id, unit=name)
            await kit.scale(ee_id, 1)
        for absent in (f"{EeId.parse(ee_id).application}/77", unit[:-1], f"{unit}0", *gone):
            with pytest.raises(NotFound) as caught:
                await kit.work(ee_id, unit=absent)
            check_error(caught.value)

    @needs("exec_primitive")
    async def test_a_failed_primitive_is_an_execution_error_with_output(self, kit: Kit) -> None:
        """Carries the primitive's name, why it failed, and what it left behind: its own, of no other run."""
        ee_id = await kit.create_ready(kit.namespace())
        worked = await kit.work(ee_id)
        with pytest.raises(ExecutionError) as caught:
            await kit.fail(ee_id)
        check_error(caught.value)
        assert kit.subject.fails is not None, "no primitive fails"
        assert caught.value.primitive == kit.subject.fails[0], (
            f"the error names the primitive {caught.value.primitive!r}"
        )
        output = caught.value.output
        assert output, "the error has no output"
        assert output != worked, "the error has the output of the primitive that was run before"
        if can_look(kit.subject) and kit.has_own_charm and kit.subject.fails[0] == "fail":
            assert "told to fail" in f"{caught.value.message}{output}", (
                f"the program said why, and neither the error {caught.value.message!r} nor its output {output} do"
            )
            assert output.get("tried") == "yes", f"the program gave tried=yes, and the error has {output}"
        assert isinstance(await kit.work(ee_id), dict), "the output is no mapping"

    @needs("install_configuration_sw")
    async def test_another_charm_in_the_same_place_is_refused(self, kit: Kit) -> None:
        """AlreadyExists; what is installed stays."""
        ee_id = await kit.create_ready(kit.namespace())
        before = await kit.record(ee_id)
        with pytest.raises(AlreadyExists) as caught:
            await kit.install(ee_id, kit.charms.other)
        check_error(caught.value)
        assert (await kit.record(ee_id)).entities == before.entities, (
            f"its entities were {before.entities}, and others are now"
        )

    @needs("install_configuration_sw", "upgrade")
    async def test_a_charm_of_another_name_is_no_upgrade(self, kit: Kit) -> None:
        """BadArguments; what is installed stays."""
        ee_id = await kit.create_ready(kit.namespace())
        options = kit.subject.operation_options.get("upgrade")
        with pytest.raises(BadArguments) as caught:
            await kit.connector.upgrade(ee_id, kit.charms.other, options=options)
        check_error(caught.value)

    @needs("install_configuration_sw", "upgrade")
    async def test_an_ee_without_a_charm_has_nothing_to_upgrade(self, kit: Kit) -> None:
        """NotFound; nothing is installed by it."""
        ee_id = await kit.create(kit.namespace())
        options = kit.subject.operation_options.get("upgrade")
        with pytest.raises(NotFound) as caught:
            await kit.connector.upgrade(ee_id, kit.charms.upgraded, options=options)
        check_error(caught.value)

    @needs("install_configuration_sw", "scale")
    async def test_an_ee_without_a_charm_has_nothing_to_scale(self, kit: Kit) -> None:
        """NotFound, whatever the number."""
        ee_id = await kit.create(kit.namespace())
        for number in (1, 2):
            with pytest.raises(NotFound) as caught:
                await kit.scale(ee_id, number)
            check_error(caught.value)

    @needs("install_configuration_sw", "add_relation")
    async def test_an_ee_without_a_charm_has_nothing_to_relate(self, kit: Kit) -> None:
        """NotFound, whichever end it is."""
        at = await SCENARIOS["add_relation"].set_up(kit)
        one, other, endpoint, other_endpoint = ends(kit, at)
        bare = await kit.create(kit.namespace("bare"))
        for ee_ids in ((one, bare), (bare, other)):
            with pytest.raises(NotFound) as caught:
                await kit.connector.add_relation(*ee_ids, endpoint, other_endpoint)
            check_error(caught.value)

    @needs("install_configuration_sw", "add_relation", "upgrade")
    async def test_an_upgrade_that_breaks_a_relation_is_refused(self, kit: Kit) -> None:
        """Its charm lacks the endpoint; charm and relation stay. Without the relation it is welcome."""
        if kit.charms.apart is None:
            pytest.skip(OWN_CHARMS)
        at = await SCENARIOS["add_relation"].set_up(kit)
        await kit.connector.add_relation(*ends(kit, at))
        before = await kit.describe(at.ee_id)
        with pytest.raises(BadArguments) as caught:
            await kit.upgrade(at.ee_id, kit.charms.apart)
        check_error(caught.value)
        after = await kit.describe(at.ee_id)
        changed = differences(before, after, "described")
        assert not changed, f"the upgrade was refused, and {'; '.join(changed)}"

    @needs("install_configuration_sw", "add_relation")
    async def test_an_endpoint_that_the_charm_does_not_have_is_refused(self, kit: Kit) -> None:
        """By name."""
        skip_unless(kit.charms.requires, "the subject's charm has no endpoints to relate")
        at = await SCENARIOS["add_relation"].set_up(kit)
        with pytest.raises(BadArguments, match="no-such-endpoint"):
            await kit.connector.add_relation(at.ee_id, at.other, "no-such-endpoint", kit.charms.requires or "")

    @needs("install_configuration_sw", "add_relation")
    async def test_endpoints_that_do_not_fit_are_refused(self, kit: Kit) -> None:
        """Two that both provide."""
        skip_unless(kit.charms.provides, "the subject's charm has no endpoints to relate")
        at = await SCENARIOS["add_relation"].set_up(kit)
        provides = kit.charms.provides or ""
        with pytest.raises(BadArguments) as caught:
            await kit.connector.add_relation(at.ee_id, at.other, provides, provides)
        check_error(caught.value)


def _namespaces(kit: Kit) -> list[Namespace]:

    return [Namespace.parse(kit.namespace(vnf)) for vnf in ("vnf1", "vnf2")]


async def _check_refused_as_absent(kit: Kit, operation: str, ee_id: str, other: str) -> None:
    scenario = SCENARIOS[operation]
    if operation == "scale":
        call = kit.connector.scale(ee_id, 2, options=kit.subject.operation_options.get("scale"))
    else:
        call = scenario.call(kit, Setting(kit.namespace(), ee_id, other, await kit.make_home()))
    with pytest.raises(NotFound) as caught:
        await call
    check_error(caught.value)


def _wrong(kit: Kit) -> tuple[str, Any]:
    skip_unless(kit.charms.wrong, "the subject's charm has no option with a type that a text is not")
    return kit.charms.wrong or ("", None)
