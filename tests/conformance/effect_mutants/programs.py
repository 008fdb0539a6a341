"""Mutants: programs that outlive what they run for, and what others on their machine see of what they are given."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from conformance.effect_mutants.base import EffectMutant, PersistentMutant, caught_by

from vca_core.backend import Operation
from vca_core.hookspecs import hookimpl
from vca_core.naming import EeId
from vca_fake.hook_tools import Action


class CancelsTheWaitOnly(EffectMutant):
    """Nobody waits any more for a primitive that is cancelled, and its program goes on."""

    CAUGHT_BY = caught_by("a_program_ends_with_its_primitive")

    @hookimpl
    async def exec_primitive(
        self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any], unit: str | None
    ) -> dict[str, Any]:
        return await asyncio.shield(super().exec_primitive(op, ee_id, primitive, params, unit))


class DeletesBesideItsPrograms(PersistentMutant):
    """The folder of an EE is removed, and what runs in it is not ended."""

    CAUGHT_BY = caught_by("a_program_ends_with_its_primitive")

    @hookimpl
    async def delete_execution_environment(self, op: Operation, ee_id: EeId) -> None:
        async def leave(*_: EeId) -> None:
            """Leave it where it is, so that the fake does not see that it is gone."""

        vars(self._programs).update(forget=leave)
        await super().delete_execution_environment(op, ee_id)


class _Shows(EffectMutant):
    CAUGHT_BY = caught_by("what_programs_are_given_is_seen_by_no_others")


class RunsWithParametersAsArguments(_Shows):
    """A program gets its parameters on its command line, too, as by a shell on another host."""

    @hookimpl
    async def exec_primitive(
        self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any], unit: str | None
    ) -> dict[str, Any]:
        command = ("sh", "-c", "read line", primitive, json.dumps(dict(params)))
        shell = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.PIPE)
        try:
            return await super().exec_primitive(op, ee_id, primitive, params, unit)
        finally:
            await shell.communicate(b"")


class LogsRequestsForEverybody(_Shows):
    """The system keeps a log of requests, with what was given, that everybody can read."""

    @hookimpl
    async def exec_primitive(
        self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any], unit: str | None
    ) -> dict[str, Any]:
        log = Path(str(self.host.options.programs)).with_name("requests.log")
        await asyncio.to_thread(log.write_text, f"{primitive} {dict(params)}\n", "utf-8")
        await asyncio.to_thread(log.chmod, 0o644)
        return await super().exec_primitive(op, ee_id, primitive, params, unit)


class KeepsOptionsForEverybody(_Shows):
    """The system keeps what is set in a file that everybody can read."""

    @hookimpl
    async def exec_primitive(
        self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any], unit: str | None
    ) -> dict[str, Any]:
        file = Path(str(self.host.options.programs)).with_name("options.json")
        await asyncio.to_thread(file.write_text, json.dumps(await self.options_of(ee_id)), "utf-8")
        await asyncio.to_thread(file.chmod, 0o644)
        return await super().exec_primitive(op, ee_id, primitive, params, unit)


class PassesItsEnvironmentOn(_Shows):
    """Programs of charms get the environment of the process, with whatever is secret in it."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._made = self._programs._make
        vars(self._programs).update(_make=self._make)

    def _make(self, *given: Any, **named: Any) -> Action | None:
        made = self._made(*given, **named)
        if made is not None and made.name == "look":  # its interpreter gets it, as if it had been started so
            lines = "".join(f"export {name}=x\n" for name in os.environ if name.startswith("VCA_"))
            text = made.program.read_text("utf-8")
            made.program.write_text(text.replace("set -e\n", f"set -e\n{lines}"), "utf-8")
        return made
