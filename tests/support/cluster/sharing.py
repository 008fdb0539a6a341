"""One control plane for all processes of a test run, started by the first one that asks for it."""

from __future__ import annotations

import fcntl
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from support.cluster.api import Api, until
from support.cluster.keeper import FACTS, USERS
from support.cluster.programs import PROGRAMS, TESTS, find_programs, places


@dataclass(frozen=True)
class Cluster:
    """A Kubernetes cluster with one node.

    Args:
        server: the URL of its API server.
        folder: where its certificates and logs are; ``logs/container.log`` is what containers print.
        api: for an administrator.
        prefix: of the namespaces of this process.
    """

    server: str
    folder: Path
    api: Api
    prefix: str = ""
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    @property
    def kubeconfig(self) -> Path:
        """An administrator's."""
        return self.folder / "admin.kubeconfig"

    def new_name(self) -> str:
        """A name that no namespace has."""
        return f"{self.prefix}{next(self._numbers)}"

    def make_namespace(self, name: str | None = None, **metadata: object) -> str:
        """Make a namespace in which pods can be made.

        Returns:
            Its name.
        """
        name = name or self.new_name()
        self.api.post("/api/v1/namespaces", {"metadata": {"name": name, **metadata}})
        until(lambda: self.api.get(f"/api/v1/namespaces/{name}/serviceaccounts/default"))
        return name


@contextmanager
def shared(folder: Path, names: Sequence[str] = PROGRAMS) -> Iterator[dict[str, object]]:
    """Use the control plane that others started in a folder, or start it.

    Args:
        folder: which processes share.
        names: of its programs.

    Yields:
        What the keeper says of it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    facts = folder / FACTS
    with (folder / USERS).open("w") as users:
        with (folder / "start").open("w") as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)
            fcntl.flock(users, fcntl.LOCK_SH)  # waits for the end of one that nobody used any more
            if not facts.exists():
                _start_keeper(folder, names)
        yield json.loads(facts.read_text())


def _start_keeper(folder: Path, names: Sequence[str]) -> None:
    with (folder / "keeper.log").open("w") as log:
        keeper = subprocess.Popen(
            [sys.executable, "-m", "support.cluster.keeper", str(folder), *names],
            stdout=subprocess.PIPE,
            stderr=log,
            cwd=TESTS,
            start_new_session=True,  # what interrupts the tests ends it when they have ended
        )
    assert keeper.stdout is not None
    with keeper.stdout as said:
        ready = said.read()  # until it lets go of the pipe, or ends
    keeper.returncode = 0  # it outlives this process, which is not to complain
    assert ready, f"no cluster: {(folder / 'keeper.log').read_text()[-2000:]}"


def require_programs() -> None:
    """Skip the test where the programs of a control plane are missing; in CI that is a failure."""
    missing = [name for name in PROGRAMS if name not in find_programs()]
    if missing:
        looked = ", ".join(str(one) for one in places())
        reason = f"no {', '.join(missing)} in {looked}: run `make cluster`, or name a folder (VCA_TEST_CLUSTER_BIN)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """One cluster for all tests of a run."""
    require_programs()
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    base = tmp_path_factory.getbasetemp()
    with shared((base.parent if worker else base) / "cluster") as facts:
        folder, server = Path(str(facts["folder"])), str(facts["server"])
        yield Cluster(server, folder, Api(server, folder), f"t-{worker or 'own'}-")
