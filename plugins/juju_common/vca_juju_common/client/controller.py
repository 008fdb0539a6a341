"""A controller: one login of its own, and its models, connected when they are needed."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from functools import partial
from typing import Any
from weakref import WeakValueDictionary

from vca_core.errors import BackendError, ConflictError, NotFound, StoreError, VcaConnectionError, VcaError
from vca_core.tasks import OwnedTasks, in_thread
from vca_juju_common.client.debts import Debts
from vca_juju_common.client.departures import Departures, still_there
from vca_juju_common.client.errors import ApiError, ModelLeft, NoAccess
from vca_juju_common.client.explaining import explain
from vca_juju_common.client.interface import Model, Observer
from vca_juju_common.client.making import remember_made
from vca_juju_common.client.model import WatchedModel
from vca_juju_common.client.requests import clouds, offers, reads
from vca_juju_common.client.requests.models import create_model, destroy_model, list_models
from vca_juju_common.client.requests.target import Target
from vca_juju_common.client.state import State
from vca_juju_common.client.transport.connection import Connection
from vca_juju_common.client.transport.dial import Dialer
from vca_juju_common.client.transport.generated import classes
from vca_juju_common.client.values import Kind, NewModel

_TRIES = 3
"""How often a model is made whose name is taken, by one that is not listed."""


class ConnectedController:
    """A controller, logged in to, and the models in use.

    Args:
        dialer: makes the connections.
        patience: seconds that a call waits for the first connection.
        outage: seconds that a call waits for a connection once there was one.
        idle: seconds after which an unused model in which there is nothing to watch is disconnected.
        observer: called with what changes in models.
        is_watched: whether a model's state holds something that has to be watched while the model is unused.
        kind: of which models; those of the other kind are nothing to it.
    """

    def __init__(
        self,
        dialer: Dialer,
        *,
        patience: float,
        outage: float,
        idle: float,
        observer: Observer,
        is_watched: Callable[[State], bool],
        kind: Kind = "iaas",
    ) -> None:
        self._kind: Kind = kind
        self._dialer = dialer
        self._patience = patience
        self._outage = outage
        self._idle = idle
        self._observer = observer
        self._is_watched = is_watched
        self._connection = Connection(dialer, "/api", "controller", patience, outage)
        self._uuids: dict[str, str] = {}
        self._models: dict[str, WatchedModel] = {}
        self._opening: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._debts: dict[str, Debts[Target]] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._departures = Departures(self._list_uuids)
        self._tasks = OwnedTasks("controller")

    @property
    def addresses(self) -> list[str]:
        """Where the controller is, as far as it is known now; the address that worked last comes first."""
        return [str(endpoint) for endpoint in self._dialer.endpoints.all]

    @property
    def username(self) -> str:
        """Who is logged in."""
        return self._dialer.account.username

    @property
    def controller_uuid(self) -> str:
        """The controller's uuid; empty before the first login."""
        return self._dialer.controller_uuid

    @property
    def server_version(self) -> str:
        """The version of Juju that the controller had at the last login; empty before the first one."""
        return self._dialer.server_version

    async def open(self) -> None:
        """Connect.

        Raises:
            VcaConnectionError: it cannot be reached, or refuses the login.
        """
        await in_thread(_load)  # half a second that the loop need not wait
        await self._connection.wire()

    async def close(self) -> None:
        """Disconnect from everything; if this is cancelled, without a farewell."""
        for timer in self._timers.values():
            timer.cancel()
        models, self._models = list(self._models.values()), {}
        self._connection.stop()
        for model in models:
            model.stop()  # now: what is cancelled before it began would leave connections that are made anew
        try:
            await self._tasks.cancel(10.0)
            await self._departures.close()
            await asyncio.gather(self._connection.close(), *(model.close() for model in models))
        finally:
            await self._dialer.close()

    async def facade(self, name: str, *, repeat: bool = True) -> Any:
        """A facade's generated class over the controller's connection; see `Connection.facade`."""
        return await self._connection.facade(name, repeat=repeat)

    async def call(self, facade: str, request: str, params: Any = None) -> dict[str, Any]:
        """Read something as the wire has it: plain data. See `Connection.call`."""
        return await self._connection.call(facade, request, params)

    async def models(self) -> dict[str, str]:
        """The uuids of our own models, by name; other users' may have the same names."""
        self._uuids = await list_models(self, self.username, self._kind)
        return dict(self._uuids)

    @asynccontextmanager
    async def use(
        self, name: str, new: NewModel | None = None, *, reads: bool = False, anew: bool = False
    ) -> AsyncIterator[WatchedModel]:
        """A model, connected and watched for as long as it is used.

        Args:
            name: of the model, matched exactly.
            new: makes it where there is none; None: a missing one is not made.
            reads: whether it is only looked at: then nothing that is owed is undone now.
            anew: whether its state is read as a whole first, since what other clients did may not have arrived yet.

        Raises:
            NotFound: there is no such model, or what is worked on there is gone.
            ConflictError: nothing can be made in it any more.
            ModelLeft: it went, or began to go, while something was being made in it.
        """
        with explain(partial(self._why_absent, name), at_last=True):  # many wait for others, who wait for it
            known = self._models.get(name)
            model = await self._take(name, new)
            if anew and model is known:
                model.unsure = True
            made, model.is_new = model.uuid if model.is_new else None, False
            try:
                await model.make_sure()
                if not reads:
                    await model.debts.settle(model)
                with remember_made(made):
                    yield model
            except ApiError as error:
                model.unsure = True
                if new is not None and error.is_about_a_model:
                    raise ConflictError(f"{error.message}; try again when it is gone") from error
                if error.is_gone and not error.is_about_a_resource:  # others were faster
                    raise NotFound(error.message) from error
                raise
            except NoAccess as error:
                model.unsure = True
                await self._check_listed(model, error)
                raise
            except NotFound as error:
                model.unsure = True
                if new is not None and (model.is_gone or _is_leaving(model)):
                    raise ModelLeft(f"model {name} was removed meanwhile: {error.message}; make it anew") from error
                raise
            except (asyncio.CancelledError, BackendError, ConflictError, StoreError, VcaConnectionError):
                model.unsure = True  # what was asked for may come true after all: the next user has to see it
                raise
            finally:
                model.users -= 1
                self._check_later(model)

    async def forget(self, model: Model) -> None:
        """Disconnect from a model, as one that is gone."""
        held = self._models.get(model.name)
        if held is model:  # otherwise it was disconnected when another one took its place, or when it rested
            await self._drop(held)

    async def destroy(self, uuid: str, *, destroy_storage: bool, force: bool, max_wait: float | None = None) -> None:
        """Ask for the end of a model; see `destroy_model`. From then on, nothing connects to it that need not."""
        await destroy_model(self, uuid, destroy_storage=destroy_storage, force=force, max_wait=max_wait)
        for model in self._models.values():
            if model.uuid == uuid:
                model.is_leaving = True

    async def wait_gone(self, model: Model) -> None:
        """Wait until a model is not listed any more."""
        await self._departures.wait_gone(model.uuid)
        for one in self._models.values():
            if one is model:
                one.note_gone()

    async def is_no_model(self, uuid: str) -> bool:
        """Whether there is no model of a uuid; see `Controller.is_no_model`."""
        try:
            wire = await self._dialer.dial(f"/model/{uuid}/api", f"model {uuid}")
        except NotFound:
            return True
        except NoAccess:
            return False
        await wire.close(1.0)
        return False

    def unclaimed_machines(self) -> dict[str, list[str]]:
        """The machines without an owner, by model, of the models that are connected now."""
        found = {name: model.unclaimed_machines() for name, model in self._models.items()}
        return {name: machines for name, machines in sorted(found.items()) if machines}

    read_features = reads.read_features
    version = reads.get_version
    read_cloud = reads.read_cloud
    find_cloud = clouds.find_cloud
    put_cloud = clouds.put_cloud
    remove_cloud = clouds.remove_cloud
    models_on = clouds.models_on
    credentials_of = clouds.credentials_of
    find_credential = clouds.find_credential
    read_token = clouds.read_token
    put_credential = clouds.put_credential
    remove_credential = clouds.remove_credential
    make_offer = offers.make_offer
    find_offer = offers.find_offer
    read_offer = offers.read_offer
    destroy_offers = offers.destroy_offers

    async def _list_uuids(self) -> Collection[str]:
        return (await list_models(self, self.username, self._kind)).values()

    def _why_absent(self, name: str) -> VcaError | None:
        """Why there is no connection to a model, or to the controller that opens it; None: nothing is wrong."""
        model = self._models.get(name)
        return (model.why_absent() if model is not None else None) or self._connection.why_absent()

    async def _take(self, name: str, new: NewModel | None) -> WatchedModel:
        """Have a model, and note that it is used. One of that name that is on its way out is waited for."""
        while True:
            opening = self._opening.setdefault(name, asyncio.Lock())
            try:
                async with opening:  # one lock a model
                    model = await self._open(name, new)
                    if new is not None:
                        _check_stays(model)
                    model.is_leaving = False
                    model.users += 1
                    return model
            except _Leaving as leaving:
                model = leaving.model
            with explain(partial(still_there, model)):
                await self._departures.wait_gone(model.uuid)

    async def _open(self, name: str, new: NewModel | None) -> WatchedModel:
        timer = self._timers.pop(name, None)
        if timer is not None:
            timer.cancel()
        model = self._models.get(name)
        if model is not None and model.is_gone:
            await self._drop(model)
            model = None
        for first in (True, False):
            if model is None:
                uuid, is_new = await self._uuid(name, new)
                model = self._models[name] = WatchedModel(
                    self._dialer,
                    uuid,
                    name,
                    patience=self._patience,
                    outage=self._outage,
                    observer=self._observer,
                    is_watched=self._is_watched,
                    debts=self._debts.setdefault(uuid, Debts()),
                    on_break=self._departures.hasten,
                )
                model.is_new = is_new
            try:
                await self._connect(model)
            except NotFound as error:  # what we knew of it is old, or it is dead
                await self._drop(model)
                if not first:
                    if new is not None:
                        self._departures.hasten()
                        raise _Leaving(model) from error
                    raise
                model = None
            except BaseException:
                if not model.is_needed:
                    await self._drop(model)
                raise
            else:
                return model
        raise NotFound(f"there is no model {name}")

    async def _connect(self, model: WatchedModel) -> None:
        try:
            await model.open()
        except NoAccess as error:
            await self._check_listed(model, error)
            raise

    async def _check_listed(self, model: WatchedModel, error: NoAccess) -> None:
        """Distinguish a model that the user may not open from one that is not there: Juju says the same of both.

        Raises:
            NotFound: it is not listed.
        """
        if (await self.models()).get(model.name) != model.uuid:
            raise NotFound(f"user {self.username} has no access to model {model.name}, or it is gone") from error

    async def _uuid(self, name: str, new: NewModel | None) -> tuple[str, bool]:
        """The uuid of a model, and whether it was made now."""
        if name in self._uuids:
            return self._uuids[name], False
        for _ in range(1 if new is None else _TRIES):  # one that was in the way may be gone when models are listed
            if new is not None:
                uuid = await create_model(self, self.username, name, new, self.is_no_model)
                if uuid is not None:
                    self._uuids[name] = uuid
                    return uuid, True
            uuid = (await self.models()).get(name)
            if uuid is not None:
                return uuid, False
        raise NotFound(f"there is no model {name}")

    async def _drop(self, model: WatchedModel) -> None:
        """Disconnect from a model in use, and forget it, except for what is owed there."""
        if self._models.get(model.name) is model:  # otherwise a delete was faster, and another may be in its place
            del self._models[model.name]
            self._uuids.pop(model.name, None)
            timer = self._timers.pop(model.name, None)
            if timer is not None:
                timer.cancel()
        await model.close()
        if model.is_gone or not model.debts:
            self._debts.pop(model.uuid, None)

    def _check_later(self, model: WatchedModel) -> None:
        """Check later whether an unused model can be closed."""
        if not model.users and self._models.get(model.name) is model:
            loop = asyncio.get_running_loop()
            self._timers[model.name] = loop.call_later(self._idle, self._disconnect_idle, model)

    def _disconnect_idle(self, model: WatchedModel) -> None:
        """Disconnect from an unused model, unless it has something to watch."""
        self._timers.pop(model.name, None)
        if model.users or self._models.get(model.name) is not model:
            return
        if model.is_needed:
            self._check_later(model)
            return
        del self._models[model.name]
        self._debts.pop(model.uuid, None)
        self._tasks.spawn(model.close(), f"close model {model.name}")


class _Leaving(Exception):
    """A model is in the way that is on its way out."""

    def __init__(self, model: WatchedModel) -> None:
        super().__init__(model.name)
        self.model = model


def _check_stays(model: WatchedModel) -> None:
    """Refuse a model in which nothing can be made any more."""
    if _is_leaving(model):
        raise _Leaving(model)


def _is_leaving(model: WatchedModel) -> bool:
    there = model.state.models.get(model.uuid)
    return there is not None and there.life in {"dying", "dead"}


def _load() -> None:
    """Import what only a connection needs."""
    classes()
    importlib.import_module("vca_juju_common.client.transport.http")
