"""The charms' own programs, where the fake runs them: each EE has its charms and its units' folders in one place."""

from __future__ import annotations

import contextlib
import functools
import secrets
import shutil
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

from vca_core.artifacts import Artifact
from vca_core.errors import ExecutionError
from vca_core.naming import EeId
from vca_core.tasks import in_thread
from vca_fake.hook_tools import Action, run
from vca_fake.world import Application, Model

NO_PROGRAMS = ""
"""Instead of a charm's folder: its programs are not run."""


class Programs:
    """Keeps what is to be run.

    Args:
        folder: where; made when it is first needed. None: no program is run.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    @contextlib.asynccontextmanager
    async def bring(self, ee_id: EeId, artifact: Artifact | None) -> AsyncIterator[str]:
        """Bring a charm to an EE, and take it away again where what comes then fails.

        Args:
            ee_id: the EE.
            artifact: the charm; of an archive no program is run. None: none is to be brought.

        Returns:
            The charm's folder, `NO_PROGRAMS` where there is nothing to run.
        """
        source = None if artifact is None else artifact.path
        if self._folder is None or source is None or not (source / "actions").is_dir():
            yield NO_PROGRAMS
            return
        charm = self._of(self._folder, ee_id) / f"charm-{secrets.token_hex(4)}"
        try:
            await in_thread(lambda: shutil.copytree(source, charm, symlinks=True))
            yield str(charm)
        except BaseException:
            await in_thread(lambda: shutil.rmtree(charm, ignore_errors=True))
            raise

    async def forget(self, *ee_ids: EeId) -> None:
        """Remove what was brought to EEs, and what their units kept."""
        folder = self._folder
        if folder is not None:
            for ee_id in ee_ids:
                await in_thread(functools.partial(shutil.rmtree, self._of(folder, ee_id), ignore_errors=True))

    def action(
        self, model: Model, application: Application, name: str, params: Mapping[str, Any], unit: str
    ) -> Action | None:
        """Say what is to be run for an action; None: its charm has no program for it.

        Args:
            model: where the application is.
            application: of the unit.
            name: of the action.
            params: checked ones.
            unit: where it is to run.
        """
        charm = application.charm
        if self._folder is None or charm is None or not application.programs:
            return None
        values = {key: application.config.get(key, option.default) for key, option in charm.options.items()}
        action = Action(
            name=name,
            charm=Path(application.programs),
            folder=self._of(self._folder, application.ee_id) / unit.replace("/", "-"),
            unit=unit,
            leader=unit == application.units[0].id,
            options={key: value for key, value in values.items() if value is not None},
            params=params,
            relations=_relations(model, application),
        )
        return action if action.program.is_file() else None

    @staticmethod
    def _of(folder: Path, ee_id: EeId) -> Path:
        return folder / ee_id.model / f"{ee_id.application}.{ee_id.locator.replace('/', '-')}"


async def output_of_program(action: Action) -> dict[str, Any]:
    """Run an action's program.

    Raises:
        ExecutionError: it fails.
    """
    ended = await run(action)
    if ended.failure is not None:
        raise ExecutionError(ended.failure, action.name, ended.output)
    return ended.output


def _relations(model: Model, application: Application) -> dict[str, list[str]]:
    """The ids of an application's relations, by endpoint."""
    own = (model.name, application.ee_id.application)
    found: dict[str, list[str]] = {}
    for number, pair in enumerate(model.relations):
        for end in pair:
            if end[:2] == own:
                found.setdefault(end[2], []).append(f"{end[2]}:{number}")
    return found
