"""Resources that charms are handed: files and images, or revisions of Charmhub."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from vca_core.artifacts import Artifact
from vca_core.backend import Operation
from vca_core.charm import Resource
from vca_core.charm.images import check_reference
from vca_core.errors import BadArguments
from vca_core.naming import EeId
from vca_core.refusals import another_resource
from vca_core.tasks import in_thread
from vca_juju_common.charms import Brought, check_declared, no_store_charm, tell_progress
from vca_juju_common.client.errors import ApiError
from vca_juju_common.client.interface import Model
from vca_juju_common.client.values import HeldResource, NewResource
from vca_juju_common.facts import charm_name
from vca_juju_common.images import Image, document_of
from vca_juju_common.options import CharmOptions


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A resource to hand over.

    Args:
        declared: what the charm says of it.
        content: the file, or the document of an image, that is uploaded; None: it is Charmhub's.
        revision: of Charmhub; None: the newest one for the charm.
        is_held: whether the application holds another one of that name.
    """

    declared: Resource
    content: Path | bytes | None = field(default=None, repr=False)  # a password may be in it
    revision: int | None = None
    is_held: bool = False


async def hand_resources(
    model: Model,
    op: Operation,
    ee_id: EeId,
    charm: Brought,
    artifact: Artifact,
    asked: CharmOptions,
    *,
    needs_images: bool,
) -> dict[str, str]:
    """Hand an application the resources that its charm will have, but for those that it holds.

    Juju leaves alone what is not named, also where the charm is another one; whatever is named, be it the same, has
    each pod replaced.

    Args:
        model: where.
        op: the operation.
        ee_id: the execution environment.
        charm: the charm.
        artifact: where it is.
        asked: what is given.
        needs_images: whether there is nothing of an application without its images, as on Kubernetes.

    Returns:
        The id of each that was handed over, by name.

    Raises:
        BadArguments: the charm does not declare one, a file is not there, or an image is missing.
    """
    is_there = ee_id.application in model.state.applications
    held = await model.held_resources(ee_id.application) if is_there and charm.resources else {}
    wanted = await _choose(charm, artifact, asked, held)
    if charm.from_store:
        wanted += await _newer_of_store(model, charm, asked, held)
    else:
        own = _images_of_its_own(charm.resources, asked, needs_all=needs_images)
        wanted += [one for one in own if not await _is_same(held.get(one.declared.name), one.content)]
    return await _announce(model, op, ee_id, charm, wanted)


def check_images(resources: Mapping[str, Resource], asked: CharmOptions) -> None:
    """Refuse to install a charm of a folder or a file of which an image is missing, or is not named as images are.

    Raises:
        BadArguments: it is so; names all that are missing.
    """
    for name, given in asked.resources.items():
        if name in resources and resources[name].type == "oci-image" and isinstance(given, str):
            _image(given, f"options.resources.{name}")
    _images_of_its_own(resources, asked, needs_all=True)


def _images_of_its_own(resources: Mapping[str, Resource], asked: CharmOptions, *, needs_all: bool) -> list[_Wanted]:
    """The images that are not given: those of the charm's author."""
    images = [one for name, one in resources.items() if one.type == "oci-image" and name not in asked.resources]
    missing = [f"options.resources.{one.name}" for one in images if not one.upstream]
    if missing and needs_all:
        raise BadArguments(
            f"{', '.join(missing)}: expected the reference of an image; the charm names no upstream-source", missing
        )
    return [
        _Wanted(one, document_of(_image(one.upstream, f"options.resources.{one.name}")))
        for one in images
        if one.upstream
    ]


async def _newer_of_store(
    model: Model, charm: Brought, asked: CharmOptions, held: Mapping[str, HeldResource]
) -> list[_Wanted]:
    """The resources that are not given and of which Charmhub has another revision. What was uploaded stays."""
    left = [
        one
        for name, one in charm.resources.items()
        if name not in asked.resources and not (name in held and held[name].uploaded)
    ]
    if not any(one.name in held for one in left):
        return [_Wanted(one) for one in left]
    try:
        published = await model.published_resources(charm.url, charm.origin)
    except ApiError as error:
        raise no_store_charm(charm_name(charm.url), error) from error
    return [
        _Wanted(one)
        for one in left
        if one.name not in held or published.get(one.name, held[one.name].revision) != held[one.name].revision
    ]


async def _is_same(there: HeldResource | None, content: Path | bytes | None) -> bool:
    """Whether what an application holds is this content."""
    return there is not None and content is not None and there.fingerprint == await _fingerprint(content)


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
    """Those of the given resources that the application does not hold.

    Args:
        charm: the charm.
        artifact: where it is.
        asked: what is given.
        held: what the application holds.
    """
    wanted: list[_Wanted] = []
    for name, given in asked.resources.items():
        place = f"options.resources.{name}"
        declared, there = check_declared(charm.resources, name), held.get(name)
        if not isinstance(given, int):
            content = await _content(declared, given, place, artifact)
            if not await _is_same(there, content):
                wanted.append(_Wanted(declared, content, is_held=there is not None))
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
            one.declared.name, one.declared.filename, one.declared.type, one.revision, uploaded=one.content is not None
        )
        for one in wanted
    ]
    ids = await model.add_resources(ee_id.application, charm.url, charm.origin, new)
    for one in wanted:
        if one.content is not None:
            await _upload(model, op, ee_id, one.declared, one.content, ids[one.declared.name])
    return ids


async def _upload(
    model: Model, op: Operation, ee_id: EeId, resource: Resource, content: Path | bytes, pending_id: str
) -> None:
    file = io.BytesIO(content) if isinstance(content, bytes) else await in_thread(lambda: content.open("rb"))
    try:
        with tell_progress(model, op, ee_id, resource.name) as progress:
            await model.upload_resource(ee_id.application, resource.name, pending_id, file, resource.filename, progress)
    finally:
        file.close()


async def _content(declared: Resource, given: str | Image, place: str, artifact: Artifact) -> Path | bytes:
    if declared.type == "oci-image":
        return document_of(given if isinstance(given, Image) else _image(given, place))
    if isinstance(given, Image):
        raise BadArguments(f"{place}: expected a file; only images have a registry", [place])
    return await in_thread(lambda: artifact.find_resource(given, place))


def _image(reference: str, place: str) -> Image:
    try:
        return Image(image=check_reference(reference))
    except ValueError as error:
        raise BadArguments(f"{place}: {error}", [place]) from error


async def _fingerprint(content: Path | bytes) -> str:
    if isinstance(content, bytes):
        return hashlib.sha384(content).hexdigest()

    def read() -> str:
        with content.open("rb") as file:
            return hashlib.file_digest(file, "sha384").hexdigest()

    return await in_thread(read)
