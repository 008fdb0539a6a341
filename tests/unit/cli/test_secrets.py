"""Secrets and the command: they need not be typed, and nothing that it prints or keeps holds them."""

from __future__ import annotations

import json
import traceback
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from vca_core.cli.app import app

ROOT = Path(__file__).parents[3]
RUNNER = CliRunner()
SECRET = 't0p-s3cret/of"mine'


@pytest.fixture
def folder(service: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PLACE", SECRET)
    (service / "place.txt").write_text(f"{SECRET}\n")
    return service


def vca(*arguments: str, code: int = 0, typed: str | None = None) -> str:
    ended = RUNNER.invoke(app, list(arguments), input=typed)
    assert ended.exit_code == code, ended.output
    assert not has_secret(ended.output)
    return ended.output


def keeps_no_secret(folder: Path) -> bool:
    """Whether the status store is free of it; the fake's world has what a machine has."""
    return all(SECRET[:9].encode() not in one.read_bytes() for one in folder.glob("vca-status.db*"))


@pytest.fixture
def applied(folder: Path) -> Path:
    vca("apply", "service.yaml")
    return folder


@pytest.mark.parametrize("value", ["${env:PLACE}", "${file:place.txt}"])
def test_a_value_of_run_comes_from_a_variable_or_a_file(applied: Path, value: str) -> None:
    report = json.loads(vca("run", "demo/core", "touch", f"filename={value}", "--json"))
    assert report["output"]["filename"] == "***", "it arrived, or the charm had refused it: and is not shown"
    assert "***" in vca("run", "demo/core", "touch", f"filename={value}")
    assert keeps_no_secret(applied)


@pytest.mark.parametrize("source", ["params.yaml", "params.json", "-"])
def test_parameters_come_from_a_file_or_standard_input(applied: Path, source: str) -> None:
    text = "filename: mine\n" if source.endswith("yaml") else '{"filename": "mine"}'
    if source != "-":
        (applied / source).write_text(text)
    words = ["run", "demo/core", "touch", "--params-file", source, "--json"]
    assert json.loads(vca(*words, typed=text))["output"]["filename"] == "mine"
    given = json.loads(vca(*words, "filename=typed", typed=text))
    assert given["output"]["filename"] == "typed", "what is typed goes before"


def test_text_in_a_params_file_stays_as_it_was_written(applied: Path) -> None:
    words = ["run", "demo/core", "touch", "--params-file", "-", "--json"]
    for text in ("filename: 1.10", '{"filename": 1.10}'):
        assert json.loads(vca(*words, typed=text))["output"]["filename"] == "1.10"
    shown = vca(*words, typed="{filename: 0x7777, password: 0x7777}")
    assert json.loads(shown)["output"]["filename"] == "***", "a secret is hidden as it was written, too"


def test_a_params_file_refers_to_what_it_may_only(applied: Path) -> None:
    (applied / "params.yaml").write_text("filename: ${env:PLACE}\n")
    words = ["run", "demo/core", "touch", "--params-file", "params.yaml"]
    assert "`--env PLACE`" in vca(*words, code=2)
    assert "***" in vca(*words, "--env", "PLACE")
    (applied / "params.yaml").write_text("filename: ${file:place.txt}\n")
    assert "***" in vca(*words)
    (applied / "params.yaml").write_text("filename: ${file:../elsewhere.txt}\n")
    (applied.parent / "elsewhere.txt").write_text(SECRET)
    assert "--allow-files" in vca(*words, code=2)
    assert "***" in vca(*words, "--allow-files", "..")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a\n", "expected parameters by name"),
        ("a: [1\n", "params.yaml:"),
        ("a: 1\na: 2\n", "twice"),
        (f"a: !!bool {SECRET}\n", "params.yaml:1:"),
        ("", "expected parameters by name"),
    ],
)
def test_a_params_file_that_is_wrong_is_reported_without_values(applied: Path, text: str, message: str) -> None:
    (applied / "params.yaml").write_text(text)
    assert message in vca("run", "demo/core", "touch", "--params-file", "params.yaml", code=2)
    assert "cannot be read" in vca("run", "demo/core", "touch", "--params-file", "absent.yaml", code=2)


def test_a_parameter_that_is_typed_twice_is_refused(applied: Path) -> None:
    assert "given twice" in vca("run", "demo/core", "touch", "filename=a", "filename=b", code=2)


