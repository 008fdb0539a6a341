"""What Juju refuses of every charm: `vca charm` says it, and the simulated controller refuses it as Juju does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.bad_charms import BAD_CHARMS, GOOD, archive_of, write_files

from vca_core.charm import read_charm
from vca_core.charm.reader import render_beside
from vca_core.errors import BadArguments
from vca_jujusim.archives import read_archive
from vca_jujusim.problems import Refusal

# fmt: off
PATTERNS = (
    r"a\z", "(?<x>a)", "(?P<y>a)", r"\Qa.b\E", r"\x{10FFFF}", "(?U:a*)", r"\pL\p{Greek}", "[[:^alpha:]]", r"\Q\C\E",
)
# fmt: on

TAKEN: dict[str, dict[str, str]] = {
    "as it is": {},
    "texts for booleans and numbers": {
        "more": "provides: {a: {interface: x, limit: '0x10', optional: 'T'}}\nsubordinate: 'false'"
    },
    "every key": {
        "more": (
            "requires: {a: x}\npeers: {c: z}\nextra-bindings: {b: }\ncategories: [x]\ntags: [x]\nterms: [own/term/1]\n"
            "storage: {s: {type: filesystem, location: /x, minimum-size: 1.5G, multiple: {range: 0-2}}}\n"
            "devices: {d: {type: gpu, countmin: 1, countmax: '2'}}\npayloads: {p: {type: docker}}\n"
            "resources: {f: {type: file, filename: f.bin}, i: {type: oci-image, filename: ''}}\n"
            "assumes: [juju >= 2.9, {any-of: [k8s-api, {all-of: [juju < 5]}]}]\ncharm-user: root\ncolour: red"
        )
    },
    "words that look like something else, in quotes": {
        "config.yaml": "options: {'on': {default: 'y'}, '1': {default: '08'}, t: {default: 10:30}}",
        "actions.yaml": "'1': {params: {'on': {type: string, default: 2024-01-01}}}",
    },
    "an empty type and a number as a description": {"config.yaml": "options: {a: {type: '', description: 3}}"},
    "numbers as Go writes them": {
        "config.yaml": (
            "options: {a: {type: int, default: '0x10'}, b: {type: int, default: '1_000'}, c: {type: int, default: 017},"
            "d: {type: float, default: 1_000.5}, e: {type: int, default: '0o17'}, f: {type: float, default: 5}}"
        ),
        "actions.yaml": "ping: {params: {a: {type: string, minLength: 2.0, maxLength: 1e+2}}}",
    },
    "a secret without an id": {"config.yaml": "options: {a: {type: secret, default: 'Secret:'}}"},
    "an interface without a name": {"more": "provides: {a: {interface: ''}, b: ''}"},
    "YAML that says its version": {"config.yaml": "%YAML 1.1\n---\noptions: {}"},
    "what every charm may have": {
        "metrics.yaml": "metrics: {juju-units: , a: {type: gauge, description: d}}",
        "lxd-profile.yaml": "config: {security.nesting: 'true'}\ndevices: {a: {type: unix-char, path: /dev/x}}",
        "revision": "7\n",
    },
    "whatever can be written as text, and nothing at all": {
        "metrics.yaml": "metrics: {on: {type: gauge, description: 1}, juju-x: {type: ''}, juju: }\nplan: {required: }",
        "lxd-profile.yaml": "description: 1\nconfig: {a: true, 1: 2, b: }\ndevices: {a: , b: {type: gpu, c: 1}}",
    },
    "files with nothing in them": {"metrics.yaml": "", "lxd-profile.yaml": "~"},
    "sections with nothing in them": {"metrics.yaml": "metrics:\nplan:", "lxd-profile.yaml": "config:\ndevices:"},
    "the first document of several": {
        "more": "---\nname: other\n",
        "config.yaml": "options: {a: {type: int}}\n---\n[",
        "actions.yaml": "ping: {}\n...\n*x",
    },
    "an empty manifest": {"more": "series: [jammy]\n", "manifest.yaml": "~"},
    "patterns of Go": {
        "actions.yaml": yaml.safe_dump({"ping": {"params": {"a": {"type": "string", "pattern": "|".join(PATTERNS)}}}})
    },
    "empty lists in schemas, and what says nothing there": {
        "actions.yaml": (
            "ping: {anyOf: [], params: {a: {type: [], items: [], allOf: []}, b: {type: array, items: {oneOf: []}},"
            "format: {type: string, format: 7, id: [7]}, items: {type: object, properties: {type: {type: []}}}}}"
        ),
    },
    "the largest numbers": {
        "more": "requires: {a: {interface: x, limit: 9223372036854775807}}",
        "revision": "-9223372036854775808",
        "actions.yaml": "ping: {params: {a: {type: string, minLength: 9007199254740991}}}",
    },
    "keys twice, what is merged in where it stands, and text that looks like a number": {
        "config.yaml": (
            "x: &x {default: 1}\noptions: {a: {type: int}, a: {type: string, default: 08},"
            "b: {<<: *x, <<: *x, type: int}, c: {default: x, type: int, <<: *x}, d: {default: 12e4567}}"
        ),
        "actions.yaml": "ping: {params: {a: {type: array, minItems: 3, maxItems: 1}, b: {minimum: 1, maximum: 1},"
        "c: {type: object, default: {minimum: 3, maximum: 1}}, d: {enum: [{minLength: 3, maxLength: 1}]}}}",
    },
    "one of series": {"more": "series: [jammy]\nmin-juju-version: 2.9.0"},
}


def said(place: Path) -> list[str]:
    """What is wrong with a charm, as `vca charm` says it."""
    try:
        return list(read_charm(place).obstacles)
    except BadArguments as error:
        return [error.message]


def refusal(data: bytes) -> Refusal | None:
    """What the simulated controller answers to a charm."""
    try:
        read_archive(data)
    except Refusal as error:
        return error
    return None


@pytest.mark.parametrize("name", BAD_CHARMS)
def test_what_juju_refuses_is_said_before(name: str, tmp_path: Path) -> None:
    files, _ = BAD_CHARMS[name]
    (tmp_path / "web.charm").write_bytes(archive_of(files))
    assert said(write_files(tmp_path / "web", files))
    assert said(tmp_path / "web.charm")


@pytest.mark.parametrize("name", BAD_CHARMS)
def test_the_simulated_controller_refuses_it_in_the_same_words(name: str) -> None:
    files, says = BAD_CHARMS[name]
    found = refusal(archive_of(files))
    assert found is not None
    # Behind this, what is wrong with a schema is said in the words of whatever library checks it.
    said_by_all, of_schema, _ = says.partition("action schema ping: ")
    assert found.message.startswith(said_by_all + of_schema)
    assert found.code == "bad request"


@pytest.mark.parametrize("name", TAKEN)
def test_what_juju_takes_is_taken(name: str, tmp_path: Path) -> None:
    changed = dict(TAKEN[name])
    files = {**GOOD, "metadata.yaml": GOOD["metadata.yaml"] + changed.pop("more", ""), **changed}
    assert said(write_files(tmp_path / "web", files)) == []
    assert refusal(archive_of(files)) is None


def test_a_manifest_without_a_base_outdoes_the_series(tmp_path: Path) -> None:
    metadata = GOOD["metadata.yaml"] + "series: [jammy]\n"
    files = {**GOOD, "metadata.yaml": metadata, "manifest.yaml": "bases: []"}
    assert said(write_files(tmp_path, files)) == [
        "its manifest.yaml has no bases; take it out, or write what the charm runs on"
    ]
    assert read_archive(archive_of(files)).bases == []


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    metadata = "name: Web\nsummary: s\ndescription: d\ntags: [1]\nstorage: {a: {type: tape}}\nterms: x\n"
    profile = "devices: {a: {type: disk}}\nconfig: {boot.autostart: 'true'}"
    further = {"config.yaml": "", "revision": "x", "lxd-profile.yaml": profile}
    place = write_files(tmp_path, {**GOOD, "metadata.yaml": metadata, **further})
    message = " ".join(said(place))
    for part in ("tags.0", "storage.a.type", "terms", "config.yaml is empty", "revision"):
        assert part in message
    assert [one.partition(" ")[2][:10] for one in read_charm(place).profile_problems] == ["config.boo", "devices.a."]


def test_what_stays_at_home_is_not_looked_at(tmp_path: Path) -> None:
    files = {**GOOD, "revision": "x", "lxd-profile.yaml": "[", ".jujuignore": "revision\nlxd-profile.yaml\n"}
    assert said(write_files(tmp_path, files)) == []


def test_what_charmcraft_carries_is_looked_at(tmp_path: Path) -> None:
    source = "name: web\ntype: charm\nsummary: s\ndescription: d\nbase: ubuntu@22.04\nplatforms: {amd64: }\n"
    files = {"charmcraft.yaml": f"{source}storage: {{a: {{type: tape}}}}\n", "src/charm.py": ""}
    assert any("charmcraft.yaml: storage.a.type" in one for one in said(write_files(tmp_path, files)))


def test_keys_of_charmcraft_are_written_in_quotes(tmp_path: Path) -> None:
    actions = "actions: {toggle: {params: {on: {type: boolean}, 1: {type: string}}}}\n"
    source = "name: web\ntype: charm\nsummary: s\ndescription: d\nbase: ubuntu@22.04\nplatforms: {amd64: }\n"
    place = write_files(tmp_path, {"charmcraft.yaml": source + actions, "src/charm.py": ""})
    assert said(place) == []
    made = {name: text.decode() for name, (_, text) in render_beside(place).items()}
    assert refusal(archive_of(made)) is None
    assert list(read_archive(archive_of(made)).actions["toggle"]["properties"]) == ["1", "on"]


FURTHER = st.sampled_from(["config", "devices", "metrics", "plan", "description", "type", "required", "juju-x", "a"])
FURTHER_VALUES = st.recursive(
    st.none() | st.booleans() | st.just(1.5) | st.sampled_from(["", "gauge", "gpu", "limits.cpu", "true", "x"]),
    lambda below: st.lists(below, max_size=2) | st.dictionaries(FURTHER, below, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(name=st.sampled_from(["metrics.yaml", "lxd-profile.yaml"]), content=FURTHER_VALUES)
def test_both_agree_on_further_files_of_any_shape(tmp_path: Path, name: str, content: Any) -> None:
    files = {**GOOD, name: yaml.safe_dump(content)}
    place = tmp_path / "web.charm"
    place.write_bytes(archive_of(files))
    found = refusal(archive_of(files)) or read_archive(archive_of(files)).profile_problem
    assert bool(said(place) or read_charm(place).profile_problems) == bool(found)


# fmt: off
WORDS = (
    "x", "juju", "juju-info", "1", "0", "-1", "true", "yes", "a/b", "global", "container", "block", "10G",
    "1-3", "2+", "root", "kubernetes", "jammy", "Jam", "juju>=3.1", "2.9.0", "own/term/1", "file", "oci-image",
    "gauge",
)
OF_NAMES = (
    "provides", "requires", "peers", "storage", "devices", "resources", "containers", "payloads",
)
OF_PARTS = (
    "interface", "limit", "scope", "optional", "type", "location", "multiple", "minimum-size", "range",
    "countmin", "countmax", "filename", "resource", "mounts", "uid", "shared", "properties", "description",
)
OTHERS = (
    "extra-bindings", "subordinate", "categories", "tags", "series", "deployment", "terms", "assumes",
    "min-juju-version", "charm-user", "revision", "format",
)
# fmt: on
WORD = st.sampled_from(WORDS)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 20_000) | st.just(1.5) | WORD,
    lambda below: st.lists(below, max_size=2) | st.dictionaries(WORD, below, max_size=2),
    max_leaves=4,
)
PARTS = st.fixed_dictionaries({}, optional=dict.fromkeys(OF_PARTS, VALUES))
METADATA = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(OF_NAMES, st.dictionaries(WORD, PARTS | VALUES, max_size=2) | VALUES)
    | dict.fromkeys(OTHERS, VALUES),
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(metadata=METADATA, is_packed=st.booleans())
def test_both_agree_on_metadata_of_any_shape(tmp_path: Path, metadata: dict[str, Any], is_packed: bool) -> None:
    text = GOOD["metadata.yaml"] + (yaml.safe_dump(metadata) if metadata else "")
    files = {**GOOD, "metadata.yaml": text}
    if not is_packed:
        del files["manifest.yaml"]
    place = tmp_path / "web.charm"
    place.write_bytes(archive_of(files))
    problems, found = said(place), refusal(archive_of(files))
    assert problems or not found, found
    # What only an installation needs, and an endpoint without an interface, is refused here only.
    assert found or all("it runs on" in one or "text that is not empty" in one for one in problems), problems
