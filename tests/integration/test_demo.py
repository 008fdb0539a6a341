"""The main job, as people run it: the example service comes up on the backend that a config file names."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


def run(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, capture_output=True, text=True, timeout=500, check=False
    )


def test_the_demo_completes_every_ee_and_shows_what_happened(tmp_path: Path) -> None:
    ended = run(str(EXAMPLES / "demo.py"), folder=tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == ""
    statuses, table = ended.stdout.split("\n\n")
    for word in ("pending", "maintenance", "active", "started"):
        assert word in statuses
    rows = [line for line in table.splitlines() if line.startswith(("core ", "edge ", "cache "))]
    assert [row.split()[2] for row in rows] == ["COMPLETED"] * 3
    assert "CONFIG OK" in table
    assert "'destination': '10.1.0.0/16'" in table


def test_the_demo_says_what_is_wrong_with_a_config(tmp_path: Path) -> None:
    shutil.copytree(EXAMPLES, tmp_path / "examples")
    config = tmp_path / "examples" / "vca.yaml"
    config.write_text(config.read_text().replace("backend: fake", "backend: fakee"))
    ended = run("demo.py", folder=tmp_path / "examples")
    assert ended.returncode == 1
    assert "there is no backend 'fakee': did you mean 'fake'?" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_failing_vnf_fails_the_demo_with_its_reason(tmp_path: Path) -> None:
    shutil.copytree(EXAMPLES, tmp_path / "examples")
    (tmp_path / "examples" / "charms" / "content-cache" / "charmcraft.yaml").write_text(
        "name: content-cache\nactions: 1\n"
    )
    ended = run("demo.py", folder=tmp_path / "examples")
    assert ended.returncode == 1
    assert "charmcraft.yaml" in ended.stderr
    assert "actions" in ended.stderr
    assert "Traceback" not in ended.stderr
