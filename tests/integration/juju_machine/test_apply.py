"""The command on the simulated controller in a process of its own, which is killed in the middle."""

from __future__ import annotations

import shutil
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
from support.juju import CHARMS
from support.processes import controller, running
from support.sshd import free_port


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(CHARMS.parent / "service", tmp_path / "service")
    shutil.copytree(CHARMS, tmp_path / "charms")
    return tmp_path / "service"


def vca(*arguments: str) -> list[str]:
    return [str(Path(sys.executable).with_name("vca")), *arguments]


def test_a_controller_killed_during_an_apply_loses_nothing(folder: Path) -> None:
    port = free_port("127.0.0.1")
    (folder / "vca.yaml").write_text(
        "artifacts: ../charms\nconnectors:\n  edge:\n    backend: juju-machine\n"
        f"    options: {{endpoints: '127.0.0.1:{port}', secret: pass-4711, ca_cert: ca.pem, delete_grace: 5}}\n"
    )
    said = []

    def until(*words: str) -> None:
        for line in lines:
            said.append(line)
            if all(word in line for word in words):
                break

    with ExitStack() as stack:
        with controller(folder, port):
            apply, lines = stack.enter_context(running(vca("apply", "service.yaml"), folder))
            until("install", "running")
        with controller(folder, port):
            until("run", "running")
        stack.enter_context(controller(folder, port))
        said += list(lines)
        assert apply.wait() == 0, "".join(said)
        ended = subprocess.run(vca("--json", "status"), cwd=folder, capture_output=True, text=True, check=True)
        assert ended.stdout.count('"completed"') >= 3, ended.stdout
        subprocess.run(vca("delete", "demo", "--yes"), cwd=folder, capture_output=True, check=True)
