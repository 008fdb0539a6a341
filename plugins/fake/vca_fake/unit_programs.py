"""What is brought to the units of an EE, and runs there: actions, and the hook of units that are new."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

from vca_core.artifacts import Artifact
from vca_core.errors import BackendError, ExecutionError
from vca_core.naming import EeId
from vca_core.status import Entity
from vca_fake.charms import run_action
from vca_fake.hook_tools import Action, run
from vca_fake.lives import Lives, find_application
from vca_fake.programs import Programs
from vca_fake.world import Application, Model
from vca_fake.worlds import Worlds


class UnitPrograms:
    """Runs what charms bring, where the fake runs programs, and knows what becomes of units.

    Args:
        worlds: where the EEs are.
        lives: lets their units live.
        programs: what can be run.
    """

    def __init__(self, worlds: Worlds, lives: Lives, programs: Programs) -> None:
        self._worlds, self._lives, self._programs = worlds, lives, programs

    def bring(self, ee_id: EeId, artifact: Artifact | None) -> AbstractAsyncContextManager[str]:
        """Bring a charm to an EE: see `Programs.bring`."""

        async def is_taken(charm: str) -> bool:
            def look(model: Model) -> bool:
                application = model.find(ee_id)
                return application is not None and application.programs == charm

            return await self._worlds.change(ee_id.model, look)

        return self._programs.bring(ee_id, artifact, is_taken)

    async def settle(self, ee_id: EeId) -> None:
        """Run the hook `install` on units that are new, or on which it failed; then wait until nothing happens.

        Raises:
            BackendError: a hook failed; its unit is in error from then on.
            NotFound: the EE is gone.
        """

        def due(model: Model) -> list[Action]:
            return self._programs.install_hooks(model, find_application(model, ee_id))

        for hook in await self._worlds.change(ee_id.model, due):
            is_program = os.access(hook.program, os.X_OK)
            failure = (await run(hook)).failure if is_program else "it cannot be executed"
            if failure is not None:
                await self._fail(ee_id, hook)
                raise BackendError(f'unit {hook.unit}: hook failed: "{hook.name}": {failure}')
        await self._lives.change(ee_id, _recover)
        await self._lives.settle(ee_id)

    async def _fail(self, ee_id: EeId, hook: Action) -> None:
        def fail(application: Application, now: float) -> None:
            application.put(Entity("unit", hook.unit), "error", f'hook failed: "{hook.name}"', now)

        await self._lives.change(ee_id, fail)

    async def run(self, ee_id: EeId, primitive: str, params: Mapping[str, Any], unit: str) -> dict[str, Any]:
        """Run the charm's own program of a primitive, where it has one; else do what the fake knows.

        Raises:
            ExecutionError: it failed.
        """

        def program(model: Model) -> Action | None:
            return self._programs.action(model, find_application(model, ee_id), primitive, params, unit)

        action = await self._worlds.change(ee_id.model, program)
        if action is None:
            return await self._lives.change(ee_id, lambda here, _: run_action(here, primitive, params, unit))
        ended = await run(action)
        if ended.failure is not None:
            raise ExecutionError(ended.failure, primitive, ended.output)
        return ended.output


def _recover(application: Application, now: float) -> None:
    """Let units go on whose hook had failed, and does not any more."""
    for unit in application.units:
        if application.has_failed(unit):
            application.put(unit, "maintenance", "installing charm software", now)
