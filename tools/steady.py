"""Runs the whole test suite again and again on a machine that is kept busy: `make steady`.

A test that hangs on how fast something happens passes on an idle machine and fails on a loaded one. So one process for
each processor does nothing but turn in circles meanwhile. Each run gets a line; what a failed run printed is kept.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

BUSY = """
import os, sys, threading

def end():
    sys.stdin.buffer.read()  # ends with the process that holds the other end, however that ends
    os._exit(0)

threading.Thread(target=end, daemon=True).start()
while True:
    pass
"""

_FAILURE = re.compile(r"^(?:FAILED|ERROR) (?P<test>.+?)(?: - .*)?$", re.MULTILINE)


@dataclass(frozen=True)
class Run:
    """One run of the suite.

    Args:
        code: the exit code of pytest.
        seconds: how long it took.
        output: what it printed.
    """

    code: int
    seconds: float
    output: str

    @property
    def failures(self) -> list[str]:
        """The names of the tests that failed; or, of a run that failed without such tests, its last line."""
        if not self.code:
            return []
        found = list(dict.fromkeys(match["test"] for match in _FAILURE.finditer(self.output)))
        return found or (self.output.strip().splitlines() or [f"pytest ended with {self.code}"])[-1:]

    def line(self, number: int) -> str:
        """The line that is printed about it."""
        text = f"run {number}: {'FAILED' if self.code else 'passed'}, {self.seconds:.0f} s"
        return f"{text}: {', '.join(self.failures)}" if self.code else text


@contextlib.contextmanager
def keep_processors_busy() -> Iterator[None]:
    """Keep every processor busy; the processes that do so end with this one, even if it is killed."""
    busy: list[subprocess.Popen[bytes]] = []
    try:
        for _ in range(os.cpu_count() or 1):
            busy.append(subprocess.Popen([sys.executable, "-c", BUSY], stdin=subprocess.PIPE))  # noqa: PERF401, S603 - one that started is ended though the next does not; ours
        yield
    finally:
        for process in busy:
            process.kill()
        for process in busy:
            process.communicate()


def run_suite(args: Sequence[str]) -> Run:
    """Run pytest once, to its end; it does not outlive this call."""
    began = time.monotonic()
    command = [sys.executable, "-m", "pytest", *args]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as pytest:  # noqa: S603 - ours
        try:
            output, _ = pytest.communicate()
        finally:
            if pytest.poll() is None:
                pytest.terminate()
    return Run(pytest.returncode, time.monotonic() - began, output)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the suite several times, and print each run.

    Args:
        argv: the arguments of the command line; None: those of this process.

    Returns:
        The exit code: 1 if a run failed.
    """
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition(":")[0])
    parser.add_argument("--runs", type=int, default=10, help="how many runs (10)")
    parser.add_argument("--logs", type=Path, default=Path(".steady"), help="where the output of failed runs is kept")
    parser.add_argument("args", nargs="*", metavar="ARG", help="of pytest; after --")
    given = parser.parse_args(argv)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    failed = 0
    with keep_processors_busy():
        for number in range(1, given.runs + 1):
            run = run_suite(given.args)
            print(run.line(number), flush=True)
            if run.code:
                failed += 1
                given.logs.mkdir(parents=True, exist_ok=True)
                (given.logs / f"{number}.log").write_text(run.output, "utf-8")
    print(f"{given.runs - failed} of {given.runs} runs passed" + (f"; see {given.logs}" if failed else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
