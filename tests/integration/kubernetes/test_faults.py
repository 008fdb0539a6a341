"""Faults of a cluster, and what comes of operations on it: between Juju and the API server, and in the cluster itself.

What came of each is kept in docs/reference/juju-k8s-cluster-faults.json; `make docs` makes a page of it.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
from support.clouds import add_cluster, left_by_juju, with_token
from support.cluster.proxy import FaultProxy, Rule, is_watch
from support.cluster.sharing import Cluster
from support.juju import until
from support.juju_k8s import on_kubernetes, sidecar

from vca_core import Connector
from vca_core.errors import VcaError
from vca_juju_common import finishing
from vca_juju_k8s.cluster import pods as pods_module
from vca_jujusim import SimulatedController
from vca_jujusim.cluster import api

pytestmark = pytest.mark.xdist_group("cluster")

KEPT = Path(__file__).parents[3] / "docs" / "reference" / "juju-k8s-cluster-faults.json"
WRITE_TO = os.environ.get("VCA_FAULTS_WRITE_TO")
"""A folder: outcomes are written there, to be kept, and not compared with those that are kept."""

DONE, LATE, FAILED = "done", "VcaTimeoutError, retry", "BackendError"
LIMIT = 1.5
"""Seconds that operations have which a fault makes hang."""

MARGIN = 8.0
"""Seconds beyond it that their clean-up may take on a slow machine."""

APP = "app-vnf-vnf1"


@dataclass(frozen=True)
class Life:
    """A slice on a controller whose cluster is behind a proxy: its own, or that of who looks at it for the backend."""

    pods: Connector
    juju: SimulatedController
    proxy: FaultProxy
    ns: str

    @property
    def ee_id(self) -> str:
        return f"{self.ns}-k8s.{APP}.k8s"


Do = Callable[[Life, Any], Awaitable[Any]]
OPERATIONS: Mapping[str, Do] = {
    "create": lambda life, limit: life.pods.create_execution_environment(f".{life.ns}.vnf1", total_timeout=limit),
    "install": lambda life, limit: life.pods.install_configuration_sw(life.ee_id, "dns", total_timeout=limit),
    "primitive": lambda life, limit: life.pods.exec_primitive(life.ee_id, "touch", total_timeout=limit),
    "scale": lambda life, limit: life.pods.scale(life.ee_id, 2, total_timeout=limit),
    "upgrade": lambda life, limit: life.pods.upgrade(life.ee_id, "next/dns", total_timeout=limit),
    "delete": lambda life, limit: life.pods.delete_execution_environment(life.ee_id, total_timeout=limit),
    "delete NS": lambda life, limit: life.pods.delete_namespace(f".{life.ns}", total_timeout=limit),
}
FAMILIES = {
    "create": "Operations that make",
    "install": "Operations that make",
    "primitive": "Operations that work",
    "scale": "Operations that work",
    "upgrade": "Operations that work",
    "delete": "Operations that delete",
    "delete NS": "Operations that delete",
}


@dataclass(frozen=True)
class Fault:
    """A row of the table: what the proxy does to requests while an operation runs.

    Args:
        name: what goes wrong.
        rule: what the proxy does.
        but: what comes of operations that are not done.
        waits: seconds after which Juju takes it that there will be no answer; None: as many as it takes.
        restarts: whether the proxy itself goes away when a request meets the rule, and comes back.
        is_ours: whether it is for requests of the backend, which looks at the cluster, and not for Juju's.
    """

    name: str
    rule: Callable[[], Rule]
    but: Mapping[str, str] = field(default_factory=dict)
    waits: float | None = None
    restarts: bool = False
    is_ours: bool = False

    def expected(self, operation: str) -> str:
        """What comes of an operation."""
        return self.but.get(operation, DONE)


_NO_NAMESPACE = {"create": FAILED}
_LATE = dict.fromkeys(("install", "scale", "upgrade", "delete", "delete NS"), LATE)
FAULTS = (
    Fault("API server drops the first three requests", lambda: Rule("refuse", times=3), _NO_NAMESPACE),
    Fault("API server is away for the whole operation", lambda: Rule("refuse"), _NO_NAMESPACE | _LATE),
    Fault("API server refuses the first three requests, as too many (429)", lambda: Rule(429, times=3), _NO_NAMESPACE),
    Fault("API server does not answer the first request", lambda: Rule("hang", times=1), _NO_NAMESPACE, waits=2.0),
    Fault("API server is slow", lambda: Rule("slow")),
    Fault("watches end after their first event", lambda: Rule("cut", is_watch)),
    Fault("watches are refused, as they ask for what is too old (410)", lambda: Rule(410, is_watch)),
    Fault(
        "API server does not take Juju's token (401)",
        lambda: Rule(401),
        _NO_NAMESPACE | _LATE | dict.fromkeys(("install", "scale", "upgrade"), FAILED),
    ),
    Fault("API server restarts at the first request", lambda: Rule("hold", times=1), _NO_NAMESPACE, restarts=True),
    Fault("API server is away for the whole operation, but not for Juju", lambda: Rule("refuse"), is_ours=True),
    Fault("API server answers no request that is not Juju's", lambda: Rule("hang"), is_ours=True),
    Fault("API server is slow, but not for Juju", lambda: Rule("slow"), is_ours=True),
    Fault("API server restarts, but not for Juju", lambda: Rule("hold", times=1), restarts=True, is_ours=True),
    Fault("API server does not take the token of who looks (401)", lambda: Rule(401), is_ours=True),
    Fault("API server does not let anybody look (403)", lambda: Rule(403), is_ours=True),
)
TRIED = FAULTS if WRITE_TO or os.environ.get("VCA_FAULTS") == "whole" else FAULTS[:1]
"""The suite tries the first one, `make faults` all."""


def outcome_of(error: VcaError | None) -> str:
    """In the words of the table."""
    if error is None:
        return DONE
    return f"{type(error).__name__}, retry" if error.retryable else type(error).__name__


async def meet(life: Life, operation: str, fault: Fault) -> str:
    """Let an operation meet a fault; what comes of it. After that it succeeds."""
    do, error, rule = OPERATIONS[operation], None, fault.rule()
    life.proxy.rules = [rule]
    limit = LIMIT if fault.expected(operation) == LATE else None
    try:
        async with asyncio.timeout(None if limit is None else limit + MARGIN):
            working = asyncio.ensure_future(do(life, limit))
            if fault.restarts:
                await until(lambda: rule.met or working.done())
                async with life.proxy.away():
                    rule.free.set()
            await working
    except VcaError as raised:
        error = raised
    finally:
        life.proxy.rules = []
    if error is not None:
        for key, held in list(life.juju.world.credentials.items()):  # as `vca-k8s onboard` sends them again
            life.juju.world.put_credential(key, held)
        await do(life, None)
    return outcome_of(error)


@pytest.fixture(params=TRIED, ids=lambda fault: fault.name)
def fault(request: pytest.FixtureRequest) -> Fault:
    return cast("Fault", request.param)


@pytest.fixture
async def life(
    monkeypatch: pytest.MonkeyPatch, charms: Path, cluster: Cluster, token: str, ns: str, fault: Fault
) -> AsyncIterator[Life]:
    monkeypatch.setattr(finishing, "LIMIT", 1.0)
    monkeypatch.setattr(pods_module, "FIRST", 0.05)
    sidecar(charms / "next", config={"label": {"type": "string", "default": "new"}})
    async with FaultProxy(cluster) as proxy, SimulatedController(clusters="hurried") as juju:
        add_cluster(juju, cluster, token, server=cluster.server if fault.is_ours else proxy.url)
        looking = {"kubeconfig": with_token(cluster, token, proxy.url)} if fault.is_ours else None
        async with on_kubernetes(juju, charms, cluster=looking) as pods:
            yield Life(pods, juju, proxy, ns)


async def test_what_comes_of_operations_where_an_api_server_fails(
    life: Life, fault: Fault, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    if fault.waits is not None:
        monkeypatch.setattr(api, "LIMIT", fault.waits)
    found = {operation: await meet(life, operation, fault) for operation in OPERATIONS}
    assert found == {operation: fault.expected(operation) for operation in OPERATIONS}
    assert [model.record.name for model in life.juju.world.models.values()] == ["controller"]
    assert left_by_juju(cluster, f"{life.ns}-k8s") == []
    outcomes: dict[str, dict[str, str]] = {}
    for operation, outcome in found.items():
        outcomes.setdefault(FAMILIES[operation], {})[operation] = outcome
    row = {"fault": fault.name, "lasting": False, "outcomes": outcomes}
    if WRITE_TO:
        position = FAULTS.index(fault)
        (Path(WRITE_TO) / f"{position}.json").write_text(json.dumps(row | {"position": position}))
    else:
        assert row in json.loads(KEPT.read_text("utf-8"))["rows"], "run `make docs`"
