"""The command on the simulated controller in a process of its own, which is killed in the middle."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.juju import CHARMS
from support.sshd import free_port

TESTS = Path(__file__).parents[2]


@contextmanager
def controller(folder: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "jujusim", "--port", str(port), "--latency", "0.05", "--password", "pass-4711"]
    command += ["--state", str(folder / "world.sqlite"), "--ca-file", str(folder / "ca.pem")]
    process = subprocess.Popen(command, cwd=TESTS, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        assert json.loads(process.stdout.readline())["endpoints"]
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(CHARMS.parent / "service", tmp_path / "service")
    shutil.copytree(CHARMS, tmp_path / "charms")
    return tmp_path / "service"


def vca(*arguments: str) -> list[str]:
    return [str(Path(sys.executable).with_name("vca")), *arguments]


def test_a_controller_that_is_killed_in_the_middle_of_an_apply_loses_nothing(folder: Path) -> None:
    port = free_port("127.0.0.1")
    (folder / "vca.yaml").write_text(
        "artifacts: ../charms\nconnectors:\n  edge:\n    backend: juju-machine\n"
        f"    options: {{endpoints: '127.0.0.1:{port}', secret: pass-4711, ca_cert: ca.pem, delete_grace: 5}}\n"
    )
    with controller(folder, port):
        apply = subprocess.Popen(vca("apply", "service.yaml"), cwd=folder, stdout=subprocess.PIPE, text=True)
        assert apply.stdout is not None
        said = []
        for line in apply.stdout:
            said.append(line)
            if "install" in line and "running" in line:
                break
    with controller(folder, port):
        for line in apply.stdout:
            said.append(line)
            if "run" in line and "running" in line:
                break
    with controller(folder, port):
        said += list(apply.stdout)
        assert apply.wait() == 0, "".join(said)
        apply.stdout.close()
        told = subprocess.run(vca("--json", "status"), cwd=folder, capture_output=True, text=True, check=True)
        assert told.stdout.count('"completed"') >= 3, told.stdout
        subprocess.run(vca("delete", "demo", "--yes"), cwd=folder, capture_output=True, check=True)
