"""References in a configuration to variables and to files with secrets, and what only looks like one."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest

from vca_core.config import load_config
from vca_core.errors import BadArguments

CANARY = "canary-value"


def refusal(source: Path, environ: dict[str, str]) -> str:
    with pytest.raises(BadArguments) as caught:
        load_config(source, environ)
    assert CANARY not in "".join(traceback.format_exception(caught.value))
    return str(caught.value)


def config_with(folder: Path, value: str) -> Path:
    """A config with an option in line 5."""
    path = folder / "vca.yaml"
    path.write_text(f"connectors:\n  edge:\n    backend: fake\n    options:\n      a: {value}\n")
    return path


def test_references_in_options_resolve_from_variables_and_files(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(f"{CANARY}\n")
    path = tmp_path / "vca.yaml"
    path.write_text(
        "connectors: {edge: {backend: fake, options: {a: '${env:A}', b: ['${file:secret}'], c: 'x$y'}}}\n"
        "extensions: [{name: e, options: {d: '${env:A}'}}]\n"
        "store: ${file:secret}\n"
    )
    config = load_config(path, {"A": "${env:B}"})
    assert config.connectors["edge"].options == {"a": "${env:B}", "b": [CANARY], "c": "x$y"}
    assert config.store == CANARY
    assert config.extensions[0].options == {"d": "${env:B}"}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("${env:ABSENT}", "refers to the variable ABSENT, which is not set"),
        ("${file:absent}", "there is no such file"),
        ("pre-${env:A}", "expected a reference to be the whole value"),
    ],
)
def test_a_reference_that_leads_nowhere_is_named_with_its_line(tmp_path: Path, value: str, said: str) -> None:
    message = refusal(config_with(tmp_path, value), {"A": CANARY})
    assert said in message
    assert "vca.yaml:5:7" in message


@pytest.mark.parametrize(
    "value",
    ["${file:}", "${env:}", "${env: }", "${env:A", "${ENV:A}", "${ env:A}", "${File:x}", "${env:{A}}", "x ${file:"],
)
def test_what_only_looks_like_a_reference_is_refused(tmp_path: Path, value: str) -> None:
    message = refusal(config_with(tmp_path, f"'{value}'"), {"A": CANARY})
    assert "vca.yaml:5:7: connectors.edge.options.a: expected a reference as ${env:NAME} or ${file:path}" in message
    assert "write $${ for ${" in message


@pytest.mark.parametrize("value", ["x ${env:A}", " ${env:A}", "${env:A}${env:A}", "$${env:A} ${env:A}"])
def test_a_reference_within_a_text_is_refused(tmp_path: Path, value: str) -> None:
    message = refusal(config_with(tmp_path, f"'{value}'"), {"A": CANARY})
    assert "expected a reference to be the whole value" in message
    assert "write $${ for ${" in message


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("$${env:A}", "${env:A}"),
        ("$${file:}", "${file:}"),
        ("a $${env:A} and $$${ENV:B", "a ${env:A} and $${ENV:B"),
        (
            "${HOME} $$ $${x} ${file%.txt} ${envy:A} $env:A {env:A}",
            "${HOME} $$ $${x} ${file%.txt} ${envy:A} $env:A {env:A}",
        ),
    ],
    ids=["variable", "file", "within", "of shells"],
)
def test_a_further_dollar_sign_makes_a_reference_text(tmp_path: Path, written: str, meant: str) -> None:
    config = load_config(config_with(tmp_path, f"['{written}']"), {"A": CANARY})
    assert config.connectors["edge"].options == {"a": [meant]}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("status: {spill: '${env:A}'}", "vca.yaml:1:10: status.spill: expected the value itself, got a reference"),
        ("artifacts: '${file:x}'", "vca.yaml:1:1: artifacts: expected the value itself"),
        ("extensions: ['${ENV:A}']", "extensions.0: expected the value itself"),
        ("extensions: [{name: '${env:A}'}]", "extensions.0.name: expected the value itself"),
    ],
)
def test_a_reference_where_none_is_replaced_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "vca.yaml").write_text(f"{text}\nconnectors: {{edge: {{backend: fake}}}}\n")
    assert said in refusal(tmp_path / "vca.yaml", {"A": CANARY})


def test_a_reference_is_no_name_of_an_option(tmp_path: Path) -> None:
    message = refusal(config_with(tmp_path, "{'${env:A}': 1}"), {"A": CANARY})
    assert "connectors.edge.options.a.${env:A}: expected a name, got a reference" in message
