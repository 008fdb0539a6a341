"""A configuration: what is taken, and what is said of each mistake, with its line."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vca_core.config import VcaConfig, load_config
from vca_core.errors import BadArguments

CANARY = "canary-value"
FAKE: dict[str, Any] = {"connectors": {"edge": {"backend": "fake"}}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def refusal(source: Any, environ: dict[str, str] | None = None) -> BadArguments:
    with pytest.raises(BadArguments) as caught:
        load_config(source, environ or {})
    assert CANARY not in "".join(traceback.format_exception(caught.value))
    return caught.value


def write(folder: Path, text: str, name: str = "vca.yaml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


YAML = """
default: edge
store: sqlite:///status.db
artifacts: ./charms
extensions: [audit, {name: trace, options: {level: 3}}]
connectors:
  edge:
    backend: fake
    options: {latency: 0.05}
    timeouts: {total: 60}
  far: {backend: fake}
timeouts: {total: 600, cleanup: 5}
status: {interval: 0.5}
ssh_key: keys/id
"""

TOML = """
default = "edge"
store = "sqlite:///status.db"
artifacts = "./charms"
extensions = ["audit", {name = "trace", options = {level = 3}}]
ssh_key = "keys/id"

[connectors.edge]
backend = "fake"
options.latency = 0.05
timeouts.total = 60

[connectors.far]
backend = "fake"

[timeouts]
total = 600
cleanup = 5

