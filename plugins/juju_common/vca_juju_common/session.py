"""A connector's side: the controller that its options name, and what is kept of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from pathlib import Path
from typing import Protocol, TypeVar

from vca_core.backend import Host, Operation
from vca_core.errors import BadArguments, ConflictError
from vca_core.naming import EeId
from vca_core.tasks import in_thread
from vca_core.text_files import Unreadable
from vca_juju_common.client.controller import ConnectedController
from vca_juju_common.client.errors import ModelLeft
from vca_juju_common.client.explaining import explain
from vca_juju_common.client.holding import ask_first
from vca_juju_common.client.interface import Controller, Model
from vca_juju_common.client.refusals import wrong_cloud
from vca_juju_common.client.retries import pauses
from vca_juju_common.client.things import Change, Key
from vca_juju_common.client.transport.dial import Account, Dialer
from vca_juju_common.client.transport.endpoints import Endpoint, Endpoints
from vca_juju_common.client.transport.tls import Tls
from vca_juju_common.client.values import Cloud, NewModel
from vca_juju_common.controller_errors import translate_refusals
from vca_juju_common.environments import Reporter, has_environments
from vca_juju_common.facts import CharmFacts
from vca_juju_common.finishing import within
from vca_juju_common.ground import Ground
from vca_juju_common.options import JujuOptions, secret_in
from vca_juju_common.uploads import Uploads

R = TypeVar("R")


class Replacing(Protocol):
    """Waits for what units run on, where it is being replaced."""

    async def __call__(self, *, looks: bool) -> bool:
        """Wait until it is there anew.

        Args:
            looks: whether somebody has to look at it; False: only if somebody has looked already.

        Returns:
            Whether there was something to wait for: then units have to be waited for again.
        """


async def _nothing_replaced(*, looks: bool) -> bool:
    """See `Replacing`; nobody looks."""
    del looks
    return False


CONTROLLER_MODEL = "controller"
"""The model in which a controller itself lives: nothing of ours is made there, and it is never deleted, nor listed."""


class Session:
    """A controller, its models, and what is known of their execution environments and charms.

    Args:
        host: the connector's side.
        ground: what execution environments run on.
    """

    def __init__(self, host: Host[JujuOptions], ground: Ground) -> None:
        self.ground = ground
        self.options = host.options
        self.names = host.names
        self.log = host.log
        self.folder = host.folder
        self.reporter = Reporter(host.names, ground, host.report)
        self.facts = CharmFacts()
        self.uploads = Uploads(self.options.upload_limit)
        self.controller: Controller = self._controller()
        self._cloud: Cloud | None = None

    async def open(self) -> None:
        """Connect.

        Raises:
            VcaConnectionError: the controller cannot be reached, or refuses the login.
            BadArguments: it knows no such cloud, or the cloud is of the other kind.
        """
        await self.controller.open()
        await self.read_cloud()

    async def read_cloud(self) -> None:
        """Read what the controller knows of the cloud of new models.

        Raises:
            BadArguments: it knows no such cloud, or the cloud is of the other kind.
        """
        if self.options.cloud is not None:
            with translate_refusals():
                self._cloud = await self.controller.read_cloud(self.options.cloud)
            is_kubernetes = self._cloud.type == "kubernetes"
            if is_kubernetes != (self.ground.kind == "caas"):
                raise wrong_cloud(f"cloud {self.options.cloud}", is_kubernetes=is_kubernetes)

    @property
    def has_storage_class(self) -> bool:
        """Whether new models on Kubernetes have storage for charms that do not say from where."""
        own = self.options.config_of_new_models.get("workload-storage")
        return bool(own or (self._cloud is not None and self._cloud.config.get("workload-storage")))

    async def close(self) -> None:
        """Disconnect; nothing is left."""
        await self.controller.close()
        await self.uploads.close()

    @asynccontextmanager
    async def use(self, name: str, op: Operation) -> AsyncIterator[Model]:
        """A model that is there, for an operation; see `Controller.use`."""
        with translate_refusals(), within(op.cleanup), ask_first(op.held):
            async with self.controller.use(name) as model:
                yield model

    @asynccontextmanager
    async def read(self, name: str, *, anew: bool = False) -> AsyncIterator[Model]:
        """An existing model, to be read; anew: with all that other clients have done so far.

        An operation that only reads needs no permission.
        """
        with translate_refusals(), ask_first(None):
            async with self.controller.use(name, reads=True, anew=anew) as model:
                yield model

    async def make(self, name: str, op: Operation, work: Callable[[Model], Awaitable[R]]) -> R:
        """Make something in a model; a missing model is made, too.

        The model may go before we hear of that: then the work is done anew in the one that comes after it, unless an
        execution environment was stored that went with it.

        Args:
            name: of the model.
            op: the operation.
            work: makes it. If it fails before `op.created`, it undoes what it made.

        Raises:
            BadArguments: it is the controller's own.
            ConflictError: it went together with what was stored.
        """
        if name == CONTROLLER_MODEL:
            raise BadArguments(f"namespace: model {name} is the controller's own; choose another ns_id", ["namespace"])
        waits = pauses(0.1, 5.0)
        while True:
            try:
                with translate_refusals(), within(op.cleanup), ask_first(op.held):
                    async with self.controller.use(name, self._new_model()) as model:
                        return await work(model)
            except ModelLeft as left:
                error = ConflictError(left.message)
                if op.ee_id is not None:
                    raise error from left.__cause__
            with explain(error.duplicate):
                await asyncio.sleep(next(waits))

    def watch_ground(self, model: Model, application: str) -> AbstractAsyncContextManager[Replacing]:
        """Look at what units run on, for the length of a ``with`` block that waits for them; here nobody looks.

        The block is given what waits for those that are just being replaced.

        Args:
            model: where they are.
            application: theirs.
        """
        del model, application
        return nullcontext(_nothing_replaced)

    def watch_run(
        self,
        model: Model,
        application: str,
        op: Operation,
        agents: Callable[[], Collection[Key]],
        has_begun: Callable[[], bool],
    ) -> AbstractAsyncContextManager[None]:
        """Look at what units run on, in a ``with`` block that waits for a run of an action; here nobody looks.

        Args:
            model: where they are.
            application: theirs.
            op: the operation.
            agents: gives those that have to do it, as far as that is known.
            has_begun: whether one of them has begun.
        """
        del model, application, op, agents, has_begun
        return nullcontext()

    def forget(self, model: Model, ee_id: EeId) -> None:
        """Forget an execution environment that is gone."""
        self.facts.forget(model.uuid, ee_id.application)
        self.reporter.release(ee_id)

    async def forget_model(self, model: Model) -> None:
        """Forget a model that is gone, with all that was in it."""
        self.facts.forget_model(model.uuid)
        self.uploads.forget_model(model.uuid)
        self.reporter.release_model(model.name)
        await self.controller.forget(model)

    def _controller(self) -> Controller:
        options = self.options
        ca_file = options.ca_file
        tls = Tls(
            None if ca_file is not None else options.ca_cert,
            None if ca_file is None else self.folder / ca_file,
            options.tls_hostname,
            verify=not options.insecure_skip_tls_verification,
        )
        dialer = Dialer(
            Endpoints([Endpoint.parse(one) for one in options.endpoints]),
            Account(options.username, self._secret),
            tls,
            connect_limit=options.connect_timeout,
            request_limit=options.request_timeout,
            proxy=options.proxy.get_secret_value() if options.proxy is not None else None,
        )
        return ConnectedController(
            dialer,
            patience=options.connect_timeout,
            outage=options.outage_timeout,
            idle=options.idle_timeout,
            observer=self._observe,
            is_watched=lambda state: has_environments(state, self.ground),
            kind=self.ground.kind,
        )

    def _observe(self, model: Model, changes: Sequence[Change]) -> None:
        """See what changed in a model, whether somebody waits for that or not."""
        self.reporter.observe(model, changes)

    async def _secret(self) -> str:
        options = self.options
        if options.secret is not None:
            return options.secret.get_secret_value()
        return await in_thread(lambda: _secret_in(self.folder, options.secret_file or ""))

    def _new_model(self) -> NewModel:
        options = self.options
        config = options.config_of_new_models
        if options.public_key is not None and self.ground.kind == "iaas":
            config.setdefault("authorized-keys", options.public_key)
        # On Kubernetes Juju knows of no credential that it could choose.
        credential = options.credential or (options.cloud if self.ground.kind == "caas" else None)
        return NewModel(options.cloud, options.region, credential, config, self.ground.kind)


def _secret_in(folder: Path, name: str) -> str:
    secret = secret_in(folder, name)
    if isinstance(secret, Unreadable):
        raise BadArguments(f"secret_file: {secret.reason}", ["secret_file"])
    return secret
