"""Requests to the clusters of a controller, with the credentials that it was given."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

from vca_jujusim.cluster.api import Api, Json, Refused
from vca_jujusim.world.model import Model
from vca_jujusim.world.world import World


class Asking:
    """Sends the requests to the clusters of a controller.

    Args:
        world: the controller's.
        on_defect: called when the simulator itself was wrong.
        hurries: whether the namespace of a model goes as soon as it is empty, and not five seconds later.
    """

    def __init__(self, world: World, on_defect: Callable[[Exception], None], *, hurries: bool) -> None:
        self.hurries = hurries
        self._world = world
        self._on_defect = on_defect
        self._apis: dict[tuple[str, str, bool], Api] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def ask(self, model: Model, method: str, path: str, body: Json | None = None, **query: str) -> Json:
        """Make a request for a model; a token that is not taken suspends it."""
        try:
            api = self.api(model.record.cloud)
            return await api.call(self.token(model.record.credential), method, path, body, **query)
        except Refused as refused:
            self._note_refusal(model, refused)
            raise

    async def watch(self, model: Model, path: str, version: str) -> AsyncIterator[Json]:
        """Follow what changes, for a model."""
        try:
            async for one in self.api(model.record.cloud).watch(self.token(model.record.credential), path, version):
                yield one
        except Refused as refused:
            self._note_refusal(model, refused)
            raise

    def _note_refusal(self, model: Model, refused: Refused) -> None:
        key = model.record.credential
        if refused.status == 401 and key not in self._world.invalid_credentials:
            self._world.put_credential(key, self._world.credentials[key], f"cloud credential is not valid: {refused}")

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run something in the background, until the controller stops."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._note_end)
        return task

    def _note_end(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, Exception):
            self._on_defect(error)

    async def stop(self) -> None:
        """Stop: no cluster is asked anything after this."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        for api in self._apis.values():  # before tasks give connections back, which then say farewell at leisure
            await api.close()
        self._apis.clear()
        await asyncio.gather(*tasks, return_exceptions=True)

    def api(self, cloud: str) -> Api:
        """The API server behind a cloud."""
        found = self._world.clouds[cloud]
        is_unverified = found.get("skip-tls-verify") is True
        key = (str(found.get("endpoint") or ""), "\n".join(found.get("ca-certificates") or []), is_unverified)
        if key not in self._apis:
            self._apis[key] = Api(key[0], key[1], is_unverified=is_unverified)
        return self._apis[key]

    def token(self, credential: str) -> str:
        """The token of a credential; empty: it has none."""
        held = self._world.credentials.get(credential) or {}
        return str((held.get("attrs") or {}).get("Token") or "")
