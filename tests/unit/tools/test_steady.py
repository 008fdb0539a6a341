"""`make steady` tells each run, and leaves no load behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[3] / "tools" / "steady.py"
HANGS = '    pathlib.Path("reached").write_text(str(os.getpid())); __import__("signal").pause()'
LOOKS_AT_THE_LOAD = """
    import os, pathlib
    parent = os.getppid()
    children = pathlib.Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    pathlib.Path("load").write_text(" ".join(one for one in children if one != str(os.getpid())))
"""


def suite(folder: Path, body: str) -> None:
    """Write a suite of one test."""
    folder.joinpath("pytest.ini").write_text("[pytest]\n")
    folder.joinpath("test_tiny.py").write_text(f"def test_it():\n    {body.strip()}\n")


def start(folder: Path, *args: str) -> subprocess.Popen[str]:
    command = [sys.executable, str(TOOL), *args, "--", "-p", "no:cacheprovider"]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True)


def steady(folder: Path, *args: str) -> tuple[int, list[str]]:
    with start(folder, *args) as running:
        assert running.stdout is not None
        lines = running.stdout.read().splitlines()
    return running.returncode, lines


def lives(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_gone(processes: Sequence[int]) -> None:
    """The test's own time limit bounds it."""
    while any(map(lives, processes)):
        time.sleep(0.01)


def test_each_run_has_a_line(tmp_path: Path) -> None:
    suite(tmp_path, "pass")
    code, lines = steady(tmp_path, "--runs", "2")
    assert [line.partition(",")[0] for line in lines] == ["run 1: passed", "run 2: passed", "2 of 2 runs passed"]
    assert code == 0


def test_a_failure_in_any_run_is_named_and_fails_the_verb(tmp_path: Path) -> None:
    suite(tmp_path, 'import pathlib; first = pathlib.Path("first"); assert not first.exists(); first.touch()')
    code, lines = steady(tmp_path, "--runs", "2")
    assert lines[0].startswith("run 1: passed")
    assert lines[1].startswith("run 2: FAILED")
    assert lines[1].endswith(": test_tiny.py::test_it")
    assert lines[2].startswith("1 of 2 runs passed")
    assert code == 1
    assert "assert not" in (tmp_path / ".steady" / "2.log").read_text()


def test_a_run_without_a_result_is_a_failure(tmp_path: Path) -> None:
    suite(tmp_path, "import os; os._exit(7)")
    code, (line, _) = steady(tmp_path, "--runs", "1")
    assert line.startswith("run 1: FAILED")
    assert code == 1


def test_every_processor_is_busy_until_the_last_run_ends(tmp_path: Path) -> None:
    suite(tmp_path, LOOKS_AT_THE_LOAD)
    assert steady(tmp_path, "--runs", "1")[0] == 0
    load = [int(one) for one in (tmp_path / "load").read_text().split()]
    assert len(load) == os.cpu_count()
    assert not any(map(lives, load))


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_the_load_ends_with_the_verb_however_that_ends(tmp_path: Path, how: signal.Signals) -> None:
    os.mkfifo(tmp_path / "reached")
    suite(tmp_path, LOOKS_AT_THE_LOAD + HANGS)
    with start(tmp_path, "--runs", "1") as running:
        suites = int((tmp_path / "reached").read_text())
        load = [int(one) for one in (tmp_path / "load").read_text().split()]
        assert all(map(lives, load))
        running.send_signal(how)
        running.wait()
        wait_gone(load)
        if how is signal.SIGTERM:
            wait_gone([suites])
        else:
            os.kill(suites, signal.SIGKILL)
