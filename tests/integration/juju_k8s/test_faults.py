"""Each operation on Kubernetes and each fault that it can meet: the documented outcome, and nothing lost.

What came of each is kept in docs/reference/juju-k8s-faults.json; `make docs` makes a page of it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from support.faults.operations import SECRET
from support.faults.pods import FAULTS_ON_PODS, PODS
from support.faults.runs import Recorded, Stage
from support.faults.table import Fault

from vca_core.testing.leftovers import Holdings, leftovers_since
from vca_juju_common import finishing, primitives
from vca_juju_common.client import presence as client_presence
from vca_juju_common.client import waiting
from vca_juju_common.client.requests import models
from vca_jujusim.controller import SimulatedController

KEPT = Path(__file__).parents[3] / "docs" / "reference" / "juju-k8s-faults.json"
WRITE_TO = os.environ.get("VCA_FAULTS_WRITE_TO")
"""A folder: outcomes are written there, to be kept, and not compared with those that are kept."""


@pytest.fixture(scope="module")
def recorded() -> dict[str, Recorded]:
    """What operations do where nothing goes wrong; found out once."""
    return {}


def _no_host(_controller: SimulatedController) -> dict[str, Any]:
    raise AssertionError("nothing is registered on Kubernetes")


@pytest.fixture
def stage(
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    recorded: dict[str, Recorded],
    monkeypatch: pytest.MonkeyPatch,
) -> Stage:
    """Where rows are found out."""
    monkeypatch.setattr(finishing, "LIMIT", 1.0)
    monkeypatch.setattr(waiting, "STALE", 0.7)
    monkeypatch.setattr(primitives, "UNHEARD", 0.7)
    monkeypatch.setattr(client_presence, "SILENCE", 0.3)
    monkeypatch.setattr(client_presence, "AGAIN", 0.3)
    monkeypatch.setattr(models, "LEAVING", 0.5)
    return Stage(tmp_path, tmp_path_factory.getbasetemp(), _no_host, recorded, PODS)


@pytest.mark.parametrize("fault", FAULTS_ON_PODS.values(), ids=list(FAULTS_ON_PODS))
async def test_what_comes_of_operations_on_pods(fault: Fault, stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    before = Holdings.now()
    found = await stage.row(fault)
    assert found == {operation: fault.expected(operation) for operation in fault.concerns}
    assert await leftovers_since(before, 3.0) == []
    lines = [one.getMessage() for one in caplog.records if not one.name.startswith(("vca_jujusim", "aiohttp"))]
    secrets = (SECRET, *stage.passwords)
    assert not [one for one in secrets if any(one in line for line in lines)], "a log holds a secret"
    outcomes: dict[str, dict[str, str]] = {}
    for name, outcome in found.items():
        outcomes.setdefault(PODS.operations[name].family, {})[PODS.operations[name].title] = outcome
    row = {"fault": fault.name, "lasting": fault.lasting, "outcomes": outcomes}
    if WRITE_TO:
        position = list(FAULTS_ON_PODS).index(fault.name)
        (Path(WRITE_TO) / f"{position}.json").write_text(json.dumps(row | {"position": position}))
    else:
        assert row in json.loads(KEPT.read_text("utf-8"))["rows"], "run `make docs`"
