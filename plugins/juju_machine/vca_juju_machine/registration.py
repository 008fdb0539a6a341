"""Existing hosts that become execution environments: prepared over ssh, and taken as manual machines."""

from __future__ import annotations

import asyncio
import math
import uuid
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vca_core.backend import Host, Operation
from vca_core.charm.places import SUPPORTED
from vca_core.errors import AlreadyExists, NotSupported, VcaError
from vca_core.hosts import same_host
from vca_core.naming import Namespace
from vca_core.refusals import unmade_host_base
from vca_core.tasks import settle
from vca_juju_common.client.interface import Model
from vca_juju_common.client.things import machine_tag
from vca_juju_common.client.values import ManualMachine, NewMachine
from vca_juju_common.environments import check_free
from vca_juju_common.notes import namespace_in
from vca_juju_common.session import Session
from vca_juju_machine.creation import make_machine, report_from_now_on, wait_started_first
from vca_juju_machine.options import JujuMachineOptions
from vca_juju_machine.places import Places

if TYPE_CHECKING:
    from vca_juju_machine.provisioning import HostFacts, SshTarget

_MANUAL = "manual:"
"""How the instance ids of machines begin that Juju did not make: their hosts follow."""

UNDO = 10.0
"""Seconds to undo what was done on a host, whatever is left of the operation's own. With what else a cancelled
registration has to do, it is less than the `cleanup_timeout` that the core gives it."""


class Registrar:
    """Takes hosts into service, for one connector.

    Args:
        host: the connector's side.
        places: where files are on the hosts.
    """

    def __init__(self, host: Host[JujuMachineOptions], places: Places) -> None:
        self._host = host
        self._places = places
        self._under_way: dict[str, Namespace] = {}

    async def register(
        self, session: Session, op: Operation, namespace: Namespace, credentials: Mapping[str, Any]
    ) -> str | None:
        """Take a host into service.

        The machine's id is stored once its agent was set up. When this fails, runs out of time or is cancelled before,
        all that was done is undone, in the model and on the host: the rules and files of an ``api_proxy``, the key and
        the user that were added, the agent. What cannot be distinguished from the owner's stays: packages and
        downloads of Juju's own script, and modes of ``.ssh``. A host that cannot be reached again within `UNDO`
        seconds keeps everything; that is logged. Once the id is stored, a failure undoes nothing: there is an
        execution environment, to be deregistered.

        Returns:
            The machine's address, as the controller has it.

        Raises:
            AlreadyExists: the namespace has an execution environment, or the host is a machine of a model, is just
                being registered, or has an agent of Juju's.
            BadArguments: the credentials cannot be used.
            ConflictError: its model was removed after the id was stored.
            VcaConnectionError: the host cannot be reached, or refuses the login.
        """
        with _require_asyncssh():
            from vca_juju_machine.provisioning import parse_api_proxy, parse_credentials

        options = self._host.options
        target = parse_credentials(
            credentials,
            known_hosts=self._known_hosts(),
            default_key=self._host.ssh_key.private_path,
            host_key=options.host_keys,
        )
        if options.api_proxy is not None:
            parse_api_proxy(options.api_proxy)

        async def make(model: Model) -> str | None:
            await check_free(model, session.names, session.ground, namespace)
            _check_host_free(model, target)
            async with AsyncExitStack() as undo:
                machine = await self._provision(undo, session, model, op, namespace, target)
                await op.created(machine)
                made = undo.pop_all()
            report_from_now_on(session, model, namespace, machine)
            return (await wait_started_first(session, model, namespace, machine, made)).address

        with self._hold_host(target, namespace):
            return await session.make(session.names.model(namespace), op, make)

    async def _provision(
        self,
        undo: AsyncExitStack,
        session: Session,
        model: Model,
        op: Operation,
        namespace: Namespace,
        target: SshTarget,
    ) -> str:
        """Make a host a machine, and note how to undo that; returns the machine's id."""
        with _require_asyncssh():
            from vca_juju_machine.provisioning import ssh_session

        options = self._host.options
        public_key = options.public_key or await self._host.ssh_key.public_key()
        mark = f"vca-{uuid.uuid4()}"
        async with ssh_session(target, limit=op.remaining(), places=self._places) as login:
            facts = await login.facts()
            _check_no_agent(target, facts)
            await login.check_root()
            manual = ManualMachine(
                instance_id=_instance_id(target),
                nonce=f"{_instance_id(target)}:{mark}",
                address=target.hostname,
                arch=facts.architecture,
                cores=facts.cores,
                memory=facts.memory_mib,
            )
            new = NewMachine(facts.base, manual=manual)
            machine = await make_machine(
                undo,
                session,
                model,
                namespace,
                new,
                lambda base: unmade_host_base(target.hostname, base, SUPPORTED),
            )
            undo.push_async_callback(self._undo, session, target, mark)
            await op.held()
            # Juju's agent keeps the model's keys with the user ubuntu, and fails where there is none.
            await login.ensure_user(public_key, mark)
            endpoints = session.controller.addresses
            await op.held()
            await login.proxy_api(options.api_proxy, endpoints, mark)
            script = await model.provisioning_script(machine, manual.nonce)
            await op.held()
            await login.run_script(script)
        return machine

    async def _undo(self, session: Session, target: SshTarget, mark: str) -> None:
        """Undo what was done on a host, to the end, also when this is cancelled meanwhile.

        It often is: the core cancels an operation at the very moment in which its ssh session runs out of time.
        """
        undoing = asyncio.ensure_future(self._undo_on_host(target, mark))
        cancelled = await settle(undoing, math.inf)  # it has a limit of its own
        try:
            undoing.result()
        except VcaError as error:  # the machine has to go nevertheless, and the caller learns what failed first
            session.log.warning(
                "what the registration of %s did there was not undone, look for %s: %s", target.url, mark, error.message
            )
        if cancelled is not None:
            raise cancelled

    async def _undo_on_host(self, target: SshTarget, mark: str) -> None:
        with _require_asyncssh():
            from vca_juju_machine.provisioning import ssh_session

        # A login of its own: the other one may be why there is something to undo, or out of time.
        async with ssh_session(target, limit=UNDO, places=self._places) as login:
            await login.undo(mark)

    def _known_hosts(self) -> Path:
        return self._host.folder / Path(self._host.options.known_hosts).expanduser()

    @contextmanager
    def _hold_host(self, target: SshTarget, namespace: Namespace) -> Iterator[None]:
        """Refuse a host that is being registered: nothing shows yet that it will be a machine.

        Raises:
            AlreadyExists: it is.
        """
        host = same_host(target.hostname)
        if host in self._under_way:
            raise AlreadyExists(f"host {host} is just being registered for namespace {self._under_way[host]}")
        self._under_way[host] = namespace
        try:
            yield
        finally:
            del self._under_way[host]


