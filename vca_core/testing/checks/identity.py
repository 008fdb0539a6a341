"""Namespaces are kept with what they name, given back, and never shared."""

from __future__ import annotations

import asyncio

import pytest

from vca_core.errors import AlreadyExists, BadArguments
from vca_core.naming import Namespace
from vca_core.testing.kit import Kit
from vca_core.testing.suite import Suite, check_error, needs, skip_unless
from vca_core.testing.verdict import NOT_PERSISTENT

PAGE = 50
"""How many a system may give at once, which pages what it lists."""


class IdentityChecks(Suite, suite=True):
    """Namespaces."""

    async def test_the_listing_gives_the_namespace_back(self, kit: Kit) -> None:
        """As it was kept with the EE, without its nsi_id; the first replica of a VDU has a number, too."""
        namespace = kit.namespace("vnf-1.vdu-a-0")
        ee_id = await kit.create(f"nsi9{namespace}")
        assert (await kit.record(ee_id)).namespace == Namespace.parse(namespace), (
            f"made for {namespace}, and listed with another one"
        )

    @pytest.mark.parametrize(
        "rest",
        ["VNF_Ä ß.Vdu x-012", "vnf1.kdu-ñ", "'q\"$;&", f"{'v' * 99}-Ü{'w' * 99}"],
        ids=["upper-case", "kdu", "signs", "200-characters"],
    )
    async def test_a_namespace_comes_back_as_it_was_given(self, kit: Kit, rest: str) -> None:
        """Whatever letters it has, and though its names in the backend's system may be shorter ones."""
        ee_id = await kit.create(kit.namespace(rest))
        found = (await kit.record(ee_id)).namespace
        assert str(found) == kit.namespace(rest), f"created was {kit.namespace(rest)}, and listed is {found}"

    @needs("create_execution_environment", "delete_namespace")
    async def test_deleting_a_namespace_takes_all_that_is_in_it(self, kit: Kit) -> None:
        """VNFs, VDUs and KDUs, with charms and without, and more than fit on a page; all of it is listed before."""
        namespaces = [kit.namespace(f"vnf{number}.vdu-{number}") for number in range(PAGE - 1)]
        namespaces += [kit.namespace("vnf1"), kit.namespace("vnf1.kdu")]
        made = await asyncio.gather(*map(kit.create, namespaces))
        if "install_configuration_sw" in kit.capabilities:
            made.append(await kit.create_ready(kit.namespace("charmed")))
        await kit.check_listed(made)
        await kit.connector.delete_namespace(kit.namespace(None))
        await kit.check_listed([])

    @needs("create_execution_environment")
    async def test_addresses_made_at_once_are_each_its_own(self, kit: Kit) -> None:
        """Of ten EEs, five pairs of namesakes, that are created side by side, each has the one it is listed with."""
        namespaces = [kit.namespace(f"vnf{number}", ns=ns) for number in range(5) for ns in ("", "b")]
        made = await asyncio.gather(*map(kit.connector.create_execution_environment, namespaces))
        given = {ee_id: (credentials or {}).get("hostname") for ee_id, credentials in made}
        listed = {str(record.ee_id): record.address for record in await kit.listing()}
        assert given == listed, f"given were {given}, and listed are {listed}"
        addresses = [address for address in given.values() if address is not None]
        if not kit.subject.shared_addresses:
            assert len(set(addresses)) == len(addresses), f"several EEs have one address: {sorted(addresses)}"

    async def test_the_namespace_outlives_a_disconnect(self, kit: Kit) -> None:
        """The backend's system has it, not only this process."""
        ee_id = await kit.create(kit.namespace())
        before = await kit.record(ee_id)
        await kit.vca.disconnect()
        assert (await kit.record(ee_id)).namespace == before.namespace == Namespace.parse(kit.namespace()), (
            f"made for {kit.namespace()}, and listed with another one"
        )

    async def test_another_process_finds_what_this_one_made(self, kit: Kit) -> None:
        """With its namespace and its states."""
        skip_unless(kit.subject.persistent, NOT_PERSISTENT)
        ee_id = await kit.create_ready(kit.namespace())
        mine = await kit.record(ee_id)
        async with kit.open_second_process() as other:
            theirs = {record.ee_id: record for record in await other.connector.list_execution_environments()}
            found = theirs.get(mine.ee_id)
            assert found is not None, f"{ee_id} is not listed there"
            assert (found.namespace, found.address, found.entities) == (mine.namespace, mine.address, mine.entities), (
                f"listed there is {found}, and here {mine}"
            )

    async def test_the_listing_can_be_narrowed_to_a_namespace(self, kit: Kit) -> None:
        """What lies at or below it, and nothing else."""
        inner = [kit.namespace("vnf1"), kit.namespace("vnf1.vdu1-0"), kit.namespace("vnf2")]
        skip_unless("create_execution_environment" in kit.capabilities, "hosts are registered one by one")
        made = [await kit.create(namespace) for namespace in inner]
        found = [str(one.ee_id) for one in await kit.connector.list_execution_environments(kit.namespace("vnf1"))]
        assert sorted(found) == sorted(made[:2]), f"in {kit.namespace('vnf1')} are {made[:2]}, and listed are {found}"
        everything = await kit.connector.list_execution_environments(kit.namespace(None))
        assert sorted(str(one.ee_id) for one in everything) == sorted(made), (
            f"in {kit.namespace(None)} are {made}, and listed are {everything}"
        )
        nothing = await kit.connector.list_execution_environments(kit.namespace(ns="absent"))
        assert list(nothing) == [], f"in a namespace that is not there are listed {nothing}"

    @needs("create_execution_environment")
    async def test_the_nsi_id_makes_no_other_ee(self, kit: Kit) -> None:
        """With and without it, it is the same one."""
        ee_id = await kit.create(kit.namespace())
        with pytest.raises(AlreadyExists) as caught:
            await kit.create(f"nsi9{kit.namespace()}")
        assert check_error(caught.value).ee_id == ee_id, (
            f"the refusal carries {caught.value.ee_id}, and {ee_id} is there"
        )

    async def test_an_ns_is_the_same_in_any_slice(self, kit: Kit) -> None:
        """What is listed, read and deleted of it does not depend on the nsi_id."""
        ee_id = await kit.create_ready(kit.namespace())
        sliced = f"nsi9{kit.namespace(None)}"
        listed = [str(one.ee_id) for one in await kit.connector.list_execution_environments(sliced)]
        assert listed == [ee_id], f"in {sliced} is {ee_id}, and listed are {listed}"
        if "get_status" in kit.capabilities:
            await kit.connector.get_status(sliced)
        if "delete_namespace" in kit.capabilities:
            await kit.connector.delete_namespace(sliced)
            await kit.check_listed([])

    @needs("create_execution_environment", "delete_namespace")
    async def test_deleting_a_namespace_spares_those_with_similar_names(self, kit: Kit) -> None:
        """One whose name begins with its name, or ends with it, is another one."""
        similar = [f".{name}.vnf1" for name in (f"{kit.ns_id}0", f"{kit.ns_id}-b", f"a{kit.ns_id}")]
        spared = [await kit.create(namespace) for namespace in similar]
        await kit.create(kit.namespace())
        await kit.connector.delete_namespace(kit.namespace(None))
        await kit.check_listed(spared)

    @needs("create_execution_environment")
    async def test_deleting_an_ee_spares_those_with_similar_names(self, kit: Kit) -> None:
        """One whose application's name begins with its application's, or ends like it, is another one."""
        spared = [await kit.create(kit.namespace(vnf)) for vnf in ("vnf10", "vnf1-b", "b-vnf1", "vnf1.vdu1-0")]
        await kit.check_delete(await kit.create(kit.namespace("vnf1")))
        await kit.check_listed(spared)

    @needs("create_execution_environment")
    async def test_deleting_an_ee_spares_its_namesakes_in_other_namespaces(self, kit: Kit) -> None:
        """An application of the same name in another NS is another one."""
        spared = [await kit.create(kit.namespace(ns=ns)) for ns in ("0", "-b")]
        await kit.check_delete(await kit.create(kit.namespace()))
        await kit.check_listed(spared)

    @needs("resume_execution_environment")
    async def test_the_backend_refuses_to_reuse_an_ee_of_another_namespace(self, kit: Kit) -> None:
        """What is gone on with is the caller's own, also where nothing but the backend's system knows whose it is."""
        one, two = kit.namespace("vnf_1"), kit.namespace("vnf-1")
        names = kit.names
        same = names.application(Namespace.parse(one)) == names.application(Namespace.parse(two))
        skip_unless(same, "the backend's names tell vnf_1 and vnf-1 apart")
        ee_id = await kit.create(one)
        await kit.forget()
        with pytest.raises(BadArguments) as caught:
            await kit.resume(two, ee_id)
        check_error(caught.value)
        await kit.check_listed([ee_id])
        assert (await kit.record(ee_id)).namespace == Namespace.parse(one), (
            f"the EE of {one} is listed with another namespace"
        )

    @needs("create_execution_environment")
    async def test_the_backend_refuses_an_application_of_another_namespace(self, kit: Kit) -> None:
        """Two namespaces that would share one, and nothing but the backend's system knows of the first."""
        one, two = kit.namespace("vnf_1"), kit.namespace("vnf-1")
        names = kit.names
        same = names.application(Namespace.parse(one)) == names.application(Namespace.parse(two))
        skip_unless(same, "the backend's names tell vnf_1 and vnf-1 apart")
        ee_id = await kit.create(one)
        await kit.forget()
        with pytest.raises(BadArguments) as caught:
            await kit.create(two)
        assert "vnf_1" in caught.value.message, f"the refusal does not name {one}: {caught.value.message}"
        assert "vnf-1" in caught.value.message, f"the refusal does not name {two}: {caught.value.message}"
        await kit.check_listed([ee_id])
        assert (await kit.record(ee_id)).namespace == Namespace.parse(one), (
            f"the EE of {one} is listed with another namespace"
        )

    @needs("create_execution_environment")
    async def test_the_backend_refuses_a_model_of_another_ns(self, kit: Kit) -> None:
        """Two ns_ids that would share one: for create and for the delete of the namespace."""
        one, two = f".{kit.ns_id}_a", f".{kit.ns_id}-a"
        names = kit.names
        same = names.model(Namespace.parse(one)) == names.model(Namespace.parse(two))
        skip_unless(same, "the backend's names tell ns_a and ns-a apart")
        ee_id = await kit.create(f"{one}.vnf1")
        await kit.forget()
        with pytest.raises(BadArguments) as caught:
            await kit.create(f"{two}.vnf2")
        check_error(caught.value)
        if "delete_namespace" in kit.capabilities:
            await kit.forget()
            with pytest.raises(BadArguments) as caught:
                await kit.connector.delete_namespace(two)
            check_error(caught.value)
        await kit.check_listed([ee_id])
