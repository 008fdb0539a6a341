"""A model's namespace: its objects are made as the model says, and the model learns of its pods."""

from __future__ import annotations

import asyncio

from vca_jujusim.cluster.api import Away, Json, Refused, ask_together
from vca_jujusim.cluster.asking import Asking
from vca_jujusim.cluster.ending import end_namespace
from vca_jujusim.cluster.objects import MANAGER, NAME, VERSION, Wanted, application_objects, application_paths
from vca_jujusim.world.entities import ALIVE, Application
from vca_jujusim.world.model import Model
from vca_jujusim.world.places import Pod
from vca_jujusim.world.settling import settle

AGAIN = 0.25
"""Seconds after which Juju asks again for what was refused, or could not be asked."""


class Namespace:
    """A model's namespace in a cluster.

    Args:
        asking: who asks the cluster that it is in.
        model: whose it is.
    """

    def __init__(self, asking: Asking, model: Model) -> None:
        self._asking = asking
        self._model = model
        self._pods: dict[str, Pod] = {}
        self._is_known = False
        self._due: set[str] = set()
        self._asked = asyncio.Event()
        self._made: dict[str, dict[str, Json]] = {}
        self._cleared: set[str] = set()
        self._troubles: dict[str, str] = {}
        self._addresses: dict[str, str] = {}
        self._is_ending = False
        self._tasks = [asking.start(self._watch()), asking.start(self._work())]

    def pod(self, name: str) -> Pod | None:
        """See `Place`."""
        return self._pods.get(name)

    def is_without(self, name: str) -> bool:
        """See `Place`."""
        return self._is_known and name not in self._pods

    def trouble(self, application: str) -> str:
        """See `Place`."""
        return self._troubles.get(application, "")

    def service_address(self, application: str) -> str:
        """See `Place`."""
        return self._addresses.get(application, "")

    def follow(self, application: str) -> None:
        """See `Place`."""
        self._due.add(application)
        self._asked.set()

    def has_cleared(self, application: str) -> bool:
        """See `Place`."""
        return application in self._cleared

    def bury(self) -> None:
        """See `Place`."""
        if not self._is_ending:
            self._is_ending = True
            self._asking.start(self._end())

    async def _ask(self, method: str, path: str, body: Json | None = None, **query: str) -> Json:
        return await self._asking.ask(self._model, method, path, body, **query)

    # --- what is in it

    async def _work(self) -> None:
        """Make what the model wants, one application after the other."""
        while True:
            await self._asked.wait()
            self._asked.clear()
            failed = set()
            while self._due and not self._model.is_suspended:
                name = self._due.pop()
                if not await self._try(name):
                    failed.add(name)
            if failed:
                self._due |= failed
                asyncio.get_running_loop().call_later(AGAIN, self._asked.set)

    async def _try(self, name: str) -> bool:
        trouble = ""
        try:
            await self._bring(name)
        except Refused as refused:
            trouble = refused.message
        except Away as away:
            trouble = str(away)
        if self._troubles.get(name, "") != trouble:
            self._troubles[name] = trouble
        self._settle_units(name)
        return not trouble

    async def _bring(self, name: str) -> None:
        application = self._model.applications.get(name)
        if application is None:
            return
        if application.life == ALIVE:
            self._cleared.discard(name)
            for step in application_objects(self._model, application):
                await ask_together(*(self._ensure(name, wanted) for wanted in step))
        elif name not in self._cleared and (not application.stuck or self._model.record.force):
            await self._clear(application)

    async def _ensure(self, name: str, wanted: Wanted) -> None:
        made = self._made.setdefault(name, {})
        if made.get(wanted.path) == wanted.body:
            return
        try:
            found = await self._ask("POST", wanted.kind, wanted.body) if wanted.path not in made else None
        except Refused as refused:
            if refused.status != 409:
                raise
            found = None
        if found is None:
            found = await self._ask("PATCH", wanted.path, wanted.change)
        made[wanted.path] = wanted.body
        if wanted.path.endswith(f"/services/{name}"):
            self._addresses[name] = str(found["spec"].get("clusterIP") or "")

    async def _clear(self, application: Application) -> None:
        name, space = application.name, self._model.record.name
        chosen = f"{MANAGER}=juju,{NAME}={name}"
        secrets = self._delete(f"/api/v1/namespaces/{space}/secrets", labelSelector=chosen)
        await ask_together(*(self._delete(path) for path in application_paths(self._model, name)), secrets)
        self._made.pop(name, None)
        self._addresses.pop(name, None)
        self._cleared.add(name)
        settle(self._model, "application", name)

    async def _delete(self, path: str, **query: str) -> None:
        try:
            await self._ask("DELETE", path, None, **query)
        except Refused as refused:
            if refused.status != 404:
                raise

    def _settle_units(self, name: str) -> None:
        for unit in self._model.units_of(name):
            settle(self._model, "unit", unit.name)

    # --- its pods

    async def _watch(self) -> None:
        """Follow the pods, and let their units go on."""
        kind = f"/api/v1/namespaces/{self._model.record.name}/pods"
        while True:
            try:
                listed = await self._ask("GET", kind)
                pods = {pod["metadata"]["name"]: _read(pod) for pod in listed["items"]}
                self._is_known = True
                for name in self._pods.keys() | pods.keys():
                    self._note(name, pods.get(name))
                version = str(listed["metadata"]["resourceVersion"])
                async for pod in self._asking.watch(self._model, kind, version):
                    self._note(pod["metadata"]["name"], None if pod.get("gone") else _read(pod))
            except (Refused, Away):
                await asyncio.sleep(AGAIN)

    def _note(self, name: str, pod: Pod | None) -> None:
        if pod is None:
            self._pods.pop(name, None)
        elif self._pods.get(name) == pod:
            return
        else:
            self._pods[name] = pod
        settle(self._model, "unit", "/".join(name.rsplit("-", 1)))

    # --- its end

    async def _end(self) -> None:
        """Delete the namespace and what its model has elsewhere; then remove the model."""
        while True:
            try:
                await end_namespace(self._asking, self._model)
                break
            except (Refused, Away):
                await asyncio.sleep(AGAIN)
        for task in self._tasks:
            task.cancel()
        self._model.world.remove_model(self._model)


def _read(pod: Json) -> Pod:
    meta, status = pod["metadata"], pod.get("status") or {}
    conditions = {one["type"]: one for one in status.get("conditions") or []}
    is_ready = conditions.get("Ready", {}).get("status") == "True" and not meta.get("deletionTimestamp")
    address = str(status.get("podIP") or "") if is_ready and status.get("phase") == "Running" else ""
    version = str((meta.get("annotations") or {}).get(VERSION) or "0")
    return Pod(meta["name"], meta["uid"], address, version, "" if address else _trouble(status, conditions))


def _trouble(status: Json, conditions: dict[str, Json]) -> str:
    """Return why a pod does not run, in Juju's words."""
    for one in [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]:
        waiting = (one.get("state") or {}).get("waiting")
        if waiting:
            return f"{waiting.get('reason')}: {waiting.get('message') or ''}".rstrip(": ")
    scheduled = conditions.get("PodScheduled", {})
    if scheduled.get("status") == "False":
        return str(scheduled.get("message") or scheduled.get("reason") or "")
    return str(status.get("message") or "")
