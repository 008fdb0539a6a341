"""The example service on a controller in a process of its own: a simulated one, and a real one where one is named.

That is named by `VCA_TEST_JUJU_*`: see docs/how-to/use-juju-on-machines.md.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.juju import CHARMS
from support.processes import PASSWORD, controller
from support.sshd import free_port

NAMES = ("endpoints", "username", "secret", "ca_cert", "cloud", "credential")


@pytest.fixture(params=["simulated", "real"])
def options(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, Any]]:
    """The options of a connector on a controller."""
    if request.param == "real":
        given = {name: os.environ.get(f"VCA_TEST_JUJU_{name.upper()}") for name in NAMES}
        if not given["endpoints"]:
            pytest.skip("VCA_TEST_JUJU_ENDPOINTS names no controller")
        yield {name: f"${{env:VCA_TEST_JUJU_{name.upper()}}}" for name, value in given.items() if value}
        return
    port = free_port("127.0.0.1")
    with controller(tmp_path, port):
        yield {"endpoints": f"127.0.0.1:{port}", "secret": PASSWORD, "ca_cert": str(tmp_path / "ca.pem")}


def vca(folder: Path, *arguments: str) -> dict[str, Any]:
    """What the command tells, as data."""
    command = [str(Path(sys.executable).with_name("vca")), "--json", *arguments]
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    report: dict[str, Any] = json.loads(ended.stdout)
    return report


@pytest.mark.timeout(3600)  # real machines take their time
def test_the_example_service_comes_up_runs_and_goes(tmp_path: Path, options: dict[str, Any]) -> None:
    folder = tmp_path / "service"
    shutil.copytree(CHARMS.parent / "service", folder)
    shutil.copytree(CHARMS, tmp_path / "charms")
    edge = {"backend": "juju-machine", "options": options, "timeouts": {"total": 3000, "progress": 1500}}
    (folder / "vca.yaml").write_text(yaml.safe_dump({"artifacts": "../charms", "connectors": {"edge": edge}}))
    try:
        assert vca(folder, "doctor")["ok"]
        applied = vca(folder, "apply", "service.yaml")
        assert {one["status"] for one in applied["ees"].values()} == {"completed"}
        again = vca(folder, "apply", "service.yaml")
        assert {name: one["ee_id"] for name, one in again["ees"].items()} == {
            name: one["ee_id"] for name, one in applied["ees"].items()
        }
        assert vca(folder, "run", "demo/core", "show-routes", "table=main")
    finally:
        vca(folder, "delete", "demo", "--yes")
