"""Rows of a table of faults: what is met on a slice of its own, and what it comes to."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.cluster.sharing import Cluster
from support.juju_k8s import on_kubernetes

from vca_core import Connector
from vca_core.errors import VcaError
from vca_core.stores import MemoryStore
from vca_jujusim import SimulatedController

APP = "app-vnf-vnf1"
IMAGE = {"resources": {"image": "registry.example.com/dns:1"}}


@dataclass
class Scene:
    """A slice of its own, on a controller and in a cluster that rows share.

    Args:
        juju: the controller.
        cluster: behind its clouds.
        charms: a folder with `dns` and, with storage, `stored`.
        ns: its NS.
        store: where its statuses are.
        texts: what callers were told.
    """

    juju: SimulatedController
    cluster: Cluster
    charms: Path
    ns: str
    store: MemoryStore = field(default_factory=MemoryStore)
    texts: list[str] = field(default_factory=list)

    @property
    def namespace(self) -> str:
        """Its namespace in the cluster, and its model."""
        return f"{self.ns}-k8s"

    @property
    def ee_id(self) -> str:
        """Its execution environment."""
        return f"{self.namespace}.{APP}.k8s"

    @property
    def place(self) -> dict[str, Any]:
        """Where statuses of its operations are stored."""
        return {"collection": "nsrs", "filter": {"_id": self.ns}, "path": "vca"}

    @asynccontextmanager
    async def connect(self, *, grace: float = 60.0, **options: Any) -> AsyncIterator[Connector]:
        """Connect to it.

        Args:
            grace: how long a pod may be kept from running.
            options: others of the connector.
        """
        looking = {"cluster": {"kubeconfig": str(self.cluster.kubeconfig)}, **options}
        await self.store.ensure("nsrs", {"_id": self.ns})
        async with on_kubernetes(self.juju, self.charms, store=self.store, pod_grace=grace, **looking) as pods:
            yield pods

    async def create(self, pods: Connector, **more: Any) -> None:
        """Create the execution environment."""
        await pods.create_execution_environment(f".{self.ns}.vnf1", self.place, **more)

    async def install(self, pods: Connector, charm: str = "dns", **options: Any) -> None:
        """Install a charm in it."""
        await pods.install_configuration_sw(self.ee_id, charm, self.place, options={**IMAGE, **options})

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Ask the cluster, as an administrator."""
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        return await asyncio.to_thread(self.cluster.api.call, method, path, body, kind)

    async def find(self, path: str) -> Any:
        """Read from the cluster, as an administrator; None: it is not there."""
        return await asyncio.to_thread(self.cluster.api.get, path)

    async def until(self, path: str, is_so: Callable[[Any], object]) -> Any:
        """Wait until an object of the cluster is so."""
        while not is_so(found := await self.find(path)):
            await asyncio.sleep(0.05)
        return found

    async def limit_pods(self, count: int) -> None:
        """Let its namespace have so many pods."""
        path = f"/api/v1/namespaces/{self.namespace}/resourcequotas"
        body = {"metadata": {"name": "few"}, "spec": {"hard": {"pods": str(count)}}}
        await self.ask("POST", path, body)
        await self.until(f"{path}/few", lambda found: (found or {}).get("status", {}).get("hard"))

    async def free_pods(self) -> None:
        """Let its namespace have pods again."""
        await self.ask("DELETE", f"/api/v1/namespaces/{self.namespace}/resourcequotas/few")

    def has_no_model(self) -> None:
        """Check that a create that failed has left no model in Juju."""
        assert self.namespace not in {model.record.name for model in self.juju.world.models.values()}

    async def see_gone(self) -> None:
        """Check that nothing is left of its execution environment, while its namespace stays."""
        model, name = self.juju.model(self.namespace), f"{self.namespace}-{APP}"
        assert (APP in model.applications, model.units_of(APP)) == (False, [])
        assert not [note for note in model.record.annotations if note.startswith("vca-ee-")]
        rights = "/apis/rbac.authorization.k8s.io/v1"
        for path in (f"{rights}/clusterroles/{name}", f"{rights}/clusterrolebindings/{name}"):
            assert await self.find(path) is None
        space = f"/namespaces/{self.namespace}"
        for path in (f"/apis/apps/v1{space}/statefulsets/{APP}", f"/api/v1{space}/services/{APP}"):
            await self.until(path, lambda found: found is None)
        await self.until(f"/api/v1{space}/pods/{APP}-0", lambda found: found is None)

    async def fail(self, work: Awaitable[Any], shows: str) -> tuple[str, str]:
        """Have an operation fail.

        Args:
            work: the operation.
            shows: a pattern of what it is to say; a group in it is what is shown of that.

        Returns:
            What comes of it, and what was said of that.
        """
        try:
            await work
        except VcaError as error:
            text = f"{error.message} {error.__cause__ or ''}"
            self.texts.append(f"{error!r} {error.__cause__!r} {error.output if hasattr(error, 'output') else ''}")
            return _outcome_of(error), self._shown(shows, text)
        raise AssertionError(f"it did not fail; expected {shows}")

    async def see(self, work: asyncio.Future[Any], shows: str) -> str:
        """Wait until the status of an operation under way says something; return that.

        Args:
            work: the operation.
            shows: a pattern of what it is to say.
        """
        while True:
            text = str(await self.store.get("nsrs", {"_id": self.ns}))
            if re.search(shows, text):
                return self._shown(shows, text)
            assert not work.done(), f"it has ended without {shows}: {work}, {text}"
            await asyncio.sleep(0.02)

    def _shown(self, pattern: str, text: str) -> str:
        found = re.search(pattern, text)
        assert found is not None, f"expected {pattern} in: {text}"
        return found[found.lastindex or 0].replace(self.ns, "demo")


@dataclass(frozen=True)
class Row:
    """A row.

    Args:
        fault: what goes wrong.
        operation: which meets it.
        recovery: how things go on from there, which the row does, too.
        meet: does it all; returns what came of the operation and what was said of that.
    """

    fault: str
    operation: str
    recovery: str
    meet: Callable[[Scene], Awaitable[tuple[str, str]]]


def _outcome_of(error: VcaError) -> str:
    return f"{type(error).__name__}, retry" if error.retryable else type(error).__name__