@contextmanager
def _require_asyncssh() -> Iterator[None]:
    """Load what only registering needs, and only where it is used: a second, and another licence.

    Raises:
        NotSupported: it is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "asyncssh":
            raise
        raise NotSupported(
            "hosts are logged in to with asyncssh, which is not installed: install the extra 'ssh' "
            "from your clone of the project, here ./vca: pip install './vca/plugins/juju_machine[ssh]'"
        ) from error


def _instance_id(target: SshTarget) -> str:
    return f"{_MANUAL}{target.hostname}"


def _check_host_free(model: Model, target: SshTarget) -> None:
    for machine in model.state.machines.values():
        if machine.is_manual and same_host(machine.instance_id.removeprefix(_MANUAL)) == same_host(target.hostname):
            owner = namespace_in(model.state.notes(machine_tag(machine.id)))
            raise AlreadyExists(
                f"host {target.hostname} is machine {machine.id} of model {model.name} already: "
                + (
                    f"deregister namespace {owner} first"
                    if owner is not None
                    else "no namespace is noted there, so that nobody here goes on with it; if nobody else does,"
                    f" 'juju remove-machine --force {machine.id}' removes it"
                )
            )


def _check_no_agent(target: SshTarget, facts: HostFacts) -> None:
    """Refuse a host that is a machine of some controller, as Juju's own client does: a second agent breaks the first.

    Raises:
        AlreadyExists: it has an agent.
    """
    if facts.agents:
        raise AlreadyExists(
            f"host {target.hostname} has a Juju agent already ({', '.join(facts.agents)}): it is a machine of some"
            " model. Remove it there first. If it is a remnant that no controller knows any more, run"
            " 'sudo /sbin/remove-juju-services' on the host"
        )
