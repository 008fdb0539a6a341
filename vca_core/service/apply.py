"""Brings a service up: does what is still missing, in parallel where nothing orders it, as often as it is called."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from vca_core import arguments
from vca_core.connector import Connector
from vca_core.errors import AlreadyExists, BadArguments, NotFound, StoreError, VcaError
from vca_core.service.charms import read_charms
from vca_core.service.comparison import Comparison
from vca_core.service.lease import Lease, OnWait
from vca_core.service.ledger import Done, Ledger, service_id
from vca_core.service.left_out import LeftOut, check_hosts, describe_undone, find_left_out, list_ee_ids
from vca_core.service.living import DECIDE, Living
from vca_core.service.ns_file import Service, Vnf
from vca_core.service.plan import Joint, Step, StepState, plan
from vca_core.vca import Vca

Day1 = Literal["again", "done"]
"""What to do with primitives of which it is unknown whether they ran."""

OnStep = Callable[[Step, StepState, str], None]
"""Called with each change of a step: the step, its state, and a detail for people."""


@dataclass
class Applied:
    """What became of a service.

    Args:
        states: of each step, by key.
        ee_ids: of the execution environments, by VNF.
        outputs: of the primitives that were run now, by key of the step.
        errors: of the steps that failed, by key.
        statuses: of the execution environments, by VNF.
        changed_secrets: the titles of steps that were done with other secrets than those that are given now.
        unknown_secrets: the titles of steps that were done with secrets so short that nothing is kept of them: whether
            they have changed is not known.
        left_out: the execution environments of VNFs that the file does not have any more; nothing was done to them.
        notes: what else is to be told: what lives of the NS on some connector, what was done and is not in the file any
            more, and what could not be asked or compared.
    """

    states: dict[str, StepState]
    ee_ids: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, VcaError] = field(default_factory=dict)
    statuses: dict[str, str] = field(default_factory=dict)
    changed_secrets: list[str] = field(default_factory=list)
    unknown_secrets: list[str] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        """Whether all steps are done."""
        return all(state in (StepState.DONE, StepState.KEPT) for state in self.states.values())


def _ignore(*_: object) -> None:
    pass


_AT_ONCE = 16
"""Steps that begin in one turn of the event loop: with thousands at once, nothing else would get a turn."""


async def _let_others(number: int) -> None:
    """Let the loop get round to something else, once for some steps."""
    if number % _AT_ONCE == 0:
        await asyncio.sleep(0)


_HOOKS = {
    "create": "create_execution_environment",
    "register": "register_execution_environment",
    "install": "install_configuration_sw",
    "upgrade": "upgrade",
}
"""The operations whose options an NS file has, by what they are called there."""


def _check_named(connector: Connector, operation: str, options: Mapping[str, Any], vnf: str) -> None:
    """Check options of an operation on a VNF; what is wrong bears the name that it has in the NS file."""
    if _HOOKS[operation] not in connector.capabilities:
        return  # its step says so
    try:
        connector.check_options(_HOOKS[operation], options)
    except BadArguments as error:
        error.rename({"options": f"vnfs.{vnf}.options.{operation}"})
        raise


class Apply:
    """One run of `vca apply`.

    Args:
        vca: what the service is brought up with.
        service: the service.
        on_step: called with each change of a step.
        on_wait: called when it waits for another run of the same service.
        day1: what to do with the Day-1 primitives of a service that is there and that the store knows nothing of:
            ``"again"`` runs them, ``"done"`` takes them for done; None: nothing is begun then.
        build_again: whether a VNF is made a second time where another connector has it, unknown to the store; otherwise
            nothing is begun then.
    """

    def __init__(
        self,
        vca: Vca,
        service: Service,
        on_step: OnStep = _ignore,
        on_wait: OnWait = _ignore,
        *,
        day1: Day1 | None = None,
        build_again: bool = False,
    ) -> None:
        self._vca = vca
        self._service = service
        self._on_step = on_step
        self._day1 = day1
        self._build_again = build_again
        planned = plan(service)
        self.steps = planned.steps
        self._parts = planned.parts
        self._ledger = Ledger(vca.store, service)
        self._compared = Comparison(service, self.steps, {}, {})
        self._lease = Lease(vca.store, service_id(service), vca.config.timeouts.store_grace, on_wait)
        self._ended: dict[str, asyncio.Event] = {}
        self._failed: dict[str, str] = {}
        self._found: set[str] = set()
        self._unknown: set[str] = set()
        self._adopted: set[str] = set()
        self._applied = Applied({})

    async def run(self) -> Applied:
        """Do what is still missing, when no other process applies the same service to the same store.

        A step that fails stops those that wait for it, and nothing else. When it is cancelled, what runs is cancelled
        and cleaned up; running it again goes on from there.

        Raises:
            BadArguments: a connector or an option is unknown, a VNF has more units than the config's `limits.units`, or
                a step was done with other inputs before: then nothing is begun.
            VcaError: the store cannot be used, or another process has taken the lease over.
        """
        self._check_units()
        async with self._lease.hold():
            await self._run_steps()
            self._applied.statuses = await self._ledger.read_statuses()
        return self._applied

    def _check_units(self) -> None:
        """Refuse what would be refused in the middle of it."""
        for name, vnf in self._service.vnfs.items():
            arguments.count(vnf.units, f"vnfs.{name}.units", self._vca.config.limits.units)

    async def _run_steps(self) -> None:
        charms = await read_charms(self._vca.config, self._service)
        entries = await self._ledger.entries()
        known = entries or {}
        connectors = await self._find_connectors(known)
        self._found = {name for name in self._service.vnfs if known.get(name, {}).get("found")}
        self._unknown = self._found | (self._service.vnfs.keys() - known.keys())
        before = await self._ledger.read_steps()
        notes = await self._check_living(connectors, before)
        self._compared = Comparison(self._service, self.steps, charms, before)
        notes += await self._compared.check_unchanged(known)
        await self._check_options(connectors, before)
        check_hosts(self._service, known, before)
        notes += describe_undone(self._service, before)
        done = await self._ledger.open({name: connector.name for name, connector in connectors.items()})
        done = await self._drop_gone(connectors, done)
        secrets = await self._compared.compare_secrets(done)
        await self._ledger.note(secrets.renewed)
        self._applied = Applied(
            {step.key: StepState.WAITING for step in self.steps},
            changed_secrets=secrets.changed,
            unknown_secrets=secrets.unknown,
            left_out=await find_left_out(self._vca, self._service, known, before),
            notes=notes,
        )
        if self._day1 == "done":
            for step in self.steps:
                if step.kind == "run" and step.vnfs[0] in self._adopted:
                    done[step.key] = self._compared.done_now(step, None, await self._compared.seal(step))
                    await self._ledger.note({step.key: done[step.key]})
        await self._ledger.keep_outcomes({step.key for step in self.steps if step.key not in done})
        self._ended = {part.key: asyncio.Event() for part in self._parts}
        self._failed = {}
        for number, step in enumerate(self.steps):
            self._on_step(step, StepState.WAITING, "")
            await _let_others(number)
        async with asyncio.TaskGroup() as tasks:
            for number, part in enumerate(self._parts):
                await _let_others(number)
                work = self._pass_joint(part) if isinstance(part, Joint) else self._run_step(part, connectors, done)
                tasks.create_task(work, name=part.key)

    async def _find_connectors(self, entries: Mapping[str, Mapping[str, Any]]) -> dict[str, Connector]:
        """Find the connector of each VNF: the one that its EE is on, whatever the default is by now."""
        found: dict[str | None, Connector] = {}
        connectors: dict[str, Connector] = {}
        for vnf, given in self._service.vnfs.items():
            name = given.connector or self._service.connector or entries.get(vnf, {}).get("connector")
            if name not in found:
                found[name] = await self._vca.find_connector(name)
            connectors[vnf] = found[name]
        return connectors

    async def _check_living(self, connectors: Mapping[str, Connector], before: Mapping[str, Done]) -> list[str]:
        """Refuse to make, or to run again, what lives on and is not in the ledger.

        Returns:
            What else is to be told.
        """
        missing = [name for name in connectors if not {f"{name}/create", f"{name}/register"} & before.keys()]
        if not missing:
            return []
        own = set(connectors.values())
        living = await Living.look(self._vca, self._service, own)
        if not self._build_again:
            living.check_elsewhere(missing, connectors)
        unknown = [name for name in missing if name in self._unknown]
        self._adopted = self._found | {name for name in unknown if living.may_have(name, connectors[name])}
        if self._is_undecided():
            living.check_decided(unknown, connectors)
        return living.notes(own, {done.ee_id for done in before.values() if done.ee_id is not None})

    def _is_undecided(self) -> bool:
        """Whether nobody has said what is to become of Day-1 primitives that others may have run."""
        return self._day1 is None and any(step.kind == "run" for step in self.steps)

    async def _refuse_found(self, vnf: str, connector: Connector, found: AlreadyExists) -> None:
        """Refuse to go on with an EE that somebody has made since this run began, and whose primitives they run.

        Raises:
            BadArguments: nobody has said that it is to be gone on with.
        """
        if vnf not in self._unknown or not self._is_undecided():
            return
        await self._ledger.note_found(vnf, found.ee_id)
        raise BadArguments(
            f"day1: {connector.name} has got {found.ee_id} of NS {self._service.ns} while this run began: another "
            "`vca apply` brings it up, with another status store, and runs its Day-1 primitives; wait for that one, "
            f"and use its store. If it has ended, {DECIDE}",
            ["day1"],
        ) from found

    async def _check_options(self, connectors: Mapping[str, Connector], done: Mapping[str, Done]) -> None:
        """Refuse options that the backends refuse: an installation could have been half corrected before that."""
        for number, step in enumerate(self.steps):
            await _let_others(number)
            if step.key in done or step.kind not in _HOOKS:
                continue
            name = step.vnfs[0]
            options, connector = self._service.vnfs[name].options, connectors[name]
            given = {"create": options.create, "register": options.register_, "install": options.install}[step.kind]
            _check_named(connector, step.kind, given, name)
            if step.kind == "install":
                _check_named(connector, "upgrade", options.upgrade, name)

    async def _drop_gone(self, connectors: Mapping[str, Connector], done: Mapping[str, Done]) -> dict[str, Done]:
        """Leave out what was done to execution environments that are not there any more."""
        present: dict[Connector, set[str] | None] = {}
        gone: set[str] = set()
        for name, connector in connectors.items():
            ee_id = next((done[key].ee_id for key in (f"{name}/create", f"{name}/register") if key in done), None)
            if ee_id is None:
                continue
            if connector not in present:
                present[connector] = await list_ee_ids(connector, self._service)
            if (listed := present[connector]) is not None and ee_id not in listed:
                gone.add(name)
        undone = {step.key for step in self.steps if gone & set(step.vnfs) and step.key in done}
        await self._ledger.forget(undone)
        return {key: entry for key, entry in done.items() if key not in undone}

    async def _wait(self, needs: Sequence[str]) -> str | None:
        """Wait for steps and joints; return the first of the steps that failed or are blocked, None if all are done."""
        for key in needs:
            await self._ended[key].wait()
        return next((self._failed[key] for key in needs if key in self._failed), None)

    async def _pass_joint(self, joint: Joint) -> None:
        if (failed := await self._wait(joint.needs)) is not None:
            self._failed[joint.key] = failed
        self._ended[joint.key].set()

    async def _run_step(self, step: Step, connectors: Mapping[str, Connector], done: Mapping[str, Done]) -> None:
        failed = await self._wait(step.needs)
        kept = done.get(step.key)
        try:
            if failed is not None:
                self._failed[step.key] = step.key
                self._tell(step, StepState.BLOCKED, f"waits for {failed}")
            elif kept is not None:
                if kept.ee_id is not None:
                    self._applied.ee_ids[step.vnfs[0]] = kept.ee_id
                self._tell(step, StepState.KEPT, "")
            else:
                await self._lease.check()
                self._tell(step, StepState.RUNNING, "")
                seal = await self._compared.seal(step)
                ee_id = await self._call_operation(step, connectors)
                await self._note(step, ee_id, seal)
                self._tell(step, StepState.DONE, "")
        except VcaError as error:
            self._applied.errors[step.key] = error
            self._failed[step.key] = step.key
            if step.kind == "relate":
                await self._ledger.note_failure(step, connectors[step.vnfs[0]].scrub(error.message))
            self._tell(step, StepState.FAILED, error.message)
        finally:
            self._ended[step.key].set()

    def _tell(self, step: Step, state: StepState, detail: str) -> None:
        self._applied.states[step.key] = state
        self._on_step(step, state, detail)

    async def _note(self, step: Step, ee_id: str | None, seal: str | None) -> None:
        try:
            await self._ledger.note({step.key: self._compared.done_now(step, ee_id, seal)})
        except StoreError:
            raise
        except Exception as error:
            raise StoreError(f"it is done, and that could not be kept: {error}") from error

    async def _call_operation(self, step: Step, connectors: Mapping[str, Connector]) -> str | None:
        name = step.vnfs[0]
        vnf, connector = self._service.vnfs[name], connectors[name]
        if step.kind in ("create", "register"):
            ee_id = await self._environment(name, connector)
            if name in self._found:
                await self._ledger.note_found(name, None)
            self._applied.ee_ids[name] = ee_id
            return ee_id
        ee_id = self._applied.ee_ids[name]
        if step.kind == "install":
            await self._install(step, connector, ee_id, vnf)
        elif step.relation is not None:
            (_, endpoint_1), (other, endpoint_2) = step.relation.ends
            await self._vca.add_relation(
                (connector, ee_id, endpoint_1), (connectors[other], self._applied.ee_ids[other], endpoint_2)
            )
            await self._ledger.note_failure(step, None)
        else:
            primitive = vnf.day1[step.number]
            try:
                self._applied.outputs[step.key] = await connector.exec_primitive(
                    ee_id,
                    primitive.run,
                    primitive.with_,
                    self._ledger.path(step),
                    total_timeout=primitive.timeout,
                    unit=primitive.unit,
                )
            except BadArguments as error:
                error.rename({"params_dict": "with", "primitive_name": "run"})
                raise
        return None

    async def _install(self, step: Step, connector: Connector, ee_id: str, vnf: Vnf) -> None:
        """Install a charm, by an upgrade where a failed attempt has left another one there, or other resources."""
        charm, home = vnf.charm or "", self._ledger.home(step.vnfs[0])

        async def install() -> None:
            await connector.install_configuration_sw(
                ee_id, charm, home, config=vnf.config, num_units=vnf.units, options=vnf.options.install
            )

        was_tried_otherwise = await self._ledger.begin(step, self._compared.attempt(step))
        try:
            await install()
        except BadArguments as refused:
            is_about_units = "num_units" in refused.bad_args  # they are not what an upgrade changes
            if not was_tried_otherwise or is_about_units or "upgrade" not in connector.capabilities:
                raise
            known = connector.option_names("upgrade")
            options = {name: value for name, value in vnf.options.install.items() if name in known}
            try:
                await connector.upgrade(ee_id, charm, home, vnf.config, options={**options, **vnf.options.upgrade})
            except NotFound:  # no attempt got so far
                raise refused from None
            await install()

    async def _environment(self, name: str, connector: Connector) -> str:
        vnf = self._service.vnfs[name]
        namespace, home = self._service.namespace(name), self._ledger.home(name)
        if vnf.machine is not None:
            try:
                return await connector.register_execution_environment(
                    namespace, vnf.machine, home, options=vnf.options.register_
                )
            except AlreadyExists as error:
                if error.ee_id is None:
                    raise
                await self._refuse_found(name, connector, error)
                return error.ee_id
        reuse: str | None = None
        while True:
            try:
                ee_id, _ = await connector.create_execution_environment(
                    namespace,
                    home,
                    reuse,
                    artifact_path=vnf.charm,
                    options=vnf.options.create,
                )
            except AlreadyExists as error:
                # Of an earlier run that was stopped: go on with it.
                if error.ee_id is None or reuse is not None:
                    raise
                await self._refuse_found(name, connector, error)
                if "resume_execution_environment" not in connector.capabilities:
                    return error.ee_id
                reuse = error.ee_id
            else:
                return ee_id
