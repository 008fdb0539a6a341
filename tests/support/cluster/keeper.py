"""The process that keeps a control plane for as long as anybody uses it: ``python -m support.cluster.keeper FOLDER``.

Each process that uses it holds a shared lock on the file ``users``. The keeper waits for that lock alone, which it gets
when all of them have ended, however they did: then the programs are ended. Should it end first, they end with it.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

from support.cluster.programs import PROGRAMS, ControlPlane, find_programs

FACTS = "cluster.json"
USERS = "users"


def keep(folder: Path, names: list[str]) -> None:
    """Start a control plane, write what it is to `FACTS`, and end it when nobody uses it any more.

    Args:
        folder: where the files are that it is shared by.
        names: of its programs.
    """
    plane = ControlPlane(Path(tempfile.mkdtemp(prefix="cluster-", dir=folder)), find_programs(names))
    facts = folder / FACTS
    with (folder / USERS).open("w") as users:
        try:
            plane.start()
            told = {"server": plane.server, "etcd": plane.etcd, "folder": str(plane.folder), "ids": plane.processes}
            new = plane.folder / FACTS
            new.write_text(json.dumps(told))
            new.rename(facts)
            print("ready", flush=True)  # noqa: T201 - whoever started it waits for that
            _detach()
            fcntl.flock(users, fcntl.LOCK_EX)
        finally:
            facts.unlink(missing_ok=True)  # before the lock is free again
            plane.end()
            shutil.rmtree(plane.folder / "etcd", ignore_errors=True)


def _detach() -> None:
    """Let go of the pipes of whoever started this."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    os.close(nowhere)


if __name__ == "__main__":
    keep(Path(sys.argv[1]), sys.argv[2:] or list(PROGRAMS))
