"""A connector's side on Kubernetes: the controller and, where it is named, the cluster."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial

from vca_core.backend import Host, Operation
from vca_core.errors import BackendError
from vca_juju_common.client.explaining import explain
from vca_juju_common.client.interface import Model
from vca_juju_common.client.things import Change, Key, Unit
from vca_juju_common.client.values import NewModel
from vca_juju_common.environments import SETTLED, entity_state
from vca_juju_common.ground import Ground
from vca_juju_common.session import Replacing, Session
from vca_juju_k8s.agents import AgentMessages
from vca_juju_k8s.claims import claim_mark
from vca_juju_k8s.cluster.client import ClusterClient
from vca_juju_k8s.cluster.diagnosis import ANOTHER_IMAGE
from vca_juju_k8s.cluster.namespaces import wait_free, wait_gone, watch_leaving
from vca_juju_k8s.cluster.pods import Seen, wait_replaced, watch, watch_going, watch_run
from vca_juju_k8s.cluster.tokens import TokenHolder
from vca_juju_k8s.cluster.watching import PodWatches
from vca_juju_k8s.ground import suspension
from vca_juju_k8s.onboarding import ensure_onboarded, renew_token
from vca_juju_k8s.options import JujuK8sOptions
from vca_juju_k8s.renewal import Renewal
from vca_juju_k8s.sites import Site

LAST = 10.0
"""Seconds before an operation's deadline from which on one looks at the pods of a run that has begun."""


