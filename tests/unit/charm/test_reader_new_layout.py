"""Charms of charmcraft.yaml, alone or beside the old files."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from vca_core.charm import Action, Base, Charm, Container, Endpoint, Option, Resource

Read = Callable[[dict[str, str]], Charm]
Refused = Callable[[dict[str, str]], str]

CHARMCRAFT = """
type: charm
name: web
title: Web
summary: Serves.
description: Pages.
base: ubuntu@24.04
platforms:
  amd64:
parts: {charm: {plugin: uv, source: .}}
charm-libs: [{lib: a.b, version: '1'}]
links: {source: [https://example.org]}
assumes: [k8s-api]
config:
  options:
    port: {type: int, default: 80}
actions:
  restart:
    description: Stops, then starts.
    params: {delay: {type: number, default: 0.5}}
requires:
  db: {interface: mysql, limit: 1}
provides:
  http: {interface: http}
peers:
  ring: {interface: ring}
resources:
  image: {type: oci-image, upstream-source: example}
containers:
  web: {resource: image}
"""


def test_charmcraft_alone_says_everything(read: Read) -> None:
    assert read({"charmcraft.yaml": CHARMCRAFT}) == Charm(
        name="web",
        summary="Serves.",
        description="Pages.",
        actions={
            "restart": Action(
                "restart",
                {"type": "object", "properties": {"delay": {"type": "number", "default": 0.5}}},
                "Stops, then starts.",
            )
        },
        options={"port": Option("port", "int", 80)},
        endpoints={
            "db": Endpoint("db", "requires", "mysql", limit=1),
            "http": Endpoint("http", "provides", "http"),
            "ring": Endpoint("ring", "peers", "ring"),
        },
        bases=(Base("ubuntu", "24.04", ("amd64",)),),
        resources={"image": Resource("image", "oci-image", upstream="example")},
        containers={"web": Container("web", "image")},
        assumes=("k8s-api",),
    )


def test_a_file_of_its_own_counts_before_charmcraft(read: Read) -> None:
    charm = read(
        {
            "charmcraft.yaml": CHARMCRAFT,
            "metadata.yaml": "name: own\nrequires: {cache: redis}\n",
            "actions.yaml": "stop: {}",
            "config.yaml": "options: {size: {type: int}}",
        }
    )
    assert charm.name == "own"
    assert charm.summary == "Serves."
    assert list(charm.actions) == ["stop"]
    assert list(charm.options) == ["size"]
    assert list(charm.endpoints) == ["cache", "http", "ring"]


def test_separate_files_that_are_empty_leave_it_to_charmcraft(read: Read) -> None:
    charm = read({"charmcraft.yaml": CHARMCRAFT, "metadata.yaml": "", "actions.yaml": "# moved", "config.yaml": ""})
    assert (list(charm.actions), list(charm.options), charm.name) == (["restart"], ["port"], "web")


def test_the_old_files_may_say_everything_but_how_it_is_built(read: Read) -> None:
    charm = read(
        {
            "charmcraft.yaml": "type: charm\nbases: [{build-on: [], run-on: [{name: ubuntu, channel: '22.04'}]}]",
            "metadata.yaml": "name: web\nseries: [jammy]",
        }
    )
    assert charm == Charm("web", bases=(Base("ubuntu", "22.04"),), series=("jammy",))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("type: charm", "expected a name, got none"),
        ("type: bundle\nname: x", "type: this is a bundle"),
        ("name: x\nconfig: [a]", "config: expected a mapping, got a list"),
        ("name: x\nconfig: {port: {}}", "config: expected options, below which"),
        (
            "name: x\nconfig: {options: {port: {type: int, default: x}}}",
            "config.options.port.default: expected a whole",
        ),
        ("name: x\nactions: [a]", "actions: expected a mapping"),
        ("name: x\nactions: {a: {params: {b: {type: int}}}}", "actions.a.params.b.type: expected one of the types"),
        ("name: x\nactions: {a: {params: [b]}}", "actions.a.params: expected a mapping"),
        ("name: x\nrequires: {db: {limit: 1}}", "requires.db: expected an interface, got none"),
        ("name: x\ncontainers: {c: {resource: i}}", "containers.c.resource: there is no resource 'i'"),
    ],
)
def test_what_is_malformed_is_reported_with_file_and_key(refused: Refused, text: str, message: str) -> None:
    assert refused({"charmcraft.yaml": text}).startswith(f"charmcraft.yaml: {message}")


def test_a_fault_is_reported_of_the_file_it_is_in(refused: Refused) -> None:
    files = {"charmcraft.yaml": CHARMCRAFT, "metadata.yaml": "name: x\npeers: []"}
    assert refused(files).startswith("metadata.yaml: peers: expected a mapping")
