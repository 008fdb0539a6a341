"""`vca plugin new`: what it writes is a plugin that is found, keeps its promises and is clean; what it refuses."""

from __future__ import annotations

import errno
import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from support.terminals import INTERRUPT, Terminal
from typer.testing import CliRunner
from unit.docs.pages import run

from vca_core.cli import plugin
from vca_core.cli.app import app

ROOT = Path(__file__).parents[3]
RUNNER = CliRunner()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def new(*arguments: str, code: int = 0) -> Any:
    ended = RUNNER.invoke(app, ["--json", "plugin", "new", *arguments])
    assert ended.exit_code == code, ended.output
    return json.loads(ended.output)


def refused(*arguments: str) -> dict[str, Any]:
    error: dict[str, Any] = new(*arguments, code=2)["error"]
    return error


def python(*arguments: str, cwd: Path) -> str:
    ended = subprocess.run(
        [sys.executable, *arguments], cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout
    return ended.stdout


def test_a_new_plugin_is_found_and_passes_its_tests_cleanly(folder: Path) -> None:
    report = new("edge-rack")
    assert report["folder"] == "vca-edge-rack"
    assert "tests/test_conformance.py" in report["files"]
    said = run("cd vca-edge-rack && python -m pytest -rN -p no:cacheprovider 2>&1", folder)
    last = said.splitlines()[-1]
    assert " passed" in last, said
    assert not {"failed", "error", "errors", "warning", "warnings"} & set(last.replace(",", " ").split()), said
    listed = json.loads(run("vca --json backends", folder))["backends"]
    [made] = [one for one in listed if one["name"] == "edge-rack"]
    assert made["ok"]
    assert {"create_execution_environment", "exec_primitive", "delete_execution_environment"} <= set(
        made["capabilities"]
    )


@pytest.mark.parametrize("name", ["a", "edge-rack", "a" * plugin.LONGEST, "a-b-c-d-e-f-g-h-i-j-k-l2"])
def test_a_new_plugin_is_formatted_and_clean_whatever_its_name(folder: Path, name: str) -> None:
    new(name, "--folder", "new")
    for check in (["check"], ["format", "--check"]):
        python("-m", "ruff", *check, "--no-cache", ".", cwd=folder / "new")


def test_a_new_plugin_is_strictly_typed(folder: Path) -> None:
    new("edge-rack", "--folder", "new")
    python("-m", "mypy", "--cache-dir", str(ROOT / ".mypy_cache" / "new-plugin"), cwd=folder / "new")


def test_its_names_and_the_answers_are_in_it(folder: Path) -> None:
    new("edge-rack", "--data", "author=Änne O'Hara <anne@rack.example>", "--data", "description=Racks = machines.")
    made = folder / "vca-edge-rack"
    project = tomllib.loads((made / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["name"] == "vca-edge-rack"
    assert project["description"] == "Racks = machines."
    assert project["authors"] == [{"name": "Änne O'Hara <anne@rack.example>"}]
    assert project["entry-points"]["vca.backends"] == {"edge-rack": "vca_edge_rack.backend:EdgeRackBackend"}
    assert (made / "vca_edge_rack" / "py.typed").exists()
    for file in made.rglob("*"):
        if file.is_file() and file.name != "ci.yml":
            text = file.read_text("utf-8")
            assert "{{" not in text
            assert "{%" not in text


def test_importing_its_backend_imports_nothing_of_its_system(folder: Path) -> None:
    new("rack", "--folder", "new")
    said = python("-c", "import sys, vca_rack.backend; print(*sys.modules)", cwd=folder / "new")
    assert {"vca_rack.client", "vca_rack.system", "sqlite3"} & set(said.split()) == set()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Desk", "lower-case letters and digits, in words joined by single dashes"),
        ("my_desk", "joined by single dashes"),
        ("my--desk", "joined by single dashes"),
        ("1desk", "beginning with a letter"),
        ("desk\n", "is not a name"),
        ("a" * (plugin.LONGEST + 1), "at most 24"),
        ("../desk", "is not a name"),
        ("vca-desk", "without vca-"),
        ("core", "is taken"),
        ("fake", "is taken"),
        ("juju-machine", "is taken"),
    ],
)
def test_a_name_that_is_none_or_taken_is_refused(folder: Path, name: str, said: str) -> None:
    error = refused(name)
    assert error["class"] == "BadArguments"
    assert error["bad_args"] == ["NAME"]
    assert said in error["text"]
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("autor=x", "did you mean 'author'"),
        ("name=other", "KEY description or author"),
        ("author", "KEY=VALUE"),
        ('author=a "quoted" one', "without double quotes"),
        ("description=two\nlines", "one line"),
        ("description=", "1 to 100 characters"),
        (f"description={'x' * 101}", "1 to 100 characters"),
    ],
)
def test_an_invalid_answer_is_refused_and_nothing_is_written(folder: Path, answer: str, said: str) -> None:
    error = refused("desk", "--data", answer)
    assert error["bad_args"] == ["--data"]
    assert said in error["text"]
    assert list(folder.iterdir()) == []


