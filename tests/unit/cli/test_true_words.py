"""The command never says what is not so: of deletes, failures, lost stores, secrets, and output nobody reads."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.commands import environment, unprivileged
from typer.testing import CliRunner

from vca_core.cli.app import app
from vca_core.stores.sqlite import SqliteStore

ROOT = Path(__file__).parents[3]
RUNNER = CliRunner()


@pytest.fixture
def folder(service: Path) -> Path:
    return service


def vca(*arguments: str, code: int = 0, typed: str | None = None) -> str:
    ended = RUNNER.invoke(app, list(arguments), input=typed)
    assert ended.exit_code == code, ended.output
    return ended.output


def vca_json(*arguments: str, code: int = 0) -> Any:
    return json.loads(vca("--json", *arguments, code=code))


@pytest.mark.parametrize("typed", ["n\n", "y\n", ""])
def test_a_delete_without_a_terminal_needs_yes(folder: Path, typed: str) -> None:
    vca("apply", "service.yaml")
    refused = vca("delete", "demo", code=2, typed=typed)
    assert "--yes" in refused
    assert "demo.app-vnf-core" in refused, "what would go is shown"
    assert "NS demo is deleted" in vca("delete", "demo", "--yes")


def test_what_is_not_there_is_not_said_to_be_deleted(folder: Path) -> None:
    output = vca("delete", "nosuch", "--yes")
    assert "nothing to delete" in output
    assert "is deleted" not in output
    assert vca_json("delete", "nosuch", "--yes")["deleted"] is None


def test_an_ns_in_another_case_is_said_not_to_be_there(folder: Path) -> None:
    vca("apply", "service.yaml")
    output = vca("delete", "DEMO", "--yes", code=2)
    assert "edge has nothing of NS DEMO: did you mean 'demo'?" in output
    assert "share" not in output
    assert "COMPLETED" in vca("status", "demo")


def test_a_delete_has_a_row_for_each_connector(folder: Path) -> None:
    """Two connectors may have an EE of the same id."""
    (folder / "ns.yaml").write_text("ns: two\nvnfs: {core: {charm: simple-router}}\n")
    config = folder / "vca.yaml"
    other = "  other:\n    backend: fake\n    options: {latency: 0, state: other.db}\n"
    config.write_text(f"{config.read_text().rstrip()}\n{other}default: edge\n")
    vca("apply", "ns.yaml")
    for file in folder.glob("vca-status.db*"):
        file.unlink()
    config.write_text(config.read_text().replace("default: edge", "default: other"))
    vca("apply", "ns.yaml", "--build-again")
    for file in folder.glob("vca-status.db*"):
        file.unlink()
    shown = vca("delete", "two", code=2)
    assert [line.split()[2] for line in shown.splitlines() if line.startswith("core")] == ["edge", "other"]
    assert len(vca_json("delete", "two", "--yes")["ees"]) == 2


@pytest.mark.parametrize("command", ["delete", "status"])
@pytest.mark.parametrize(
    ("ns", "message"), [("demo/core", "its VNF core"), ("a.b", "did you mean .a.b?"), (".demo.core", "a part of")]
)
def test_a_vnf_is_not_taken_for_an_ns(folder: Path, command: str, ns: str, message: str) -> None:
    assert message in vca(command, ns, code=2)


def test_a_slice_that_is_known_may_stand_in_front(folder: Path) -> None:
    (folder / "ns.yaml").write_text("ns: b\nnsi: a\nvnfs: {core: {charm: simple-router}}\n")
    vca("apply", "ns.yaml")
    assert vca_json("status", "a.b")["services"][0]["ns"] == "b"
    assert vca_json("run", "a.b/core", "show-routes")["output"]["table"] == "main"
    assert "did you mean .other.b?" in vca("status", "other.b", code=2)
    assert "did you mean .other.b?" in vca("run", "other.b/core", "show-routes", code=2)
    assert "NS b is deleted" in vca("delete", "a.b", "--yes")


def test_a_slice_that_may_be_an_ns_is_asked_about() -> None:
    assert "did you mean .a.b?" in vca("explain", "a.b")


def test_parameters_are_called_as_the_user_calls_them(folder: Path) -> None:
    vca("apply", "service.yaml")
    output = vca("run", "demo/edge", "add-route", "destination=10.0.0.0/8", "via=10.0.0.1", "metric=abc", code=2)
    assert "parameters.metric: expected a whole number" in output
    assert "primitive: charm" in vca("run", "demo/edge", "nope", code=2)


def test_a_failed_primitive_is_reported_by_the_status_too(folder: Path) -> None:
    config = folder / "vca.yaml"
    config.write_text(
        f"{config.read_text()}      script: [{{operation: exec_primitive, primitive: purge, fail: full}}]\n"
    )
    vca("apply", "service.yaml", code=1)
    output = vca("status", code=1)
    assert "demo/cache: day1/0 failed: full" in output
    assert vca_json("status", code=1)["services"][0]["failures"] == [
        {"vnf": "cache", "step": "day1/0", "detail": "full"}
    ]


def test_what_failed_and_left_the_file_is_no_failure_any_more(folder: Path) -> None:
    two_connectors(folder, "[{operation: exec_primitive, primitive: touch, fail: full}]")
    text = "ns: n\nvnfs: {core: {charm: simple-router, day1: [{run: show-routes}OTHER]}}\n"
    (folder / "ns.yaml").write_text(text.replace("OTHER", ", {run: touch, with: {filename: x}}"))
    vca("apply", "ns.yaml", code=1)
    assert "n/core: day1/1 failed: full" in vca("status", code=1)
    (folder / "ns.yaml").write_text(text.replace("OTHER", ""))
    assert "up already" in vca("apply", "ns.yaml")
    assert "failed" not in vca("status")


def test_a_failed_relation_is_reported_by_the_status_too(folder: Path) -> None:
    text = "ns: n\nvnfs: {core: {charm: simple-router}, edge: {charm: simple-router}}\n"
    (folder / "ns.yaml").write_text(f"{text}relations: [[core:nosuch, edge:upstream]]\n")
    vca("apply", "ns.yaml", code=1)
    assert "n/core:nosuch - edge:upstream: relate failed: endpoint_1: " in vca("status", code=1)
    (folder / "ns.yaml").write_text(f"{text}relations: [[core:gateway, edge:upstream]]\n")
    vca("apply", "ns.yaml")
    assert "failed" not in vca("status")


def test_the_status_calls_parameters_as_the_file_does(folder: Path) -> None:
    day1 = "[{run: add-route, with: {destination: 10.0.0.0/8, via: 10.0.0.1, metric: abc}}]"
    (folder / "ns.yaml").write_text(f"ns: n\nvnfs: {{core: {{charm: simple-router, day1: {day1}}}}}\n")
    assert "with.metric: " in vca("apply", "ns.yaml", code=1)
    assert "day1/0 failed: with.metric: " in vca("status", code=1)


def test_an_ee_that_is_gone_is_a_row_of_the_table(folder: Path) -> None:
    vca("apply", "service.yaml")
    (folder / "world.db").unlink()
    assert vca("status", "--refresh", code=1).count("GONE") == 3
    assert vca("status", code=1).count("GONE") == 3, "also when nobody asks again"
    assert {vnf["status"] for vnf in vca_json("status", code=1)["services"][0]["vnfs"].values()} == {"gone"}


def test_another_default_builds_no_second_service(folder: Path) -> None:
    vca("apply", "service.yaml")
    config = folder / "vca.yaml"
    other = "  other:\n    backend: fake\n    options: {latency: 0, state: other.db}\n"
    config.write_text(config.read_text().replace("default: edge", "default: other").rstrip() + "\n" + other)
    assert "Nothing to do" in vca("apply", "service.yaml")
    assert vca_json("delete", "demo", "--yes")["connectors"] == ["edge"]


def two_connectors(folder: Path, script: str = "[]") -> None:
    """A config with the default `edge`, of which a script makes something, and `other`."""
    (folder / "vca.yaml").write_text(
        "artifacts: ../charms\ndefault: edge\nconnectors:\n"
        f"  edge: {{backend: fake, options: {{latency: 0, state: world.db, script: {script}}}}}\n"
        "  other: {backend: fake, options: {latency: 0, state: other.db}}\n"
    )


_AWAY = "fail: {error: VcaConnectionError, message: away}"


def test_a_delete_ends_what_a_second_try_made_elsewhere(folder: Path) -> None:
    two_connectors(folder, f"[{{operation: create_execution_environment, {_AWAY}}}]")
    text = "ns: n\nvnfs: {core: {charm: simple-router, day1: [{run: show-routes}]}}\n"
    (folder / "ns.yaml").write_text(text)
    vca("apply", "ns.yaml", code=3)
    (folder / "ns.yaml").write_text(f"connector: other\n{text}")
    vca("apply", "ns.yaml")
    assert "COMPLETED" in vca("status", "n", "--refresh")
    assert "main" in vca("run", "n/core", "show-routes")
    deleted = vca_json("delete", "n", "--yes")
    assert (deleted["connectors"], len(deleted["ees"])) == (["edge", "other"], 1)
    for file in folder.glob("vca-status.db*"):
        file.unlink()
    assert "nothing to delete" in vca("delete", "n", "--yes"), "no connector has anything left of it"


def test_a_connector_that_is_away_keeps_nothing_on_the_others(folder: Path) -> None:
    rules = (f"{{operation: {one}, {_AWAY}}}" for one in ("create_execution_environment", "delete_namespace"))
    two_connectors(folder, f"[{', '.join(rules)}]")
    (folder / "ns.yaml").write_text("ns: n\nvnfs: {core: {charm: simple-router}}\n")
    vca("apply", "ns.yaml", code=3)
    (folder / "ns.yaml").write_text("ns: n\nconnector: other\nvnfs: {core: {charm: simple-router}}\n")
    vca("apply", "ns.yaml")
    assert "away" in vca("delete", "n", "--yes", code=3)
    two_connectors(folder)
    for file in folder.glob("vca-status.db*"):
        file.unlink()
    assert "nothing to delete" in vca("delete", "n", "--yes"), "the other one's went with the first try"


def test_a_delete_without_the_store_looks_at_all_connectors(folder: Path) -> None:
    vca("apply", "service.yaml")
    config = folder / "vca.yaml"
    other = "  other:\n    backend: fake\n    options: {latency: 0, state: other.db}\ndefault: other\n"
    config.write_text(config.read_text().rstrip() + "\n" + other)
    for file in folder.glob("vca-status.db*"):
        file.unlink()
    assert len(vca_json("delete", "demo", "--yes")["ees"]) == 3


def test_a_backend_that_cannot_be_asked_is_no_success(folder: Path) -> None:
    vca("apply", "service.yaml")
    config = folder / "vca.yaml"
    config.write_text(config.read_text().replace("  edge:", "  other:"))
    output = vca("status", "--refresh", code=2)
    assert output.count("UNKNOWN") == 3
    assert "there is no connector 'edge'" in output


def test_an_option_that_does_not_fit_is_named_with_its_line(folder: Path) -> None:
    (folder / "bad.yaml").write_text("connectors:\n  edge:\n    backend: fake\n    options:\n      latncy: 1\n")
    output = vca("-c", "bad.yaml", "config", "check", code=2)
    assert "bad.yaml:5:7: connectors.edge.options.latncy: unknown key" in output


def test_a_spill_folder_of_the_kernel_is_no_place_for_outcomes(folder: Path) -> None:
    config = folder / "vca.yaml"
    config.write_text(f"{config.read_text().rstrip()}\nstatus: {{spill: /proc}}\n")
    assert "/proc is the kernel's (proc)" in vca("config", "check", code=2)


def test_a_lost_store_does_not_run_primitives_again_in_silence(folder: Path) -> None:
    vca("apply", "service.yaml")
    for file in folder.glob("vca-status.db*"):
        file.unlink()
    for file in folder.glob("status.db*"):
        file.unlink()
    refused = vca("apply", "service.yaml", code=2)
    assert "--day1 done" in refused
    assert "--day1 done" in vca("apply", "service.yaml", code=2), "a refusal leaves nothing behind"
    steps = vca_json("apply", "service.yaml", "--day1", "done")["steps"]
    assert {step["state"] for step in steps if "/day1/" in step["key"]} == {"kept"}


def test_a_lost_store_and_another_default_build_nothing_twice(folder: Path) -> None:
    two_connectors(folder)
    (folder / "ns.yaml").write_text("ns: n\nvnfs: {core: {charm: simple-router, day1: [{run: show-routes}]}}\n")
    vca("apply", "ns.yaml")
    for file in folder.glob("vca-status.db*"):
        file.unlink()
    config = folder / "vca.yaml"
    config.write_text(config.read_text().replace("default: edge", "default: other"))
    refused = vca("apply", "ns.yaml", "--day1", "done", code=2)
    assert "edge has n.app-vnf-core.0 of NS n" in refused
    assert "`connector: edge`" in refused
    assert vca_json("status")["services"] == [], "nothing was begun"
    assert "main" in vca("apply", "ns.yaml", "--build-again"), "a new one has its Day-1 primitives run"


def test_an_older_store_does_not_run_primitives_again_in_silence(folder: Path) -> None:
    file, store = folder / "ns.yaml", folder / "vca-status.db"
    file.write_text("ns: n\nvnfs:\n  core: {charm: simple-router}\n")
    vca("apply", "ns.yaml")
    older = store.read_bytes()
    assert not [*folder.glob("vca-status.db-wal")], "all is in the one file"
    file.write_text(f"{file.read_text()}  late: {{charm: simple-router, day1: [{{run: show-routes}}]}}\n")
    vca("apply", "ns.yaml")
    store.write_bytes(older)
    file.write_text(f"{file.read_text()}  new: {{charm: simple-router, day1: [{{run: show-routes}}]}}\n")
    assert "--day1 done" in vca("apply", "ns.yaml", code=2)
    states = {step["key"]: step["state"] for step in vca_json("apply", "ns.yaml", "--day1", "done")["steps"]}
    assert (states["late/day1/0"], states["new/day1/0"]) == ("kept", "done")


def test_a_lost_store_of_a_slice_is_noticed_at_once(folder: Path) -> None:
    (folder / "ns.yaml").write_text(
        "ns: n\nnsi: slice\nvnfs: {core: {charm: simple-router, day1: [{run: show-routes}]}}\n"
    )
    vca("apply", "ns.yaml")
    for file in folder.glob("vca-status.db*"):
        file.unlink()
    assert "does not know who made it" in vca("apply", "ns.yaml", code=2)
    assert vca_json("status")["services"] == [], "nothing was begun"


def test_what_lives_of_an_ns_beside_its_file_is_reported(folder: Path) -> None:
    two_connectors(folder, f"[{{operation: list_execution_environments, {_AWAY}}}]")
    file = folder / "ns.yaml"
    file.write_text("ns: n\nconnector: other\nvnfs: {core: {charm: simple-router}}\n")
    assert "not known is whether edge has anything of it: away" in vca("apply", "ns.yaml")
    for one in folder.glob("vca-status.db*"):
        one.unlink()
    file.write_text(file.read_text().replace("core:", "renamed:"))
    notes = vca_json("apply", "ns.yaml")["notes"]
    assert notes[0] == "NS n: other has n.app-vnf-core.0 of it, which neither the file nor the status store has"


def test_a_renamed_vnf_registers_no_host_twice(folder: Path) -> None:
    file = folder / "ns.yaml"
    file.write_text("ns: site\nvnfs: {old: {machine: {hostname: h1, username: u}}}\n")
    vca("apply", "ns.yaml")
    for host in ("h1", "H1", "h1., port: 22"):
        file.write_text(f"ns: site\nvnfs: {{new: {{machine: {{hostname: {host}, username: u}}}}}}\n")
        assert "registered already, for VNF old" in vca("apply", "ns.yaml", code=2)
    with sqlite3.connect(folder / "vca-status.db") as store:  # as a process that was killed before it noted it
        store.execute("UPDATE documents SET document = json_remove(document, '$.done') WHERE identity LIKE '%.site%'")
        assert store.total_changes == 1
    store.close()
    assert "registered already, for VNF old" in vca("apply", "ns.yaml", code=2)


def test_a_vnf_that_left_the_file_is_named(folder: Path) -> None:
    file = folder / "ns.yaml"
    file.write_text("ns: n\nvnfs: {core: {charm: simple-router}, edge: {charm: simple-router}}\n")
    vca("apply", "ns.yaml")
    file.write_text("ns: n\nvnfs: {edge: {charm: simple-router}}\n")
    output = vca("apply", "ns.yaml")
    assert "Nothing to do: NS n was up already." in output
    assert "note: core is not in the file any more; its n.app-vnf-core.0 (on edge) goes on as it is: put it" in output
    [left] = vca_json("apply", "ns.yaml")["left_out"]
    assert left["vnf"] == "core"
    assert vca("status").count("n.app-vnf") == 2


def test_two_vnfs_of_a_file_do_not_share_a_host(folder: Path) -> None:
    (folder / "ns.yaml").write_text(
        "ns: site\nvnfs:\n  a: {machine: {hostname: h1, username: u}}\n"
        "  b: {machine: {hostname: H1., username: v, port: 22}}\n"
    )
    assert "VNF b has the host of VNF a" in vca("apply", "ns.yaml", code=2)


def test_a_host_of_another_ns_is_not_registered(folder: Path) -> None:
    for ns, code in (("one", 0), ("two", 1)):
        (folder / "ns.yaml").write_text(f"ns: {ns}\nvnfs: {{v: {{machine: {{hostname: h1, username: u}}}}}}\n")
        output = vca("apply", "ns.yaml", code=code)
        assert ("host h1 is registered already, for namespace .one.v" in output) is (ns == "two")
    for file in folder.glob("vca-status.db*"):
        file.unlink()
    assert "host h1 is registered already" in vca("apply", "ns.yaml", code=1), "the fake knows it, too"


def test_a_changed_secret_is_reported_and_not_kept(folder: Path) -> None:
    file = folder / "ns.yaml"
    text = "ns: site\nvnfs: {old: {machine: {hostname: h1, username: u, password: PASSWORD}}}\n"
    file.write_text(text.replace("PASSWORD", "7f3a9c0e5d1b48266e90b3c815fa2d47"))
    vca("apply", "ns.yaml")
    assert "other secrets" not in vca("apply", "ns.yaml")
    file.write_text(text.replace("PASSWORD", "c41e8a7d2f960b5e3d18a9f4076bc25e"))
    output = vca("apply", "ns.yaml")
    assert "old: register: other secrets are given" in output
    assert "5d1b48266e90" not in output
    assert "7d2f960b5e3d" not in output
    kept = b"".join(one.read_bytes() for one in folder.glob("*.db*"))
    assert kept
    assert not re.search(b"5d1b48266e90|7d2f960b5e3d", kept)


def test_options_have_short_help() -> None:
    assert "Usage" in vca("apply", "-h")


@pytest.mark.parametrize("words", ["-h", "--version", "schema", "status", "run -h"])
def test_every_command_says_in_a_line_that_the_disk_is_full(folder: Path, words: str) -> None:
    vca("apply", "service.yaml") if words == "status" else None
    line = f"{sys.executable} -m vca_core.cli {words} >/dev/full"
    ended = subprocess.run(["/bin/sh", "-c", line], env=environment(), capture_output=True, text=True, check=False)
    assert ended.stderr == "vca: nothing more can be printed: No space left on device\n"
    assert ended.returncode == 1


def test_a_closed_output_is_one_line_and_breaks_nothing_off(folder: Path) -> None:
    line = f"{sys.executable} -m vca_core.cli apply service.yaml >&-"
    ended = subprocess.run(["/bin/sh", "-c", line], env=environment(), capture_output=True, text=True, check=False)
    assert ended.stderr == "vca: nothing more can be printed: standard output is closed\n"
    assert ended.returncode == 1
    assert "Nothing to do" in vca("apply", "service.yaml"), "it went on to its end"


def test_a_watch_ends_when_nobody_looks(folder: Path) -> None:
    vca("apply", "service.yaml")
    line = f"{{ {sys.executable} -m vca_core.cli status --watch; echo $? >code; }} | true"
    subprocess.run(["/bin/sh", "-c", line], env=environment(), capture_output=True, check=True, timeout=60)
    assert (folder / "code").read_text() == "1\n"


@pytest.mark.parametrize("reader", ["true", "cat >/dev/full"])
def test_output_that_nobody_takes_breaks_nothing_off(folder: Path, reader: str) -> None:
    command = f"{sys.executable} -m vca_core.cli apply service.yaml"
    line = f"{command} > /dev/full" if "full" in reader else f"{{ {command}; echo $? >code; }} | {reader}"
    ended = subprocess.run(["/bin/sh", "-c", line], env=environment(), capture_output=True, text=True, check=False)
    assert len(ended.stderr.splitlines()) == 1, ended.stderr
    assert "nothing more can be printed" in ended.stderr
    assert (ended.returncode if "full" in reader else int((folder / "code").read_text())) == 1
    assert "Nothing to do" in vca("apply", "service.yaml"), "it went on to its end"


def test_config_check_looks_at_what_the_config_names(folder: Path) -> None:
    assert "is fine" in vca("config", "check")
    (folder / "key").write_text("no key\n")
    (folder / "key").chmod(0o600)
    options = "endpoints: ['10.0.0.1:17070'], username: u, secret: t0psecret-1, cloud: c"
    (folder / "sick.yaml").write_text(
        "store: sqlite:///absent/s.db\nartifacts: nowhere\nssh_key: key\nconnectors:\n"
        f"  a: {{backend: juju-machine, options: {{{options}, ca_cert: absent.pem}}}}\n"
        f"  b: {{backend: juju-machine, options: {{{options}, ca_cert: key}}}}\ndefault: a\n"
    )
    found = vca_json("-c", "sick.yaml", "config", "check", code=2)["error"]
    keys = ["store", "artifacts", "ssh_key", "connectors.a.options", "connectors.b.options"]
    assert sorted(found["bad_args"]) == sorted(keys)
    for message in (
        f"sick.yaml: artifacts: there is no folder {folder / 'nowhere'}; make it",
        f"sick.yaml: store: there is no folder {folder / 'absent'}",
        "sick.yaml: ssh_key: expected a private key in OpenSSH or PEM format",
        f"sick.yaml: connectors.a.options: ca_cert: {folder / 'absent.pem'}: there is no such file",
        f"sick.yaml: connectors.b.options: ca_cert: {folder / 'key'}: expected a certificate in PEM",
    ):
        assert message in found["text"]
    assert not (folder / "absent").exists()
    unwell = {one["what"] for one in vca_json("-c", "sick.yaml", "doctor", code=1)["findings"] if not one["ok"]}
    assert unwell >= {"artifacts", "ssh_key", "connectors.a.options"}


@pytest.fixture
def read_only(folder: Path) -> Iterator[Path]:
    vca("apply", "service.yaml")
    modes = {path: path.stat().st_mode for path in [*folder.iterdir(), folder]}
    for path, mode in modes.items():
        path.chmod(mode & ~0o222)
    yield folder
    for path, mode in modes.items():
        path.chmod(mode)


def vca_unprivileged(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = unprivileged(sys.executable, "-m", "vca_core.cli", *arguments)
    return subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)


def test_a_read_only_store_can_be_read(read_only: Path) -> None:
    ended = vca_unprivileged("status")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.count("COMPLETED") == 3
    refused = vca_unprivileged("apply", "service.yaml")
    assert refused.returncode == 1, "it does not succeed later by itself"
    assert "let this user write to it and to its folder" in refused.stderr


def test_a_read_only_store_shows_what_a_writer_does(folder: Path) -> None:
    vca("apply", "service.yaml")
    writer = SqliteStore(folder / "vca-status.db")
    with asyncio.Runner() as runner:
        runner.run(writer.open())
        try:
            runner.run(writer.set("vca_services", {"_id": ".demo"}, {"vnfs.core.status": "changed"}))
            for path in [*folder.glob("vca-status.db*"), folder]:
                path.chmod(path.stat().st_mode & ~0o222)
            assert "CHANGED" in vca_unprivileged("status").stdout
            examined = vca_unprivileged("doctor")
            assert examined.returncode == 1
            assert "vca-status.db can only be read: let this user write to it" in examined.stdout
        finally:
            folder.chmod(0o755)
            runner.run(writer.close())


def test_more_units_than_there_may_be_are_refused_at_once(folder: Path) -> None:
    (folder / "ns.yaml").write_text("ns: big\nvnfs: {a: {charm: simple-router, units: 1000000000000}}\n")
    assert "vnfs.a.units: expected at most 1000 units" in vca("apply", "ns.yaml", code=2)
    assert vca_json("status", code=0)["services"] == [], "nothing was begun"


@pytest.mark.parametrize("seconds", ["nan", "inf", "-inf", "-1", "1e999", "soon", ""])
def test_what_is_not_a_time_out_is_reported(folder: Path, seconds: str) -> None:
    output = vca("run", "demo/core", "show-routes", f"--timeout={seconds}", code=2)
    assert "--timeout: expected a finite number of seconds, from 0 up" in output
