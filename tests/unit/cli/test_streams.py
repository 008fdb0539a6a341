"""Streams that are closed, full or waited at: a command does its work, and ends with the code that it would have."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.commands import environment
from typer.testing import CliRunner

from vca_core.cli.app import app

CASES = [
    ("delete demo", "<&-", 2),
    ("delete demo", "<&- >&- 2>&-", 2),
    ("run demo/core touch --params-file -", "<&-", 2),
    ("status --json", "<&- 2>&-", 0),
    ("apply service.yaml", "2>&-", 0),
    ("apply service.yaml", "2>/dev/full", 0),
    ("status", "<&- >&- 2>&-", 1),
    ("nosuch", "2>/dev/full", 2),
    ("nosuch", "2>&-", 2),
    ("--json nosuch", ">/dev/full 2>&-", 2),
    ("", ">/dev/full 2>/dev/full", 2),
    ("run demo/core nosuch", ">/dev/full 2>/dev/full", 2),
]


@pytest.fixture
def folder(service: Path) -> Path:
    assert CliRunner().invoke(app, ["apply", "service.yaml"]).exit_code == 0
    return service


def test_a_closed_or_full_stream_changes_no_exit_code(folder: Path) -> None:
    wrong = []
    for words, streams, code in CASES:
        line = f"{sys.executable} -m vca_core.cli {words} {streams}"
        ended = subprocess.run(["/bin/sh", "-c", line], env=environment(), capture_output=True, text=True, check=False)
        if ended.returncode != code or "Traceback" in ended.stdout + ended.stderr:
            wrong.append((words, streams, ended.returncode, ended.stderr))
    assert wrong == []


def test_no_file_takes_the_place_of_a_closed_stream(folder: Path) -> None:
    """What a library writes to standard error would go into it."""
    program = (
        "import os, sys; sys.argv = ['vca', 'status', '--json']\n"
        "from vca_core.cli import main\n"
        "try: main()\n"
        "finally: open('streams', 'w').write(' '.join(os.readlink(f'/proc/self/fd/{n}') for n in range(3)))"
    )
    line = f'{sys.executable} -c "{program}" <&- >&- 2>&-'
    subprocess.run(["/bin/sh", "-c", line], env=environment(), check=False)
    assert (folder / "streams").read_text() == " ".join(["/dev/null"] * 3)


def test_a_working_folder_that_is_gone_is_named_as_the_reason(folder: Path) -> None:
    (folder / "gone").mkdir()
    line = f"cd gone && rmdir ../gone && {sys.executable} -m vca_core.cli -c {folder / 'vca.yaml'} status"
    ended = subprocess.run(["/bin/sh", "-c", line], env=environment(), capture_output=True, text=True, check=False)
    assert "the folder that this was started in is not there any more" in ended.stderr
    assert ended.returncode == 2


def test_a_command_that_waits_for_a_file_can_be_interrupted(folder: Path) -> None:
    os.mkfifo(folder / "params")
    words = ["run", "demo/core", "touch", "--params-file", "params"]
    # What runs tests may ignore the signal, and then so would the command.
    command = ["env", "--default-signal=INT", sys.executable, "-m", "vca_core.cli", *words]
    process = subprocess.Popen(command, env=environment(), stderr=subprocess.PIPE, text=True)
    with process, (folder / "params").open("w"):  # it has opened it, too
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert said.strip() == "Stopped."
    assert process.returncode == 128 + signal.SIGINT