def test_a_folder_with_something_in_it_is_left_as_it_is(folder: Path) -> None:
    (folder / "mine").mkdir()
    (folder / "mine" / "README.md").write_text("mine")
    assert "not empty" in refused("desk", "--folder", "mine")["text"]
    assert [file.name for file in (folder / "mine").iterdir()] == ["README.md"]
    assert "not a folder" in refused("desk", "--folder", "mine/README.md")["text"]
    (folder / "empty").mkdir()
    assert new("desk", "--folder", "empty")["folder"] == "empty"


def test_a_plugin_that_cannot_be_written_leaves_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_bytes, written = Path.write_bytes, []

    def fill(file: Path, content: bytes) -> int:
        written.append(file)
        if len(written) > 5:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write_bytes(file, content)

    monkeypatch.setattr(Path, "write_bytes", fill)
    (folder / "empty").mkdir()
    for target in ("new", "empty"):
        error = refused("desk", "--folder", target)
        assert error["bad_args"] == ["--folder"]
        assert "No space left on device" in error["text"]
    assert [file.name for file in folder.rglob("*")] == ["empty"]


def test_without_jinja_it_says_what_to_install(folder: Path) -> None:
    code = "import sys; sys.modules['jinja2'] = None; from vca_core.cli import main; main()"
    ended = subprocess.run(
        [sys.executable, "-c", code, "plugin", "new", "desk"], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2
    assert "pip install './vca[testing]'" in ended.stderr
    assert list(folder.iterdir()) == []


def test_on_a_terminal_it_asks_and_an_interrupt_writes_nothing(folder: Path) -> None:
    with Terminal(folder, "plugin", "new", "desk", columns=100) as terminal:
        terminal.wait_for(lambda lines: any("What it is, in one line" in line for line in lines))
        terminal.type(INTERRUPT)
        assert terminal.wait() == 130
    assert list(folder.iterdir()) == []


def test_on_a_terminal_it_asks_again_until_it_is_an_answer(folder: Path) -> None:
    with Terminal(folder, "plugin", "new", "desk", columns=100) as terminal:
        terminal.wait_for(lambda lines: any("What it is" in line for line in lines))
        terminal.type('A "desk".\n')
        terminal.wait_for(lambda lines: any("without double quotes" in line for line in lines))
        terminal.type("Desks.\n")
        terminal.wait_for(lambda lines: any("Who writes it" in line for line in lines))
        terminal.type("\n")
        assert terminal.wait() == 0
    project = tomllib.loads((folder / "vca-desk" / "pyproject.toml").read_text("utf-8"))["project"]
    assert (project["description"], project["authors"]) == ("Desks.", [{"name": "The authors of vca-desk"}])
