"""The same life on Kubernetes: no machine, and an image that goes with the charm."""

from __future__ import annotations

from bench.juju.floor import APPLICATION, ORIGIN, Deltas, Floor
from bench.juju.place import CLOUD, IMAGE, SIDECAR
from bench.juju.wire import Json, Wire


class FloorOnPods(Floor):
    """Lives of the floor on Kubernetes."""

    charm = SIDECAR

    def new_model(self, name: str) -> Json:
        """What a model is made with."""
        credential = f"cloudcred-{CLOUD}_{self._place.username}_{CLOUD}"
        return super().new_model(name) | {"cloud-tag": f"cloud-{CLOUD}", "credential": credential}

    async def wait_created(self, model: Wire, deltas: Deltas) -> str:
        """There is nothing to be made before the charm."""
        del model, deltas
        return ""

    async def where(self, model: Wire, uuid: str, url: str, machine: str) -> Json:
        """The image, which is announced and uploaded."""
        del machine
        image = {"name": "image", "type": "oci-image", "origin": "upload", "path": "", "revision": -1}
        given = {"tag": f"application-{APPLICATION}", "url": url, "charm-origin": ORIGIN, "resources": [image]}
        key = str((await model.call("Resources.AddPendingResources", given))["pending-ids"][0])
        await self._way.upload_image(uuid, APPLICATION, key, f"registrypath: {IMAGE}\n".encode())
        return {"resources": {"image": key}}
