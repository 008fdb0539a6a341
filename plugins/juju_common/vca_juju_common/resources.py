"""Resources that charms are handed: files, or revisions of Charmhub."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vca_core.artifacts import Artifact
from vca_core.backend import Operation
from vca_core.charm import Resource
from vca_core.errors import BadArguments
from vca_core.naming import EeId
from vca_core.refusals import another_resource
from vca_core.tasks import in_thread
from vca_juju_common.charms import Brought, tell_progress
from vca_juju_common.client.interface import Model
from vca_juju_common.client.values import HeldResource, NewResource
from vca_juju_common.options import CharmOptions


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A resource to hand over.

    Args:
        declared: what the charm says of it.
        file: that is uploaded; None: it is Charmhub's.
        revision: of Charmhub; None: the newest one for the charm.
        is_held: whether the application holds another one of that name.
    """

    declared: Resource
    file: Path | None = None
    revision: int | None = None
    is_held: bool = False


async def hand_resources(
    model: Model, op: Operation, ee_id: EeId, charm: Brought, artifact: Artifact, asked: CharmOptions
) -> dict[str, str]:
    """Hand an application the resources that its charm will have. What it holds already is not sent again.

    Returns:
        The id of each that was handed over, by name.

    Raises:
        BadArguments: the charm does not declare one, or a file is not there.
    """
    is_there = ee_id.application in model.state.applications
    held = await model.held_resources(ee_id.application) if is_there and charm.resources else {}
    wanted = await _choose(charm, artifact, asked, held)
    if charm.from_store:
        wanted += [
            _Wanted(declared)
            for name, declared in charm.resources.items()
            if name not in asked.resources and not (name in held and held[name].uploaded)  # what was uploaded stays
        ]
    return await _announce(model, op, ee_id, charm, wanted)


async def hand_missing(
    model: Model, op: Operation, ee_id: EeId, charm: Brought, artifact: Artifact, asked: CharmOptions
) -> dict[str, str]:
    """Hand an application the resources that are asked for and that it lacks.

    Returns:
        The id of each, by name.

    Raises:
        BadArguments: the charm does not declare one, a file is not there, or the application holds another one.
    """
    wanted = await _choose(charm, artifact, asked, await model.held_resources(ee_id.application))
    for one in wanted:
        if one.is_held:
            raise another_resource(one.declared.name)
    return await _announce(model, op, ee_id, charm, wanted)


async def _choose(
    charm: Brought, artifact: Artifact, asked: CharmOptions, held: Mapping[str, HeldResource]
) -> list[_Wanted]:
    """Those of the given resources that the application does not hold."""
    wanted: list[_Wanted] = []
    for name, given in asked.resources.items():
        place = f"options.resources.{name}"
        declared, there = charm.resources.get(name), held.get(name)
        if declared is None:
            known = ", ".join(sorted(charm.resources)) or "none"
            raise BadArguments(f"{place}: the charm declares no such resource; it declares: {known}", [place])
        if isinstance(given, str):
            file = await in_thread(lambda given=given, place=place: _find(given, place, artifact))  # type: ignore[misc]
            if there is not None and there.fingerprint == await in_thread(lambda file=file: _fingerprint(file)):  # type: ignore[misc]
                continue
            wanted.append(_Wanted(declared, file, is_held=there is not None))
        elif not charm.from_store:
            raise BadArguments(f"{place}: revisions are for charms of Charmhub (ch:NAME); expected a file", [place])
        elif there is None or there.uploaded or there.revision != given:
            wanted.append(_Wanted(declared, revision=given, is_held=there is not None))
    return wanted


async def _announce(model: Model, op: Operation, ee_id: EeId, charm: Brought, wanted: list[_Wanted]) -> dict[str, str]:
    if not wanted:
        return {}
    new = [
        NewResource(
            one.declared.name, one.declared.filename, one.declared.type, one.revision, uploaded=one.file is not None
        )
        for one in wanted
    ]
    ids = await model.add_resources(ee_id.application, charm.url, charm.origin, new)
    for one in wanted:
        if one.file is not None:
            await _upload(model, op, ee_id, one.declared, one.file, ids[one.declared.name])
    return ids


async def _upload(model: Model, op: Operation, ee_id: EeId, resource: Resource, path: Path, pending_id: str) -> None:
    file = await in_thread(lambda: path.open("rb"))
    try:
        with tell_progress(model, op, ee_id, resource.name) as progress:
            await model.upload_resource(ee_id.application, resource.name, pending_id, file, resource.filename, progress)
    finally:
        file.close()


def _find(given: str, place: str, artifact: Artifact) -> Path:
    path = Path(given).expanduser()
    if not path.is_absolute() and artifact.path is not None:
        inside, beside = artifact.path / path, artifact.path.parent / path
        path = inside if inside.is_file() else beside
    if not path.is_file():
        raise BadArguments(f"{place}: there is no file {path}", [place])
    return path


def _fingerprint(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha384").hexdigest()
