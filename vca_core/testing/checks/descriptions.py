"""What a description says is what came of the operations before it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from vca_core.artifacts import ArtifactRoot
from vca_core.backend import Description, OptionState
from vca_core.errors import NotFound
from vca_core.naming import EeId
from vca_core.secrets import MASK
from vca_core.testing.kit import Kit
from vca_core.testing.scenarios import SCENARIOS, ends
from vca_core.testing.suite import Suite, check_error, needs, skip_unless
from vca_core.testing.verdict import OWN_CHARMS

_TYPES = {"label": "string", "count": "int", "share": "float", "flag": "boolean"}
"""Of the options of the kit's charm."""


class DescriptionChecks(Suite, suite=True):
    """Descriptions, of backends that give them."""

    @needs("describe_execution_environment")
    async def test_a_new_ee_is_described_without_a_charm(self, kit: Kit) -> None:
        """There is nothing in it yet."""
        described = await kit.connector.describe(await kit.create(kit.namespace()))
        assert described.charm is None, f"the description has the charm {described.charm}, and none was installed"
        assert not described.relations, f"the description has {described.relations}, and nothing was related"

    @needs("describe_execution_environment")
    async def test_what_is_gone_cannot_be_described(self, kit: Kit) -> None:
        """NotFound, and nothing is made by asking."""
        ee_id = await kit.create(kit.namespace())
        await kit.check_delete(ee_id)
        with pytest.raises(NotFound) as caught:
            await kit.connector.describe(ee_id)
        check_error(caught.value)
        await kit.check_listed([])

    @needs("describe_execution_environment")
    async def test_a_description_outlives_a_disconnect(self, kit: Kit) -> None:
        """The backend's system says it, not this process."""
        ee_id = await kit.create_ready(kit.namespace())
        before = await kit.connector.describe(ee_id)
        await kit.vca.disconnect()
        assert await kit.connector.describe(ee_id) == before, "after a disconnect it is described in another way"

    @needs("describe_execution_environment", "install_configuration_sw")
    async def test_a_description_names_the_charm_that_was_installed(self, kit: Kit) -> None:
        """By the charm's own name, and by a reference of the system's."""
        charm = (await kit.connector.describe(await kit.create_ready(kit.namespace()))).charm
        assert charm is not None, "the description has no charm, and one was installed"
        assert charm.reference, "the charm has no reference"
        artifact = ArtifactRoot(kit.charms.folder).find(kit.charms.charm)
        if artifact.path is not None:
            assert charm.name == (await artifact.read()).name, f"{charm.name} is described, and it has another name"

    @needs("describe_execution_environment", "install_configuration_sw")
    async def test_a_description_shows_what_was_set_at_the_install(self, kit: Kit) -> None:
        """Those options are set; all others are as the charm has them."""
        ee_id = await kit.create_ready(kit.namespace())
        check_options(kit.charms.config, await kit.connector.describe(ee_id))

    @needs("describe_execution_environment", "install_configuration_sw")
    async def test_a_description_has_the_types_of_options(self, kit: Kit) -> None:
        """As the charm declares them."""
        skip_unless(kit.subject.charms is None, OWN_CHARMS)
        options = (await kit.connector.describe(await kit.create_ready(kit.namespace()))).options
        types = {name: options[name].type for name in _TYPES if name in options}
        assert types == _TYPES, f"the charm declares {_TYPES}, and described are {types}"

    @needs("describe_execution_environment", "install_configuration_sw")
    async def test_described_units_have_addresses_of_their_own_ee(self, kit: Kit) -> None:
        """None that a unit of another EE has, unless EEs share machines."""
        skip_unless(not kit.subject.shared_addresses, "EEs share machines")
        one, other = [
            (await kit.connector.describe(await kit.create_ready(kit.namespace(vnf)))).units for vnf in ("one", "other")
        ]
        both = {address for unit in one for address in unit.addresses} & {
            address for unit in other for address in unit.addresses
        }
        assert not both, f"units of two EEs are described with the same addresses: {sorted(both)}"

    @needs("describe_execution_environment", "install_configuration_sw", "configure")
    async def test_a_description_shows_what_was_configured(self, kit: Kit) -> None:
        """Before, no option is set; afterwards those are that were given."""
        ee_id = await kit.create(kit.namespace())
        await kit.install(ee_id, config={})
        unset = [name for name, one in (await kit.connector.describe(ee_id)).options.items() if one.is_set]
        assert not unset, f"{', '.join(unset)} are described as set, and nobody set them"
        await kit.connector.exec_primitive(ee_id, "config", dict(kit.charms.config))
        check_options(kit.charms.config, await kit.connector.describe(ee_id))

    @needs("describe_execution_environment", "install_configuration_sw")
    async def test_a_description_has_the_units_and_one_leader(self, kit: Kit) -> None:
        """The same units as the listing; one of them leads, where the system says so."""
        ee_id = await kit.create(kit.namespace())
        await kit.install(ee_id, num_units=2)
        units = (await kit.connector.describe(ee_id)).units
        listed = [state.entity.id for state in (await kit.record(ee_id)).entities if state.entity.kind == "unit"]
        assert sorted(unit.name for unit in units) == sorted(listed), f"described are {units}, and listed are {listed}"
        leaders = [unit.name for unit in units if unit.is_leader]
        assert len(leaders) == 1 or all(unit.is_leader is None for unit in units), f"{leaders} lead"

    @needs("describe_execution_environment", "install_configuration_sw", "scale")
    async def test_a_description_has_as_many_units_as_were_scaled_to(self, kit: Kit) -> None:
        """More, and fewer; the oldest first."""
        ee_id = await kit.create_ready(kit.namespace())
        options = kit.subject.operation_options.get("scale")
        before: list[str] = []
        for number in (2, 3, 1):
            await kit.connector.scale(ee_id, number, options=options)
            units = [unit.name for unit in (await kit.connector.describe(ee_id)).units]
            assert len(units) == number, f"scaled to {number}, and as many units are not described"
            assert all(one == other for one, other in zip(before, units, strict=False)), (
                f"described were the units {before}, and now {units}: the oldest should be the first"
            )
            before = units

    @needs("describe_execution_environment", "install_configuration_sw", "upgrade")
    async def test_a_description_shows_an_upgrade(self, kit: Kit) -> None:
        """The charm is another one by its reference, has its name still, and is what all units run."""
        at = await SCENARIOS["upgrade"].set_up(kit)
        before = (await kit.connector.describe(at.ee_id)).charm
        await SCENARIOS["upgrade"].call(kit, at)
        after = await kit.connector.describe(at.ee_id)
        assert before is not None, "no charm is described before the upgrade"
        assert after.charm is not None, "no charm is described after the upgrade"
        assert after.charm.digest is None or after.charm.digest != before.digest, "the digest is the earlier charm's"
        assert after.charm.name == before.name, f"{before.name} was upgraded, and {after.charm.name} is described"
        assert (after.charm.reference, after.charm.digest) != (before.reference, before.digest), (
            "the charm is described as before the upgrade"
        )
        assert {unit.charm for unit in after.units} <= {after.charm.reference, None}, (
            f"these units run another charm: {after.units}"
        )

    @needs("describe_execution_environment", "install_configuration_sw", "add_relation")
    async def test_a_description_shows_a_relation_at_both_ends(self, kit: Kit) -> None:
        """Each end with the EE at the other one; neither, once the relation was removed."""
        at = await SCENARIOS["add_relation"].set_up(kit)
        one, other, endpoint, other_endpoint = ends(kit, at)
        await kit.connector.add_relation(one, other, endpoint, other_endpoint)
        assert await _relations(kit, one) == [(endpoint, EeId.parse(other), other_endpoint)], (
            f"{one} is described without its one relation"
        )
        assert await _relations(kit, other) == [(other_endpoint, EeId.parse(one), endpoint)], (
            f"{other} is described without its one relation"
        )
        names = [(await kit.connector.describe(ee_id)).relations[0].other_name for ee_id in (one, other)]
        assert names[0] != names[1], f"both ends say that {names[0]} is at the other end"
        if "remove_relation" in kit.capabilities:
            await kit.connector.remove_relation(one, other, endpoint, other_endpoint)
            assert await _relations(kit, one) == await _relations(kit, other) == [], (
                "the relation was removed, and is described"
            )


def check_options(config: Mapping[str, Any], described: Description) -> None:
    """Check that a description has the options that were given.

    Args:
        config: their values, by name.
        described: the description.
    """
    for name, value in config.items():
        option = described.options.get(name)
        assert option is not None, f"option {name} is not described"
        assert option.is_set, f"option {name} is described as not set, and it was set"
        assert _is_given_value(option, value), f"option {name} is described with another value than it was given"


def _is_given_value(option: OptionState, given: object) -> bool:
    """Whether an option has a value that was given; orchestrators may write a number or a truth as text."""
    return option.value == MASK if option.secret else str(option.value).lower() == str(given).lower()


async def _relations(kit: Kit, ee_id: str) -> list[tuple[str, EeId | None, str]]:
    return [(one.endpoint, one.other, one.other_endpoint) for one in (await kit.connector.describe(ee_id)).relations]