class KubernetesSession(Session):
    """A controller, its models, and the cluster that their pods are in.

    Args:
        host: the connector's side.
        ground: what execution environments run on.

    Attributes:
        cluster: for who looks at it; None: no access to it is configured, and nobody looks.
    """

    def __init__(self, host: Host[JujuK8sOptions], ground: Ground) -> None:
        super().__init__(host, ground)
        options = host.options.cluster
        self.options: JujuK8sOptions = host.options
        self.pod_grace = host.options.pod_grace
        self._suspended: set[str] = set()
        self._agents = AgentMessages()
        self._renewal = Renewal(lambda: renew_token(self.site), host.log)
        warn = partial(host.log.warning, "%s")
        self._access = (
            None if options is None else ClusterClient(options, host.folder, hold=host.add_secrets, warn=warn)
        )
        self.cluster = self._access
        if self._access is not None and options is not None and options.name is not None:  # then the access is to all
            holder = TokenHolder(self._access, lambda: self.site.reader, lambda: claim_mark(self.site))
            self.cluster = ClusterClient(options, host.folder, holder, host.add_secrets)
        self._watches = None if self.cluster is None else PodWatches(self.cluster)

    async def open(self) -> None:
        """Connect to the controller, and onboard a cluster that has a name, unless that is done.

        An onboarded cluster may be away: then it is not looked at.

        Raises:
            VcaConnectionError: the controller cannot be reached, or refuses the login; or a cluster that is not
                onboarded cannot be reached.
            BackendError: the cluster is not onboarded, and it or the controller refuses that.
            BadArguments: it knows no such cloud, the cloud is of the other kind, or the kubeconfig cannot be used.
        """
        await self.connect()
        options = self.options.cluster
        if options is not None and options.name is not None:
            pause = await ensure_onboarded(self.site, self.log)
            if options.token_life is not None:
                self._renewal.start(pause)
        await self.read_cloud()

    async def connect(self) -> None:
        """Connect to the controller without a look at its cloud, which may not be there yet.

        Raises:
            VcaConnectionError: the controller cannot be reached, or refuses the login.
            BadArguments: the kubeconfig cannot be used.
        """
        for client in self._clients:
            await client.open()
        if self._access is not None and self._access.is_unverified:
            self.log.warning(
                "the certificate of the cluster's API server is not verified: the kubeconfig has "
                "insecure-skip-tls-verify; who answers in its place gets the token"
            )
        await self.controller.open()

    @property
    def site(self) -> Site:
        """Where the cluster is onboarded."""
        return Site(self.controller, self._access, self.options)

    @property
    def _clients(self) -> list[ClusterClient]:
        return [one for one in dict.fromkeys((self._access, self.cluster)) if one is not None]

    async def close(self) -> None:
        """Disconnect; nothing is left, whatever one step raises."""
        async with AsyncExitStack() as last_first:
            for client in self._clients:
                last_first.push_async_callback(client.close)
            if self._watches is not None:
                last_first.push_async_callback(self._watches.close)
            last_first.push_async_callback(super().close)
            last_first.push_async_callback(self._renewal.close)

    @asynccontextmanager
    async def watch_ground(self, model: Model, application: str) -> AsyncIterator[Replacing]:
        """Say why the pods of units do not run, in a ``with`` block that waits for them; see `pods.watch`.

        Args:
            model: where they are.
            application: theirs.

        Yields:
            See `pods.wait_replaced`.
        """
        seen = Seen()

        def report(texts: Mapping[str, str]) -> None:
            by_unit = {unit.name: unit.name.replace("/", "-") for unit in model.state.units_of(application)}
            found = {name: texts.get(pod) or texts.get(application) or "" for name, pod in by_unit.items()}
            self.reporter.explain(model, "kubernetes", found)

        async def wait_until_replaced(*, looks: bool) -> bool:
            if self.cluster is None or self._watches is None or not (looks or seen.at is not None):
                return False
            pods = {unit.name.replace("/", "-") for unit in model.state.alive_units_of(application)}
            return await wait_replaced(self.cluster, self._watches, model.name, application, pods, seen)

        with explain(lambda: self._unready(model, application, seen)):
            async with watch(self.cluster, self._watches, model.name, application, self.pod_grace, report, seen):
                yield wait_until_replaced

    @asynccontextmanager
    async def watch_run(
        self,
        model: Model,
        application: str,
        op: Operation,
        agents: Callable[[], Collection[Key]],
        has_begun: Callable[[], bool],
    ) -> AsyncIterator[None]:
        """Say whose pod is not ready, in a ``with`` block that waits for a run; see `pods.watch_run`."""
        seen = Seen()

        def reason() -> BackendError | None:
            return None if seen.states is None else self._unready(model, application, seen, agents())

        def is_due() -> bool:
            return not has_begun() or op.remaining() < LAST

        with explain(reason):
            async with watch_run(self.cluster, model.name, application, is_due, seen):
                yield

    def _unready(
        self, model: Model, application: str, seen: Seen, among: Collection[Key] | None = None
    ) -> BackendError | None:
        """Which unit is waited for in vain, and what helps; None: none is.

        Juju shows a unit as it was while its pod is replaced, or gone with its node: then the cluster knows more.

        Args:
            model: where it is.
            application: its own.
            seen: of the pods.
            among: the units that it may be; None: whichever.
        """
        there = model.state.alive_units_of(application)
        units = [
            (unit, seen.why_unready(unit.name.replace("/", "-")))
            for unit in there
            if among is None or ("unit", unit.name) in among
        ]
        waiting = [one for one in units if one[0].workload.current not in SETTLED] or [one for one in units if one[1]]
        if not waiting:
            return None
        unit, reason = waiting[0]
        state = self.reporter.complete(model.name, entity_state(unit))
        text = f"{state.entity} is {state.native or 'without a state'}" + (f": {state.detail}" if state.detail else "")
        if reason is not None:
            text += f"; pod {unit.name.replace('/', '-')} of namespace {model.name} is not ready"
            text += "" if reason.text in text else f": {reason.text}"
            text += f"; {reason.way_out}" if reason.way_out else ""
        elif unit.agent.current == "allocating":  # no charm has run in it so far
            text += f"; if its image cannot be pulled, {ANOTHER_IMAGE}"
            if self.cluster is None:
                text += "; what keeps pods from running is said where the connector has the option cluster"
        return BackendError(text)

    def watch_going(
        self, model: Model, application: str, staying: int | None = None
    ) -> AbstractAsyncContextManager[list[str]]:
        """Look at what is left of an application, for the length of a ``with`` block; see `pods.watch_going`.

        Args:
            model: where it is.
            application: its name.
            staying: how many of its pods are to stay; None: all of it is to go.
        """
        return watch_going(self.cluster, model.name, application, staying)

    def watch_leaving(self, name: str) -> AbstractAsyncContextManager[list[str]]:
        """Look at the namespace of a model that ends, for the length of a ``with`` block; see `watch_leaving`."""
        return watch_leaving(self.cluster, name)

    async def wait_namespace_gone(self, name: str, models: Collection[str]) -> None:
        """Wait until the namespace of a deleted model is gone; see `wait_gone`."""
        if self.cluster is not None:
            await wait_gone(self.cluster, self.controller, name, models, self.log)

    async def forget_model(self, model: Model) -> None:
        """Forget a model that is gone, with all that was in it."""
        self._agents.forget(model.uuid)
        await super().forget_model(model)

    def _observe(self, model: Model, changes: Sequence[Change]) -> None:
        for (kind, id_), thing in changes:
            if kind == "unit":
                unit = thing if isinstance(thing, Unit) else None
                self.reporter.note_reason(model, id_, "agent", self._agents.see(model.uuid, id_, unit))
        super()._observe(model, changes)
        if suspension(model) is None:
            self._suspended.discard(model.uuid)
        elif model.uuid not in self._suspended:  # its credential may be refused
            self._suspended.add(model.uuid)
            self._renewal.ask()

    def _new_model(self) -> NewModel:
        return replace(super()._new_model(), prepare=None if self.cluster is None else self._prepare)

    async def _prepare(self, name: str) -> None:
        if self.cluster is not None:
            await wait_free(self.cluster, name, self.controller, self.log)
