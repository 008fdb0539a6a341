"""What callers ask for that Juju would act upon: the fake refuses what Juju refuses of it, and does little else."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha384
from typing import Any, NamedTuple

from pydantic import ValidationError

from vca_core.artifacts import Artifact
from vca_core.charm import Charm, Resource
from vca_core.charm.constraints import check_for_pods
from vca_core.charm.placement import Placement, parse_placement
from vca_core.charm.places import MADE, SUPPORTED, USUAL_ARCHITECTURE, place_for
from vca_core.charm.storage_requests import check_storage
from vca_core.errors import BadArguments
from vca_core.refusals import block_storage, refused_placement, unmade_base
from vca_core.suggestions import instead
from vca_core.tasks import in_thread
from vca_fake.options import CreateOptions, Image, InstallOptions
from vca_fake.world import Model


class Ground(NamedTuple):
    """What a machine is asked to be.

    Args:
        base: its base.
        arch: its architecture; None: as it comes.
        placement: where it is to be; None: wherever.
    """

    base: str
    arch: str | None = None
    placement: Placement | None = None


def ground_for(charm: Charm | None, asked: CreateOptions, usual: str, *, on_kubernetes: bool) -> Ground:
    """Choose what machine to make.

    Args:
        charm: what is to live there; None: it is not known yet.
        asked: the caller's options.
        usual: the base of machines for which none is asked for.
        on_kubernetes: whether there are no machines.

    Raises:
        BadArguments: no machine can be had like that, or something is asked for that only machines have.
    """
    given = [name for name in ("constraints", "placement") if getattr(asked, name)]
    if on_kubernetes and given:
        raise _meaningless(given, "Kubernetes")
    base, arch = asked.base, asked.constraints.get("arch") or None
    placement = None if asked.placement is None else parse_placement(asked.placement)
    if charm is not None and not on_kubernetes:
        base, needed = place_for(charm, base, arch)
        if placement is None or not placement.is_container:  # a container has what its machine has
            arch = arch or needed
    if base not in {None, usual, *MADE}:
        name = None if charm is None else charm.name
        raise unmade_base(str(base), SUPPORTED, asked=asked.base is not None, charm=name)
    return Ground(base or usual, arch, placement)


def arch_on(model: Model, ground: Ground) -> str:
    """Say of which architecture a machine will be.

    Args:
        model: where it is to be.
        ground: what is asked for.

    Raises:
        BadArguments: there is no such place in the model.
    """
    usual = USUAL_ARCHITECTURE
    if ground.placement is not None:
        scope, directive = ground.placement
        place = f"{scope}:{directive}" if scope else directive
        if ground.placement.is_container:
            below = [one for one in model.applications.values() if one.ee_id.locator == directive]
            if directive and not below:
                raise refused_placement(place, f"machine {directive} not found")
            usual = below[0].arch if below else usual
        elif scope not in {"", model.name}:
            raise refused_placement(place, f'invalid model name "{scope}"')
        elif not directive.startswith(("zone=", "system-id=")):
            raise refused_placement(place, f"unknown placement directive: {directive}")
    return ground.arch or usual


async def check_request(
    charm: Charm, artifact: Artifact, asked: InstallOptions, *, on_kubernetes: bool, again: bool = False
) -> dict[str, str]:
    """Refuse what is not for a charm, or not for where it lives.

    Args:
        charm: what is to be installed.
        artifact: where it is.
        asked: the caller's options.
        on_kubernetes: whether there are no machines.
        again: whether it is installed already, and has its images.

    Returns:
        The resources that the application will hold: what tells the content of each from others, by name.

    Raises:
        BadArguments: the charm declares no such resource or storage, or takes it otherwise, a file is not there, an
            image is missing on Kubernetes, or an option is for another kind of backend.
    """
    given = [name for name in ("constraints", "storage") if getattr(asked, name)]
    if given and not on_kubernetes:
        raise _meaningless(given, "machines")
    _check_pods(charm, asked)
    check_storage(charm.name, charm.storage, asked.storage)
    for name, storage in charm.storage.items() if on_kubernetes else ():
        if storage.type == "block":
            raise block_storage(charm.name, name)
    images = {name: one.upstream for name, one in charm.resources.items() if one.type == "oci-image"}
    own = {name: upstream for name, upstream in images.items() if name not in asked.resources}
    missing = [f"options.resources.{name}" for name, upstream in sorted(own.items()) if not upstream]
    if missing and on_kubernetes and not again:
        raise BadArguments(
            f"{', '.join(missing)}: expected the reference of an image; the charm names no upstream-source", missing
        )
    held: dict[str, str] = {}
    for name, upstream in own.items():
        if upstream and not again:
            held[name] = await _mark_of(upstream, charm.resources[name], artifact)
    for name, one in asked.resources.items():
        declared = charm.resources.get(name)
        if declared is None:
            raise _undeclared(name, charm.resources)
        held[name] = await _mark_of(one, declared, artifact)
    return held


def _check_pods(charm: Charm, asked: InstallOptions) -> None:
    try:
        check_for_pods(asked.constraints)
    except ValueError as error:
        raise BadArguments(f"options.constraints: {error}", ["options.constraints"]) from error
    arch = asked.constraints.get("arch")
    known = {one for base in charm.bases for one in base.architectures} - {"all"}
    if arch is not None and known and arch not in known:
        raise BadArguments(
            f"options.constraints: arch is {arch}, and charm {charm.name} supports {', '.join(sorted(known))}; leave "
            "it out or change it",
            ["options.constraints"],
        )


async def _mark_of(given: str | int | Image, declared: Resource, artifact: Artifact) -> str:
    argument = f"options.resources.{declared.name}"
    if isinstance(given, int):
        expected = "a file" if declared.type == "file" else "the reference of an image"
        raise BadArguments(f"{argument}: expected {expected}; revisions are for charms of Charmhub", [argument])
    if declared.type == "oci-image":
        try:
            return _mark(given if isinstance(given, Image) else Image(image=given))
        except ValidationError as error:
            raise BadArguments(f"{argument}: {error.errors()[0]['msg']}", [argument]) from error
    if isinstance(given, Image):
        raise BadArguments(f"{argument}: expected a file; only images have a registry", [argument])
    return await in_thread(lambda: sha384(artifact.find_resource(given, argument).read_bytes()).hexdigest())


def _mark(image: Image) -> str:
    return f"{image.image} {image.username or ''}"


def _undeclared(name: str, known: Mapping[str, Any]) -> BadArguments:
    place = f"options.resources.{name}"
    return BadArguments(f"{place}: the charm declares none of that name{instead(name, known)}", [place])


def _meaningless(names: list[str], where: str) -> BadArguments:
    places = [f"options.{name}" for name in names]
    return BadArguments(f"{', '.join(places)}: means nothing on {where}; leave it out", places)
