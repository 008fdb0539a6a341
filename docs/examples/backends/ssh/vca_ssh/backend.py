"""The backend: what the VCA framework asks for, done with folders and programs of the host."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import uuid4

from pydantic import BaseModel

from vca_core import refusals
from vca_core.artifacts import Artifact
from vca_core.backend import Backend, Description, ExecutionEnvironment, Host, Operation
from vca_core.charm import check_params_aside, coerce
from vca_core.errors import BackendError, ExecutionError, NotFound, VcaConnectionError, VcaError
from vca_core.hookspecs import hookimpl
from vca_core.naming import EeId, Namespace
from vca_core.status import Entity
from vca_ssh import charms
from vca_ssh.answers import Refused
from vca_ssh.options import SshOptions
from vca_ssh.records import Record

if TYPE_CHECKING:
    from vca_ssh.client import Client

_AGAIN = 0.2
"""Seconds until an undo that found no connection is tried again."""


class SshBackend(Backend[SshOptions]):
    """Keeps execution environments on a host."""

    api_version = 1
    Options: ClassVar[type[BaseModel]] = SshOptions

    _client: Client

    def __init__(self, host: Host[SshOptions]) -> None:
        super().__init__(host)  # connects to nothing: that is for `open`
        self._address = host.options.hostname

    @hookimpl
    async def open(self) -> None:
        """Connect. asyncssh is imported here: it costs nothing where this backend is not used."""
        from vca_ssh.client import Client

        self._client = Client(self.host.options, self.host.folder)
        await self._client.connect()

    @hookimpl
    async def close(self) -> None:
        """End the connection, and with it the agent."""
        await self._client.close()

    @hookimpl
    async def create_execution_environment(self, op: Operation, namespace: Namespace, artifact: Artifact | None) -> str:
        """Make a folder, under an id of our own: it can be removed again even if the answer never comes."""
        if artifact is not None:
            await charms.read(artifact)
        names, kept = self.host.names, namespace.canonical
        ee_id = EeId(names.model(namespace), names.application(namespace), uuid4().hex)
        await op.held()
        try:
            made = await self._client.change("create", ee=_names(ee_id), namespace=str(kept), ns=kept.ns_id)
            await op.created(ee_id.locator)
        except Refused as refused:  # nothing was made
            raise _refusal(refused, ee_id, namespace) from refused
        except BaseException:  # a cancellation, too
            await self._undo(op, ee_id)
            raise
        self._report(op, Record.of(made))
        return self._address

    @hookimpl
    async def resume_execution_environment(self, op: Operation, ee_id: EeId, namespace: Namespace) -> str:
        """Continue with a folder that is there."""
        record = await self._find(ee_id)
        if record.namespace != namespace.canonical:
            raise refusals.shared_application(namespace, record.namespace, ee_id.model, ee_id.application)
        await op.created(ee_id.locator)
        self._report(op, record)
        return self._address

    @hookimpl
    async def install_configuration_sw(
        self, op: Operation, ee_id: EeId, artifact: Artifact, config: Mapping[str, Any], num_units: int
    ) -> None:
        """Send the charm, make the units, and run its hooks on each."""
        charm = await charms.read(artifact)
        values = coerce(charm.options, config)
        record = await self._find(ee_id)
        if record.charm is not None:
            if record.charm.name != charm.name:
                raise refusals.another_charm(record.charm.name, charm.name, ee_id)
            if record.charm.digest != charm.digest:
                raise refusals.another_version(charm.name)
            if 1 < num_units < len(record.units):
                raise refusals.fewer_units(num_units, len(record.units))
        await self._install(op, record, artifact, charm, values, max(num_units, len(record.units)), ["config-changed"])

    @hookimpl
    async def upgrade(self, op: Operation, ee_id: EeId, artifact: Artifact, config: Mapping[str, Any]) -> None:
        """Send the new version, and run its hooks on each unit."""
        record, installed = await self._find_installed(ee_id)
        charm = await charms.read(artifact)
        if charm.name != installed.name:
            raise refusals.not_a_version(installed.name, charm.name)
        values = coerce(charm.options, config)
        hooks = ["upgrade-charm", "config-changed"]
        await self._install(op, record, artifact, charm, values, len(record.units), hooks)

    async def _install(
        self,
        op: Operation,
        record: Record,
        artifact: Artifact,
        charm: charms.Facts,
        values: Mapping[str, Any],
        units: int,
        hooks: Sequence[str],
    ) -> None:
        is_there = record.charm is not None and record.charm.digest == charm.digest
        archive = None if is_there else await charms.pack(artifact)
        kept = {
            name: value
            for name, value in record.values.items()
            if record.charm is not None
            and name in charm.options
            and charm.options[name].type == record.charm.options[name].type
        }
        await op.held()
        await self._change(
            op,
            record.ee_id,
            "install",
            charm=charm.as_data(),
            archive=archive,
            values=_merge(kept, values),
            units=units,
            hooks=hooks,
        )
        await self._settle(op, record.ee_id)

    @hookimpl
    async def configure(self, op: Operation, ee_id: EeId, values: Mapping[str, Any]) -> None:
        """Set options, and run the hook of each unit."""
        _, charm = await self._find_installed(ee_id)
        given = coerce(charm.options, values)
        await op.held()
        await self._change(op, ee_id, "configure", values=given)
        await self._settle(op, ee_id)

    @hookimpl
    async def scale(self, op: Operation, ee_id: EeId, num_units: int) -> None:
        """Add units, or remove the newest."""
        record, _ = await self._find_installed(ee_id)
        await op.held()
        await self._change(op, ee_id, "scale", units=num_units)
        for unit in record.units[num_units:]:
            op.report(unit.entity_state.entity, None)
        await self._settle(op, ee_id)

    @hookimpl
    async def exec_primitive(
        self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any], unit: str | None
    ) -> dict[str, Any]:
        """Run a program of the charm. It ends with the connection, so that none runs unnoticed."""
        record, charm = await self._find_installed(ee_id)
        if primitive not in charm.actions:
            raise refusals.no_primitive(charm.name, primitive, charm.actions)
        given = await check_params_aside(charm.actions[primitive], params)
        numbers = {one.name: one.number for one in record.units}
        name = record.units[0].name if unit is None else unit
        if name not in numbers:
            raise refusals.no_unit(name, ee_id, numbers)
        await op.held()
        action = Entity("action", op.id)
        op.report(action, "running", primitive)
        try:
            ran = await self._change(op, ee_id, "run", unit=numbers[name], program=primitive, params=given)
            output = _output(primitive, ran)
        except VcaError:
            op.report(action, "failed", primitive)
            raise
        op.report(action, "completed", primitive)
        return output

    @hookimpl
    async def delete_execution_environment(self, op: Operation, ee_id: EeId) -> None:
        """Remove the folder; it succeeds if there is none."""
        try:
            record = await self._find(ee_id)
            await op.held()
            await self._change(op, ee_id, "delete")
        except NotFound:
            return
        for state in record.listing(self._address).entities:
            self.host.report(ee_id, state.entity, None)

    @hookimpl
    async def delete_namespace(self, op: Operation, namespace: Namespace) -> None:
        """Remove all folders of an NS."""
        model = self.host.names.model(namespace)
        records = [record for record in await self._records() if record.ee_id.model == model]
        for record in records:
            if record.namespace.ns_id != namespace.ns_id:
                raise refusals.shared_model(namespace.ns_id, record.namespace.ns_id, model)
        for record in records:
            await self.delete_execution_environment(op, record.ee_id)

    @hookimpl
    async def list_execution_environments(self, namespace: Namespace | None) -> Sequence[ExecutionEnvironment]:
        """List the folders, each with the namespace that it was made for."""
        records = await self._records()
        return [one.listing(self._address) for one in records if namespace is None or namespace.contains(one.namespace)]

    @hookimpl
    async def describe_execution_environment(self, ee_id: EeId) -> Description:
        """Describe what is in a folder."""
        return (await self._find(ee_id)).description(self._address)

    @hookimpl
    async def health(self) -> dict[str, Any]:
        """Return how many EEs there are."""
        return {"execution_environments": len(await self._records())}

    async def _records(self) -> list[Record]:
        return [Record.of(data) for data in await self._client.read("list")]

    async def _find(self, ee_id: EeId) -> Record:
        """Find an EE by its whole id.

        Raises:
            NotFound: it is not there.
        """
        try:
            return Record.of(await self._client.read("find", ee=_names(ee_id)))
        except Refused as refused:
            raise _refusal(refused, ee_id) from refused

    async def _find_installed(self, ee_id: EeId) -> tuple[Record, charms.Facts]:
        """Find an EE that has a charm.

        Raises:
            NotFound: it is not there, or has none.
        """
        record = await self._find(ee_id)
        if record.charm is None:
            raise refusals.no_charm(ee_id.model, ee_id.application)
        return record, record.charm

    async def _change(self, op: Operation, ee_id: EeId, do: str, **given: Any) -> Any:
        try:
            return await self._client.change(do, ee=_names(ee_id), **given)
        except Refused as refused:
            if refused.kind == "hook":  # what became of the units is worth knowing
                self._report(op, Record.of(refused.facts["record"]))
            raise _refusal(refused, ee_id) from refused

    async def _settle(self, op: Operation, ee_id: EeId) -> None:
        """Run the hooks that are due, until every unit is ready."""
        self._report(op, await self._find(ee_id))
        await op.held()
        self._report(op, Record.of(await self._change(op, ee_id, "settle")))

    async def _undo(self, op: Operation, ee_id: EeId) -> None:
        """Remove an EE whose id was not stored, also when the connection was lost and is coming back."""
        reason = "the host does not answer"
        try:
            async with asyncio.timeout(op.cleanup * 0.8):
                while True:
                    try:
                        await self._client.change("delete", ee=_names(ee_id))
                    except VcaConnectionError:
                        await asyncio.sleep(_AGAIN)
                    else:
                        return
        except Refused as refused:
            if refused.kind == "absent":
                return
            reason = refused.kind
        except TimeoutError:
            pass
        self.host.log.warning("%s may be left behind: %s", ee_id, reason)

    def _report(self, op: Operation, record: Record) -> None:
        for state in record.listing(self._address).entities:
            op.report(state.entity, state.native, state.detail)


def _names(ee_id: EeId) -> dict[str, str]:
    """An ee_id, as the agent takes it."""
    return {"model": ee_id.model, "application": ee_id.application, "id": ee_id.locator}


def _merge(values: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Set options; None resets one."""
    return {name: value for name, value in {**values, **given}.items() if value is not None}


