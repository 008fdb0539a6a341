"""The programs of charms, where they are run: what was uploaded, and a folder for each unit."""

from __future__ import annotations

import asyncio
import io
import os
import shutil
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from vca_jujusim.charms import Charm
from vca_jujusim.world import hook_tools
from vca_jujusim.world.entities import ALIVE, Action, Unit

if TYPE_CHECKING:
    from vca_jujusim.world.model import Model

Done = Callable[[hook_tools.Ended], None]


class Programs:
    """Runs actions of uploaded charms as a unit's agent does: each in a process, in the unit's folder.

    Args:
        folder: for charms and units; what is in it is lost when the controller stops.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: dict[tuple[str, str], asyncio.Task[None]] = {}

    def keep(self, charm: Charm, data: bytes) -> None:
        """Unpack an archive that was read and found good."""
        place = self._charm(charm)
        if place.exists():
            return
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for info in archive.infolist():
                mode, file = info.external_attr >> 16, place / info.filename
                if stat.S_ISLNK(mode):
                    file.parent.mkdir(parents=True, exist_ok=True)
                    file.symlink_to(os.fsdecode(archive.read(info)))
                    continue
                archive.extract(info, place)
                if rights := mode & 0o777:
                    file.chmod(rights)

    def has(self, charm: Charm, action: str) -> bool:
        """Whether there is a program for an action."""
        return (self._charm(charm) / "actions" / action).is_file()

    def start(self, model: Model, unit: Unit, action: Action, done: Done) -> None:
        """Run an action, once, and return its result."""
        key = (model.record.uuid, action.id)
        if key not in self._running:
            run = self._run(key, self._make_run(model, unit, action), done)
            self._running[key] = asyncio.get_running_loop().create_task(run, name=f"action {action.id} of {unit.name}")

    def abort(self, model: Model, action: Action) -> None:
        """Kill the program of an action, if it runs."""
        task = self._running.get((model.record.uuid, action.id))
        if task is not None:
            task.cancel()

    def forget(self, model: Model, unit: str) -> None:
        """End what runs on a unit that is gone, and remove what it kept: a later one can have its name."""
        for action in model.actions.values():
            if action.unit == unit:
                self.abort(model, action)
        shutil.rmtree(self._unit(model, unit), ignore_errors=True)

    async def stop(self) -> None:
        """Kill what runs, and remove all that was kept."""
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)

    async def _run(self, key: tuple[str, str], given: hook_tools.Run, done: Done) -> None:
        try:
            ended = await hook_tools.run(given)
        except OSError as error:
            ended = hook_tools.Ended({}, f"cannot run {given.name}: {error.strerror}")
        finally:
            del self._running[key]
        done(ended)

    def _charm(self, charm: Charm) -> Path:
        return self._folder / "charms" / charm.sha256

    def _unit(self, model: Model, unit: str) -> Path:
        return self._folder / "units" / model.record.uuid / unit.replace("/", "-")

    def _make_run(self, model: Model, unit: Unit, action: Action) -> hook_tools.Run:
        charm, application = model.charms[unit.charm_url], model.applications[unit.application]
        values = {name: application.config.get(name, spec.get("default")) for name, spec in charm.options.items()}
        relations: dict[str, list[str]] = {}
        for relation in model.relations_of(unit.application):
            for end in relation.endpoints:
                if end.application == unit.application and relation.life == ALIVE:
                    relations.setdefault(end.name, []).append(f"{end.name}:{relation.id}")
        return hook_tools.Run(
            name=action.name,
            charm=self._charm(charm),
            folder=self._unit(model, unit.name),
            unit=unit.name,
            leader=unit.leader,
            options={name: value for name, value in values.items() if value is not None},
            params=action.params,
            relations=relations,
        )
