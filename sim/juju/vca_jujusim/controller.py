"""The simulated controller, as tests use it."""

from __future__ import annotations

import asyncio
import dataclasses
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import vca_jujusim.facades  # noqa: F401 - registers the methods
from vca_jujusim import papers
from vca_jujusim.charms import Charm
from vca_jujusim.cluster.asking import Asking
from vca_jujusim.cluster.clusters import RealClusters
from vca_jujusim.counts import Counts
from vca_jujusim.faults import Faults
from vca_jujusim.server import Mode, Server
from vca_jujusim.state_file import StateFile
from vca_jujusim.tls import HOSTNAME, make_identity
from vca_jujusim.world import ending, removal
from vca_jujusim.world.clock import Clock
from vca_jujusim.world.crossing import announce
from vca_jujusim.world.entities import Machine, User
from vca_jujusim.world.lives import step
from vca_jujusim.world.model import Model
from vca_jujusim.world.programs import Programs
from vca_jujusim.world.settling import settle, wake
from vca_jujusim.world.world import World


class SimulatedController:
    """A Juju controller of version 3.6, over the wire.

    Args:
        endpoints: on how many ports it listens.
        dead: which of them (by index) refuse connections.
        port: the first port; 0: any.
        host: the address.
        username: the first user, a superuser.
        password: the password of this user; None: made anew.
        latency: seconds that each step of a life takes; 0: as fast as events allow.
        steps: the same for entities of one kind, such as ``machine``, ``unit`` or ``action``; None: as all others.
        hook_retry: seconds after which Juju runs a failed hook again.
        state: a file that keeps the world; None: it ends with the controller.
        programs: a folder in which the programs of actions of uploaded charms are run, emptied at the end; None: an
            action gives back its parameters.
        manual_scripts_run: whether the provisioning script of a manual machine counts as run when it was fetched.
        burial: seconds for which a dead model is still listed and keeps its name.
        clusters: where models of a Kubernetes cloud are whose credential has a token: in ``memory``; in the ``real``
            cluster at the cloud's endpoint; or ``hurried``, in that one, where namespaces go as soon as they are empty,
            and not five seconds later.
        on_model_dead: what becomes of connections to a dead model: ``close``, without its watchers saying why;
            ``told``: they do; ``nothing``: watchers say so, and the connections stay, as in Juju 4.

    Attributes:
        world: what it holds, to be looked at and changed.
        faults: what goes wrong.
        counts: what was asked.
        defects: errors of the simulator itself; raised when the context ends.
    """

    def __init__(
        self,
        *,
        endpoints: int = 1,
        dead: tuple[int, ...] = (),
        port: int = 0,
        host: str = "127.0.0.1",
        username: str = "admin",
        password: str | None = None,
        latency: float = 0.0,
        steps: Mapping[str, float] | None = None,
        hook_retry: float = 0.05,
        state: Path | None = None,
        programs: Path | None = None,
        manual_scripts_run: bool = False,
        burial: float = 0.02,
        clusters: Literal["memory", "real", "hurried"] = "memory",
        on_model_dead: Literal["close", "told", "nothing"] = "close",
    ) -> None:
        self.username = username
        self.password = password or secrets.token_urlsafe(16)
        self._asked_password = password
        self.host = host
        self.faults = Faults()
        self.counts = Counts()
        self.defects: list[Exception] = []
        self.closing = asyncio.Event()
        self.clock = Clock(latency, hook_retry, burial, steps or {})
        self.world = World(self.clock, self.faults.lives, (username, self.password), step)
        self.world.on_resumed = wake
        announce(self.world)
        self.world.programs = None if programs is None else Programs(programs)
        self._clusters: RealClusters | None = None
        if clusters != "memory":
            asking = Asking(self.world, self.defects.append, hurries=clusters == "hurried")
            self._clusters = RealClusters(self.world, asking)
            self.world.clusters = self._clusters
        self.manual_scripts_run = manual_scripts_run
        self.on_model_dead = on_model_dead
        self._first_port = port
        self._modes: list[Mode] = ["dead" if index in dead else "open" for index in range(endpoints)]
        self._state = StateFile(state) if state is not None else None
        self._identity = make_identity()
        self._server: Server | None = None

    # --- where it is

    @property
    def server(self) -> Server:
        """Its ports; only while it runs."""
        if self._server is None:
            raise RuntimeError("the simulated controller does not run")
        return self._server

    @property
    def ports(self) -> list[int]:
        """The port of each endpoint."""
        return self.server.ports

    @property
    def addresses(self) -> list[str]:
        """All endpoints, as host:port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return [f"{host}:{port}" for port in self.ports]

    @property
    def endpoints(self) -> list[str]:
        """All endpoints, as host:port."""
        return self.addresses

    @property
    def endpoint(self) -> str:
        """The first endpoint that is not dead."""
        modes = self.server.modes
        return self.addresses[modes.index("open") if "open" in modes else 0]

    @property
    def ca_cert(self) -> str:
        """The certificate of its authority, in PEM."""
        return self._identity.ca

    @property
    def tls_hostname(self) -> str:
        """The name in its certificate."""
        return HOSTNAME

    def host_ports(self) -> list[list[dict[str, Any]]]:
        """All endpoints, as the answer to a login has them."""
        kind = "ipv6" if ":" in self.host else "ipv4"
        address = {"value": self.host, "type": kind, "scope": "local-cloud", "space-name": "alpha"}
        return [[{**address, "port": port}] for port in self.ports]

    # --- its life

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
        if error is None and self.defects:
            raise self.defects[0]

    async def start(self) -> None:
        """Load its state, listen, and let lives go on.

        Raises:
            ValueError: the state is of another user or password.
            OSError: it cannot listen there.
        """
        if self._state is not None:
            self._identity = self._state.load(self.world, self._identity)
            self.world.keeper = self._state.note
            if self._is_somebody_elses():
                raise ValueError(f"{self._state.path} was made with another username or password")
        self.password = self.world.users[self.username].password
        self.world.bootstrap(self.username)
        self.world.on_model_dead = self._model_dead
        self._server = Server(self, self._identity.context(), self.host, self._modes)
        await self._server.start(self._first_port)
        self.persist()
        if self._clusters is not None:
            for model in self.world.models.values():
                self._clusters.attach(model)
        self.wake()

    def _is_somebody_elses(self) -> bool:
        names = {model.record.owner for model in self.world.models.values() if model.record.name == "controller"}
        password = self.world.users[self.username].password
        return bool(names - {self.username}) or self._asked_password not in {None, password}

    async def stop(self) -> None:
        """Close all connections and ports; no task is left."""
        self.closing.set()
        self.clock.close()
        if self.world.programs is not None:
            await self.world.programs.stop()
        if self._server is not None:
            await self._server.stop()
        if self._clusters is not None:
            await self._clusters.stop()
        self.persist()
        if self._state is not None:
            self._state.close()

    def persist(self) -> None:
        """Write what changed, before any client learns of it."""
        if self._state is not None:
            self._state.write(self.world)

    def wake(self) -> None:
        """Let lives go on that were held up, for example after a fault was cleared."""
        for model in list(self.world.models.values()):
            wake(model)

    def _model_dead(self, model: Model) -> None:
        if self.on_model_dead == "close":
            for watcher in list(model.watchers):
                watcher.stop()
        else:
            model.note_change("model", model.record.uuid)
        if self.on_model_dead != "nothing":
            for session in self.server.sessions:
                if session.is_of(model):
                    session.end_with_model(refusing=self.on_model_dead == "close")

    # --- what breaks

    def cut(self, model: str | None = None) -> None:
        """Drop connections: all, or those to a model."""
        for session in list(self.server.sessions):
            if model is None or session.model_name == model:
                session.cut()

    async def restart(self, meanwhile: Callable[[], Any] | None = None) -> None:
        """Go down and come back on the same ports, with the same world.

        Args:
            meanwhile: called, and awaited if it has to be, while it is down.
        """
        await self.go_down()
        if meanwhile is not None:
            found = meanwhile()
            if asyncio.iscoroutine(found) or isinstance(found, asyncio.Future):
                await found
        await self.come_back()

    def upgrade(self, refusals: int | None = None) -> None:
        """Begin an upgrade: connections are cut, and until it ends nearly all requests are refused after a login.

        Args:
            refusals: how many requests are refused before the upgrade is over for later logins; None: until the
                faults are cleared.
        """
        self.faults.login, self.faults.upgrade_refusals = "upgrading", refusals
        self.cut()

    async def go_down(self) -> None:
        """Close all ports and cut all connections; lives go on."""
        await self.server.close()

    async def come_back(self) -> None:
        """Listen again, on the same ports."""
        await self.server.open()

    async def set_endpoint(self, index: int, mode: Mode) -> None:
        """Make an endpoint `open`, `dead` or `half-open`."""
        await self.server.set_mode(index, mode)

    def stall(self, model: str | None = None) -> None:
        """Connections stay open, but nothing is read and nothing answered any more."""
        for session in self.server.sessions:
            if model is None or session.model_name == model:
                session.stalled.clear()

    def resume(self) -> None:
        """Let stalled connections go on."""
        for session in self.server.sessions:
            session.stalled.set()

    def stop_watchers(self, model: str | None = None) -> None:
        """Stop all watchers of a model, or of all models: they answer "watcher was stopped"."""
        for one in self.world.models.values():
            if model is None or one.record.name == model:
                for watcher in list(one.watchers):
                    watcher.stop()

    def thaw(self) -> None:
        """Let go on what was frozen."""
        rules = self.faults.lives.rules
        self.faults.lives.rules = [rule for rule in rules if rule.kind != "freeze"]
        self.wake()

    # --- what others do

    def model(self, name: str) -> Model:
        """Return a model by its name, to be inspected."""
        return self.world.model_named(name)

    def add_user(self, name: str, password: str, access: str = "login") -> None:
        """Add a user, with the credential `default` for the cloud `localhost`."""
        self.world.users[name] = User(name, password, access)
        self.world.keep(None, "user", name)
        credential = f"localhost/{name}/default"
        self.world.credentials[credential] = {"auth-type": "certificate", "attrs": {}}
        self.world.keep(None, "credential", credential)

    def add_kubernetes(self, name: str = "k8s", *, storage: str | None = "standard") -> None:
        """Add a cloud of Kubernetes, with the first user's credential of its name.

        Args:
            name: of the cloud.
            storage: the class of the workloads' storage; None: it has none.
        """
        self.world.clouds[name] = {
            "type": "kubernetes",
            "auth-types": ["oauth2", "clientcertificate"],
            "endpoint": "https://10.0.0.2:6443",
            "regions": [{"name": "default"}],
            "config": {} if storage is None else {"workload-storage": storage},
        }
        self.world.keep(None, "cloud", name)
        credential = f"{name}/{self.username}/{name}"
        self.world.credentials[credential] = {"auth-type": "oauth2", "attrs": {}}
        self.world.keep(None, "credential", credential)

    def refuse_credential(self, model: str, reason: str = "cloud credential is not valid") -> None:
        """Let the cloud refuse a model's credential: the model is suspended until it has one that is accepted.

        Args:
            model: its name.
            reason: why; empty: it is accepted again.
        """
        key = self.model(model).record.credential
        self.world.put_credential(key, self.world.credentials[key], reason)

    def lose_namespace(self, model: str) -> None:
        """Delete a model's namespace behind Juju's back: its pods are gone, and Juju does not notice."""
        found = self.model(model)
        found.record.namespace_gone = True
        for unit in found.units.values():
            unit.provider_id, unit.address = "", ""
            self.world.keep(found, "unit", unit.name)
        self.world.keep(found, "model", found.record.uuid)

    def publish(
        self,
        charm: Charm,
        *,
        channel: str = "latest/stable",
        revision: int = 1,
        resources: Mapping[str, int] | None = None,
    ) -> Charm:
        """Release a charm to a channel of the scripted store.

        Args:
            charm: which one.
            channel: where.
            revision: of the charm.
            resources: revisions of its resources, by name; 1 of those that are not named.
        """
        charm.url, charm.revision = f"ch:amd64/{charm.name}-{revision}", revision
        released = dict.fromkeys(charm.meta.get("resources") or {}, 1) | dict(resources or {})
        charm = dataclasses.replace(charm, released=released)
        self.world.store.setdefault(charm.name, []).insert(0, (channel, charm))
        return charm

    def run_provisioning_script(self, model: str, machine: str) -> None:
        """Act as if the script of a manual machine had been run on it: its agent appears."""
        found = self.model(model).machine(machine)
        found.script_run = True
        self.model(model).note_change("machine", machine)
        settle(self.model(model), "machine", machine)

    def lose_machine(self, model: str, machine: str) -> None:
        """Lose contact with a machine. No watcher reports that; a status request does."""
        self._set_lost(model, machine, lost=True)

    def find_machine(self, model: str, machine: str) -> None:
        """Restore contact with a machine."""
        self._set_lost(model, machine, lost=False)

    def _set_lost(self, name: str, key: str, *, lost: bool) -> None:
        model = self.model(name)
        machine = model.machine(key)
        machine.lost = lost
        self.world.keep(model, "machine", key)
        for unit in model.units_on(key):
            settle(model, "unit", unit.name)
        settle(model, "machine", key)

    def remove_application(self, model: str, name: str, *, force: bool = True) -> None:
        """Remove an application, as another client would."""
        removal.destroy_application(self.model(model), self.model(model).application(name), force=force)

    def remove_machine(self, model: str, machine: str) -> None:
        """Remove a machine, as another client would."""
        removal.destroy_machine(self.model(model), self.model(model).machine(machine), force=True)

    def remove_unit(self, model: str, unit: str) -> None:
        """Remove a unit, as another client would."""
        ending.destroy_unit(self.model(model), self.model(model).unit(unit), force=True)

    def remove_model(self, model: str) -> None:
        """Destroy a model, as another client would."""
        removal.destroy_model(self.model(model), destroy_storage=True, force=True)

    def provisioning_script(self, model: Model, machine: Machine, data_dir: str) -> str:
        """Return the script to run on a manual machine."""
        if self.manual_scripts_run:
            self.run_provisioning_script(model.record.name, machine.id)
        return papers.provisioning_script(model, machine, data_dir, self.addresses)
