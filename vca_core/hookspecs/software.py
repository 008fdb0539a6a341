"""The hooks that install a charm, and work with it; see `vca_core.hookspecs`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from pydantic import BaseModel

from vca_core.artifacts import Artifact
from vca_core.backend import Operation, Output
from vca_core.naming import EeId
from vca_core.traits import operation_hook


class SoftwareHooks(Protocol):
    """The hooks that install a charm, and work with it."""

    @operation_hook(is_aggregate=True, takes_options=True)
    async def install_configuration_sw(
        self,
        op: Operation,
        ee_id: EeId,
        artifact: Artifact,
        config: Mapping[str, Any],
        num_units: int,
        options: BaseModel | None,
    ) -> None:
        """Install a charm in an execution environment and wait until its units are ready.

        Installing the same charm again sets the given options and adds units until there are `num_units`. It never
        removes any: 1, the default, asks for nothing, also if there are none since the EE was scaled to none; a larger
        number that is below the number of units is refused. So are unknown options, another charm, and changes that
        only `upgrade` makes: to another version of the charm, another channel or other resources. What no operation
        changes, such as storage, is refused if it differs. A refused call changes nothing, and its error names the
        operation that does what was asked.

        Two charms are the same if they have the same name. Charms from files must have the same digest, too, which is
        kept as a note with the application in the backend's own system.

        The wait ends when every unit is ready, or blocked, which its status says; and when one fails.

        Args:
            op: this run.
            ee_id: the EE to install it in.
            artifact: the charm; ``await artifact.read()`` gives what it declares.
            config: values of the charm's options, as the caller gave them; None resets one, as in `configure`. They may
                be secrets: log names only.
            num_units: how many units there are to be, at least 1; 1 is the caller's default.
            options: an instance of the model in ``operation_options``; None if there is no model.

        Raises:
            NotFound: the EE does not exist.
            BadArguments: an unknown option or a value of the wrong type, a charm that does not fit the EE, another
                version of the one there (call upgrade), or fewer units than there are (call scale).
            AlreadyExists: another charm is installed there.
            ExecutionError: options that were given again are not as they were set.
            BackendError: a unit's hook failed, or its machine was lost; the error names the unit and gives the system's
                reason. Nothing is undone: install again, upgrade or delete the EE.

        Example::

            @hookimpl
            async def install_configuration_sw(self, op, ee_id, artifact, config, num_units):
                charm = await artifact.read()
                values = coerce(charm.options, config)
                there = await self._find(ee_id)  # by its whole id, or NotFound
                if there.charm is None:
                    await op.held()
                    await self._client.deploy(there, artifact.path, values, num_units)
                else:
                    self._check_same(there, charm)  # refusals.another_charm, refusals.another_version
                    if 1 < num_units < len(there.units):
                        raise refusals.fewer_units(num_units, len(there.units))
                    await op.held()
                    await self._client.set(there, values)
                    await op.held()
                    await self._client.add_units(there, max(0, num_units - len(there.units)))
                await self._client.wait_ready(there)
        """

    @operation_hook()
    async def configure(self, op: Operation, ee_id: EeId, values: Mapping[str, Any]) -> None:
        """Set options of the installed charm.

        Options that are not named keep their values, also those that another process sets at the same time: send what
        was given, and not all that was read. Values that are false, zero or empty are values. Whole numbers of up to 64
        bits arrive exactly.

        The core calls this hook for the primitive ``config``, whose parameters are the options, bare or as
        ``{"params": {...}}``.

        Args:
            op: this run.
            ee_id: the EE to configure.
            values: the values by option name, already taken out of ``{"params": {...}}``. They may be secrets: log
                names only. None resets an option to the charm's default; a system that cannot do that refuses it with
                `BadArguments`. Take the types of the options from the backend's own system, as there is no artifact
                here; `vca_core.charm.coerce` converts and checks.

        Raises:
            NotFound: the EE does not exist, or has no charm installed.
            BadArguments: an unknown option or a value of the wrong type.
            ExecutionError: the options are not as they were set; or a primitive that belongs to it failed, such as the
                one by which a proxy charm says whether it reaches its VNF. The error carries the output.

        Example::

            @hookimpl
            async def configure(self, op, ee_id, values):
                there = await self._find_installed(ee_id)  # by its whole id; NotFound, also without a charm
                values = coerce(await self._client.options(there), values)
                await op.held()
                await self._client.set(there, values)
        """

    @operation_hook()
    async def exec_primitive(
        self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any], unit: str | None
    ) -> Output:
        """Run a primitive (an action of the charm) and wait for its end.

        It runs at most once for each call, even if the connection is lost meanwhile, and on the unit that was asked
        for, the leader by default. If it is not certain whether it runs, fail with a retryable error: the caller
        decides, not the backend. When the hook is cancelled, cancel the run: its program ends, with all that it has
        started. So does a program whose EE is deleted meanwhile.

        Args:
            op: this run.
            ee_id: the EE to run it in.
            primitive: name of the action.
            params: its parameters, as the caller gave them. They may be secrets: log names only.
            unit: name of the unit to run it on, as the backend lists it: free text, which only the backend reads. For a
                caller's number 2 it is ``APPLICATION/2``. None: the leader.

        Returns:
            Its output: a mapping of plain data, with the texts as the program gave them, letter by letter.

        Raises:
            NotFound: the EE or the unit does not exist, or the EE has no charm installed.
            BadArguments: the charm has no such primitive, or does not accept the parameters.
            ExecutionError: it failed, or was cancelled by others; the error carries the primitive's name, the output of
                this run and, there or in its text, the reason that the program gave.

        Example::

            @hookimpl
            async def exec_primitive(self, op, ee_id, primitive, params, unit):
                there = await self._find_installed(ee_id)  # by its whole id; NotFound, also without a charm
                await op.held()
                run = await self._client.run(there, unit, primitive, params)
                try:
                    async for state in run.states():
                        op.report(Entity("action", run.id), state)
                except asyncio.CancelledError:
                    await run.cancel()
                    raise
                if run.failed:
                    raise ExecutionError(run.message, primitive, run.output)
                return run.output
        """

    @operation_hook(is_aggregate=True, takes_options=True)
    async def scale(self, op: Operation, ee_id: EeId, num_units: int, options: BaseModel | None) -> None:
        """Set the number of units and wait until they are ready or gone.

        If there are that many already, no unit comes or goes. If there are more, the leader and the oldest ones stay;
        if there are fewer, all of them stay. Units that are on their way out do not count. A new unit has nothing of
        one that was removed, even under the same name.

        The wait is for all units, also if none was added or removed: one whose hook failed runs it again, and ends the
        wait if it fails again, or if the system leaves it as it is.

        Args:
            op: this run.
            ee_id: the EE to scale.
            num_units: how many units there are to be, at least 1; at least 0 where the backend `scales_to_none`.
            options: an instance of the model in ``operation_options``; None if there is no model.

        Raises:
            NotFound: the EE does not exist, or has no charm installed.
            BackendError: a unit's hook failed, or its machine was lost; the error names the unit and gives the system's
                reason. Nothing is undone.

        Example::

            @hookimpl
            async def scale(self, op, ee_id, num_units):
                there = await self._find_installed(ee_id)  # by its whole id; NotFound, also without a charm
                await op.held()
                await self._client.scale(there, num_units)
                await self._client.wait_units(there, num_units)
        """

    @operation_hook(is_aggregate=True, takes_options=True)
    async def upgrade(
        self, op: Operation, ee_id: EeId, artifact: Artifact, config: Mapping[str, Any], options: BaseModel | None
    ) -> None:
        """Replace the installed charm with another version of it and wait until its units are ready.

        The units stay, and so do the leader, the relations and the options that were set, except options that the new
        version does not have. If the new version declares another type for an option, its value stays only if it fits
        that type; otherwise the option has the new default. The given options are set even if the charm is the one that
        is there. A unit whose hook `install` failed runs the new version's. The wait ends when every unit runs the new
        version and is ready. What the new version declares is what `configure` and `exec_primitive` accept from then
        on, in every process.

        Args:
            op: this run.
            ee_id: the EE to upgrade.
            artifact: the new version.
            config: values of options to set with it, as the caller gave them; None resets one, as in `configure`. They
                may be secrets: log names only.
            options: an instance of the model in ``operation_options``; None if there is no model.

        Raises:
            NotFound: the EE does not exist, or has no charm installed.
            BadArguments: another charm is installed, the new version does not fit the EE or lacks an endpoint that is
                related, an unknown option, or a value of the wrong type.
            BackendError: a unit's hook failed, or its machine was lost; the error names the unit and gives the system's
                reason. Nothing is undone: another upgrade may help.

        Example::

            @hookimpl
            async def upgrade(self, op, ee_id, artifact, config):
                there = await self._find_installed(ee_id)  # by its whole id; NotFound, also without a charm
                charm = await artifact.read()
                self._check_fits(there, charm)  # refusals.not_a_version, refusals.broken_relation
                values = coerce(charm.options, config)
                await op.held()
                await self._client.refresh(there, artifact.path, values)
                await self._client.wait_running(there, artifact.path)
        """