@pytest.mark.parametrize("option", ["admin-password", "hostname"])
def test_what_an_ee_was_configured_with_is_not_printed_later(folder: Path, option: str) -> None:
    """In another process, by a charm that repeats it, whether its primitive succeeds or fails.

    What came by reference is secret under a name that sounds harmless, too.
    """
    said = json.dumps(f"login with {SECRET}")
    rules = f"""
      script:
      - {{operation: exec_primitive, primitive: show-routes, result: {{o: {said}}}}}
      - {{operation: exec_primitive, primitive: touch, fail: {{message: refused, output: {{o: {said}}}}}}}
"""
    (folder / "vca.yaml").write_text((folder / "vca.yaml").read_text().rstrip() + rules)
    (folder / "ns.yaml").write_text(
        f"ns: demo\nvnfs: {{core: {{charm: simple-router, config: {{{option}: '${{env:PLACE}}'}}}}}}\n"
    )
    vca("apply", "ns.yaml", "--env", "PLACE")
    assert "login with ***" in vca("run", "demo/core", "show-routes")
    assert "login with ***" in vca("run", "demo/core", "show-routes", "--json")
    assert "login with ***" in vca("run", "demo/core", "touch", "filename=x", code=1)
    assert "login with ***" in vca("run", "demo/core", "touch", "filename=x", "--json", code=1)


def test_apply_prints_nothing_that_came_by_reference(folder: Path) -> None:
    (folder / "ns.yaml").write_text(
        "ns: demo\nvnfs: {core: {charm: simple-router, day1: [{run: touch, with: {filename: '${env:PLACE}'}},\n"
        "  {run: touch, with: {filename: '${file:place.txt}'}}]}}\n"
    )
    data: Any = json.loads(vca("--json", "apply", "ns.yaml", "--env", "PLACE"))
    assert [output["filename"] for output in data["outputs"].values()] == ["***", "***"]
    vca("delete", "demo", "--yes")
    output = vca("apply", "ns.yaml", "--env", "PLACE")
    assert output.count("'filename': '***'") == 2
    assert keeps_no_secret(folder)


def test_what_fails_shows_nothing_secret(folder: Path) -> None:
    config = folder / "vca.yaml"
    quoted = json.dumps(SECRET)
    rule = f"{{operation: exec_primitive, primitive: touch, fail: {{message: {quoted}, output: {{stderr: {quoted}}}}}}}"
    config.write_text(f"{config.read_text()}      script: [{rule}]\n")
    vca("apply", "service.yaml")
    for value in ("filename=${env:PLACE}", f"filename=x password={quoted}"):
        words = ["run", "demo/core", "touch", *value.split(" ", 1)]
        assert "***" in vca(*words, code=1)
        assert "***" in vca(*words, "--json", code=1)
    assert keeps_no_secret(folder)
    (folder / "ns.yaml").write_text(
        "ns: other\nvnfs: {core: {charm: simple-router, day1: [{run: touch, with: {filename: '${env:PLACE}'}}]}}\n"
    )
    vca("apply", "ns.yaml", "--env", "PLACE", code=1)
    vca("status", "other", code=1)
    vca("status", "--json", code=1)
    vca("apply", "ns.yaml", "--env", "PLACE", "--json", code=1)
    assert keeps_no_secret(folder)


def shown(*arguments: str) -> str:
    """What a command that fails shows: Python prints a traceback of an error that leaves it."""
    ended = RUNNER.invoke(app, list(arguments))
    assert ended.exit_code in (1, 2)
    error = ended.exception
    return ended.output + ("" if isinstance(error, SystemExit) else "".join(traceback.format_exception(error)))


def has_secret(text: str) -> bool:
    return any(form in text for form in (SECRET, json.dumps(SECRET)[1:-1], repr(SECRET)[1:-1]))


@pytest.mark.parametrize("option", ["--json", "--debug", "--verbose"])
@pytest.mark.parametrize(
    "options", ["create: {base: VALUE}", "create: {constraints: {arch: VALUE}}", "install: {storage: {data: VALUE}}"]
)
def test_a_refused_option_shows_nothing_it_refers_to(folder: Path, options: str, option: str) -> None:
    options = options.replace("VALUE", "'${env:PLACE}'")
    (folder / "ns.yaml").write_text(f"ns: n\nvnfs: {{core: {{charm: simple-router, options: {{{options}}}}}}}\n")
    output = shown(option, "apply", "ns.yaml", "--env", "PLACE")
    assert "***" in output, "the error would show it"
    assert not has_secret(output)


@pytest.mark.parametrize("command", ["config check", "doctor", "delete n --yes"])
@pytest.mark.parametrize("text", ["store: VALUE", "connectors: {a: {backend: fake, options: {base: VALUE}}}"])
def test_a_refused_config_shows_nothing_it_refers_to(folder: Path, text: str, command: str) -> None:
    config = "connectors: {a: {backend: fake}}\n" if text.startswith("store") else ""
    (folder / "c.yaml").write_text(config + text.replace("VALUE", "'${env:PLACE}'") + "\n")
    for option in ("--verbose", "--json", "--debug"):
        assert not has_secret(shown("-c", "c.yaml", option, *command.split()))


