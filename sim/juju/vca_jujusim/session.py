"""One websocket: requests come in, answers go out, and faults of the wire happen."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from typing import TYPE_CHECKING, Any

from aiohttp import WSMsgType, web

from vca_jujusim.dispatch import Call, Json, answer, has_to_ask_clusters, has_to_wait
from vca_jujusim.faults import WireFault
from vca_jujusim.problems import Refusal
from vca_jujusim.schemas import SchemaError
from vca_jujusim.watcher import Watcher
from vca_jujusim.world.model import Model
from vca_jujusim.world.world import World

if TYPE_CHECKING:
    from vca_jujusim.controller import SimulatedController

_FAREWELL = 0.01
"""Seconds between the last answers and the end of a connection to a dead model."""

log = logging.getLogger("vca_jujusim")


class Session:
    """A connection of a client, to the controller or to a model.

    Args:
        controller: the controller it is to.
        socket: the websocket.
        model_uuid: the model it is to; None: the controller.
        transport: what is cut when the connection is dropped.
    """

    def __init__(
        self,
        controller: SimulatedController,
        socket: web.WebSocketResponse,
        model_uuid: str | None,
        transport: asyncio.Transport | None,
    ) -> None:
        self.controller = controller
        self.user = ""
        self.upgrading = False
        self.migrating = False
        self.watchers: dict[str, Watcher] = {}
        self.number = controller.counts.note_opened()
        self.stalled = asyncio.Event()
        self.stalled.set()
        self._socket = socket
        self._model_uuid = model_uuid
        self._model = controller.world.models.get(model_uuid or "")
        self._transport = transport
        self._working: set[asyncio.Task[None]] = set()
        self._waiting: set[asyncio.Task[None]] = set()
        self._watched = 0
        self._is_shut_down = False
        self._farewell: asyncio.TimerHandle | None = None

    @property
    def world(self) -> World:
        """The controller's world."""
        return self.controller.world

    @property
    def is_on_model(self) -> bool:
        """Whether it is to a model."""
        return self._model_uuid is not None

    @property
    def model_name(self) -> str | None:
        """The name of the model it is to."""
        return self._model.record.name if self._model is not None else None

    def require_model(self) -> Model:
        """The model it is to.

        Raises:
            Refusal: it is gone, or was never there.
        """
        return self.world.model(self._model_uuid or "")

    @property
    def is_model_listed(self) -> bool:
        """Whether the model it is to is there, if only as a dead one."""
        return self._model_uuid in self.world.models

    def is_of(self, model: Model) -> bool:
        """Whether it is to this model."""
        return self._model is model

    def add_watcher(self) -> str:
        """Watch the model.

        Returns:
            The watcher's id. No later watcher gets it, as a request to this one may be overtaken by what ends it.
        """
        self._watched += 1
        key = str(self._watched)
        self.watchers[key] = Watcher(self.require_model(), self.controller.faults.deltas)
        return key

    async def run(self) -> None:
        """Answer requests until the connection ends."""
        try:
            async for message in self._socket:
                await self.stalled.wait()
                if message.type is not WSMsgType.TEXT:
                    break
                request = _parse(message.data)
                if request is None:
                    break  # no request at all: Juju hangs up
                name = f"{request.get('type')}.{request.get('request')}"
                counts = self.controller.counts
                counts.requests[name] += 1
                if name == "Pinger.Ping":
                    counts.pings[self.number] += 1
                faults = self.controller.faults.wire.take(name, self.model_name)
                waits = bool(faults) or has_to_wait(name)
                if waits or has_to_ask_clusters(name, self.world) or self.controller.faults.disorder:
                    task = asyncio.create_task(self._handle(request, name, faults))
                    tasks = self._waiting if waits else self._working
                    tasks.add(task)
                    task.add_done_callback(tasks.discard)
                else:
                    await self._handle(request, name, faults)
        finally:
            await self._end()

    async def _end(self) -> None:
        self.controller.counts.note_closed()
        if self._farewell is not None:
            self._farewell.cancel()
        for watcher in self.watchers.values():
            watcher.stop()
        self.stalled.set()
        for task in self._waiting:
            task.cancel()
        # What was received is carried out, although nobody hears of it any more.
        await asyncio.gather(*self._working, *self._waiting, return_exceptions=True)

    def cut(self) -> None:
        """Drop the connection, as a broken network does."""
        self.stalled.set()
        if self._transport is not None:
            self._transport.abort()

    def end_with_model(self, *, refusing: bool) -> None:
        """End in a moment, as Juju has it when the model is dead.

        Args:
            refusing: whether what is asked for meanwhile is refused.
        """
        self._is_shut_down = refusing
        self._farewell = asyncio.get_running_loop().call_later(_FAREWELL, self.cut)

    async def close(self) -> None:
        """Close the connection properly."""
        self.stalled.set()
        await self._socket.close()

    async def _handle(self, request: Json, name: str, faults: list[WireFault]) -> None:
        effects = {fault.effect: fault for fault in faults}
        if "drop-before" in effects:
            self.cut()
            return
        if "hang-before" in effects:
            return
        await self.controller.faults.overtake()
        reply = await self._answer(request, name, faults)
        await self.controller.faults.overtake()
        self.controller.persist()
        if "drop-after" in effects:
            self.cut()
            return
        if "hang-after" in effects:
            return
        if "delay" in effects:
            await asyncio.sleep(effects["delay"].seconds)
        await self.stalled.wait()
        with contextlib.suppress(ConnectionError):  # the client has gone; what it asked for was done
            await self._socket.send_str(json.dumps(reply))

    async def _answer(self, request: Json, name: str, faults: list[WireFault]) -> Json:
        reply: Json = {"request-id": request.get("request-id")}
        watcher = str(request.get("Id") or request.get("id") or "")
        call = Call(self, name, watcher, [fault for fault in faults if fault.effect == "result"])
        facade, method = str(request.get("type")), str(request.get("request"))
        try:
            for fault in faults:
                if fault.effect == "refuse" and fault.error is not None:
                    raise fault.error  # noqa: TRY301 - answered as all refusals below
            if self._is_shut_down:
                raise Refusal("connection is shut down")  # noqa: TRY301 - answered as all refusals below
            version = int(request.get("version") or 0)
            params: Any = request.get("params")
            reply["response"] = await answer(call, facade, version, method, params if params is not None else {})
        except Refusal as refusal:
            reply |= {"error": refusal.message, "error-code": refusal.code, "response": {}}
            if refusal.info:
                reply["error-info"] = refusal.info
        except SchemaError as error:
            self._add_defect(reply, error)
        except Exception as error:
            log.exception("%s failed", name)
            self._add_defect(reply, error)
        return reply

    def _add_defect(self, reply: Json, error: Exception) -> None:
        """A defect of the simulator: sent to the client, and raised when the test ends."""
        self.controller.defects.append(error)
        reply |= {"error": f"the simulated controller is wrong: {error}", "error-code": "", "response": {}}


def _parse(text: str) -> Json | None:
    """Read a request; None if the text is not one."""
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
