"""What Juju refuses, the fake refuses: the same calls on both, with the same class of error."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from support.bad_charms import BAD_CHARMS, GOOD, write_files
from support.juju import config_for, connected, machine, write_charm

from vca_core import AlreadyExists, BadArguments, Connector, NotFound, Vca, VcaError
from vca_fake.charms import JUJU
from vca_jujusim.controller import SimulatedController
from vca_jujusim.world.deltas import AGENT_VERSION

Call = Callable[[Connector, str, str], Awaitable[object]]
"""A call on a connector with two EEs, each with the charm ``web``; they are related once."""

OPTIONS = {"mtu": {"type": "int", "default": 1500}, "flag": {"type": "boolean"}, "key": {"type": "secret"}}
ACTIONS = {
    "ping": {"params": {"host": {"type": "string"}, "count": {"type": "integer"}}, "required": ["host"]},
    "match": {
        "params": {"word": {"type": "string", "pattern": r"\Aa\z"}},
        "patternProperties": {r"x\z": {"type": "null"}},
    },
    "strict": {"params": {"spec": {"type": "object", "properties": {}}}, "additionalProperties": False},
    "loose": {"params": {"list": {"type": [], "items": [], "anyOf": [], "oneOf": [], "enum": []}}},
    "numbers": {
        "params": {
            "part": {"type": "number", "multipleOf": 0.1},
            "count": {"type": "integer", "default": "many"},
            "any": {"type": "object"},
        }
    },
}
ENDS: dict[str, Any] = {
    "requires": {
        "up": {"interface": "ip", "limit": 1},
        "logs": {"interface": "log"},
        "beside": {"interface": "log", "scope": "container"},
        "never": {"interface": "ip", "limit": -1},
        "host": {"interface": "juju-info"},
    },
    "provides": {
        "down": {"interface": "ip"},
        "sink": {"interface": "log"},
        "inner": {"interface": "log", "scope": "container"},
    },
}
ENDS_OF_VERSIONS: dict[str, dict[str, Any]] = {
    "interface": {**ENDS, "requires": {"up": {"interface": "ipv6"}}},
    "role": {"provides": {"up": {"interface": "ip"}}},
    "scope": {"requires": {"up": {"interface": "ip", "scope": "container"}}},
    "limit": {"requires": {"up": "ip"}, "provides": {"sink": {"interface": "log", "limit": 1}}},
}
"""Of versions that would break what is related."""

STORAGE = {"type": "filesystem", "location": "/srv", "multiple": {"range": "0-3"}}
STORAGE_OF_VERSIONS: dict[str, dict[str, Any]] = {
    "gone": {},
    "block": {"needed": {"type": "block"}, "some": STORAGE},
    "read-only": {"needed": {"type": "filesystem", "read-only": True}, "some": STORAGE},
    "shared": {"needed": {"type": "filesystem", "shared": True}, "some": STORAGE},
    "elsewhere": {"needed": {"type": "filesystem"}, "some": {**STORAGE, "location": "/var"}},
    "fewer": {"needed": {"type": "filesystem"}, "some": {**STORAGE, "multiple": {"range": "0-2"}}},
}
"""Of versions that could not have the storage that units hold."""


def new(charm: str | None = None, **options: Any) -> Call:
    return lambda edge, *_: edge.create_execution_environment(".ns.new", artifact_path=charm, options=options)


def install(charm: str, **more: Any) -> Call:
    return lambda edge, one, _: edge.install_configuration_sw(one, charm, **more)


def install_first(charm: str, **more: Any) -> Call:
    """Install a charm in an EE that has none."""

    async def call(edge: Connector, *_: str) -> None:
        ee_id, _host = await edge.create_execution_environment(f".ns.{charm.replace('/', '-')}")
        await edge.install_configuration_sw(ee_id, charm, **more)

    return call


def install_twice(resource: str) -> Call:
    """Install a charm with a resource, and again with one that lies in the same folder."""

    async def call(edge: Connector, *_: str) -> None:
        ee_id, _host = await edge.create_execution_environment(
            f".ns.needy-{''.join(filter(str.isalnum, resource))[:20]}"
        )
        for one in ("a.tgz", resource):
            await edge.install_configuration_sw(ee_id, "needy", options={"resources": {"soft": one}})

    return call


def upgrade(charm: str, **more: Any) -> Call:
    return lambda edge, one, _: edge.upgrade(one, charm, **more)


async def relate_to_third(edge: Connector, one: str, endpoint: str, other_endpoint: str) -> None:
    """Relate an EE to one that is made for that."""
    third, _host = await edge.create_execution_environment(f".ns.{endpoint}", artifact_path="web")
    await edge.install_configuration_sw(third, "web")
    await edge.add_relation(one, third, endpoint, other_endpoint)


def upgrade_store(version: str) -> Call:
    """Upgrade a charm with storage."""

    async def call(edge: Connector, *_: str) -> None:
        ee_id, _host = await edge.create_execution_environment(f".ns.store-{version}", artifact_path="store")
        await edge.install_configuration_sw(ee_id, "store")
        await edge.upgrade(ee_id, f"{version}/store")

    return call


async def upgrade_to_fewer(edge: Connector, one: str, other: str) -> None:
    """Relate an endpoint twice, and upgrade to a charm that takes one relation there."""
    await edge.add_relation(one, other, "sink", "logs")
    await relate_to_third(edge, one, "sink", "logs")
    await edge.upgrade(one, "limit/web")


def run(primitive: str, params: dict[str, Any] | None = None, unit: str | int | None = None) -> Call:
    return lambda edge, one, _: edge.exec_primitive(one, primitive, params, unit=unit)


def relate(end_1: str, end_2: str) -> Call:
    return lambda edge, one, other: edge.add_relation(one, other, end_1, end_2)


BAD = (
    "no description",
    "storage no type",
    "reserved iface",
    "config empty",
    "act param null",
    "metrics bad",
    "revision bad",
)
"""Of the charms that Juju refuses, one for each of their files; the others have a test of their own."""

PLACES_OF_NOBODY = ("0", "#:0", "lxd:77", "lxd:x", "nobody:zone=a", "rack 7", ":zone=a")
CONSTRAINTS_OF_NOBODY = ("container=docker", "spaces=Bad_Space", "arch=z80", "cores=2 cores=2", "tags=a,,b")

REFUSED: list[tuple[str, type[VcaError], Call]] = [
    ("sources", BadArguments, new("sources")),
    ("no program", BadArguments, new("mute")),
    ("no bases", BadArguments, new("nowhere")),
    ("old bases", BadArguments, new("old")),
    ("a subordinate", BadArguments, new("side")),
    ("storage that units share", BadArguments, install_first("shared")),
    ("a base of tomorrow", BadArguments, new("tomorrow")),
    ("a series of nobody", BadArguments, new("wobbly")),
    ("a newer Juju", BadArguments, new("ahead")),
    ("a newer Juju, to be installed", BadArguments, install_first("ahead")),
    ("a newer Juju, as another version", BadArguments, upgrade("v6/web")),
    ("what no Juju has", BadArguments, install_first("horned")),
    ("a newer Juju by its oldest version", BadArguments, install_first("young", options={"force": True})),
    ("an odd file name", BadArguments, install("odd/web")),
    ("too large", BadArguments, new("huge/web")),
    ("too large, to be installed", BadArguments, install("huge/web")),
    ("too large, as another version", BadArguments, upgrade("huge/web")),
    *((name, BadArguments, new(f"bad/{name}")) for name in BAD),
    *((f"{name}, to be installed", BadArguments, install(f"bad/{name}")) for name in BAD),
    *((f"{name}, as another version", BadArguments, upgrade(f"bad/{name}")) for name in BAD),
    *((f"placement {one}", BadArguments, new(placement=one)) for one in PLACES_OF_NOBODY),
    *((f"constraints {one}", BadArguments, new(constraints=one)) for one in CONSTRAINTS_OF_NOBODY),
    ("another architecture", BadArguments, new("arm", constraints="arch=amd64")),
    ("another architecture, to be installed", BadArguments, install_first("arm")),
    ("a profile for LXD", BadArguments, new("boots")),
    ("a profile for LXD, to be installed", BadArguments, install_first("boots")),
    ("a profile for LXD, as another version", BadArguments, upgrade("boots/web")),
    ("a charm that the hub lacks", BadArguments, install_first("ch:nope")),
    ("another charm that the hub lacks", BadArguments, upgrade("ch:web")),
    ("another resource", BadArguments, install_twice("b.tgz")),
    ("a resource that is not there", BadArguments, install_twice("c.tgz")),
    ("a resource of somebody", BadArguments, install_twice("~nobody-of-that-name/a.tgz")),
    ("a resource of a long name", BadArguments, install_twice("a" * 300)),
    ("a revision of a resource", BadArguments, install_first("needy", options={"resources": {"soft": 3}})),
    ("an undeclared resource", BadArguments, install_first("web", options={"resources": {"soft": "a.tgz"}})),
    ("another charm", AlreadyExists, install("other")),
    ("another version", BadArguments, install("v2/web")),
    ("another program", BadArguments, install("v5/web")),
    ("fewer units", BadArguments, install("web", num_units=2)),
    ("an unknown option", BadArguments, install("web", config={"mut": 1})),
    ("text for a number", BadArguments, install("web", config={"mtu": "large"})),
    ("an unknown option later", BadArguments, run("config", {"mut": 1})),
    ("yes for a boolean", BadArguments, run("config", {"flag": "yes"})),
    ("no secret", BadArguments, run("config", {"key": "plain"})),
    ("an upgrade to another charm", BadArguments, upgrade("other")),
    ("an upgrade that breaks a relation", BadArguments, upgrade("v3/web")),
    ("an upgrade to sources", BadArguments, upgrade("v4/web")),
    ("an unknown action", BadArguments, run("pong")),
    ("a missing parameter", BadArguments, run("ping")),
    ("text for an integer", BadArguments, run("ping", {"host": "a", "count": "many"})),
    ("text that a pattern of Go does not match", BadArguments, run("match", {"word": "b"})),
    ("a name that a pattern of Go matches", BadArguments, run("match", {"max": 1})),
    ("no multiple in floating point", BadArguments, run("numbers", {"part": 0.3})),
    ("more than 53 bits", BadArguments, run("numbers", {"count": 2**53})),
    ("an object of which nothing is declared", BadArguments, run("numbers", {"any": {"a": 1}})),
    ("an undeclared parameter", BadArguments, run("strict", {"other": 1})),
    ("an unknown unit", NotFound, run("ping", {"host": "a"}, unit=7)),
    ("a unit of another application", NotFound, run("ping", {"host": "a"}, unit="app-vnf-other/leader")),
    ("an odd unit", NotFound, run("ping", {"host": "a"}, unit="app-vnf-one/first")),
    ("a negative unit", BadArguments, run("ping", {"host": "a"}, unit=-1)),
    ("a fraction as a unit", NotFound, run("ping", {"host": "a"}, unit="1.0")),
    ("nothing as a unit", BadArguments, run("ping", {"host": "a"}, unit="")),
    ("nothing for a number", BadArguments, run("config", {"mtu": ""})),
    ("a number with underscores", BadArguments, run("config", {"mtu": "1_000"})),
    ("a number for a boolean", BadArguments, run("config", {"flag": 1})),
    ("an unknown endpoint", BadArguments, relate("upp", "down")),
    ("two of one role", BadArguments, relate("up", "logs")),
    ("two interfaces", BadArguments, relate("logs", "down")),
    ("to itself", BadArguments, lambda edge, one, _: edge.add_relation(one, one, "logs", "sink")),
    ("more than the limit", BadArguments, lambda edge, one, _: relate_to_third(edge, one, "up", "down")),
    ("two principals in one container", BadArguments, relate("beside", "sink")),
    ("a principal that provides in a container", BadArguments, relate("logs", "inner")),
    ("an upgrade to another interface", BadArguments, upgrade("interface/web")),
    ("an upgrade to another role", BadArguments, upgrade("role/web")),
    ("an upgrade to another scope", BadArguments, upgrade("scope/web")),
    ("where there may be none", BadArguments, lambda edge, one, other: edge.add_relation(one, other, "never", "down")),
    ("an upgrade to a lower limit", BadArguments, upgrade_to_fewer),
    *((f"an upgrade to other storage: {name}", BadArguments, upgrade_store(name)) for name in STORAGE_OF_VERSIONS),
]

TAKEN: list[tuple[str, Call]] = [
    ("what no Juju has, by force", install_first("horned", options={"force": True})),
    ("a container", new(placement="lxd:0", constraints="container=lxd")),
    ("another architecture, by force", install_first("arm", options={"force": True})),
    ("a profile for LXD, by force", install_first("boots", options={"force": True})),
    ("the same resource", install_twice("../needy/a.tgz")),
    ("a file name that is not UTF-8", install_first("latin")),
    ("the same charm elsewhere", install("copy/web")),
    ("the same charm as a file", install("web.charm")),
    ("the same charm again", install("web", config={"mtu": "9000"})),
    ("an undeclared parameter", run("ping", {"host": "a", "more": 1})),
    ("text that a pattern of Go matches", run("match", {"word": "a", "maximum": 1})),
    ("text for an integer", run("ping", {"host": "a", "count": "7"})),
    ("whatever empty lists in a schema allow", run("loose", {"list": [1, {"a": "b"}]})),
    ("a default of another type", run("numbers", {"part": "0.2"})),
    ("an object as YAML", run("strict", {"spec": "{a: 1}"})),
    ("a reset", run("config", {"mtu": None})),
    ("the leader by name", run("ping", {"host": "a"}, unit="leader")),
    ("the leader by its application", run("ping", {"host": "a"}, unit="app-vnf-one/leader")),
    ("a unit by its name", run("ping", {"host": "a"}, unit="app-vnf-one/2")),
    ("a unit by number as text", run("ping", {"host": "a"}, unit="1")),
    ("a unit by number", run("ping", {"host": "a"}, unit=1)),
    ("a unit by number with a blank", run("ping", {"host": "a"}, unit=" 1")),
    ("the same relation again", relate("up", "down")),
    ("what every charm provides", relate("host", "juju-info")),
    ("an upgrade with what is related", upgrade("copy/web")),
    ("an upgrade to more storage", upgrade_store("more")),
]


@pytest.fixture(scope="module")
def charms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The charms of the calls above."""
    folder = tmp_path_factory.mktemp("charms")
    write_charm(folder, "web", config=OPTIONS, actions=ACTIONS, **ENDS)
    write_charm(folder, "other", config=OPTIONS)
    write_charm(folder, "side", subordinate=True)
    write_charm(folder, "shared", storage={"data": {"type": "filesystem", "shared": True}})
    write_charm(folder, "old", series=["bionic"])
    write_charm(folder, "nowhere", series=None)
    write_charm(folder, "wobbly", series=["wobbly"])
    (write_charm(folder / "odd", "web", config=OPTIONS, actions=ACTIONS, **ENDS) / "a\nb").touch()
    os.close(os.open(os.fsencode(write_charm(folder, "latin")) + b"/caf\xe9", os.O_CREAT))
    write_charm(folder / "huge", "web", config=OPTIONS, actions=ACTIONS, **ENDS)
    with (folder / "huge" / "web" / "sparse").open("wb") as file:
        file.truncate(3 * 1024**3)
    tomorrow = write_charm(folder, "tomorrow", series=[])
    (tomorrow / "manifest.yaml").write_text("bases: [{name: ubuntu, channel: '42.04'}]")
    for place, name, assumes in (
        ("ahead", "ahead", "[juju >= 4.0]"),
        ("horned", "horned", "[{any-of: [juju < 3, unicorns]}]"),
        ("v6/web", "web", "[juju >= 4.0]"),
    ):
        metadata = f"name: {name}\nsummary: s\ndescription: d\nassumes: {assumes}\n"
        write_files(folder / place, {**GOOD, "metadata.yaml": metadata})
    write_charm(folder / "boots", "web", config=OPTIONS, actions=ACTIONS, **ENDS)
    for charm in (write_charm(folder, "boots"), folder / "boots" / "web"):
        (charm / "lxd-profile.yaml").write_text("config: {boot.autostart: 'true'}")
    arm = write_charm(folder, "arm", series=[])
    (arm / "manifest.yaml").write_text("bases: [{name: ubuntu, channel: '22.04', architectures: [arm64]}]")
    needy = write_charm(folder, "needy", resources={"soft": {"type": "file", "filename": "soft.tgz"}})
    for name in ("a", "b"):
        (needy / f"{name}.tgz").write_text(name)
    mixed = {
        "limit": {"type": "int"},
        "share": {"type": "float"},
        "mode": {"type": "string"},
        "flag": {"type": "boolean"},
    }
    write_charm(folder, "mixed", config={name: {"type": "string"} for name in mixed})
    write_charm(folder / "v2", "mixed", config=mixed)
    write_charm(folder / "v3", "mixed", config={**mixed, "limit": {"type": "float"}, "mode": {"type": "int"}})
    write_charm(folder, "young", **{"min-juju-version": "4.0.0"})
    (write_charm(folder, "mute") / "hooks" / "install").unlink()
    for version, more in (("v2", {"summary": "Another."}), ("v3", {}), ("v4", {})):
        parts: dict[str, Any] = {**(ENDS if version == "v2" else {}), **more}
        write_charm(folder / version, "web", config=OPTIONS, actions=ACTIONS, **parts)
    for version, ends in ENDS_OF_VERSIONS.items():
        write_charm(folder / version, "web", config=OPTIONS, actions=ACTIONS, **ends)
    needed: dict[str, Any] = {"type": "filesystem"}
    write_charm(folder, "store", storage={"needed": needed, "some": STORAGE})
    wider: dict[str, Any] = {"needed": {**needed, "multiple": {"range": "1-2"}}, "other": needed}
    for version, storage in {**STORAGE_OF_VERSIONS, "more": {**wider, "some": STORAGE}}.items():
        write_charm(folder / version, "store", storage=storage)
    (folder / "v4" / "web" / "hooks" / "install").unlink()
    shutil.make_archive(str(folder / "web"), "zip", folder / "web")
    (folder / "web.zip").rename(folder / "web.charm")
    for copy, program in (("copy", "#!/bin/sh\n"), ("v5", "#!/bin/sh\nexit 0\n")):
        hooks = write_charm(folder / copy, "web", config=OPTIONS, actions=ACTIONS, **ENDS) / "hooks"
        (hooks / "install").write_text(program)
    (folder / "sources").mkdir()
    (folder / "sources" / "charmcraft.yaml").write_text("name: sources\ntype: charm\nextensions: [flask-framework]\n")
    for name in BAD:
        write_files(folder / "bad" / name, BAD_CHARMS[name].files)
    return folder


