"""What is kept of steps shows what has changed since, and lets nobody guess a secret."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from vca_core import BadArguments, Vca
from vca_core.service import Applied, Apply, References, Service, StepState, plan, read_service
from vca_core.service import comparison as comparison_module
from vca_core.service import seals as seals_module
from vca_core.service.ledger import COLLECTION
from vca_core.service.seals import Seals, can_be_guessed
from vca_core.stores import MemoryStore

PINS = ("4821", "9377")
LONG = ("7f3a9c0e5d1b48266e90b3c815fa2d47", "c41e8a7d2f960b5e3d18a9f4076bc25e")

METADATA = "name: vault\nsummary: s\ndescription: d\nseries: [jammy]\n"
CONFIG = "options: {motto: {type: string}, room: {type: string}, site-password: {type: string}}\n"
ACTIONS = "open: {params: {door: {type: string}, code: {type: string, writeOnly: true}, api-key: {type: string}}}\n"


class World:
    """A fake, charms that may be changed, and a store, which outlive a `Vca`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.charm = folder / "charms" / "vault"
        self.charm.mkdir(parents=True)
        (self.charm / "metadata.yaml").write_text(METADATA)
        (self.charm / "config.yaml").write_text(CONFIG)
        (self.charm / "actions.yaml").write_text(ACTIONS)
        (self.charm / "dispatch").write_text("#!/bin/sh\n")
        self.store = MemoryStore()

    def vca(self) -> Vca:
        options = {"state": str(self.folder / "world.db")}
        config = {
            "artifacts": str(self.charm.parent),
            "connectors": {"edge": {"backend": "fake", "options": options}},
        }
        return Vca.from_config(config, environ={}, store=self.store)

    async def apply(self, service: Service) -> Applied:
        async with self.vca() as vca:
            return await Apply(vca, service).run()

    async def document(self) -> dict[str, Any]:
        [document] = await self.store.find(COLLECTION)
        return document


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes that are made in no time."""
    monkeypatch.setattr(seals_module, "_COST", 2)


def service_of(secret: str = "", **vnf: Any) -> Service:
    vnfs = {"core": {"charm": "vault", **vnf}}
    return read_service({"ns": "n", "vnfs": vnfs}, References({"SECRET": secret}, None))


def with_value(vnf: Mapping[str, Any], secret: str) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(json.dumps(vnf).replace("VALUE", secret))
    return made


SECRET_BY: dict[str, dict[str, Any]] = {
    "reference, as an option": {"config": {"room": "${env:SECRET}"}},
    "reference, as a parameter": {"day1": [{"run": "open", "with": {"door": "${env:SECRET}"}}]},
    "reference, as an option of the backend": {"options": {"create": {"base": "${env:SECRET}"}}},
    "its name": {"config": {"site-password": "VALUE"}},
    "its name, and there twice": {"config": {"site-password": "VALUE", "motto": "with VALUE in it"}},
    "its charm, as a parameter": {"day1": [{"run": "open", "with": {"code": "VALUE"}}]},
    "a URL": {"config": {"motto": "http://me:VALUE@proxy"}},
}


@pytest.mark.parametrize("by", SECRET_BY)
async def test_what_is_kept_is_the_same_whatever_a_pin_is(tmp_path: Path, by: str) -> None:
    kept = []
    for pin in PINS:
        world = World(tmp_path / pin)
        service = service_of(f"ubuntu@{pin}" if "base" in str(SECRET_BY[by]) else pin, **with_value(SECRET_BY[by], pin))
        await world.apply(service)
        document = await world.document()
        kept.append({name: document.get(name) for name in ("done", "begun")})
        assert pin not in str(kept[-1])
    assert kept[0] == kept[1]


LONG_BY = {name: vnf for name, vnf in SECRET_BY.items() if "base" not in str(vnf)}


@pytest.mark.parametrize("by", LONG_BY)
async def test_a_changed_secret_is_reported_under_any_name(world: World, by: str) -> None:
    first, second = (service_of(secret, **with_value(LONG_BY[by], secret)) for secret in LONG)
    await world.apply(first)
    kept = str(await world.document())
    assert not any(secret in kept for secret in LONG)
    same = await world.apply(first)
    assert (same.changed_secrets, same.unknown_secrets) == ([], [])
    changed = await world.apply(second)
    assert set(changed.states.values()) == {StepState.KEPT}
    is_run = "day1" in LONG_BY[by]
    assert changed.changed_secrets == ["core: run open" if is_run else "core: install vault"]
    assert not changed.unknown_secrets or "twice" in by


async def test_that_nothing_is_known_of_a_short_secret_is_said(world: World) -> None:
    vnf: dict[str, Any] = {"config": {"room": "${env:SECRET}", "motto": "m"}}
    first = await world.apply(service_of(PINS[0], **vnf))
    assert first.unknown_secrets == [], "it was done now"
    second = await world.apply(service_of(PINS[1], **vnf))
    assert (second.unknown_secrets, second.changed_secrets) == (["core: install vault"], [])
    with pytest.raises(BadArguments, match="have other inputs now: core: install vault"):
        await world.apply(service_of(PINS[0], config={**vnf["config"], "motto": "another"}))


async def test_a_value_that_becomes_a_reference_is_kept_no_longer(world: World) -> None:
    await world.apply(service_of(config={"room": PINS[0]}))
    before = (await world.document())["done"]["core/install"]
    vnf = {"config": {"room": "${env:SECRET}"}}
    with pytest.raises(BadArguments, match="other inputs"):
        await world.apply(service_of(PINS[1], **vnf))
    assert (await world.apply(service_of(PINS[0], **vnf))).is_complete
    after = (await world.document())["done"]["core/install"]
    assert before["digest"] != after["digest"]
    assert after["secret"] == ["/config/room"]
    assert (await world.apply(service_of(PINS[1], **vnf))).unknown_secrets == ["core: install vault"]


async def test_a_value_that_is_no_reference_any_more_is_compared(world: World) -> None:
    await world.apply(service_of(LONG[0], config={"room": "${env:SECRET}"}))
    assert (await world.apply(service_of(config={"room": LONG[0]}))).changed_secrets == []
    assert (await world.apply(service_of(config={"room": LONG[1]}))).changed_secrets == ["core: install vault"]


def test_a_secret_that_one_finds_by_trying_is_told_from_others() -> None:
    plain = ("", "4821", "0000000000000001", "12345678901234567890", "password", "a" * 30, "a1" * 30, "hunter2")
    of_a_known_form = (
        *("PIN-4821", "Router-4821", "Password1", "Summer2026!", "192.168.1.105", "fe80::1ff:fe23:4567:890a"),
        *("00:1a:2b:3c:4d:5e", "+49 170 1234567", "2026-11-30 12:00:00", "correct horse battery staple"),
        *("CorrectHorseBatteryStaple", "https://pin-4821.example.com:8443/a"),
    )
    for text in plain + of_a_known_form:
        assert can_be_guessed(text), text
    for text in (*LONG, "550e8400-e29b-41d4-a716-446655440000", "Zk3pQ9wXv7LmT2rYbH8sN4cJd6FgA1uE"):
        assert not can_be_guessed(text), text


def test_a_seal_of_equal_secrets_is_made_once() -> None:
    seals = Seals()
    first = seals.make(["a", "b"])
    assert first is not None
    assert seals.make(["a", "b"]) is first
    again = Seals(first)
    assert again.make(["a", "b"]) == first, "the salt is taken"
    assert again.is_of(first, ["a", "b"])
    assert not again.is_of(first, ["a", "c"])
    assert not again.is_of("damaged", ["a", "b"])


async def test_the_hashes_that_a_run_makes_have_a_bound(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparison_module, "MOST", 2)
    vnfs = {f"v{at}": {"charm": "vault", "config": {"site-password": f"{LONG[0]}-{at % 4}"}} for at in range(8)}
    service = read_service({"ns": "n", "vnfs": vnfs})
    await world.apply(service)
    done = (await world.document())["done"]
    assert len({entry["seal"] for entry in done.values()} - {None}) == 2
    again = await world.apply(service)
    assert again.unknown_secrets == [f"v{at}: install vault" for at in (2, 3, 6, 7)]
    assert again.changed_secrets == []


async def test_a_mistyped_charm_of_what_is_up_is_an_error(world: World) -> None:
    await world.apply(service_of())
    for charm, said in (("valut", "did you mean 'vault'"), ("../../../etc", "leads out of it"), ("x/y", "there is no")):
        with pytest.raises(BadArguments, match=said) as caught:
            await world.apply(service_of(charm=charm))
        assert caught.value.bad_args == ["vnfs.core.charm"]


async def test_a_charm_that_can_no_longer_be_read_is_an_error(world: World) -> None:
    await world.apply(service_of())
    (world.charm / "config.yaml").write_text("options: [")
    with pytest.raises(BadArguments, match=r"vnfs\.core\.charm|config\.yaml"):
        await world.apply(service_of())


async def test_of_a_charm_that_is_gone_the_options_are_compared(world: World) -> None:
    await world.apply(service_of(config={"motto": "one"}))
    shutil.rmtree(world.charm)
    kept = await world.apply(service_of(config={"motto": "one"}))
    assert set(kept.states.values()) == {StepState.KEPT}
    assert kept.notes == ["core: install vault: the charm is not there any more, and was not compared"]
    with pytest.raises(BadArguments, match="have other inputs now"):
        await world.apply(service_of(config={"motto": "two"}))


async def test_a_charm_that_moved_is_gone_from_its_new_place(world: World) -> None:
    await world.apply(service_of())
    world.charm.rename(world.charm.with_name("renamed"))
    assert (await world.apply(service_of(charm="renamed"))).is_complete
    shutil.rmtree(world.charm.with_name("renamed"))
    assert (await world.apply(service_of(charm="renamed"))).is_complete
    with pytest.raises(BadArguments, match="artifact_path|there is no"):
        await world.apply(service_of(charm="vault"))


@pytest.mark.parametrize("is_first", [True, False])
async def test_a_machine_does_not_take_the_place_of_one_made(world: World, is_first: bool) -> None:
    kinds: list[dict[str, Any]] = [{}, {"machine": {"hostname": "h", "username": "u"}}]
    first, second = kinds if is_first else kinds[::-1]
    await world.apply(service_of(**first))
    with pytest.raises(BadArguments, match="have other inputs now: core: (register|create)"):
        await world.apply(service_of(**second))


def test_what_a_step_is_made_of_is_not_shown() -> None:
    service = service_of(LONG[0], config={"room": "${env:SECRET}", "site-password": LONG[1]})
    assert not any(secret in repr(plan(service)) for secret in LONG)
    [_, install] = plan(service).steps
    assert install.inputs.texts() == LONG


FIRST_SEALS = {
    "box/register": "2deb9943779c6120e90dc226b4c559ad:9f912933a84aeaf66f0f4ec019ff04bf95f8ff00632750e9dbfdf89998fb4cd1"
    "71621abdbe50c1d326afdede283226477ea5417cdf5e24b1004eaa47b4f447d2",
    "other/install": "db6b960091c4e3a3abcd7ab7d12a77a2:ba6d3d64841a3f9678c9b4d6923d5bd622a4d011361b55fca7139bce9fe4ecf4"
    "0e329af7229baec20532194178d8f2f015cc8142676c041a74f69c03fdf5dda8",
}
FIRST_DIGESTS = {
    "core/create": "bd1f257432789fb1",
    "other/create": "3b863ce2bfe80733",
    "core/install": "0cba8aecdce55d12",
    "core/day1/0": "7a90ad4472e53b2f",
    "box/register": "c37fb2add14b02ac",
    "other/install": "f1ef81c48b0098f2",
}
"""What an earlier release kept of the service below."""


def first_service(pin: str = PINS[0], password: str = LONG[0], motto: str = "1.10") -> Service:
    config = {"room": "${env:SECRET}", "motto": motto}
    vnfs = {
        "core": {"charm": "vault", "config": config, "day1": [{"run": "open", "with": {"door": "d", "code": pin}}]},
        "other": {"charm": "vault", "config": {"site-password": password}},
        "box": {"machine": {"hostname": "h", "username": "u", "password": password}},
    }
    return read_service({"ns": "n", "vnfs": vnfs}, References({"SECRET": pin}, None))


@pytest.fixture
async def first(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """A service that an earlier release brought up."""
    await world.apply(first_service())
    document = await world.document()
    await world.store.delete(COLLECTION, {"_id": ".n"})
    for key, entry in document["done"].items():
        ee_id = entry["ee_id"]
        document["done"][key] = {"digest": FIRST_DIGESTS[key], "ee_id": ee_id, "seal": FIRST_SEALS.get(key)}
    document["begun"] = {key: {FIRST_DIGESTS[key]: True} for key in ("core/install", "other/install")}
    await world.store.ensure(COLLECTION, document)
    monkeypatch.setattr(seals_module, "_COST", 2**14)
    return world


async def test_what_an_earlier_release_kept_is_read_and_kept_no_longer(first: World) -> None:
    applied = await first.apply(first_service())
    assert set(applied.states.values()) == {StepState.KEPT}
    assert (applied.changed_secrets, applied.unknown_secrets) == ([], [])
    kept = str({name: (await first.document())[name] for name in ("done", "begun")})
    assert not any(digest in kept for digest in FIRST_DIGESTS.values())
    assert not any(seal in kept for seal in FIRST_SEALS.values())
    again = await first.apply(first_service(password=LONG[1]))
    assert set(again.changed_secrets) == {"other: install vault", "box: register"}
    assert set(again.unknown_secrets) == {"core: install vault", "core: run open"}


async def test_a_change_of_what_an_earlier_release_did_is_found(first: World) -> None:
    with pytest.raises(BadArguments, match="have other inputs now: core: install vault; core: run open"):
        await first.apply(first_service(pin=PINS[1]))
    with pytest.raises(BadArguments, match="have other inputs now: core: install vault"):
        await first.apply(first_service(motto="1.1"))
    changed = await first.apply(first_service(password=LONG[1]))
    assert set(changed.changed_secrets) == {"other: install vault", "box: register"}
    kept = str((await first.document())["done"])
    assert not any(seal in kept for seal in FIRST_SEALS.values())
