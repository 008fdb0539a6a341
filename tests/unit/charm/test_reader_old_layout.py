"""Charms of metadata.yaml, actions.yaml and config.yaml."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from vca_core.charm import (
    Action,
    Base,
    Charm,
    Container,
    Device,
    Endpoint,
    Mount,
    Option,
    Resource,
    Storage,
    read_charm,
)

Read = Callable[[dict[str, str]], Charm]
Refused = Callable[[dict[str, str]], str]

METADATA = """
name: router
summary: A router.
description: |
  It routes.
subordinate: true
series: [bionic, focal]
assumes: [juju >= 2.9]
provides:
  web: {interface: http, limit: 2, optional: true}
requires:
  db: mysql
  host: {interface: juju-info, scope: container}
peers:
  ring: {interface: ring}
resources:
  image: {type: oci-image, description: What runs.}
  blob: {type: file, filename: blob.tar}
containers:
  web:
    resource: image
    mounts: [{storage: data, location: /data}, {storage: logs}]
  bare:
storage:
  data: {type: filesystem, location: /data, minimum-size: 1.5G, multiple: {range: 1-3}, description: All of it.}
  logs: {type: block, shared: "true", read-only: true, multiple: {range: 0+}, properties: [transient]}
devices:
  gpu: {type: nvidia.com/gpu, countmin: 2, countmax: "2", description: Two of them.}
  nic: {type: example.com/nic}
"""
ACTIONS = """
touch:
  description: Makes a file.
  params:
    filename: {type: string}
    mode: {type: integer, default: 420}
  required: [filename]
  additionalProperties: false
  parallel: true
  execution-group: files
reboot: {}
noop:
"""
CONFIG = """
options:
  hostname: {type: string, default: edge, description: Its name.}
  bits: {type: int, default: 4096}
  ratio: {type: float, default: 1}
  debug: {type: boolean, default: false}
  token: {type: secret}
  plain: {}
  unset: {type: string, default: }
