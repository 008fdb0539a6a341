"""The clusters behind a controller's clouds."""

from __future__ import annotations

import asyncio
import uuid

from vca_jujusim.cluster.api import Api, Away, Refused
from vca_jujusim.cluster.asking import Asking
from vca_jujusim.cluster.namespace import Namespace
from vca_jujusim.cluster.objects import CONTROLLER_ID, MODEL_ID, namespace
from vca_jujusim.problems import ALREADY_EXISTS, Refusal
from vca_jujusim.world.model import Model
from vca_jujusim.world.pods import TAKEN, not_owned
from vca_jujusim.world.world import World


class RealClusters:
    """All clusters of a controller.

    Args:
        world: the controller's.
        asking: who asks them.
    """

    def __init__(self, world: World, asking: Asking) -> None:
        self._world = world
        self._asking = asking
        self._turn = asyncio.Lock()

    def is_behind(self, cloud: str, credential: str) -> bool:
        """See `Clusters`."""
        return bool(self._world.clouds[cloud].get("type") == "kubernetes" and self._asking.token(credential))

    async def make_model(self, cloud: str, credential: str, name: str, owner: str, region: str) -> Model:
        """See `Clusters`.

        Raises:
            Refusal: the namespace is taken, or the cluster refuses it.
        """
        async with self._turn:  # the second of two that are asked for at once finds the first
            self._world.check_name(name, owner)
            key = str(uuid.uuid4())
            await self._make_namespace(cloud, credential, name, key)
            model = self._world.add_model(name, owner, cloud, region, {}, key)
            model.record.credential = credential
            self.attach(model)
            return model

    async def _make_namespace(self, cloud: str, credential: str, name: str, key: str) -> None:
        api, token, kind = self._asking.api(cloud), self._asking.token(credential), "/api/v1/namespaces"
        try:
            await api.call(token, "POST", kind, namespace(name, self._world.uuid, key))
        except Refused as refused:
            if refused.status != 409:
                raise Refusal(f'creating namespace "{name}": {refused.message}') from None
            raise await self._name_refusal(api, token, name) from None
        except Away as away:
            raise Refusal(f'creating namespace "{name}": {away}') from None

    async def _name_refusal(self, api: Api, token: str, name: str) -> Refusal:
        try:
            found = await api.call(token, "GET", f"/api/v1/namespaces/{name}")
        except (Refused, Away):
            return Refusal(f'creating namespace "{name}": namespace may be in use: not found')
        notes = found["metadata"].get("annotations") or {}
        if CONTROLLER_ID not in notes or found["metadata"].get("deletionTimestamp"):
            return Refusal(TAKEN, ALREADY_EXISTS)
        return not_owned(self._world, name, notes[CONTROLLER_ID], notes.get(MODEL_ID, ""))

    async def try_credential(self, cloud: str, token: str) -> str:
        """See `Clusters`."""
        try:
            await self._asking.api(cloud).call(token, "GET", "/api/v1/namespaces", limit="1")
        except Refused as refused:
            return refused.message
        except Away as away:
            return str(away)
        return ""

    def attach(self, model: Model) -> None:
        """Keep a model's pods in its cluster, if there is one."""
        if self.is_behind(model.record.cloud, model.record.credential):
            model.place = Namespace(self._asking, model)

    async def stop(self) -> None:
        """Stop: no cluster is asked anything after this."""
        await self._asking.stop()
