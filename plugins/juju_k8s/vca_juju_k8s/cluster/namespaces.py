"""Namespaces of the cluster: whether one is free for a model, and when that of a deleted one is gone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager, suppress
from logging import LoggerAdapter
from typing import Any, Protocol

from vca_core.errors import BackendError, BadArguments
from vca_juju_common.client.explaining import explain
from vca_juju_common.client.refusals import left_of_model, remove_by_hand
from vca_juju_k8s.cluster.client import ClusterClient
from vca_juju_k8s.cluster.diagnosis import is_leaving, what_holds
from vca_juju_k8s.cluster.errors import ClusterError
from vca_juju_k8s.cluster.watching import beside, looking_at_last

_PATH = "/api/v1/namespaces"
_PAUSE = 1.0
"""Seconds between two looks at what is left in a namespace."""

_FIRST = 2.0
"""Seconds that a controller has to end a model before its namespace is looked at."""


class Maker(Protocol):
    """A controller, which makes namespaces for its models."""

    @property
    def controller_uuid(self) -> str:
        """Its uuid."""

    async def models(self) -> Mapping[str, str]:
        """The uuids of our own models, by name."""

    async def is_no_model(self, uuid: str) -> bool:
        """Whether there is no model of a uuid, whoever's.

        Args:
            uuid: the model's.
        """


async def wait_free(cluster: ClusterClient, name: str, controller: Maker, log: LoggerAdapter[Any]) -> None:
    """Wait until a namespace is free for a model, where it is on its way out.

    Args:
        cluster: where.
        name: of the namespace.
        controller: the one that will make it. One that is that controller's own is left to it.
        log: where a cluster that cannot be read is noted: then the controller decides.

    Raises:
        BadArguments: somebody else has it, or it is left over from a model that no longer exists.
    """
    try:
        found = await cluster.find(f"{_PATH}/{name}")
        if found is not None and not is_leaving(found):
            await _check_owner(name, found, controller)
        elif found is not None:
            await _wait_gone(cluster, name, found)
    except ClusterError as error:
        log.warning("namespace %s was not looked at: %s", name, error.message)


async def wait_gone(
    cluster: ClusterClient, controller: Maker, name: str, models: Collection[str], log: LoggerAdapter[Any]
) -> None:
    """Wait until the namespace of a model that was deleted is gone.

    Args:
        cluster: where.
        controller: the one that made it. One that is another model's, and stays, is not waited for.
        name: of the namespace.
        models: the uuids that the model had, as far as it was there.
        log: where a cluster that cannot be read is noted: then what the controller says is believed.
    """
    try:
        found = await cluster.find(f"{_PATH}/{name}")
        if found is not None and (is_leaving(found) or await _is_left(controller, found, models)):
            await _wait_gone(cluster, name, found)
    except ClusterError as error:
        log.warning("namespace %s was not looked at: %s", name, error.message)


async def _is_no_model(controller: Maker, uuid: str) -> bool:
    """Whether no model has this uuid; asked twice, since a model that is being made gets its namespace first."""
    if not await controller.is_no_model(uuid):
        return False
    await asyncio.sleep(_PAUSE)
    return await controller.is_no_model(uuid)


async def _is_left(controller: Maker, namespace: Mapping[str, Any], models: Collection[str]) -> bool:
    """Whether a namespace is what is left of a model, of an earlier delete, too."""
    model = _note(namespace, "model.juju.is/id")
    if model in models:
        return True
    if not model or _note(namespace, "controller.juju.is/id") != controller.controller_uuid:
        return False
    return await _is_no_model(controller, model)


@asynccontextmanager
async def watch_leaving(cluster: ClusterClient | None, name: str) -> AsyncIterator[list[str]]:
    """Look at a namespace for the length of a ``with`` block, in which the controller ends the model.

    Args:
        cluster: where; None: nobody looks.
        name: of the namespace.

    Yields:
        Why it was still there at the last look, in words; empty before the first one, and while it does not leave.
    """
    left: list[str] = []
    if cluster is None:
        yield left
        return

    async def look_once() -> None:
        with suppress(ClusterError):  # what was seen last stays
            found = await cluster.find(f"{_PATH}/{name}")
            leaving = [found] if found is not None and is_leaving(found) else []
            left[:] = [await _describe_left(cluster, name, one) for one in leaving]

    async def look() -> None:
        await asyncio.sleep(_FIRST)
        while True:
            await look_once()
            await asyncio.sleep(_FIRST)

    async with beside(look()), looking_at_last(look_once, lambda: not left):
        yield left


def still_there(name: str, left: str) -> BackendError:
    """That a namespace is not gone.

    Args:
        name: its name.
        left: why, in words.
    """
    return BackendError(f"namespace {name} of the cluster is still there: {left}")


async def _wait_gone(cluster: ClusterClient, name: str, found: Mapping[str, Any]) -> None:
    uid, left = found["metadata"]["uid"], ""
    with explain(lambda: still_there(name, (left or _conditions(found)) + _way_out(name, found))):
        while True:
            await cluster.wait_change(_PATH, name, found["metadata"]["resourceVersion"])
            now = await cluster.find(f"{_PATH}/{name}")
            if now is None or now["metadata"]["uid"] != uid:
                return
            found, left = now, await _describe_left(cluster, name, now)
            await asyncio.sleep(_PAUSE)


async def _describe_left(cluster: ClusterClient, name: str, namespace: Mapping[str, Any]) -> str:
    """Describe what is left in a namespace."""
    said = [_conditions(namespace)]
    for kind, plural in (("pod", "pods"), ("claim", "persistentvolumeclaims")):
        found = (await cluster.read(f"{_PATH}/{name}/{plural}", limit=20)).get("items") or []
        said += [what_holds(kind, one) for one in found]
    return cluster.scrub("; ".join(said))


def _conditions(namespace: Mapping[str, Any]) -> str:
    status = namespace.get("status") or {}
    told = [one for one in status.get("conditions") or [] if one.get("status") == "True"]
    texts = [f"{one.get('reason')}: {one.get('message')}" for one in told]
    return "; ".join([f"it is {status.get('phase') or 'there'}", *texts])


def _way_out(name: str, namespace: Mapping[str, Any]) -> str:
    """What helps where a namespace does not even leave."""
    if is_leaving(namespace):
        return ""
    return f"; Juju has no model of it, and does not remove it: {remove_by_hand(name)}"


def _note(namespace: Mapping[str, Any], name: str) -> str:
    return str((namespace["metadata"].get("annotations") or {}).get(name) or "")


async def _check_owner(name: str, namespace: Mapping[str, Any], controller: Maker) -> None:
    owner, model = _note(namespace, "controller.juju.is/id"), _note(namespace, "model.juju.is/id")
    if owner == controller.controller_uuid and owner:
        if model and name not in await controller.models() and await _is_no_model(controller, model):
            raise left_of_model(name, model)
        return
    labels = dict(namespace["metadata"].get("labels") or {})
    labels.pop("kubernetes.io/metadata.name", None)
    told = ", ".join(f"{label}={value}" for label, value in sorted(labels.items()))
    if owner:
        model = labels.get("model.juju.is/name") or name
        whose = f"by model {model} of another Juju controller ({owner})"
    else:
        whose = f"and not by Juju (its labels: {told or 'none'})"
    raise BadArguments(
        f"namespace: {name} is taken in the Kubernetes cluster, {whose}; choose another ns_id", ["namespace"]
    )
