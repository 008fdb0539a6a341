"""The command: what it prints, how it ends, what it leaves to machines. How it is used is played from its page."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.bad_charms import GOOD, write_files
from support.full_disk import no_room
from typer.testing import CliRunner

from vca_core.cli.app import COMMANDS, app
from vca_core.cli.state import code_of
from vca_core.errors import BadArguments, VcaConnectionError, from_data

ROOT = Path(__file__).parents[3]
RUNNER = CliRunner()


@pytest.fixture
def folder(service: Path) -> Path:
    return service


def vca(*arguments: str, code: int = 0) -> str:
    ended = RUNNER.invoke(app, list(arguments))
    assert ended.exit_code == code, ended.output
    return ended.output


def vca_json(*arguments: str, code: int = 0) -> Any:
    return json.loads(vca("--json", *arguments, code=code))


def test_the_help_lists_every_command_and_the_exit_codes() -> None:
    output = vca("--help")
    for name in [*COMMANDS, "config", "plugin"]:
        assert re.search(rf"\b{name}\b", output)
    assert "Exit codes" in output
    page = (ROOT / "docs" / "reference" / "command.md").read_text()
    for name in [*COMMANDS, "config check", "plugin new"]:
        assert f"| `vca {name}` |" in page
    assert "0.1.0" in vca("--version")


@pytest.mark.parametrize("arguments", [["--help"], ["backends", "--help"], ["plugin", "new", "--help"]])
def test_the_help_imports_no_backend_and_no_client(arguments: list[str]) -> None:
    code = f"""
import sys
sys.argv = ["vca", *{arguments!r}]
from vca_core.cli import main
try:
    main()
except SystemExit:
    pass
print(*sys.modules, file=sys.stderr)
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in ended.stderr.split()}
    unwanted = {"vca_fake", "juju", "kubernetes", "pymongo", "aiosqlite", "cryptography", "pydantic", "yaml", "jinja2"}
    assert loaded & unwanted == set()


def test_without_typer_it_says_what_to_install() -> None:
    code = "import sys; sys.modules['typer'] = None; from vca_core.cli import main; main()"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "pip install './vca[cli]'" in ended.stderr


def test_a_service_is_reported_as_json(folder: Path) -> None:
    applied = vca_json("apply", "service.yaml")
    assert applied["ok"]
    assert {name: entry["status"] for name, entry in applied["ees"].items()} == dict.fromkeys(
        ("core", "edge", "cache"), "completed"
    )
    assert {step["state"] for step in applied["steps"]} == {"done"}
    assert applied["outputs"]["edge/day1/0"] == "CONFIG OK"
    assert {step["state"] for step in vca_json("apply", "service.yaml")["steps"]} == {"kept"}
    [service] = vca_json("status", "demo")["services"]
    assert service["vnfs"]["core"]["status"] == "completed"
    ee_id = service["vnfs"]["core"]["ee_id"]
    assert vca_json("run", ee_id, "touch", "filename=x")["output"]["filename"] == "x"
    assert vca_json("run", "demo/core", "touch", "filename='3'")["output"]["filename"] == "3"
    assert vca_json("run", "demo/core", "touch", "filename=10:30")["output"]["filename"] == "10:30"
    assert vca_json("run", "demo/core", "touch", "filename=1.10")["output"]["filename"] == "1.10"
    assert vca_json("run", "demo/core", "touch", "filename=[")["output"]["filename"] == "["
    assert vca_json("status", "--refresh")["services"][0]["ns"] == "demo"
    deleted = vca_json("delete", "demo", "--yes")
    assert (deleted["deleted"], deleted["connectors"], len(deleted["ees"])) == ("demo", ["edge"], 3)
    assert vca_json("status") == {"services": []}


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (["run", "demo/core", "touch"], 1, "NotFound"),
        (["run", "x", "touch"], 2, "BadArguments"),
        (["run", "a.b.0", "touch", "oops"], 2, "BadArguments"),
        (["run", "a.b.0", "touch", "a=1", "a=2"], 2, "BadArguments"),
        (["run", "a.b.0", "touch"], 1, "NotFound"),
        (["status", "absent"], 1, "NotFound"),
        (["status", ".ns.vnf"], 2, "BadArguments"),
        (["delete", ".ns.vnf"], 2, "BadArguments"),
        (["apply", "absent.yaml"], 2, "BadArguments"),
        (["demo", "--folder", "/dev/null/x"], 2, "BadArguments"),
        (["charm", "absent"], 2, "BadArguments"),
        (["explain", "x"], 2, "BadArguments"),
        (["run", "a.b.0", "touch", "--timeout", "0"], 3, "VcaTimeoutError"),
    ],
)
def test_an_error_is_one_json_object_and_an_exit_code(
    folder: Path, arguments: list[str], code: int, error: str
) -> None:
    data = vca_json(*arguments, code=code)
    assert data["error"]["class"] == error
    assert data["error"]["text"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nosuch"], "nosuch"),
        (["status", "--nosuch"], "--nosuch"),
        (["apply"], "file"),
        (["run", "x", "touch", "--timeout", "soon"], "--timeout"),
        (["config"], "check"),
    ],
)
def test_wrong_usage_is_one_json_object_too(folder: Path, arguments: list[str], message: str) -> None:
    data = vca_json(*arguments, code=2)
    assert data["error"]["code"] == "bad-arguments"
    assert message in data["error"]["text"]


