"""Options that all commands have, before or behind the command's name, and the help."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from support.commands import environment
from typer.testing import CliRunner

from vca_core.cli.app import COMMANDS, app

RUNNER = CliRunner()
WORDS = [*([name] for name in COMMANDS), ["config", "check"], ["plugin", "new"]]


def vca(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "vca_core.cli", *words]
    return subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)


@pytest.mark.parametrize("words", WORDS, ids=" ".join)
def test_each_command_has_the_common_options_behind_it(words: list[str]) -> None:
    output = RUNNER.invoke(app, [*words, "--help"]).output
    for option in ("--config", "--json", "--verbose", "--debug", "-c", "-v", "-h"):
        assert option in output, option
    assert RUNNER.invoke(app, [*words, "-h"]).output == output


@pytest.mark.parametrize("before", [True, False])
def test_options_stand_before_or_behind_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: bool
) -> None:
    monkeypatch.delenv("VCA_CONFIG", raising=False)
    config = tmp_path / "mine.yaml"
    config.write_text("connectors: {edge: {backend: fake}}\n")
    options, command = ["--json", "-c", str(config)], ["config", "check"]
    ended = RUNNER.invoke(app, [*options, *command] if before else [*command, *options])
    assert ended.exit_code == 0, ended.output
    assert json.loads(ended.output)["config"] == str(config)


def test_what_stands_behind_the_command_goes_before(tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / f"{name}.yaml").write_text("connectors: {edge: {backend: fake}}\n")
    words = ["-c", str(tmp_path / "first.yaml"), "config", "check", "-c", str(tmp_path / "second.yaml")]
    assert "second.yaml is fine" in RUNNER.invoke(app, words).output


def test_no_command_is_cut_short_in_the_help() -> None:
    ended = vca("-h")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "..." not in ended.stdout.partition("Commands:")[2]
    assert "-h, --help" in ended.stdout
    assert vca("--help").stdout == ended.stdout


def test_what_stands_behind_two_dashes_asks_for_no_help(tmp_path: Path) -> None:
    ended = vca("-c", str(tmp_path / "absent.yaml"), "run", "demo/core", "touch", "--", "-h")
    assert ended.returncode == 2
    assert "--config: there is no file" in ended.stderr, "it ran"
