"""NS files and configs of hostile authors: typed errors without values, and plans in linear time."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vca_core.config import load_config
from vca_core.errors import BadArguments
from vca_core.service import plan, read_service

pytestmark = pytest.mark.timeout(60 + int(os.environ.get("VCA_FUZZ_EXAMPLES", "0")))

EXAMPLES = int(os.environ.get("VCA_FUZZ_EXAMPLES", "50"))
"""How many mutations each property sees; `make fuzz` asks for more."""

BOMB = "\n".join(f"l{i}: &l{i} [{', '.join([f'*l{i - 1}'] * 10)}]" for i in range(1, 12))
MERGES = "\n".join(f"l{i}: &l{i} {{<<: [{', '.join([f'*l{i - 1}'] * 10)}]}}" for i in range(1, 12))


def refusal(path: Path) -> str:
    with pytest.raises(BadArguments) as caught:
        load_config(path, {})
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"l0: &l0 [x]\n{BOMB}", "more than 50000 values"),
        (f"l0: &l0 {{}}\n{MERGES}", "more than 50000 values"),
        (f"a: &a [{'x,' * 20_000}]\nb: [*a, *a, *a]", "more than 50000 values"),
        ("a: " + "x" * 10**7, "expected at most 1048576 bytes"),
        (f"a: &a {'x' * 100_000}\nb: [{', '.join(['*a'] * 100)}]", "too much text"),
        ("[" * 10**6, "deeper than 50 levels"),
        ("a: &x {<<: *x}", "an alias within what it names"),
        ("extensions: [" + "a, " * 25_000 + "a]", "named more than once"),
    ],
    ids=["aliases", "merges", "few aliases", "size", "text", "depth", "within itself", "extensions"],
)
def test_yaml_is_refused_by_its_size(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "vca.yaml").write_text(text)
    assert reason in refusal(tmp_path / "vca.yaml")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"{'.'.join('a' * 500_000)} = 1", "expected keys of at most 50 parts"),
        (f"a = {{{'.'.join('b' * 400_000)} = 1}}", "expected keys of at most 50 parts"),
        (f"a = {'[' * 100_000}", "vca.toml:1:5: is not valid TOML: deeper than 50 levels"),
        (f"a = {'{a=' * 30_000}", "vca.toml:1:5: is not valid TOML: deeper than 50 levels"),
        (f"b=1\na = {'[' * 60}{']' * 60}", "deeper than 50 levels"),
        (f"a = 0x{'f' * 900_000}", "more than 300 digits"),
        (" " * 10**6, "is empty"),
        (" " * 500_000 + "a" + " " * 400_000, "not valid TOML"),
        ("'" * 999_999, "not valid TOML"),
        ("[[a]]\n" * 150_000, "more than 50000 values"),
        ("a = 1979-05-27", "a: expected plain data, got a date"),
    ],
    ids=["key", "inner", "lists", "tables", "depth", "digits", "blanks", "blank key", "quotes", "tables", "date"],
)
def test_toml_is_refused_by_its_size(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "vca.toml").write_text(text)
    assert reason in refusal(tmp_path / "vca.toml")


def test_a_config_is_no_pipe_and_no_device(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "zero.toml").symlink_to("/dev/zero")
    assert "expected a regular file" in refusal(tmp_path / "pipe.yaml")
    assert "expected a regular file" in refusal(tmp_path / "zero.toml")


def test_json_in_the_environment_has_a_depth() -> None:
    config = {"connectors": {"edge": {"backend": "fake"}}}
    for depth, reason in ((100_000, "not valid JSON"), (60, "deeper than 50 levels")):
        variables = {"VCA_CONNECTORS__EDGE__OPTIONS": '{"a":' + "[" * depth + "]" * depth + "}"}
        with pytest.raises(BadArguments, match=reason):
            load_config(config, variables)


def test_the_first_problems_are_reported(tmp_path: Path) -> None:
    config = {"connectors": {"edge": {"backend": "fake"}}, **{f"connector{number}": 1 for number in range(5_000)}}
    with pytest.raises(BadArguments) as caught:
        load_config(config, {})
    assert len(str(caught.value).splitlines()) == 21
    assert "there are 4980 more problems" in str(caught.value)


PIECES = st.sampled_from([
    *("a", "CANARY", ": ", "- ", "\n", "  ", "{", "}", "[", "]", "*x", "&x ", "!!bool ", "!!int ", "!t ", "<<", "? "),
    *("'", '"', "\\U", "\\x", "|\n", "%TAG ", "---", "0x", "1e", "=", ".", '"""', "1979-05-27", "\0", "#", "\t"),
])  # fmt: skip


@settings(max_examples=EXAMPLES)
@given(st.lists(PIECES, max_size=60), st.sampled_from(["vca.yaml", "vca.toml"]))
def test_anything_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, pieces: list[str], name: str) -> None:
    file = tmp_path_factory.mktemp("fuzz") / name
    file.write_text("".join(pieces))
    with contextlib.suppress(BadArguments):
        load_config(file, {})


@pytest.mark.parametrize(
    "value", ["!!bool CANARY", '!!int ""', "!!timestamp CANARY", '"\\UFFFFFFFF"', "!!float CANARY"]
)
def test_values_of_no_kind_are_refused_and_not_shown(tmp_path: Path, value: str) -> None:
    file = tmp_path / "vca.yaml"
    file.write_text(f"connectors: {{edge: {{backend: fake, options: {{password: {value}}}}}}}")
    with pytest.raises(BadArguments) as caught:
        load_config(file, {})
    assert "CANARY" not in str(caught.value)


def test_layers_of_after_are_planned_once_each() -> None:
    vnfs = {
        f"v{layer}-{side}": {"charm": "x", "after": [f"v{layer - 1}-{other}" for other in "ab"] if layer else []}
        for layer in range(40)
        for side in "ab"
    }
    assert len(plan(read_service({"ns": "n", "vnfs": vnfs})).steps) == 160


def test_a_long_chain_of_after_is_planned() -> None:
    vnfs = {f"v{number}": {"after": [f"v{number + 1}"] if number < 599 else []} for number in range(600)}
    assert len(plan(read_service({"ns": "n", "vnfs": vnfs})).steps) == 600
