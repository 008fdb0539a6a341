"""A controller: one login of its own, and its models, connected when they are needed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from weakref import WeakValueDictionary

from vca_core.errors import BackendError, BadArguments, NotFound, VcaConnectionError
from vca_core.tasks import OwnedTasks
from vca_juju_common.client.connection import Connection, over_races
from vca_juju_common.client.debts import Debts
from vca_juju_common.client.dial import Dialer
from vca_juju_common.client.endpoints import Endpoints
from vca_juju_common.client.errors import ApiError, checked, error_of
from vca_juju_common.client.generated import classes
from vca_juju_common.client.model import Model, Observer


@dataclass(frozen=True, slots=True)
class NewModel:
    """What a model is made with.

    Args:
        cloud: name of the cloud; None: the controller's own (15: no guess from a list).
        region: of the cloud.
        credential: ``name`` of the user's own credential, or ``owner/name``; None: the controller's choice.
        config: model config; ``authorized-keys`` is left out where there are none (18, D94).
    """

    cloud: str | None
    region: str | None
    credential: str | None
    config: Mapping[str, Any]


class Controller:
    """A controller and the models in use.

    Args:
        dialer: makes the connections.
        patience: seconds that a call waits for the first connection.
        outage: seconds that a call waits for a connection once there was one.
        idle: seconds after which a model that nobody uses, and in which there is nothing to watch, is disconnected.
        observer: told of what changes in models.
    """

    def __init__(self, dialer: Dialer, *, patience: float, outage: float, idle: float, observer: Observer) -> None:
        self._dialer = dialer
        self._patience = patience
        self._outage = outage
        self._idle = idle
        self._observer = observer
        self._connection = Connection(dialer, "/api", "controller", patience, outage)
        self._uuids: dict[str, str] = {}
        self._models: dict[str, Model] = {}
        self._opening: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._debts: dict[str, Debts] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._tasks = OwnedTasks("controller")

    @property
    def endpoints(self) -> Endpoints:
        """Where the controller is, as far as it is known now."""
        return self._dialer.endpoints

    @property
    def username(self) -> str:
        """Who is logged in."""
        return self._dialer.account.username

    async def open(self) -> None:
        """Connect.

        Raises:
            VcaConnectionError: it cannot be reached, or refuses the login.
        """
        await self._connection.ready()

    async def close(self) -> None:
        """Disconnect from everything; if this is cancelled, without a farewell."""
        for timer in self._timers.values():
            timer.cancel()
        try:
            await self._tasks.cancel(10.0)
            models, self._models = list(self._models.values()), {}
            await asyncio.gather(self._connection.close(), *(model.close() for model in models))
        finally:
            await self._dialer.close()

    async def facade(self, name: str, *, repeat: bool = True) -> Any:
        """A facade's generated class over the controller's connection; see `Connection.facade`."""
        return await self._connection.facade(name, repeat=repeat)

    async def models(self) -> dict[str, str]:
        """The uuids of our own models, by name; other users' may have the same names."""
        facade = await self.facade("ModelManager")
        mine = f"user-{self.username}"
        listed = (one.model for one in (await facade.ListModels(tag=mine)).user_models)
        self._uuids = {model.name: model.uuid for model in listed if model.owner_tag == mine}
        return dict(self._uuids)

    @asynccontextmanager
    async def use(self, name: str, new: NewModel | None = None, *, reads: bool = False) -> AsyncIterator[Model]:
        """A model, connected and watched for as long as it is used.

        Args:
            name: of the model, matched exactly (U7).
            new: makes it where there is none; None: a missing one is not made (D48).
            reads: whether it is only looked at: then nothing that is owed is undone now.

        Raises:
            NotFound: there is no such model.
        """
        opening = self._opening.setdefault(name, asyncio.Lock())
        async with opening:  # D71: one lock a model
            model = await self._opened(name, new)
            model.users += 1
        try:
            await model.sure()
            if not reads:
                await model.debts.settle(model)
            yield model
        except ApiError as error:
            model.unsure = True
            if error.is_gone:  # D17: others were faster
                raise NotFound(error.message) from error
            raise
        except (asyncio.CancelledError, BackendError, VcaConnectionError):
            model.unsure = True  # what was asked for may come true after all: whoever comes next has to see it
            raise
        finally:
            model.users -= 1
            self._rest(model)

    async def forget(self, model: Model) -> None:
        """Disconnect from a model, as one that is gone (D66)."""
        if self._models.get(model.name) is model:
            del self._models[model.name]
            self._uuids.pop(model.name, None)
            timer = self._timers.pop(model.name, None)
            if timer is not None:
                timer.cancel()
        await model.close()
        if model.is_gone or not model.debts:
            self._debts.pop(model.uuid, None)

    async def destroy(self, uuid: str, *, destroy_storage: bool, force: bool, max_wait: float | None = None) -> None:
        """Ask for the end of a model; one that is gone is no error.

        Args:
            uuid: the model's.
            destroy_storage: whether its storage is destroyed with it, or released.
            force: whether what fails on the way is ignored.
            max_wait: seconds that a step may take where it is forced.
        """
        params = classes().DestroyModelParams(
            model_tag=f"model-{uuid}",
            destroy_storage=destroy_storage,
            force=force or None,
            max_wait=None if max_wait is None else int(max_wait * 1e9),
        )

        async def work() -> None:
            facade = await self.facade("ModelManager")
            error = error_of((await facade.DestroyModels(models=[params])).results[0])
            if error is not None and not error.is_not_found:
                raise error

        await over_races(work)

    async def exists(self, uuid: str) -> bool:
        """Whether a model is there still: only "not found" says that it is not (D22)."""
        facade = await self.facade("ModelManager")
        reply = await facade.ModelStatus(entities=[classes().Entity(tag=f"model-{uuid}")])
        error = error_of(reply.models[0])
        if error is not None and not error.is_not_found:
            raise error
        return error is None

    async def _opened(self, name: str, new: NewModel | None) -> Model:
        timer = self._timers.pop(name, None)
        if timer is not None:
            timer.cancel()
        model = self._models.get(name)
        if model is not None and model.is_gone:
            await self.forget(model)
            model = None
        for first in (True, False):
            if model is None:
                uuid = await self._uuid(name, new)
                model = self._models[name] = Model(
                    self._dialer,
                    uuid,
                    name,
                    patience=self._patience,
                    outage=self._outage,
                    observer=self._observer,
                    debts=self._debts.setdefault(uuid, Debts()),
                )
            try:
                await model.open()
            except NotFound:  # what we knew of it is old
                await self.forget(model)
                model = None
                if not first:
                    raise
            except BaseException:
                if not model.is_needed:
                    await self.forget(model)
                raise
            else:
                return model
        raise NotFound(f"there is no model {name}")

    async def _uuid(self, name: str, new: NewModel | None) -> str:
        if name in self._uuids:
            return self._uuids[name]
        if new is not None:
            uuid = await over_races(lambda: self._create(name, new))
            if uuid is not None:
                self._uuids[name] = uuid
                return uuid
        uuid = (await self.models()).get(name)
        if uuid is None:
            raise NotFound(f"there is no model {name}")
        return uuid

    async def _create(self, name: str, new: NewModel) -> str | None:
        """Make a model; None: there is one."""
        credential = None
        if new.credential is not None:
            owner, _, plain = new.credential.rpartition("/")
            credential = f"cloudcred-{new.cloud}_{owner or self.username}_{plain}"
        facade = await self.facade("ModelManager")
        try:
            made = checked(
                await facade.CreateModel(
                    name=name,
                    owner_tag=f"user-{self.username}",
                    cloud_tag=f"cloud-{new.cloud}" if new.cloud else None,
                    region=new.region,
                    credential=credential,
                    config=dict(new.config),
                )
            )
        except ApiError as error:
            if error.is_there_already:
                return None
            if "credential" in error.message:
                raise BadArguments(
                    f"model {name} cannot be made: {error.message}; see the options cloud and credential",
                    ["options.credential"],
                ) from error
            raise
        return str(made.uuid)

    def _rest(self, model: Model) -> None:
        """Have a model that nobody uses looked at after a while."""
        if not model.users and self._models.get(model.name) is model:
            loop = asyncio.get_running_loop()
            self._timers[model.name] = loop.call_later(self._idle, self._rested, model)

    def _rested(self, model: Model) -> None:
        """Disconnect from a model that nobody uses, unless it has something to watch."""
        self._timers.pop(model.name, None)
        if model.users or self._models.get(model.name) is not model:
            return
        if model.is_needed:
            self._rest(model)
            return
        del self._models[model.name]
        self._debts.pop(model.uuid, None)
        self._tasks.spawn(model.close(), f"close model {model.name}")
