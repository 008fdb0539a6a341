"""What is read of a charm is what is installed of it; what keeps it from being installed is told when it is read."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from vca_core.charm import Option, read_charm
from vca_core.charm.reader import render_beside
from vca_core.errors import BadArguments

WHOLE = {
    "metadata.yaml": "name: web\nsummary: s\ndescription: d\nseries: [jammy]\n",
    "hooks/install": "#!/bin/sh\n",
}
SOURCE = {
    "charmcraft.yaml": (
        "name: web\ntype: charm\nsummary: s\ndescription: d\nbase: ubuntu@22.04\nplatforms: {x86_64: }\n"
        "title: Web\ncharm-user: non-root\nlinks: {contact: a@example.org, issues: [https://example.org/issues]}\n"
        "parts: {charm: {plugin: charm}}\n"
    ),
    "src/charm.py": "",
}


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def pack(place: Path, names: dict[str, str]) -> Path:
    with zipfile.ZipFile(place, "w") as archive:
        for name, text in names.items():
            archive.writestr(name, text)
    return place


def rendered(folder: Path, name: str) -> dict[str, object]:
    document: dict[str, object] = yaml.safe_load(render_beside(folder)[name][1])
    return document


@pytest.mark.parametrize(
    "part",
    [
        "{plugin: charm, source: .}",
        "{source: ., charm-entrypoint: src/charm.py, charm-requirements: [requirements.txt]}",
        "{plugin: dump, source: .}",
    ],
)
def test_a_part_that_says_what_it_does_anyway_is_not_built(tmp_path: Path, part: str) -> None:
    source = SOURCE["charmcraft.yaml"].replace("{plugin: charm}", part)
    assert read_charm(write(tmp_path, {**SOURCE, "charmcraft.yaml": source})).obstacles == ()


@pytest.mark.parametrize("program", [{"dispatch": ""}, {"hooks/start": ""}])
def test_a_charm_with_a_program_has_no_obstacles(tmp_path: Path, program: dict[str, str]) -> None:
    files = {"metadata.yaml": WHOLE["metadata.yaml"], **program}
    assert read_charm(write(tmp_path, files)).obstacles == ()
    assert read_charm(pack(tmp_path / "x.charm", files)).obstacles == ()
    assert render_beside(tmp_path) == {}


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"metadata.yaml": WHOLE["metadata.yaml"], "src/charm.py": ""}, "neither hooks nor a dispatch file"),
        (
            {"metadata.yaml": WHOLE["metadata.yaml"], "src/charm.py": "", "charmcraft.yaml": "type: charm\n"},
            "neither hooks nor a dispatch file",
        ),
        (
            {
                "metadata.yaml": WHOLE["metadata.yaml"],
                "src/charm.py": "",
                "charmcraft.yaml": "parts: {charm: {plugin: uv}}\n",
            },
            "its part charm is built",
        ),
        ({**SOURCE, "charmcraft.yaml": SOURCE["charmcraft.yaml"].replace("{plugin: charm}", "odd")}, "is built"),
        ({**SOURCE, "charmcraft.yaml": SOURCE["charmcraft.yaml"].replace("{plugin", "{source: x, plugin")}, "is built"),
        ({**WHOLE, ".jujuignore": "hooks/\n"}, "neither hooks nor a dispatch file"),
        ({**WHOLE, ".jujuignore": "*.yaml\n"}, ".jujuignore leaves its metadata.yaml out"),
        ({**WHOLE, "metadata.yaml": "name: web\nsummary: s\nseries: [jammy]\n"}, "its metadata has no description"),
        ({**WHOLE, "metadata.yaml": "name: web\nsummary: s\ndescription: d\n"}, "no bases, no series"),
        ({**WHOLE, "charmcraft.yaml": "extensions: [flask-framework]\n"}, "it uses extensions"),
        ({"charmcraft.yaml": SOURCE["charmcraft.yaml"]}, "no src/charm.py"),
        ({**SOURCE, "charmcraft.yaml": SOURCE["charmcraft.yaml"].replace("plugin: charm", "plugin: uv")}, "is built"),
    ],
)
def test_what_cannot_be_installed_is_read_with_the_reason(tmp_path: Path, files: dict[str, str], reason: str) -> None:
    charm = read_charm(write(tmp_path, files))
    assert charm.name == "web"
    assert any(reason in obstacle for obstacle in charm.obstacles)
    with pytest.raises(BadArguments, match="cannot be installed as it is") as caught:
        render_beside(tmp_path)
    assert reason in caught.value.message


def test_a_packed_charm_is_what_juju_reads_of_it(tmp_path: Path) -> None:
    files = {**WHOLE, "charmcraft.yaml": "config: {options: {mtu: {type: int}}}\nextensions: [x]\n"}
    charm = read_charm(pack(tmp_path / "x.charm", files))
    assert (charm.options, charm.obstacles) == ({}, ())
    sources = read_charm(pack(tmp_path / "y.charm", SOURCE))
    assert sources.name == "web"
    assert any("no metadata.yaml" in obstacle for obstacle in sources.obstacles)


def test_what_charmcraft_holds_beside_the_old_files_goes_along(tmp_path: Path) -> None:
    write(tmp_path, WHOLE)
    (tmp_path / "metadata.yaml").write_text("name: web\nsummary: s\ndescription: d\n")
    (tmp_path / "charmcraft.yaml").write_text(
        "base: ubuntu@24.04\nplatforms: {amd64: }\nname: other\nassumes: [juju]\n"
        "config: {options: {mtu: {type: int, default: 1500}}}\nactions: {ping: {description: reach}}\n"
    )
    charm = read_charm(tmp_path)
    assert charm.options == {"mtu": Option("mtu", "int", 1500)}
    assert rendered(tmp_path, "config.yaml") == {"options": {"mtu": {"type": "int", "default": 1500}}}
    assert rendered(tmp_path, "actions.yaml") == {"ping": {"description": "reach"}}
    assert rendered(tmp_path, "metadata.yaml") == {
        "name": "web",
        "summary": "s",
        "description": "d",
        "assumes": ["juju"],
    }
    base = {"name": "ubuntu", "channel": "24.04", "architectures": ["amd64"]}
    assert rendered(tmp_path, "manifest.yaml") == {"bases": [base]}


def test_python_sources_of_both_layouts_get_a_program(tmp_path: Path) -> None:
    write(tmp_path, {"metadata.yaml": WHOLE["metadata.yaml"], "src/charm.py": ""})
    (tmp_path / "charmcraft.yaml").write_text("parts: {charm: {}}\n")
    assert list(render_beside(tmp_path)) == ["dispatch"]


def test_every_key_that_packing_carries_is_in_the_metadata(tmp_path: Path) -> None:
    write(tmp_path, SOURCE)
    assert rendered(tmp_path, "metadata.yaml") == {
        "name": "web",
        "summary": "s",
        "description": "d",
        "display-name": "Web",
        "charm-user": "non-root",
        "maintainers": ["a@example.org"],
        "issues": ["https://example.org/issues"],
    }
    assert render_beside(tmp_path)["dispatch"][0] == 0o755


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20))
def test_no_reader_makes_anything_but_the_text_of_a_text(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    folder = write(tmp_path_factory.mktemp("charm"), SOURCE)
    quoted = text.replace("'", "''")
    (folder / "charmcraft.yaml").write_text(
        f"{SOURCE['charmcraft.yaml']}config: {{options: {{a: {{default: '{quoted}'}}}}}}\n", "utf-8"
    )
    assert rendered(folder, "config.yaml") == {"options": {"a": {"default": text}}}


@pytest.mark.parametrize("text", ["1.5e3", "-.5", "0o17", "10:30", "2024-01-01", "on", "1e3", "~", "=", "<<"])
def test_what_readers_take_for_other_things_is_quoted(tmp_path: Path, text: str) -> None:
    write(tmp_path, SOURCE)
    name = text.replace(".", "")  # which Juju could not keep
    (tmp_path / "charmcraft.yaml").write_text(
        f"{SOURCE['charmcraft.yaml']}actions: {{a: {{params: {{'{name}': {{default: '{text}'}}}}}}}}\n"
    )
    assert f'"{name}"' in render_beside(tmp_path)["actions.yaml"][1].decode()
    assert f'"{text}"' in render_beside(tmp_path)["actions.yaml"][1].decode()


@pytest.mark.parametrize(("given", "meant"), [("x86_64", "amd64"), ("aarch64", "arm64"), ("ppc64le", "ppc64el")])
def test_architectures_have_the_names_that_juju_has(tmp_path: Path, given: str, meant: str) -> None:
    manifest = f"bases: [{{name: ubuntu, channel: 22.04/stable, architectures: [{given}, {meant}]}}]\n"
    [base] = read_charm(write(tmp_path, {**WHOLE, "manifest.yaml": manifest})).bases
    assert base.architectures == (meant,)


def test_metadata_takes_text_for_flags_and_numbers_as_juju_does(tmp_path: Path) -> None:
    metadata = "requires: {db: {interface: sql, limit: '2', optional: 'true'}, web: {interface: http, limit: 0}}\n"
    charm = read_charm(write(tmp_path, {**WHOLE, "metadata.yaml": WHOLE["metadata.yaml"] + metadata}))
    assert (charm.endpoints["db"].limit, charm.endpoints["db"].optional) == (2, True)
    assert charm.endpoints["web"].limit is None
