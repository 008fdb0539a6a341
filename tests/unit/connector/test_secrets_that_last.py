"""Secret options stay secret for as long as their EE lives: its units may say them at any time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from support.backends import MACHINE, Plain
from support.making import MakeVca

from vca_core.backend import Description, ExecutionEnvironment, Operation, OptionState, UnitState
from vca_core.connector import Connector
from vca_core.errors import AlreadyExists, BackendError
from vca_core.hookspecs import hookimpl
from vca_core.naming import CHARM_NAMES, EeId, Namespace
from vca_core.secrets import FoundSecrets, LastingSecrets, SecretValues
from vca_core.secrets.lasting import MOST_KEPT
from vca_core.status import Entity, EntityState
from vca_core.stores import MemoryStore
from vca_core.vca import Vca

OLD, NEW = "c4n4ry-0ld-value", "c4n4ry-n3w-value"
PLACE = Namespace.parse(".n.v")
EE = EeId(CHARM_NAMES.model(PLACE), CHARM_NAMES.application(PLACE), "0")
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


class Elsewhere(Remembering):
    """Its EEs are there whoever made them; units, options and the system itself repeat what they were given."""

    @hookimpl
    async def list_execution_environments(self, namespace: Namespace | None) -> list[ExecutionEnvironment]:
        return [ExecutionEnvironment(EE, PLACE, None, [self.unit])]

    @hookimpl
    async def describe_execution_environment(self, ee_id: EeId) -> Description:
        described = await super().describe_execution_environment(ee_id)
        return replace(described, units=[UnitState("app/0", self.unit)])

    @hookimpl
    async def exec_primitive(self, op: Operation, primitive: str, params: Mapping[str, Any]) -> dict[str, Any]:
        raise BackendError(f"login with {OLD} refused")

    @hookimpl
    async def health(self) -> dict[str, Any]:
        return {"problem": f"login with {OLD} refused"}

    @property
    def unit(self) -> EntityState:
        return EntityState(Entity("unit", "app/0"), "blocked", f"login with {OLD} refused")


class Crowd(Elsewhere):
    """It has many EEs, one in each namespace, or all in one."""

    places: tuple[Namespace, ...] = ()

    @hookimpl
    async def list_execution_environments(self, namespace: Namespace | None) -> list[ExecutionEnvironment]:
        ids = [EeId(CHARM_NAMES.model(one), CHARM_NAMES.application(one), "0") for one in self.places]
        return [ExecutionEnvironment(ids[at], self.places[at], None, [self.unit]) for at in range(len(ids))]


class Counted(MemoryStore):
    """It counts how often it is asked."""

    reads = 0

    async def get(self, table: str, filter: Mapping[str, Any]) -> dict[str, Any] | None:
        self.reads += 1
        return await super().get(table, filter)

    async def find(self, table: str, filter: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        self.reads += 1
        return await super().find(table, filter)


class Bannered(Elsewhere):
    """It calls what it was configured with by a name that sounds harmless."""

    @hookimpl
    async def describe_execution_environment(self, ee_id: EeId) -> Description:
        described = await super().describe_execution_environment(ee_id)
        return replace(described, options={"banner": OptionState(OLD, True), "port": OptionState("2222", True)})


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


ASKED = {
    "get_status": lambda connector: connector.get_status(".n.v"),
    "get_metrics": lambda connector: connector.get_metrics(".n.v"),
    "list": lambda connector: connector.list_execution_environments(),
    "describe": lambda connector: connector.describe(EE),
    "health": lambda connector: connector.health(),
    "exec_primitive": lambda connector: connector.exec_primitive(EE, "touch"),
}


@pytest.mark.parametrize("asked", ASKED)
async def test_the_first_call_of_a_process_says_no_secret(make_vca: MakeVca, asked: str) -> None:
    store = MemoryStore()
    before = make_vca(Elsewhere, store=store)
    await configure(before)
    await before.disconnect()
    said = await said_by(make_vca(Elsewhere, store=store), asked)
    assert ("login with *** refused" in said, OLD in said) == (True, False)


@pytest.mark.parametrize("asked", [name for name in ASKED if name != "health"])
async def test_what_the_store_does_not_know_is_secret_too(make_vca: MakeVca, asked: str) -> None:
    said = await said_by(make_vca(Elsewhere, store=MemoryStore()), asked)
    assert ("login with *** refused" in said, OLD in said) == (True, False)


@pytest.mark.parametrize("asked", ASKED)
async def test_what_was_secret_by_its_text_stays_so_later(make_vca: MakeVca, asked: str) -> None:
    store = MemoryStore()
    before = make_vca(Bannered, store=store, secrets=[OLD])
    await before.store.ensure("nsrs", {"_id": "1"})
    ee_id, _ = await before.connector().create_execution_environment(".n.v", HOME)
    await before.connector().exec_primitive(ee_id, "config", {"banner": OLD, "port": "2222"})
    await before.disconnect()
    later = make_vca(Bannered, store=store)
    said = await said_by(later, asked)
    assert ("login with *** refused" in said, OLD in said) == (True, False)
    described = await later.connector().describe(ee_id)
    assert (described.options["banner"].value, described.options["port"].value) == ("***", "2222")


async def test_refreshing_a_status_stores_no_secret(make_vca: MakeVca) -> None:
    store = MemoryStore()
    before = make_vca(Elsewhere, store=store)
    ee_id = await configure(before)
    await before.disconnect()
    later = make_vca(Elsewhere, store=store)
    await later.connector().refresh_status(ee_id)
    assert OLD not in await store_text(later)


@pytest.mark.parametrize("many", [".n{}.v", ".n.v{}"], ids=["namespaces", "EEs of a namespace"])
async def test_a_listing_asks_the_store_once_for_many_ees(make_vca: MakeVca, many: str) -> None:
    class Here(Crowd):
        places = tuple(Namespace.parse(many.format(number)) for number in range(40))
        described = 0

    store = Counted()
    vca = make_vca(Here, store=store)
    first = [str(record) for record in await vca.connector().list_execution_environments()]
    assert (len(first), store.reads, any(OLD in one for one in first)) == (40, 1, False)
    assert Here.described == 40


async def test_what_another_process_set_meanwhile_is_read_back(make_vca: MakeVca) -> None:
    store = MemoryStore()
    first = make_vca(Elsewhere, store=store)
    await first.store.ensure("nsrs", {"_id": "1"})
    ee_id, _ = await first.connector().create_execution_environment(".n.v", HOME)
    other = make_vca(Elsewhere, store=store)
    await other.connector().exec_primitive(ee_id, "config", {"ssh-password": OLD})
    await other.disconnect()
    assert OLD not in await said_by(first, "exec_primitive")


async def said_by(vca: Vca, asked: str) -> str:
    try:
        return str(await ASKED[asked](vca.connector()))
    except BackendError as error:
        return str(error)


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
        assert (lasting.values.scrub(f"value-number-{number}") == "***") is (number >= 100 - MOST_KEPT)
    lasting.forget("ee")
    assert repr(lasting.values) == "<SecretValues: 0 texts>"


def test_a_value_that_is_set_again_is_the_last_to_be_forgotten() -> None:
    lasting = LastingSecrets()
    for value in ["value-again", *(f"value-{number}" for number in range(MOST_KEPT - 1)), "value-again", "value-last"]:
        lasting.keep("ee", {"password": FoundSecrets.of([value])})
    assert lasting.values.scrub("value-0") == "value-0"
    assert lasting.values.scrub("value-again or value-1") == "*** or ***"


async def test_a_value_before_the_previous_one_is_masked(make_vca: MakeVca) -> None:
    """A unit says it long after."""
    connector = make_vca(Talkative).connector()
    ee_id, _ = await connector.create_execution_environment(PLACE)
    for value in (OLD, "c4n4ry-second", "c4n4ry-third", NEW):
        await connector.exec_primitive(ee_id, "config", {"ssh-password": value})
    assert await connector.get_status(PLACE) == {"units": [{"message": "login with *** refused", "of ***": 1}]}


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


async def test_a_password_that_is_a_word_takes_no_status_apart(make_vca: MakeVca) -> None:
    vca = make_vca(Talkative, store=MemoryStore())
    await vca.store.ensure("nsrs", {"_id": "1"})
    connector = vca.connector()
    ee_id, _ = await connector.create_execution_environment(".n.v", HOME)
    passwords = {f"password-{number}": word for number, word in enumerate(["n", "active", "app-vnf-v", "create"])}
    await connector.exec_primitive(ee_id, "config", passwords)
    backend: Any = connector._engine.session.backend
    backend.host.report(EeId.parse(ee_id), MACHINE, None)
    backend.host.report(EeId.parse(ee_id), Entity("unit", "app/0"), "active", "login as active refused")
    await vca.flush()
    [home] = await vca.store.find("nsrs")
    home = home["vca"]
    assert (home["status"], home["VCA-status"]) == ("completed", "active")
    assert home["detailed-status"] == "login as *** refused"
    with pytest.raises(AlreadyExists) as caught:
        await connector.create_execution_environment(".n.v", HOME)
    assert caught.value.ee_id == ee_id
    assert "create_execution_environment" in str(caught.value)