def test_switches_and_numbers_that_came_by_reference_are_shown(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They would take apart whatever says a number, or `no`."""
    monkeypatch.setenv("LATENCY", "0")
    monkeypatch.setenv("TABLE", "no")
    config = folder / "vca.yaml"
    config.write_text(config.read_text().replace("latency: 0", "latency: '${env:LATENCY}'"))
    vca("apply", "service.yaml")
    report = json.loads(vca("run", "demo/core", "show-routes", "table=${env:TABLE}", "--json"))["output"]
    assert (report["table"], report["unit"]) == ("no", "app-vnf-core-vdu-vm-cnt-z0/0")
    assert "***" not in vca("status")
    assert "***" not in vca("run", "demo/core", "nosuch", "table=${env:TABLE}", code=2)


def test_the_names_in_an_error_stay_where_one_is_a_password(folder: Path) -> None:
    (folder / "ns.yaml").write_text("ns: acme-7\nvnfs: {core: {charm: simple-router}}\n")
    vca("apply", "ns.yaml")
    for option in ("--verbose", "--json"):
        shown = vca(option, "run", "acme-7/core", "touch", "password=acme-7", code=2)
        assert "acme-7.app-vnf-core.0" in shown


def test_a_host_that_came_by_reference_is_not_shown_later(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOST", "10.99.88.77")
    (folder / "ns.yaml").write_text("ns: n\nvnfs: {core: {machine: {hostname: '${env:HOST}', username: u}}}\n")
    vca("apply", "ns.yaml", "--env", "HOST")
    assert "10.99.88.77" not in vca("status", "--json")


@pytest.mark.parametrize("given", ["conf={pin: VALUE}", "list=[{inner: VALUE}]", "either=VALUE"])
def test_what_is_declared_secret_at_any_depth_is_not_shown(folder: Path, given: str) -> None:
    charm = folder.parent / "charms" / "pin"
    charm.mkdir()
    (charm / "metadata.yaml").write_text("name: pin\nsummary: s\ndescription: d\nseries: [jammy]\n")
    (charm / "dispatch").write_text("#!/bin/sh\n")
    (charm / "actions.yaml").write_text(
        "unlock:\n  params:\n    conf: {type: object, properties: {pin: {type: string, writeOnly: true}}}\n"
        "    list: {type: array, items: {type: object, properties: {inner: {type: string, format: password}}}}\n"
        "    either: {anyOf: [{type: integer}, {type: string, writeOnly: true}]}\n"
    )
    (folder / "ns.yaml").write_text("ns: n\nvnfs: {core: {charm: pin}}\n")
    vca("apply", "ns.yaml")
    for option in ("--verbose", "--json"):
        output = vca(option, "run", "n/core", "unlock", given.replace("VALUE", "Fresh-88-pin"))
        assert "Fresh-88" not in output


@pytest.mark.parametrize("value", ["${file:x", "${ENV:X}", "${env:}"])
def test_what_only_looks_like_a_reference_is_no_parameter(applied: Path, value: str) -> None:
    (applied / "params.yaml").write_text(f"x: 1\nfilename: '{value}'\n")
    said = "filename: expected a reference as ${env:NAME} or ${file:path}"
    assert f"params.yaml:2:1: {said}" in vca("run", "demo/core", "touch", "--params-file", "params.yaml", code=2)
    assert f"error: {said}" in vca("run", "demo/core", "touch", f"filename={value}", code=2)
    assert "${env:X}" in vca("run", "demo/core", "touch", "filename=$${env:X}")


def test_what_run_has_set_is_not_denied(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`vca apply` does not see whether a changed secret was set since, and says so."""
    (folder / "ns.yaml").write_text(
        "ns: site\nvnfs: {core: {charm: simple-router, config: {admin-password: '${env:PW}'}}}\n"
    )
    monkeypatch.setenv("PW", "7f3a9c0e5d1b48266e90b3c815fa2d47")
    vca("apply", "ns.yaml", "--env", "PW")
    monkeypatch.setenv("PW", "c41e8a7d2f960b5e3d18a9f4076bc25e")
    vca("run", "site/core", "config", "admin-password=${env:PW}")
    output = " ".join(vca("apply", "ns.yaml", "--env", "PW").split())
    assert "core: install simple-router: other secrets are given than when it was done" in output
    assert "whether that was done since is not known" in output
    assert "were not applied" not in output