[status]
interval = 0.5
"""


def as_mapping(folder: Path) -> VcaConfig:
    import yaml

    return load_config(yaml.safe_load(YAML), {})


@pytest.mark.parametrize("form", ["yaml", "toml", "yml", "mapping"])
def test_a_config_is_the_same_in_every_form(folder: Path, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    text = TOML if form == "toml" else YAML
    config = as_mapping(folder) if form == "mapping" else load_config(write(folder, text, f"vca.{form}"), {})
    assert config.default == "edge"
    assert config.connectors["edge"].options == {"latency": 0.05}
    assert [entry.name for entry in config.extensions] == ["audit", "trace"]
    assert config.extensions[1].options == {"level": 3}
    assert (config.timeouts_of("edge").total, config.timeouts_of("far").total) == (60, 600)
    assert (config.timeouts_of("edge").cleanup, config.status.interval) == (5, 0.5)
    assert config.artifacts_folder == folder / "charms"
    assert config.ssh_key_path == folder / "keys" / "id"
    assert config.folder == folder


def test_a_checked_config_is_taken_as_it_is() -> None:
    config = load_config(FAKE, {})
    assert load_config(config) is config


def test_a_copy_with_another_store_keeps_the_folder(folder: Path) -> None:
    config = load_config(write(folder, YAML), {})
    assert config.model_copy(update={"store": "memory:"}).folder == folder


def test_relative_paths_start_at_the_files_own_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "elsewhere").mkdir()
    path = write(folder, YAML)
    monkeypatch.chdir(folder / "elsewhere")
    assert load_config(Path("..") / path.name, {}).artifacts_folder == (folder / "elsewhere" / ".." / "charms")


@pytest.mark.defect("D9")
def test_all_limits_are_finite_without_being_given() -> None:
    timeouts = load_config(FAKE, {}).timeouts_of()
    assert all(0 < value < 100_000 for value in timeouts.model_dump().values())


def test_a_sole_connector_is_the_default_else_one_must_be_named() -> None:
    assert load_config(FAKE, {}).connector_name() == "edge"
    two = load_config({"connectors": {"a": {"backend": "fake"}, "b": {"backend": "fake"}}}, {})
    with pytest.raises(BadArguments, match="connector: there is no default connector; name one of a, b"):
        two.connector_name()
    with pytest.raises(BadArguments, match="there is no connector 'c'"):
        two.connector_name("c")


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("connectors:\n  edge: {backend: fake}\nstor: 'memory:'\n", "vca.yaml:3:1", "did you mean 'store'"),
        ("connectors:\n  edge:\n    backnd: fake\n", "vca.yaml:3:5", "did you mean 'backend'"),
        ("connectors:\n  edge:\n    options: {}\n", "vca.yaml:2:3", "backend: expected text, got nothing"),
        ("connectors:\n  edge: {backend: 3}\n", "vca.yaml:2:10", "expected text, got 3"),
        ("connectors: {}\n", "vca.yaml:1:1", "at least one connector"),
        ("store: 'memory:'\n", "vca.yaml: ", "connectors: expected a mapping, got nothing"),
        ("connectors:\n  a.b: {backend: fake}\n", "vca.yaml:2:3", "letters, digits"),
        ("default: edg\nconnectors:\n  edge: {backend: fake}\n", "vca.yaml:1:1", "did you mean 'edge'"),
        ("connectors:\n  edge: {backend: fake}\ntimeouts: {total: -1}\n", "vca.yaml:3:12", "greater than 0, got -1"),
        ("connectors:\n  edge: {backend: fake}\ntimeouts: {total: .inf}\n", "vca.yaml:3:12", "finite"),
        ("connectors:\n  edge: {backend: fake}\ntimeouts: {total: yes}\n", "vca.yaml:3:12", "a number, got True"),
        ("connectors:\n  edge: {backend: fake}\nextensions: [a, a]\n", "vca.yaml:3:1", "once"),
        ("connectors:\n  edge: {backend: fake}\n  edge: {backend: x}\n", "vca.yaml:3:3", "'edge' is there twice"),
        ("store: memory:\n", "vca.yaml:1:14", 'as "memory:", has to be in quotes'),
        ("connectors: [a\n", "vca.yaml:2:1", "not valid YAML"),
        ("connectors: !!python/object:os.system {}\n", "vca.yaml:1:13", "not valid YAML"),
        ("- a\n", "vca.yaml:1:1", "expected a mapping with the key `connectors`, got a list"),
        ("", "vca.yaml: ", "is empty"),
        ("a: &x [*x]\n", "vca.yaml:1:", "alias"),
    ],
)  # fmt: skip
def test_each_mistake_in_a_yaml_file_is_reported_with_its_line(folder: Path, text: str, place: str, said: str) -> None:
    error = refusal(write(folder, text))
    assert place in str(error)
    assert said in str(error)
    assert str(folder) in str(error)


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ('stor = "memory:"\n[connectors.edge]\nbackend = "fake"\n', "vca.toml:1:1", "did you mean 'store'"),
        ('[connectors.edge]\nbackend = "fake"\nlatency = 1\n', "vca.toml:3:1", "unknown key"),
        (
            '[connectors.edge]\nbackend = "fake"\n[timeouts]\n  total = -1\n',
            "vca.toml:4:3",
            "expected a number greater than 0",
        ),
        ('[connectors.edge]\nbackend = "fake\n', "vca.toml:2:", "not valid TOML"),
        ('[connectors.edge]\nbackend = "fake"\nbackend = "x"\n', "vca.toml:3:", "not valid TOML"),
    ],
)
def test_each_mistake_in_a_toml_file_is_reported_with_its_line(folder: Path, text: str, place: str, said: str) -> None:
    error = refusal(write(folder, text, "vca.toml"))
    assert place in str(error)
    assert said in str(error)


def test_a_multiline_text_that_looks_like_keys_confuses_nothing(folder: Path) -> None:
    text = "[connectors.edge]\nbackend = \"fake\"\n[connectors.edge.options]\nnote = '''\n\"x\\z\" = 1\nfoo = 2\n'''\n"
    options = load_config(write(folder, text, "vca.toml"), {}).connectors["edge"].options
    assert options == {"note": '"x\\z" = 1\nfoo = 2\n'}


def test_all_mistakes_are_reported_at_once(folder: Path) -> None:
    error = refusal(write(folder, "stor: x\nconnectors:\n  edge: {backnd: fake}\ntimeouts: {total: -1}\n"))
    assert set(error.bad_args) == {"stor", "connectors.edge.backnd", "timeouts.total"}
    assert len(str(error).splitlines()) == 3


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("vca.json", b"{}", "ends in .yaml, .yml or .toml"),
        ("absent.yaml", None, "there is no such file"),
        ("vca.yaml", b"\xff\xfe\x00", "is not UTF-8"),
        ("vca.yaml", b"a: \x00\n", "forbidden character"),
    ],
)
def test_a_file_that_cannot_be_read_is_reported(folder: Path, name: str, content: bytes | None, said: str) -> None:
    if content is not None:
        (folder / name).write_bytes(content)
    assert said in str(refusal(folder / name))


def test_a_folder_is_no_configuration(folder: Path) -> None:
    (folder / "vca.yaml").mkdir()
    assert "cannot be read" in str(refusal(folder / "vca.yaml"))


@pytest.mark.parametrize("source", [None, 3, [FAKE], b"vca.yaml"])
def test_what_is_neither_path_nor_mapping_is_refused(source: Any) -> None:
    assert "a path, a mapping or a VcaConfig" in str(refusal(source))


@pytest.mark.defect("D78")
def test_option_values_and_store_credentials_are_never_shown(folder: Path) -> None:
    options = {"password": CANARY, "nested": {"a": [CANARY]}}
    config = load_config(
        {"connectors": {"edge": {"backend": "fake", "options": options}}, "store": f"mongodb://u:{CANARY}@h/"}, {}
    )
    assert CANARY not in f"{config!r} {config!s} {config.connectors['edge']!r}"
    wrong = {"connectors": {"edge": {"backend": "fake", "options": [CANARY]}}, "store": {"url": CANARY}}
    assert set(refusal(wrong).bad_args) == {"connectors.edge.options", "store"}
    refusal(write(folder, f"connectors: {{edge: {{backend: fake, options: {{a: *{CANARY}}}}}}}\n"))
    refusal(write(folder, f"connectors: {{edge: {{backend: fake, options: {{a: !{CANARY} x}}}}}}\n"))


KEYS = st.sampled_from(
    ["connectors", "default", "store", "artifacts", "timeouts", "edge", "backend", "options", "x", "0"]
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats() | st.sampled_from(["", "fake", "edge", "${env:X}"]),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(KEYS, below, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(KEYS, ANYTHING, max_size=5))
def test_any_mapping_is_a_config_or_a_bad_argument(values: dict[str, Any]) -> None:
    try:
        load_config(values, {})
    except BadArguments as error:
        message = str(error)
    else:
        message = "fine"
    assert message


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a = ", "1:4"),
        ("a = 'x", "1:7"),
        ("a = 1\na = 2\n", "2:6"),
        ("a = 1\n[b]\nc = [1,\n  2\n\n", "4:4"),
        ("a = 1\nb = {c = {d = 1", "2:16"),
        (f"a = 1\nb = 9{'9' * 5000}\n", "2:5"),
        (f"a = 'x'\n\n b = {'[' * 3000}", "3:6"),
        (f"a = 'x'\nb = {'[' * 60}{']' * 60}", "2:5"),
        (f"a = 'x'\nb = 0x{'f' * 400}", "2:5"),
    ],
)
def test_a_mistake_in_toml_has_its_line_and_column(tmp_path: Path, text: str, place: str) -> None:
    (tmp_path / "vca.toml").write_text(text)
    assert f"vca.toml:{place}: " in str(refusal(tmp_path / "vca.toml"))
