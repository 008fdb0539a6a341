"""What overrides a configuration from the environment."""

from __future__ import annotations

import re
import traceback
from pathlib import Path
from typing import Any

import pytest

from vca_core import Vca
from vca_core.config import load_config
from vca_core.errors import BadArguments

CANARY = "canary-value"
TEXT = "connectors:\n  edge-1:\n    backend: fake\n    options: {latency: 1}\ntimeouts: {total: 600}\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "vca.yaml"
    file.write_text(TEXT)
    return file


def refusal(source: Any, environ: dict[str, str]) -> str:
    with pytest.raises(BadArguments) as caught:
        load_config(source, environ)
    text = "".join(traceback.format_exception(caught.value))
    assert CANARY not in text
    return str(caught.value)


@pytest.mark.parametrize(
    ("variable", "value", "found"),
    [
        ("VCA_TIMEOUTS__TOTAL", "60", lambda config: config.timeouts.total == 60),
        ("VCA_STORE", "sqlite:///x.db", lambda config: config.store == "sqlite:///x.db"),
        ("VCA_CONNECTORS__EDGE_1__BACKEND", "other", lambda config: config.connectors["edge-1"].backend == "other"),
        (
            "VCA_CONNECTORS__EDGE_1__OPTIONS__LATENCY",
            "0.5",
            lambda config: config.connectors["edge-1"].options["latency"] == "0.5",
        ),
        ("VCA_CONNECTORS__FAR", '{"backend": "fake"}', lambda config: "far" in config.connectors),
        ("VCA_EXTENSIONS", '["audit"]', lambda config: config.extensions[0].name == "audit"),
    ],
)
def test_a_variable_overrides_a_key(path: Path, variable: str, value: str, found: Any) -> None:
    environ = {variable: value, "VCA_DEFAULT": "edge-1"}
    assert found(load_config(path, environ))


async def test_an_overridden_option_is_converted_by_the_backends_model(path: Path) -> None:
    environ = {"VCA_CONNECTORS__EDGE_1__OPTIONS__LATENCY": "0"}
    async with Vca.from_config(path, environ=environ) as vca:
        await vca.connector().create_execution_environment(".ns.vnf")


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("VCA_TIMEOUTS__TOTL", "60", "variable VCA_TIMEOUTS__TOTL: timeouts.totl: unknown key: did you mean 'total'"),
        ("VCA_TIMEOUTS__TOTAL", "soon", "variable VCA_TIMEOUTS__TOTAL: timeouts.total"),
        ("VCA_TIMEOUT__TOTAL", "60", "no key of the configuration is named 'timeout': did you mean 'timeouts'"),
        ("VCA_STORE__URL", "x", "variable VCA_STORE__URL"),
        ("VCA_EXTENSIONS", "[audit", "not valid JSON"),
        ("VCA_CONNECTORS____BACKEND", "x", "key without a name"),
        ("VCA_TIMEOUTS__TOTAL__X", "1", "holds no keys"),
    ],
)
def test_a_wrong_variable_is_named(path: Path, variable: str, value: str, said: str) -> None:
    assert said in refusal(path, {variable: value})


def test_variables_of_other_programs_are_left_alone(path: Path) -> None:
    load_config(path, {"VCA_HOME": "/x", "VCA": "y", "OSMLCM_VCA_SECRET": "z"})


@pytest.mark.defect("D97")
def test_only_an_environment_that_is_passed_overrides_a_mapping(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VCA_TIMEOUTS__TOTAL", "7")
    monkeypatch.setenv("OSMLCM_VCA_PUBKEY", "x")
    values = {"connectors": {"edge": {"backend": "fake"}}}
    assert load_config(values).timeouts.total != 7
    assert load_config(values, {"VCA_TIMEOUTS__TOTAL": "8"}).timeouts.total == 8
    assert load_config(values, {}).timeouts.total != 7


@pytest.mark.defect("D97")
def test_only_the_config_and_its_callers_read_the_environment() -> None:
    root = Path(load_config.__code__.co_filename).parents[1]
    readers = [
        str(path.relative_to(root))
        for path in sorted(root.rglob("*.py"))
        if path.parent.name != "cli"  # the command is a program, and its environment is its own
        and "testing" not in path.relative_to(root).parts  # which looks at what backends leave there
        and re.search(r"os\.environ|getenv", path.read_text())
    ]
    assert readers == ["config/load.py", "vca.py"]
