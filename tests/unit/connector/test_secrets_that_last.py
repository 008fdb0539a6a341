"""Secret options stay secret for as long as their EE lives: its units may say them at any time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from support.backends import MACHINE, Plain
from support.making import MakeVca

from vca_core.backend import Description, Operation, OptionState
from vca_core.connector import Connector
from vca_core.hookspecs import hookimpl
from vca_core.naming import EeId, Namespace
from vca_core.secrets import FoundSecrets, LastingSecrets, SecretValues
from vca_core.stores import MemoryStore
from vca_core.vca import Vca

OLD, NEW = "c4n4ry-0ld-value", "c4n4ry-n3w-value"
HOME = {"collection": "nsrs", "filter": {"_id": "1"}, "path": "vca"}


class Talkative(Plain):
    """Its units repeat what they were configured with, whenever they like."""

    @hookimpl
    async def configure(self, op: Operation, ee_id: EeId, values: Mapping[str, Any]) -> None:
        self.calls.append("configure")

    @hookimpl
    async def get_status(self, namespace: Namespace) -> dict[str, Any]:
        return {"units": [{"message": f"login with {OLD} refused", f"of {OLD}": 1}]}

    @hookimpl
    async def get_metrics(self, namespace: Namespace) -> dict[str, Any]:
        return {"app/0": {"last": f"login with {OLD} refused"}}


class Remembering(Talkative):
    """Its EEs are there for every connector, and it says what they were configured with."""

    described = 0

    @hookimpl
    async def describe_execution_environment(self, ee_id: EeId) -> Description:
        type(self).described += 1
        return Description(ee_id, options={"ssh-password": OptionState(OLD, True), "port": OptionState("2222", True)})


def say(connector: Connector, ee_id: str, text: str) -> None:
    backend = connector._engine.session.backend
    assert isinstance(backend, Talkative)
    backend.host.report(EeId.parse(ee_id), MACHINE, f"blocked {text[-1]}", f"login with {text} refused")


async def store_text(vca: Vca) -> str:
    await vca.flush()
    return json.dumps(await vca.store.find("nsrs"))


async def configure(vca: Vca) -> str:
    await vca.store.ensure("nsrs", {"_id": "1"})
    ee_id, _ = await vca.connector("c0").create_execution_environment(".n.v", HOME)
    await vca.connector("c0").exec_primitive(ee_id, "config", {"params": {"ssh-password": OLD, "port": "2222"}})
    return ee_id


async def test_a_unit_says_no_secret_after_its_operation(make_vca: MakeVca) -> None:
    vca = make_vca(Talkative, store=MemoryStore())
    ee_id = await configure(vca)
    say(vca.connector("c0"), ee_id, OLD)
    stored = await store_text(vca)
    assert "login with *** refused" in stored
    assert OLD not in stored
    assert OLD not in str(await vca.connector("c0").get_status(".n.v"))


async def test_another_connector_says_no_secret_either(make_vca: MakeVca) -> None:
    vca = make_vca(Talkative, Talkative, store=MemoryStore())
    await configure(vca)
    await vca.store.ensure("nsrs", {"_id": "2"})
    other, _ = await vca.connector("c1").create_execution_environment(".n.w", {**HOME, "filter": {"_id": "2"}})
    say(vca.connector("c1"), other, OLD)
    assert OLD not in await store_text(vca)


async def test_the_value_before_the_present_one_is_secret_still(make_vca: MakeVca) -> None:
    vca = make_vca(Talkative, store=MemoryStore())
    ee_id = await configure(vca)
    await vca.connector("c0").exec_primitive(ee_id, "config", {"ssh-password": NEW})
    for text in (OLD, NEW, "port 2222"):
        say(vca.connector("c0"), ee_id, text)
        stored = await store_text(vca)
        assert ("***" in stored) is (text != "port 2222")


async def test_another_vca_of_the_process_says_no_secret_either(make_vca: MakeVca) -> None:
    first, second = make_vca(Talkative, store=MemoryStore()), make_vca(Talkative, store=MemoryStore())
    await configure(first)
    await second.store.ensure("nsrs", {"_id": "1"})
    other, _ = await second.connector().create_execution_environment(".m.w", HOME)
    say(second.connector(), other, OLD)
    assert OLD not in await store_text(second)
    await first.disconnect()
    say(second.connector(), other, f"{OLD}!")
    assert OLD in await store_text(second)  # who is disconnected says nothing, and keeps nothing back


@pytest.mark.parametrize("asked", ["get_status", "get_metrics", "exec_primitive"])
async def test_after_a_restart_secrets_are_read_back_by_name(
    make_vca: MakeVca, monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    monkeypatch.setattr(Remembering, "described", 0)
    store = MemoryStore()
    before = make_vca(Remembering, store=store)
    ee_id = await configure(before)
    assert Remembering.described == 0  # it was made here, so all is known of it
    await before.disconnect()
    later = make_vca(Remembering, store=store)
    connector = later.connector("c0")
    for _ in range(2):
        if asked == "exec_primitive":
            await connector.exec_primitive(ee_id, "touch")
        else:
            assert "login with *** refused" in str(await getattr(connector, asked)(".n.v"))
    assert connector.scrub({"output": [f"login with {OLD}", 7]}) == {"output": ["login with ***", 7]}
    say(connector, ee_id, OLD)
    say(connector, ee_id, "port 2222")
    stored = await store_text(later)
    assert OLD not in stored
    assert ("port 2222" in stored) is (asked == "exec_primitive")  # who only reads does not write of it
    assert Remembering.described == 1


@pytest.mark.parametrize("whole", [False, True], ids=["EE", "namespace"])
async def test_with_its_ee_a_secret_is_forgotten(make_vca: MakeVca, whole: bool) -> None:
    vca = make_vca(Talkative, store=MemoryStore())
    ee_id = await configure(vca)
    lasting = vca._shared.lasting
    assert lasting.values.scrub(OLD) == "***"
    if whole:
        await vca.connector("c0").delete_namespace(".n")
    else:
        await vca.connector("c0").delete_execution_environment(ee_id)
    assert lasting.values.scrub(OLD) == OLD
    assert (repr(lasting.values), lasting._held) == ("<SecretValues: 0 texts>", {})


def test_what_is_kept_does_not_grow_with_each_change() -> None:
    lasting = LastingSecrets()
    for number in range(100):
        lasting.keep("ee", {"password": FoundSecrets.of([f"value-number-{number}"])})
    for number in range(100):
        assert (lasting.values.scrub(f"value-number-{number}") == "***") is (number >= 98)
    lasting.forget("ee")
    assert repr(lasting.values) == "<SecretValues: 0 texts>"


def test_thousands_of_secrets_are_looked_up_by_how_they_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []

    class Text(str):
        __slots__ = ()

        def __contains__(self, form: str) -> bool:
            looked.append(form)
            return super().__contains__(form)

    values = SecretValues(f"{number:05}-the-secret" for number in range(2_000))
    assert values.scrub(Text("login with 00042-the-secret refused, pin ab")) == "login with *** refused, pin ab"
    assert len(looked) < 50
