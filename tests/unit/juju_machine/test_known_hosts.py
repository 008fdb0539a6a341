"""The file of hosts' keys is locked for one process at a time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from vca_core.file_locks import close_lock_file, open_lock_file, try_lock

FORKS = """
import os, pathlib, sys
from vca_juju_machine.provisioning import known_hosts

def fork(file):
    if os.fork() == 0:
        print(os.getpid(), flush=True)
        sys.stdin.read()
    os._exit(0)

known_hosts._text_of = fork
known_hosts.remember(pathlib.Path(sys.argv[1]), "host", None)
"""


def test_a_process_that_is_forked_meanwhile_holds_up_nobody(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", FORKS, str(tmp_path / "hosts")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert parent.wait(60) == 0
        os.kill(child, 0)  # it lives
        lock = open_lock_file(tmp_path / ".hosts.lock", make=False)
        assert try_lock(lock)
        close_lock_file(lock)
        parent.communicate()
