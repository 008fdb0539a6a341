"""Each operation and each fault that it can meet: the documented outcome, and nothing lost or left behind.

What came of each is kept in docs/reference/juju-faults.json; `make docs` makes a page of it.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.faults.operations import OPERATIONS, REGISTER, SECRET
from support.faults.runs import Recorded, Stage
from support.faults.table import FAULTS, Fault
from support.hosts import host_on
from support.sshd import Sshd

from vca_core.testing.leftovers import Holdings, leftovers_since
from vca_juju_common import finishing, primitives
from vca_juju_common.client import presence as client_presence
from vca_juju_common.client import waiting
from vca_jujusim.controller import SimulatedController

KEPT = Path(__file__).parents[3] / "docs" / "reference" / "juju-faults.json"
WRITE_TO = os.environ.get("VCA_FAULTS_WRITE_TO")
"""A folder: outcomes are written there, to be kept, and not compared with those that are kept."""


@pytest.fixture(scope="module")
def recorded() -> dict[str, Recorded]:
    """What operations do where nothing goes wrong; found out once."""
    return {}


class _Lines(logging.Handler):
    """Keeps what is logged, by anybody but the simulated controller."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []
        self.errors: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if not record.name.startswith(("vca_jujusim", "aiohttp")):
            self.lines.append(record.getMessage())
            if record.levelno >= logging.ERROR:
                self.errors.append(record.getMessage())


@pytest.fixture
def logged() -> Iterator[_Lines]:
    handler, root = _Lines(), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield handler
    root.removeHandler(handler)
    root.setLevel(level)


def _no_host(_controller: SimulatedController) -> dict[str, Any]:
    raise AssertionError("nothing is registered in this row")


@pytest.fixture
def stage(
    fault: Fault,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    start_sshd: Callable[..., Sshd],
    recorded: dict[str, Recorded],
    monkeypatch: pytest.MonkeyPatch,
) -> Stage:
    """Where rows are found out: hosts to be registered are one real sshd, whose agent comes with its script."""
    monkeypatch.setattr(finishing, "LIMIT", 1.0)
    monkeypatch.setattr(waiting, "STALE", 0.7)
    monkeypatch.setattr(primitives, "UNHEARD", 0.7)
    monkeypatch.setattr(client_presence, "SILENCE", 0.3)
    monkeypatch.setattr(client_presence, "AGAIN", 0.3)
    host = host_on(start_sshd(), monkeypatch) if REGISTER in fault.concerns else _no_host
    return Stage(tmp_path, tmp_path_factory.getbasetemp(), host, recorded)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=list(FAULTS))
async def test_what_comes_of_operations(fault: Fault, stage: Stage, logged: _Lines) -> None:
    before = Holdings.now()
    found = await stage.row(fault)
    assert found == {operation: fault.expected(operation) for operation in fault.concerns}
    assert await leftovers_since(before, 3.0) == []
    assert logged.errors == []
    text = "\n".join(logged.lines)
    assert not [one for one in (SECRET, *stage.passwords) if one in text], "a log holds a secret"
    outcomes: dict[str, dict[str, str]] = {}
    for name, outcome in found.items():
        outcomes.setdefault(OPERATIONS[name].family, {})[OPERATIONS[name].title] = outcome
    row = {"fault": fault.name, "lasting": fault.lasting, "outcomes": outcomes}
    if WRITE_TO:
        position = list(FAULTS).index(fault.name)
        (Path(WRITE_TO) / f"{position}.json").write_text(json.dumps(row | {"position": position}))
    else:
        assert row in json.loads(KEPT.read_text("utf-8"))["rows"], "run `make docs`"
