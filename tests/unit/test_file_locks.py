"""Locks on files end with the process that took them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from vca_core.file_locks import close_lock_file, open_lock_file, try_lock, wait_lock

FORK = """
def fork():
    if os.fork() == 0:
        print(os.getpid(), flush=True)
        sys.stdin.read()
    os._exit(0)
"""

PROGRAM = f"""
import os, pathlib, sys
from vca_core.file_locks import open_lock_file, try_lock
{FORK}
assert try_lock(open_lock_file(pathlib.Path(sys.argv[1])))
fork()
"""


def test_a_forked_process_holds_no_lock_of_its_parent(tmp_path: Path) -> None:
    file = tmp_path / "lock"
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert parent.wait(60) == 0
        os.kill(child, 0)  # it lives
        lock = open_lock_file(file, make=False)
        assert try_lock(lock)
        close_lock_file(lock)
        parent.communicate()


def test_a_forked_process_may_close_what_is_closed_already(tmp_path: Path) -> None:
    lock = open_lock_file(tmp_path / "lock")
    assert try_lock(lock)
    if (child := os.fork()) == 0:
        try:
            close_lock_file(lock)
        except BaseException:  # noqa: BLE001 - this process must not go on with the tests
            os._exit(1)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    other = open_lock_file(tmp_path / "lock")
    assert not try_lock(other), "this process has it still"
    close_lock_file(lock)
    assert try_lock(other)
    close_lock_file(other)


def test_a_copy_that_is_still_open_holds_no_lock(tmp_path: Path) -> None:
    lock = open_lock_file(tmp_path / "lock")
    wait_lock(lock)
    copy = os.dup(lock)  # as a process has it that is about to become another program
    other = open_lock_file(tmp_path / "lock")
    assert not try_lock(other)
    close_lock_file(lock)
    assert try_lock(other)
    close_lock_file(other)
    os.close(copy)