def _output(primitive: str, ran: Mapping[str, Any]) -> dict[str, Any]:
    """What a program that ended gives back: an object if it wrote one, else its text.

    Raises:
        ExecutionError: it failed.
    """
    try:
        said = json.loads(ran["stdout"])
    except ValueError:
        said = ran["stdout"]
    output = said if isinstance(said, dict) else {"stdout": said} if said else {}
    if ran["exit_code"]:
        output = {**output, "exit_code": ran["exit_code"], "stderr": ran["stderr"]}
        raise ExecutionError(f"{primitive} failed: it ended with {ran['exit_code']}", primitive, output)
    return output


def _refusal(refused: Refused, ee_id: EeId, namespace: Namespace | None = None) -> VcaError:
    """What the agent did not do, in the framework's words."""
    facts = refused.facts
    there = Record.of(facts["record"]) if "record" in facts else None
    if refused.kind == "absent":
        return refusals.no_environment(ee_id)
    if refused.kind == "program":
        return ExecutionError(facts["message"])
    if there is not None and refused.kind == "hook":
        unit = next(one for one in there.units if one.number == facts["unit"])
        return BackendError(f"unit {unit.name} failed: {unit.message}")
    if there is not None and namespace is not None:
        if refused.kind == "shared-model":
            return refusals.shared_model(namespace.ns_id, there.namespace.ns_id, ee_id.model)
        if there.namespace != namespace.canonical:
            return refusals.shared_application(namespace, there.namespace, ee_id.model, ee_id.application)
        return refusals.already_exists(there.ee_id, namespace)
    return BackendError(f"the host failed: {facts.get('message', refused.kind)}")