@asynccontextmanager
async def prepared(
    backend: str, controller: SimulatedController, charms: Path
) -> AsyncIterator[tuple[Connector, str, str]]:
    config = config_for(controller, charms)
    if backend == "fake":
        config["connectors"] = {"edge": {"backend": "fake"}}
    async with Vca.from_config(config, environ={}) as vca:
        edge = vca.connector("edge")
        (one, _), (other, _) = await asyncio.gather(
            *(edge.create_execution_environment(f".ns.{name}", artifact_path="web") for name in ("one", "other"))
        )
        await asyncio.gather(
            edge.install_configuration_sw(one, "web", num_units=3), edge.install_configuration_sw(other, "web")
        )
        await edge.add_relation(one, other, "up", "down")
        yield edge, one, other


@pytest.mark.parametrize("backend", ["fake", "juju-machine"])
async def test_both_refuse_with_the_same_class(backend: str, controller: SimulatedController, charms: Path) -> None:
    async with prepared(backend, controller, charms) as (edge, one, other):
        raised: dict[str, type[BaseException]] = {}
        for name, _, call in REFUSED:
            try:
                await call(edge, one, other)
            except VcaError as error:
                raised[name] = type(error)
        assert raised == {name: kind for name, kind, _ in REFUSED}


@pytest.mark.parametrize("backend", ["fake", "juju-machine"])
async def test_values_of_options_with_other_types_stay_where_they_fit(
    backend: str, controller: SimulatedController, charms: Path
) -> None:
    async with prepared(backend, controller, charms) as (edge, *_):
        ee_id, _host = await edge.create_execution_environment(".ns.mixed", artifact_path="mixed")
        given = {"limit": "0x10", "share": "0.5", "mode": "7x", "flag": "true"}
        await edge.install_configuration_sw(ee_id, "mixed", config=given)
        told = []
        for version in ("v2", "v3"):
            await edge.upgrade(ee_id, f"{version}/mixed")
            options = (await edge.describe(ee_id)).options
            told.append({name: one.value for name, one in options.items() if one.value is not None})
        assert told == [{"limit": 16, "mode": "7x", "flag": True}, {"limit": 16.0, "flag": True}]


@pytest.mark.parametrize("backend", ["fake", "juju-machine"])
async def test_both_take_what_juju_takes(backend: str, controller: SimulatedController, charms: Path) -> None:
    async with prepared(backend, controller, charms) as (edge, one, other):
        for _, call in TAKEN:
            await call(edge, one, other)


def test_both_are_the_same_release_of_juju() -> None:
    assert JUJU == AGENT_VERSION


async def test_what_only_the_controller_refuses_is_about_the_charm(
    controller: SimulatedController, charms: Path
) -> None:
    async with connected(controller, charms) as edge:
        ee_id = await machine(edge, artifact_path="web")
        controller.faults.refuse("charms.upload", "cannot upload charm: invalid charm archive: too odd", "bad request")
        with pytest.raises(BadArguments, match="artifact_path: Juju refuses charm web: too odd"):
            await edge.install_configuration_sw(ee_id, "web")
        assert not controller.model("ns1").applications
        await edge.install_configuration_sw(ee_id, "web")
