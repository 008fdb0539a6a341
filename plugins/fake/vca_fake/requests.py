"""What callers ask for that Juju would act upon: the fake refuses what Juju refuses of it, and does nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vca_core.artifacts import Artifact
from vca_core.charm import Charm, Resource
from vca_core.charm.places import MADE, SUPPORTED, place_for
from vca_core.errors import BadArguments
from vca_core.refusals import unmade_base
from vca_core.suggestions import instead
from vca_core.tasks import in_thread
from vca_fake.options import CreateOptions, InstallOptions


def base_for(charm: Charm | None, asked: CreateOptions, usual: str, *, on_kubernetes: bool) -> str:
    """Choose the base of a machine.

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
    base = asked.base
    if charm is not None and not on_kubernetes:
        base = place_for(charm, base, asked.constraints.get("arch")).base
    if base not in {None, usual, *MADE}:
        raise unmade_base(str(base), SUPPORTED)
    return base or usual


async def check_request(charm: Charm, artifact: Artifact, asked: InstallOptions, *, on_kubernetes: bool) -> None:
    """Refuse what is not for a charm, or not for where it lives.

    Args:
        charm: what is to be installed.
        artifact: where it is.
        asked: the caller's options.
        on_kubernetes: whether there are no machines.

    Raises:
        BadArguments: the charm declares no such resource or storage, a file is not there, an image is missing on
            Kubernetes, or an option is for another kind of backend.
    """
    given = [name for name in ("constraints", "storage") if getattr(asked, name)]
    if given and not on_kubernetes:
        raise _meaningless(given, "machines")
    for name in asked.storage:
        if name not in charm.storage:
            raise _undeclared("storage", name, charm.storage)
    images = {name for name, one in charm.resources.items() if one.type == "oci-image" and not one.upstream}
    missing = [f"options.resources.{name}" for name in sorted(images - asked.resources.keys())] if on_kubernetes else []
    if missing:
        raise BadArguments(
            f"{', '.join(missing)}: expected the reference of an image; the charm names no upstream-source", missing
        )
    for name, one in asked.resources.items():
        declared = charm.resources.get(name)
        if declared is None:
            raise _undeclared("resources", name, charm.resources)
        if declared.type == "file":
            await in_thread(lambda given=one, declared=declared: _check_file(given, declared, artifact))  # type: ignore[misc]
        elif isinstance(one, int):
            raise _wrong_resource(name, "the reference of an image")


def _check_file(given: object, declared: Resource, artifact: Artifact) -> None:
    if not isinstance(given, str):
        raise _wrong_resource(declared.name, "a file; revisions are for charms of Charmhub")
    path = Path(given).expanduser()
    folders = [] if artifact.path is None or path.is_absolute() else [artifact.path, artifact.path.parent]
    if not any(place.is_file() for place in [path, *(folder / path for folder in folders)]):
        place = f"options.resources.{declared.name}"
        raise BadArguments(f"{place}: there is no file {path}", [place])


def _wrong_resource(name: str, expected: str) -> BadArguments:
    return BadArguments(f"options.resources.{name}: expected {expected}", [f"options.resources.{name}"])


def _undeclared(option: str, name: str, known: Mapping[str, Any]) -> BadArguments:
    place = f"options.{option}.{name}"
    return BadArguments(f"{place}: the charm declares none of that name{instead(name, known)}", [place])


def _meaningless(names: list[str], where: str) -> BadArguments:
    places = [f"options.{name}" for name in names]
    return BadArguments(f"{', '.join(places)}: means nothing on {where}; leave it out", places)
