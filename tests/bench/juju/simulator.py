"""The simulated controller, in a process of its own, and what it counts."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.juju.place import CLOUD, SSH, Place
from support.juju import proxy_charm
from support.juju_k8s import sidecar

TESTS = Path(__file__).parents[2]
ENVIRON = {**os.environ, "PYTHONPATH": str(TESTS)}
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Counted:
    """What the controller counted up to a moment.

    Args:
        requests: without long polls, pings and uploads.
        polls: long polls: ``AllWatcher.Next``.
        opened: websockets.
        peak: most of them at once.
        uploads: charms.
        failed_logins: logins that it refused.
        seconds: of processor time.
    """

    requests: int
    polls: int
    opened: int
    peak: int
    uploads: int
    failed_logins: int
    seconds: float


class Simulator:
    """A controller that runs.

    Args:
        process: it.
        place: where it is.
        counts: the file into which it writes what it counted when it is asked to.
    """

    def __init__(self, process: subprocess.Popen[str], place: Place, counts: Path) -> None:
        self.place = place
        self._process = process
        self._counts = counts

    def counted(self) -> Counted:
        """What it has counted."""
        self._counts.unlink(missing_ok=True)
        self._process.send_signal(signal.SIGUSR1)
        counts = self._read_line()
        requests = counts["requests"]
        return Counted(
            counts["total"],
            requests.get("AllWatcher.Next", 0),
            counts["opened"],
            counts["peak"],
            sum(upload[-1] for upload in counts["uploads"]),
            counts["failed_logins"],
            _seconds(self._process.pid),
        )

    def _read_line(self) -> dict[str, Any]:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                counts: dict[str, Any] = json.loads(self._counts.read_text())
            except (FileNotFoundError, ValueError):  # not there yet, or half written
                time.sleep(0.01)
            else:
                return counts
        raise RuntimeError("the simulated controller does not tell what it counted")


def _seconds(process: int) -> float:
    """Processor time of a process so far; 0 where the system does not tell it so."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS


@contextmanager
def running(folder: Path, latency: float, steps: str = "") -> Iterator[Simulator]:
    """Start one; it ends with the context.

    Args:
        folder: for its files, and the charm.
        latency: seconds that each step of a life takes.
        steps: the same for single kinds of entities, as ``vca-jujusim --steps`` takes it.
    """
    proxy_charm(folder)
    actions = {name: {"description": "does it"} for name in ("verify-ssh-credentials", "touch")}
    sidecar(
        folder / "pods", config={name: {"type": "string", "default": ""} for name in SSH}, actions=actions, name="proxy"
    )
    counts, ca = folder / "counts.json", folder / "ca.pem"
    command = [sys.executable, "-m", "vca_jujusim", "--port", "0", "--latency", str(latency), "--steps", steps]
    command += ["--kubernetes", CLOUD]
    command += ["--counts", str(counts), "--ca-file", str(ca)]
    with subprocess.Popen(command, env=ENVIRON, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            first_line = json.loads(process.stdout.readline())
            place = Place(
                first_line["endpoints"][0], first_line["username"], first_line["password"], ca.read_text(), str(folder)
            )
            yield Simulator(process, place, counts)
        finally:
            process.terminate()
