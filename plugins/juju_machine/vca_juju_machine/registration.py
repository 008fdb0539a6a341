"""Existing hosts that become execution environments: prepared over ssh, and taken as manual machines (S59)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vca_core.backend import Host, Operation
from vca_core.errors import AlreadyExists
from vca_core.naming import Namespace
from vca_juju_common.client.machines import ManualMachine, NewMachine, provisioning_script
from vca_juju_common.client.model import Model
from vca_juju_common.readiness import machine_started
from vca_juju_common.session import Session
from vca_juju_machine.creation import adopted, check_free, undone_unless_kept
from vca_juju_machine.options import JujuMachineOptions

if TYPE_CHECKING:
    from vca_juju_machine.provisioning import Places, SshSession, SshTarget

PLACES: Places | None = None
"""Where files go on a host; None: where they belong. Tests have their own."""


async def register(
    session: Session,
    host: Host[JujuMachineOptions],
    op: Operation,
    namespace: Namespace,
    credentials: Mapping[str, Any],
) -> None:
    """Take a host into service (S40; D2, D3, D44).

    The machine's id is stored once its agent was set up: until then all that was done is undone on a failure, on the
    host and in the model.

    Raises:
        AlreadyExists: the namespace has an execution environment, or the host is a machine of the model.
        BadArguments: the credentials cannot be used.
        VcaConnectionError: the host cannot be reached, or refuses the login.
    """
    from vca_juju_machine.provisioning import parse_api_proxy, parse_credentials, ssh_session  # noqa: PLC0415 - asyncssh

    options = host.options
    target = parse_credentials(
        credentials,
        known_hosts=_known_hosts(host),
        default_key=host.ssh_key.private_path,
        host_key=options.host_keys,
    )
    if options.api_proxy is not None:
        parse_api_proxy(options.api_proxy)
    async with session.make(session.names.model(namespace)) as model:
        check_free(session, model, namespace)
        _check_host_free(model, target)
        async with ssh_session(target, limit=op.remaining()) as login:
            machine = await _provisioned(session, model, host, op, namespace, target, login)
        await machine_started(model, machine)


async def _provisioned(
    session: Session,
    model: Model,
    host: Host[JujuMachineOptions],
    op: Operation,
    namespace: Namespace,
    target: SshTarget,
    login: SshSession,
) -> str:
    options = host.options
    facts = await login.facts()
    nonce = f"manual:{target.hostname}:{uuid.uuid4()}"
    manual = ManualMachine(
        instance_id=f"manual:{target.hostname}",
        nonce=nonce,
        address=target.hostname,
        arch=facts.architecture,
        cores=facts.cores,
        memory=facts.memory_mib,
    )
    async with AsyncExitStack() as undo:
        machine = await undone_unless_kept(
                undo, session, model, namespace, NewMachine(facts.base, manual=manual)
            )
        # Juju's agent keeps the model's keys with the user ubuntu, and fails where there is none.
        await login.ensure_user(options.public_key or await host.ssh_key.public_key(), places=PLACES)
        endpoints = [str(endpoint) for endpoint in session.controller.endpoints.all]
        if await login.proxy_api(options.api_proxy, endpoints, PLACES):
            undo.push_async_callback(login.unproxy_api, PLACES)
        await login.run_script(await provisioning_script(model, machine, nonce))
        await op.created(machine)
        undo.pop_all()
    adopted(session, model, namespace, machine)
    return machine


def _known_hosts(host: Host[JujuMachineOptions]) -> Path:
    return host.folder / Path(host.options.known_hosts).expanduser()


def _check_host_free(model: Model, target: SshTarget) -> None:
    for machine in model.state.machines.values():
        if machine.instance_id == f"manual:{target.hostname}":
            raise AlreadyExists(f"host {target.hostname} is machine {machine.id} of model {model.name} already")
