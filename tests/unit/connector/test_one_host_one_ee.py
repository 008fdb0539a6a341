"""A machine is taken into service once, however its address is spelled and whoever asks."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from support.backends import Plain
from support.making import MakeVca

from vca_core.backend import Operation
from vca_core.errors import AlreadyExists, BadArguments, VcaError
from vca_core.hookspecs import hookimpl
from vca_core.naming import EeId, Namespace
from vca_core.stores import MemoryStore


class Registering(Plain):
    """Takes any machine, as often as it is asked to."""

    fails = False

    @hookimpl
    async def register_execution_environment(
        self, op: Operation, namespace: Namespace, credentials: Mapping[str, Any]
    ) -> str:
        if self.fails:
            raise VcaError("no route")
        await asyncio.sleep(0)
        await op.created("0")
        return str(credentials["hostname"])

    @hookimpl
    async def deregister_execution_environment(self, op: Operation, ee_id: EeId) -> None:
        self.calls.append("deregister")


def host(name: str, **more: object) -> dict[str, object]:
    return {"hostname": name, "username": "ubuntu", **more}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (host("vm1.example.com"), host("VM1.Example.com")),
        (host("vm1.example.com."), host("vm1.example.com")),
        (host("2001:db8::1"), host("[2001:0db8:0::1]")),
        (host("10.0.0.9"), host("::ffff:10.0.0.9")),
        (host("10.0.0.9"), host("10.0.0.9", port=22)),
        (host("10.0.0.9", port="022"), host("10.0.0.9")),
    ],
)
@pytest.mark.parametrize("namespace", [".n.other", ".m.v"], ids=["EE", "NS"])
async def test_a_host_is_one_ees_in_any_spelling(
    make_vca: MakeVca, first: dict[str, object], second: dict[str, object], namespace: str
) -> None:
    store = MemoryStore()
    ee_id = await make_vca(Registering, store=store).connector().register_execution_environment(".n.v", first)
    connector = make_vca(Registering, store=store).connector()
    with pytest.raises(AlreadyExists, match=rf"namespace \.n\.v: deregister {ee_id} first") as caught:
        await connector.register_execution_environment(namespace, second)
    assert caught.value.ee_id is None, "it is not the one that was asked for"
    await connector.deregister_execution_environment(ee_id)
    await connector.register_execution_environment(namespace, second)


async def test_the_record_of_an_ee_has_its_host_and_no_credential(make_vca: MakeVca) -> None:
    store = MemoryStore()
    given = host("vm1.example.com", password="c4n4ry-1", private_key="c4n4ry-2", sudo_password="c4n4ry-3")
    await make_vca(Registering, store=store).connector().register_execution_environment(".n.v", given)
    [record] = [one for one in await store.find("vca_execution_environments") if one.get("host")]
    assert record["host"] == "vm1.example.com"
    assert "c4n4ry" not in repr(record)


async def test_two_that_register_a_host_at_once_do_not_both(make_vca: MakeVca) -> None:
    connector = make_vca(Registering, store=MemoryStore()).connector()
    ended = await asyncio.gather(
        *(connector.register_execution_environment(f".n.v{number}", host("vm1")) for number in range(8)),
        return_exceptions=True,
    )
    assert sum(isinstance(one, str) for one in ended) <= 1
    assert all(isinstance(one, AlreadyExists) for one in ended if not isinstance(one, str))


async def test_a_host_whose_registration_failed_is_free(make_vca: MakeVca, monkeypatch: pytest.MonkeyPatch) -> None:
    connector = make_vca(Registering, store=MemoryStore()).connector()
    monkeypatch.setattr(Registering, "fails", True)
    with pytest.raises(VcaError, match="no route"):
        await connector.register_execution_environment(".n.v", host("vm1"))
    monkeypatch.setattr(Registering, "fails", False)
    await connector.register_execution_environment(".m.w", host("vm1"))


async def test_an_address_of_two_meanings_reaches_no_backend(make_vca: MakeVca) -> None:
    connector = make_vca(Registering, store=MemoryStore()).connector()
    with pytest.raises(BadArguments, match="without leading zeros") as caught:
        await connector.register_execution_environment(".n.v", host("010.0.0.9"))
    assert caught.value.bad_args == ["credentials.hostname"]
