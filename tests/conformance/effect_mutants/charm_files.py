"""Mutants: files of charms that are not brought to where they run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from conformance.effect_mutants.base import EffectMutant, caught_by

from vca_core.artifacts import Artifact
from vca_core.backend import Operation
from vca_core.errors import BackendError
from vca_core.hookspecs import hookimpl
from vca_core.naming import EeId
from vca_fake.options import InstallOptions, UpgradeOptions


class InstallsFoldersOnly(EffectMutant):
    """A charm that was packed into an archive cannot be installed."""

    CAUGHT_BY = caught_by("a_charm_may_be_an_archive")

    @hookimpl
    async def install_configuration_sw(
        self,
        op: Operation,
        ee_id: EeId,
        artifact: Artifact,
        config: Mapping[str, Any],
        num_units: int,
        options: InstallOptions,
    ) -> None:
        if artifact.path is not None and artifact.path.is_file():
            raise BackendError("the charm cannot be read")
        await super().install_configuration_sw(op, ee_id, artifact, config, num_units, options)


class _UpgradesTo(EffectMutant):
    def spoil(self, artifact: Artifact, charm: Path) -> None:
        """Do to the files of a charm that was brought what is wrong with them."""
        raise NotImplementedError

    @hookimpl
    async def upgrade(
        self, op: Operation, ee_id: EeId, artifact: Artifact, config: Mapping[str, Any], options: UpgradeOptions
    ) -> None:
        await super().upgrade(op, ee_id, artifact, config, options)
        self.spoil(artifact, Path(await self.edit(ee_id, lambda one: one.programs)))


class LosesRightsOfArchives(_UpgradesTo):
    """The files of an archive are written anew, and those that are programs cannot be executed any more."""

    CAUGHT_BY = caught_by("a_charm_may_be_an_archive")

    def spoil(self, artifact: Artifact, charm: Path) -> None:
        if artifact.path is not None and artifact.path.is_file():
            for file in (charm / "actions").iterdir():
                file.chmod(0o644)


class _InstallsWithoutEmptyFolders(EffectMutant):
    from_archives: bool

    @hookimpl
    async def install_configuration_sw(
        self,
        op: Operation,
        ee_id: EeId,
        artifact: Artifact,
        config: Mapping[str, Any],
        num_units: int,
        options: InstallOptions,
    ) -> None:
        await super().install_configuration_sw(op, ee_id, artifact, config, num_units, options)
        if artifact.path is not None and artifact.path.is_file() == self.from_archives:
            charm = Path(await self.edit(ee_id, lambda one: one.programs))
            for folder in [one for one in charm.iterdir() if one.is_dir() and not any(one.iterdir())]:
                folder.rmdir()


class LosesEmptyFoldersOfArchives(_InstallsWithoutEmptyFolders):
    """Of an archive, the files are unpacked."""

    CAUGHT_BY = caught_by("a_charm_may_be_an_archive")
    from_archives = True


class LosesEmptyFolders(_InstallsWithoutEmptyFolders):
    """Of a folder, the files are packed."""

    CAUGHT_BY = caught_by("an_upgrade_brings_what_the_files_are_now")
    from_archives = False


class BringsNoSymlinks(_UpgradesTo):
    """What is copied is files and folders; many charms have their programs by other names, too."""

    CAUGHT_BY = caught_by("an_upgraded_charm_has_the_options_of_its_new_version")

    def spoil(self, artifact: Artifact, charm: Path) -> None:
        for file in charm.rglob("*"):
            if file.is_symlink():
                file.unlink()
                file.touch()