"""


def test_all_that_a_charm_says_is_read(read: Read) -> None:
    charm = read({"metadata.yaml": METADATA, "actions.yaml": ACTIONS, "config.yaml": CONFIG})
    assert charm == Charm(
        name="router",
        summary="A router.",
        description="It routes.\n",
        subordinate=True,
        actions={
            "touch": Action(
                "touch",
                {
                    "type": "object",
                    "properties": {"filename": {"type": "string"}, "mode": {"type": "integer", "default": 420}},
                    "required": ["filename"],
                    "additionalProperties": False,
                },
                "Makes a file.",
                parallel=True,
                execution_group="files",
            ),
            "reboot": Action("reboot"),
            "noop": Action("noop"),
        },
        options={
            "hostname": Option("hostname", "string", "edge", "Its name."),
            "bits": Option("bits", "int", 4096),
            "ratio": Option("ratio", "float", 1.0),
            "debug": Option("debug", "boolean", default=False),
            "token": Option("token", "secret"),
            "plain": Option("plain", "string"),
            "unset": Option("unset", "string"),
        },
        endpoints={
            "db": Endpoint("db", "requires", "mysql"),
            "host": Endpoint("host", "requires", "juju-info", scope="container"),
            "web": Endpoint("web", "provides", "http", limit=2, optional=True),
            "ring": Endpoint("ring", "peers", "ring"),
        },
        bases=(Base("ubuntu", "18.04"), Base("ubuntu", "20.04")),
        series=("bionic", "focal"),
        resources={
            "image": Resource("image", "oci-image", "", "What runs."),
            "blob": Resource("blob", "file", "blob.tar"),
        },
        containers={
            "web": Container("web", "image", (Mount("data", "/data"), Mount("logs"))),
            "bare": Container("bare"),
        },
        storage={
            "data": Storage("data", "filesystem", "All of it.", most=3, minimum_size=1536, location="/data"),
            "logs": Storage(
                "logs", "block", is_shared=True, is_read_only=True, least=0, most=None, properties=("transient",)
            ),
        },
        devices={
            "gpu": Device("gpu", "nvidia.com/gpu", "Two of them.", least=2, most=2),
            "nic": Device("nic", "example.com/nic"),
        },
        assumes=("juju >= 2.9",),
    )
    assert type(charm.options["ratio"].default) is float


def test_metadata_is_enough(read: Read) -> None:
    assert read({"metadata.yaml": "name: least"}) == Charm("least")


@pytest.mark.parametrize("empty", ["", "# nothing yet\n", "{}\n", "---\n"])
def test_files_that_hold_nothing_say_nothing(read: Read, empty: str) -> None:
    files = {"metadata.yaml": "name: least", "actions.yaml": empty, "manifest.yaml": empty, "charmcraft.yaml": empty}
    assert read(files) == Charm("least")


def test_options_that_hold_nothing_are_none(read: Read) -> None:
    assert read({"metadata.yaml": "name: least", "config.yaml": "options:\n"}).options == {}


def test_what_nobody_reads_may_be_anything(read: Read) -> None:
    assert read({"metadata.yaml": "name: least\nmaintainers: 7\nextra-bindings: [a]\nterms: {a: {}}\n"}) == Charm(
        "least"
    )


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"metadata.yaml": ""}, "metadata.yaml: expected a name, got none"),
        ({"metadata.yaml": "[name, x]"}, "metadata.yaml: expected a mapping, got a list"),
        ({"metadata.yaml": "name: 7"}, "metadata.yaml: name: expected text (put it in quotes), got a whole number: 7"),
        ({"metadata.yaml": "name: ' '"}, "metadata.yaml: name: expected text that is not empty, got text: ' '"),
        ({"metadata.yaml": "name: [\n"}, "metadata.yaml: line 2, column 1: is not valid YAML"),
        ({"metadata.yaml": "name: x\nsummary: [a]"}, "metadata.yaml: summary: expected text, got a list"),
        ({"metadata.yaml": "name: x\nsubordinate: 'sure'"}, "metadata.yaml: subordinate: expected true or false"),
        ({"metadata.yaml": "name: x\nseries: focal"}, "metadata.yaml: series: expected a list, got text: 'focal'"),
        ({"metadata.yaml": "name: x\nseries: [[a]]"}, "metadata.yaml: series.0: expected text, got a list"),
        ({"metadata.yaml": "name: x\nassumes: k8s-api"}, "metadata.yaml: assumes: expected a list"),
        ({"metadata.yaml": "name: x\ntype: bundle"}, "metadata.yaml: type: this is a bundle"),
        ({"metadata.yaml": "name: x\nrequires: [db]"}, "metadata.yaml: requires: expected a mapping, got a list"),
        (
            {"metadata.yaml": "name: x\nrequires: {db: {}}"},
            "metadata.yaml: requires.db: expected an interface, got none",
        ),
        ({"metadata.yaml": "name: x\nrequires: {db: 7}"}, "metadata.yaml: requires.db: expected a mapping"),
        (
            {"metadata.yaml": "name: x\nrequires: {db: {interface: a, limit: x}}"},
            "metadata.yaml: requires.db.limit: expected a whole number, got text: 'x'",
        ),
        (
            {"metadata.yaml": "name: x\nrequires: {db: {interface: a, limit: true}}"},
            "metadata.yaml: requires.db.limit: expected a whole number, got true or false",
        ),
        (
            {"metadata.yaml": "name: x\nrequires: {db: {interface: a, scope: containers}}"},
            "metadata.yaml: requires.db.scope: expected one of global, container, got 'containers': did you mean",
        ),
        (
            {"metadata.yaml": "name: x\nrequires: {db: a}\nprovides: {db: b}"},
            "metadata.yaml: provides.db: there is an endpoint of that name in requires, too",
        ),
        (
            {"metadata.yaml": "name: x\nresources: {i: {type: image}}"},
            "metadata.yaml: resources.i.type: expected one of",
        ),
        (
            {"metadata.yaml": "name: x\nresources: {i: {}}"},
            "metadata.yaml: resources.i: expected a filename, as resources",
        ),
        (
            {"metadata.yaml": "name: x\ncontainers: {c: {resource: i}}"},
            "metadata.yaml: containers.c.resource: there is no resource 'i' of type oci-image",
        ),
        (
            {"metadata.yaml": "name: x\nresources: {i: {filename: i}}\ncontainers: {c: {resource: i}}"},
            "metadata.yaml: containers.c.resource: there is no resource 'i' of type oci-image",
        ),
        (
            {"metadata.yaml": "name: x\ncontainers: {c: {mounts: [{location: /}]}}"},
            "metadata.yaml: containers.c.mounts.0: expected the storage that is mounted",
        ),
        ({"metadata.yaml": "name: x", "config.yaml": "a: {}"}, "config.yaml: expected options, below which"),
        ({"metadata.yaml": "name: x", "config.yaml": "[]"}, "config.yaml: expected a mapping"),
        ({"metadata.yaml": "name: x", "config.yaml": "options: [a]"}, "config.yaml: options: expected a mapping"),
        ({"metadata.yaml": "name: x", "config.yaml": "options: {a: 7}"}, "config.yaml: options.a: expected a mapping"),
        (
            {"metadata.yaml": "name: x", "config.yaml": "options: {a: {type: str}}"},
            "config.yaml: options.a.type: expected one of string, int, float, boolean, secret, got 'str': did you mean",
        ),
        (
            {"metadata.yaml": "name: x", "config.yaml": "options: {a: {default: 7}}"},
            "config.yaml: options.a.default: expected text (put it in quotes), got a whole number: 7",
        ),
        (
            {"metadata.yaml": "name: x", "config.yaml": "options: {a: {type: int, default: many}}"},
            "config.yaml: options.a.default: expected a whole number of 64 bits, as the option is of type int, got",
        ),
        (
            {"metadata.yaml": "name: x", "config.yaml": "options: {a: {type: float, default: .inf}}"},
            "config.yaml: options.a.default: expected a finite number, as the option is of type float, got a number",
        ),
        (
            {"metadata.yaml": "name: x", "config.yaml": "options: {a: {type: float, default: .nan}}"},
            "config.yaml: options.a.default: expected a finite number, as the option is of type float, got a number",
        ),
        (
            {"metadata.yaml": "name: x", "config.yaml": "options: {a: {type: boolean, default: ''}}"},
            "config.yaml: options.a.default: expected true or false, as the option is of type boolean, got text: ''",
        ),
        (
            {"metadata.yaml": "name: x", "config.yaml": "options: {a: {description: [b]}}"},
            "config.yaml: options.a.description: expected text, got a list",
        ),
    ],
)
def test_what_is_malformed_is_reported_with_file_and_key(refused: Refused, files: dict[str, str], message: str) -> None:
    assert refused(files).startswith(message)


def test_a_bundle_is_distinguished_from_what_is_not_a_charm(refused: Refused) -> None:
    bundle = {"bundle.yaml": "applications: {a: {charm: ubuntu}}\n"}
    assert refused(bundle) == "this is a bundle of charms; name one of its charms"


def test_a_folder_without_any_of_the_files_is_no_charm(refused: Refused) -> None:
    assert (
        refused({"config.yaml": "options: {}"})
        == "is not a charm: expected a metadata.yaml or a charmcraft.yaml, got neither"
    )


@pytest.mark.parametrize(
    ("text", "kubernetes"),
    [
        ("series: [kubernetes]", True),
        ("series: [kubernetes, jammy]", False),
        ("containers: {c: {}}", True),
        ("assumes: [k8s-api]", True),
        ("assumes: [{all-of: [juju >= 3, k8s-api]}]", True),
        ("assumes: [{any-of: [k8s-api, juju >= 3]}]", False),
        ("assumes: [juju >= 3]", False),
        ("series: [focal]", False),
        ("", False),
    ],
)
def test_charms_that_need_kubernetes_are_recognized(read: Read, text: str, kubernetes: bool) -> None:
    assert read({"metadata.yaml": f"name: x\n{text}"}).is_kubernetes is kubernetes


def test_secret_names_are_those_that_the_charm_declares(read: Read) -> None:
    actions = "login: {params: {user: {type: string}, key: {type: string, format: password}, pin: {writeOnly: true}}}"
    charm = read({"metadata.yaml": "name: x", "actions.yaml": actions, "config.yaml": CONFIG})
    assert charm.secret_names == {"key", "pin", "token"}


def test_secret_names_are_found_at_any_depth(read: Read) -> None:
    actions = """