@pytest.mark.parametrize(("retryable", "code"), [(True, 3), (False, 1)])
def test_only_what_may_succeed_later_has_the_code_for_that(retryable: bool, code: int) -> None:
    assert code_of(VcaConnectionError("refused", "https://juju:17070", retryable=retryable)) == code


def test_a_config_that_is_not_there_is_reported_with_a_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VCA_CONFIG", raising=False)
    assert "name yours with --config or VCA_CONFIG" in vca("status", code=2)


def test_a_failed_primitive_is_reported_with_its_output(folder: Path) -> None:
    config = folder / "vca.yaml"
    rule = "{operation: exec_primitive, primitive: purge, fail: {message: full, output: {stderr: no space}}}"
    config.write_text(f"{config.read_text()}      script: [{rule}]\n")
    failed = vca_json("apply", "service.yaml", code=1)
    assert not failed["ok"]
    assert failed["errors"]["cache/day1/0"]["output"] == {"stderr": "no space"}
    assert failed["ees"]["core"]["status"] == "completed"


def test_backends_charms_names_and_schemas_are_reported_as_json(folder: Path) -> None:
    [fake] = [one for one in vca_json("backends")["backends"] if one["name"] == "fake"]
    assert (fake["ok"], fake["api_version"]) == (True, 1)
    assert vca_json("charm", "../charms/simple-router")["actions"]["touch"]["schema"]["required"] == ["filename"]
    explained = vca_json("explain", f".ns.{'v' * 60}")
    assert explained["parts"]["vnf_id"] == "v" * 60
    assert "longer than 50" in explained["why"][0]
    assert "vnfs" in vca_json("schema")["properties"]
    assert vca_json("config", "check")["ok"]


def test_the_charm_command_says_what_an_install_would_refuse(tmp_path: Path) -> None:
    charm = tmp_path / "old"
    (charm / "src").mkdir(parents=True)
    (charm / "src" / "charm.py").touch()
    (charm / "metadata.yaml").write_text("name: old\nsummary: s\ndescription: d\nseries: [bionic]\n")
    output = vca("charm", str(charm), code=1)
    assert "cannot be installed as it is: it has neither hooks nor a dispatch file" in output
    assert "option force" in output
    assert len(vca_json("charm", str(charm), code=1)["obstacles"]) == 2
    (charm / "a\nb").touch()
    assert "its member 'a\\nb' has characters in its name" in vca_json("charm", str(charm), code=1)["obstacles"][-2]


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("assumes: [juju < 3.9, unicorns]", "it assumes unicorns, which no release of Juju 3.6 has"),
        ("assumes: [juju >= 4.0]", "it assumes juju >= 4.0, which no release of Juju 3.6 has"),
        ("assumes: [k8s-api]", "it has no containers, and Juju 3 does not run pod specs any more"),
        ("assumes: [{any-of: [juju >= 4, k8s-api]}]", "any-of: juju >= 4, k8s-api, which no release"),
        ("subordinate: true\nrequires: {host: {interface: a, scope: container}}", "it is a subordinate"),
    ],
)
def test_what_every_installation_would_refuse_is_told(tmp_path: Path, more: str, told: str) -> None:
    charm = write_files(tmp_path, {**GOOD, "metadata.yaml": f"{GOOD['metadata.yaml']}{more}\n"})
    [obstacle] = vca_json("charm", str(charm), code=1)["obstacles"]
    assert told in obstacle


@pytest.mark.parametrize("base", ["ubuntu@25.10", "ubuntu@26.04", "ubuntu@18.04", "centos@8", "windows@2019"])
def test_a_base_that_juju_makes_no_machines_of_is_told(tmp_path: Path, base: str) -> None:
    name, _, channel = base.partition("@")
    manifest = f"bases: [{{name: {name}, channel: '{channel}', architectures: [amd64]}}]"
    charm = write_files(tmp_path, {**GOOD, "manifest.yaml": manifest})
    [obstacle] = vca_json("charm", str(charm), code=1)["obstacles"]
    assert f"supports {base}, and Juju makes machines of ubuntu@24.04" in obstacle


def test_bases_are_shown_with_their_architectures(tmp_path: Path) -> None:
    manifest = "bases: [{name: ubuntu, channel: '22.04', architectures: [x86_64, i386]}]"
    output = vca("charm", str(write_files(tmp_path, {**GOOD, "manifest.yaml": manifest})))
    assert "runs on: ubuntu@22.04 on amd64 and i386\n" in output


