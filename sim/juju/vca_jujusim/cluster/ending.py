"""The end of a namespace. A real one takes five seconds when nothing is left in it; a test need not wait for them."""

from __future__ import annotations

import asyncio

from vca_jujusim.cluster.api import Json, Refused, ask_together
from vca_jujusim.cluster.asking import Asking
from vca_jujusim.cluster.objects import APPS, MODEL_ID, RBAC
from vca_jujusim.world.model import Model

_LOOK = 0.1
"""Seconds between two looks at whether a namespace is gone."""

_LOOK_AGAIN = 0.02
"""Seconds between two looks at whether one that is emptied is empty."""

_KINDS = (
    (APPS, "statefulsets"),
    (APPS, "controllerrevisions"),
    ("/api/v1", "pods"),
    ("/api/v1", "services"),
    ("/api/v1", "endpoints"),
    ("/apis/discovery.k8s.io/v1", "endpointslices"),
    ("/api/v1", "persistentvolumeclaims"),
    ("/api/v1", "secrets"),
    ("/api/v1", "configmaps"),
    (RBAC, "rolebindings"),
    (RBAC, "roles"),
    ("/api/v1", "serviceaccounts"),
    ("/api/v1", "resourcequotas"),
    ("/api/v1", "events"),
)
"""What may be in a namespace of a model."""


async def end_namespace(asking: Asking, model: Model) -> None:
    """Delete a model's namespace, if it belongs to the model, and its roles; wait until it is gone.

    Raises:
        Refused: by the API server.
        Away: there is no answer.
    """
    chosen = f"{MODEL_ID}={model.record.uuid}"
    wide = ("clusterrolebindings", "clusterroles")
    await ask_together(*(asking.ask(model, "DELETE", f"{RBAC}/{kind}", labelSelector=chosen) for kind in wide))
    path = f"/api/v1/namespaces/{model.record.name}"
    found = await _find(asking, model, path)
    if found is None or (found["metadata"].get("annotations") or {}).get(MODEL_ID) != model.record.uuid:
        return
    if not found["metadata"].get("deletionTimestamp"):
        await asking.ask(model, "DELETE", path)
    while (found := await _find(asking, model, path)) is not None:
        if asking.hurries and await _is_emptied(asking, model):
            found["spec"]["finalizers"] = []
            await asking.ask(model, "PUT", f"{path}/finalize", found)
        else:
            await asyncio.sleep(_LOOK_AGAIN if asking.hurries else _LOOK)


async def _find(asking: Asking, model: Model, path: str) -> Json | None:
    try:
        return await asking.ask(model, "GET", path)
    except Refused as refused:
        if refused.status != 404:
            raise
        return None


async def _is_emptied(asking: Asking, model: Model) -> bool:
    """Delete everything in a namespace that is ending; return whether nothing is left."""

    async def empty(group: str, kind: str) -> bool:
        path = f"{group}/namespaces/{model.record.name}/{kind}"
        if kind == "services":  # cannot be deleted together by everybody
            found = (await asking.ask(model, "GET", path))["items"]
            names = [one["metadata"]["name"] for one in found]
            await ask_together(*(asking.ask(model, "DELETE", f"{path}/{name}") for name in names))
        else:  # the answer has what was there, of which some may take a while to go
            found = (await asking.ask(model, "DELETE", path))["items"]
        return not found

    try:
        return all(await ask_together(*(empty(group, kind) for group, kind in _KINDS)))
    except Refused as refused:
        if refused.status != 404:
            raise
        return False