login:
  params:
    conf: {type: object, properties: {user: {type: string}, pin: {type: string, writeOnly: true}}}
    list: {type: array, items: {type: object, properties: {inner: {format: password}}}}
    words: {type: array, items: {type: string, format: password}}
    either: {anyOf: [{type: integer}, {type: string, writeOnly: true}]}
    plain: {anyOf: [{type: integer}, {type: string}]}
"""
    charm = read({"metadata.yaml": "name: x", "actions.yaml": actions})
    assert charm.secret_names == {"pin", "inner", "words", "either"}


def test_secret_names_are_found_behind_references() -> None:
    """A backend may have schemas from elsewhere than a charm, in which references are refused."""
    schema = {
        "properties": {"a": {"$ref": "#/definitions/pin"}, "b": {"items": {"$ref": "#/$defs/x~1y/1"}}, "c": {}},
        "definitions": {"pin": {"writeOnly": True, "properties": {"again": {"$ref": "#"}}}},
        "$defs": {"x/y": [{}, {"properties": {"inner": {"format": "password"}}}]},
    }
    assert Action("run", schema).secret_names == {"a", "inner"}
    for elsewhere in ("#/nowhere", "#/$defs/x~1y/7", "other.json#/a", "#a", 7):
        assert Action("run", {"properties": {"a": {"$ref": elsewhere}}}).secret_names == frozenset()


def test_a_symlink_that_stays_in_the_charm_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real.yaml").write_text("name: linked")
    (tmp_path / "metadata.yaml").symlink_to("real.yaml")
    assert read_charm(tmp_path).name == "linked"


def test_a_charm_without_actions_loads_no_jsonschema(tmp_path: Path) -> None:
    (tmp_path / "metadata.yaml").write_text("name: x")
    code = (
        "import sys; from pathlib import Path; from vca_core.charm import read_charm, check_params, coerce\n"
        "assert not {'yaml', 'jsonschema'} & set(sys.modules)\n"
        f"read_charm(Path({str(tmp_path)!r}))\n"
        "print('yaml' in sys.modules, 'jsonschema' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False"]


@pytest.mark.parametrize("wrong", ["{}", "{type: disk}", "{type: block, multiple: {range: many}}"])
def test_storage_that_juju_refuses_is_an_obstacle(read: Read, wrong: str) -> None:
    charm = read({"metadata.yaml": f"name: x\nstorage: {{s: {wrong}}}\n"})
    assert charm.storage == {}
    assert any("storage.s" in one for one in charm.obstacles)