@pytest.mark.parametrize(
    ("base", "told"),
    [
        (
            "channel: '22.04', architectures: [i386, armhf]",
            "it is for armhf, i386 only, and Juju makes machines",
        ),
        ("channel: jammy, architectures: [amd64]", "it is for ubuntu@jammy, which names a series; write ubuntu@22.04"),
    ],
)
def test_what_juju_reads_and_makes_no_machine_of_is_told(tmp_path: Path, base: str, told: str) -> None:
    charm = write_files(tmp_path, {**GOOD, "manifest.yaml": f"bases: [{{name: ubuntu, {base}}}]"})
    assert any(told in one for one in vca_json("charm", str(charm), code=1)["obstacles"])


def test_an_oldest_juju_that_is_none_of_today_is_told(tmp_path: Path) -> None:
    metadata = f"{GOOD['metadata.yaml']}series: [jammy]\nmin-juju-version: "
    charm = write_files(tmp_path, {"metadata.yaml": f"{metadata}4.0.0", "hooks/install": ""})
    told = vca_json("charm", str(charm), code=1)["obstacles"]
    assert told == ["it assumes juju >= 4.0.0, which no release of Juju 3.6 has"]
    (charm / "metadata.yaml").write_text(f"{metadata}3.6.17")
    assert vca_json("charm", str(charm))["obstacles"] == []


@pytest.mark.parametrize(
    ("series", "places"),
    [("kubernetes", "Kubernetes"), ("kubernetes, jammy", "ubuntu@22.04"), ("jammy", "ubuntu@22.04")],
)
def test_it_is_reported_whether_a_charm_is_for_kubernetes(tmp_path: Path, series: str, places: str) -> None:
    metadata = f"name: web\nsummary: s\ndescription: d\nseries: [{series}]\n"
    charm = write_files(tmp_path, {"metadata.yaml": metadata, "hooks/install": ""})
    output = vca("charm", str(charm), code=1 if series == "kubernetes" else 0)
    assert f"runs on: {places}\n" in output
    assert ("pod specs" in output) is ("kubernetes" in series)


def test_the_doctor_finds_what_is_wrong(folder: Path) -> None:
    assert vca_json("doctor")["ok"]
    (folder / "sick.yaml").write_text(
        "store: sqlite:///absent/status.db\nartifacts: nowhere\nconnectors:\n"
        "  a: {backend: fake, options: {latncy: 1}}\n  b: {backend: fakee}\n"
    )
    found = vca_json("-c", "sick.yaml", "doctor", code=1)
    sick = {one["what"]: one["detail"] for one in found["findings"] if not one["ok"]}
    assert {one["what"]: (one["error"] or {}).get("class") for one in found["findings"] if not one["ok"]} == {
        "artifacts": None,
        "store": "StoreError",
        "connector a (fake)": "BadArguments",
        "connector b (fakee)": "BadArguments",
    }
    assert "make it" in sick["store"]
    assert "did you mean 'latency'" in sick["connector a (fake)"]
    (folder / "broken.yaml").write_text("connectors: {a: {backnd: fake}}\n")
    (broken,) = vca_json("-c", "broken.yaml", "doctor", code=1)["findings"]
    assert "did you mean 'backend'" in broken["detail"]
    error = from_data(broken["error"])
    assert (type(error), error.message) == (BadArguments, broken["detail"])


def test_a_wrong_spill_folder_is_found_before_an_outage(folder: Path) -> None:
    (folder / "status").write_text("")
    (folder / "sick.yaml").write_text("status: {spill: status/spill}\nconnectors: {a: {backend: fake}}\n")
    assert "status.spill: expected a folder" in vca("-c", "sick.yaml", "config", "check", code=2)
    found = vca_json("-c", "sick.yaml", "doctor", code=1)
    assert {one["what"] for one in found["findings"] if not one["ok"]} == {"status.spill"}
    assert "connector a (fake)" in {one["what"] for one in found["findings"]}
    (folder / "well.yaml").write_text("status: {spill: spill}\nconnectors: {a: {backend: fake}}\n")
    assert {one["what"]: one["ok"] for one in vca_json("-c", "well.yaml", "doctor")["findings"]}["status.spill"]


def test_a_demo_without_room_leaves_no_half_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with no_room():
        output = vca("demo", "--folder", "mine", code=2)
    assert "--folder: it cannot be written to mine: " in output
    assert not (tmp_path / "mine").exists()
    assert "NS demo is up." in vca("demo", "--folder", "mine")


def test_the_demo_has_a_folder_of_its_own_and_can_be_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "NS demo is up." in vca("demo", "--folder", "mine")
    assert "Nothing to do" in vca("demo", "--folder", "mine")
    assert (tmp_path / "mine" / "service" / "service.yaml").exists()
