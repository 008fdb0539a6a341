"""The charms' own programs, where the fake runs them: each EE has its charms and its units' folders in one place."""

from __future__ import annotations

import contextlib
import functools
import os
import secrets
import shutil
import stat
import zipfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from vca_core.artifacts import Artifact
from vca_core.naming import EeId
from vca_core.tasks import in_thread
from vca_fake.hook_tools import Action
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
    async def bring(
        self, ee_id: EeId, artifact: Artifact | None, is_taken: Callable[[str], Awaitable[bool]]
    ) -> AsyncIterator[str]:
        """Bring a charm to an EE, and take it away again where what comes then fails before it is taken.

        Args:
            ee_id: the EE.
            artifact: the charm; None: none is to be brought.
            is_taken: whether the EE has a folder as its charm's; a cancellation may come when it has just got it.

        Returns:
            The charm's folder, `NO_PROGRAMS` where there is nothing to run.
        """
        source = None if artifact is None else artifact.path
        if self._folder is None or source is None:
            yield NO_PROGRAMS
            return
        charm = self._of(self._folder, ee_id) / f"charm-{secrets.token_hex(4)}"
        try:
            await in_thread(lambda: _copy(source, charm))
            yield str(charm) if (charm / "actions").is_dir() else NO_PROGRAMS
        except BaseException:
            if not await is_taken(str(charm)):
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
        action = self._make(model, application, unit, name, params)
        return action if action is not None and action.program.is_file() else None

    def install_hooks(self, model: Model, application: Application) -> list[Action]:
        """Say what is to be run on units on which it did not run yet, or failed: the charm's hook `install`, if any.

        Args:
            model: where the application is.
            application: of the units.
        """
        due = []
        for unit in application.units:
            hook = self._make(model, application, unit.id, "install", {}, kind="hooks")
            if hook is None or not hook.program.is_file():
                continue
            if application.has_failed(unit) or not hook.folder.exists():
                due.append(hook)
        return due

    def _make(
        self,
        model: Model,
        application: Application,
        unit: str,
        name: str,
        params: Mapping[str, Any],
        kind: Literal["actions", "hooks"] = "actions",
    ) -> Action | None:
        charm = application.charm
        if self._folder is None or charm is None or not application.programs:
            return None
        values = {key: application.config.get(key, option.default) for key, option in charm.options.items()}
        return Action(
            name=name,
            kind=kind,
            charm=Path(application.programs),
            folder=self._of(self._folder, application.ee_id) / unit.replace("/", "-"),
            unit=unit,
            leader=unit == application.units[0].id,
            options={key: value for key, value in values.items() if value is not None},
            params=params,
            relations=_relations(model, application),
        )

    @staticmethod
    def _of(folder: Path, ee_id: EeId) -> Path:
        return folder / ee_id.model / f"{ee_id.application}.{ee_id.locator.replace('/', '-')}"


def _copy(source: Path, charm: Path) -> None:
    """Make a charm's folder of a folder or an archive, which was read before and found good."""
    if source.is_dir():
        shutil.copytree(source, charm, symlinks=True)
        return
    with zipfile.ZipFile(source) as archive:
        for member in archive.infolist():
            mode = member.external_attr >> 16
            place = charm / member.filename
            if stat.S_ISLNK(mode):
                place.parent.mkdir(parents=True, exist_ok=True)
                place.symlink_to(os.fsdecode(archive.read(member)))
                continue
            archive.extract(member, charm)
            if rights := mode & 0o777:
                place.chmod(rights)


def _relations(model: Model, application: Application) -> dict[str, list[str]]:
    """The ids of an application's relations, by endpoint."""
    own = (model.name, application.ee_id.application)
    found: dict[str, list[str]] = {}
    for number, pair in enumerate(model.relations):
        for end in pair:
            if end[:2] == own:
                found.setdefault(end[2], []).append(f"{end[2]}:{number}")
    return found
