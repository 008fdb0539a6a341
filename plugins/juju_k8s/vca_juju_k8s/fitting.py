"""Whether a charm can live on Kubernetes, and whether one can take the place of another there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vca_core.charm import Charm, Device, Storage, storage_requests
from vca_core.charm.storage_requests import StorageRequest
from vca_core.errors import BadArguments
from vca_core.refusals import block_storage, not_installable, pod_specs, subordinate_charm, wrong_substrate
from vca_juju_common.client.values import Declared, StoreCharm

DEFAULT_BASE = "ubuntu@22.04"
"""Of the container that runs a charm that does not say."""


def check_kind(charm: Charm) -> None:
    """Refuse a charm that cannot have an execution environment here.

    Raises:
        BadArguments: it is for machines, a subordinate, one with pod specs, or cannot be installed as it is.
    """
    if charm.subordinate:
        raise subordinate_charm(charm.name)
    if not charm.is_kubernetes:
        raise wrong_substrate(charm.name, is_kubernetes=False)
    if not charm.containers:
        raise pod_specs(charm.name)
    if charm.obstacles:
        raise not_installable(charm.name, charm.obstacles)


def check_store_charm(charm: StoreCharm) -> None:
    """Refuse a charm of Charmhub that is not for Kubernetes.

    Raises:
        BadArguments: it has no containers.
    """
    if not charm.has_containers:
        raise wrong_substrate(charm.name, is_kubernetes=False)


def base_of(charm: Charm) -> str:
    """The base of the container that runs a charm: the first that it names."""
    return charm.bases[0].release if charm.bases else DEFAULT_BASE


def arch_of(charm: Charm, asked: str | None) -> str:
    """The architecture that a charm runs on: the one that is asked for, else a usual one that it supports."""
    known = {arch for base in charm.bases for arch in base.architectures} - {"all"}
    if asked is not None:
        if known and asked not in known:
            raise BadArguments(
                f"options.constraints: arch is {asked}, and charm {charm.name} supports "
                f"{', '.join(sorted(known))}; leave it out or change it",
                ["options.constraints"],
            )
        return asked
    return "amd64" if not known or "amd64" in known else min(known)


def check_storage(
    charm: str, declared: Mapping[str, Storage], asked: Mapping[str, StorageRequest], *, has_default: bool
) -> None:
    """Refuse storage that the charm does not take as it is asked for, or that cannot be had on Kubernetes.

    Args:
        charm: name of the charm.
        declared: what it declares, by name.
        asked: what is asked for, by name.
        has_default: whether the cloud or the model name a storage class.

    Raises:
        BadArguments: it is so; says which.
    """
    storage_requests.check_storage(charm, declared, asked)
    for name, one in declared.items():
        if one.type == "block":
            raise block_storage(charm, name)
        is_made = one.least > 0 or name in asked
        if is_made and not has_default and (name not in asked or asked[name].pool is None):
            place = f"options.storage.{name}"
            raise BadArguments(
                f"{place}: expected a pool, such as {name}: fast,10G, since neither the cloud nor the model has a "
                "workload-storage",
                [place],
            )


def check_same_parts(charm: str, old: Declared, new: Declared) -> None:
    """Refuse a version of a charm that declares otherwise what Juju does not change, be it by a word.

    Args:
        charm: name of the charm.
        old: what the installed version declares.
        new: what the other one does.

    Raises:
        BadArguments: it does; shows both declarations of the first that differs.
    """
    for what in ("storage", "devices"):
        was, becomes = getattr(old, what), getattr(new, what)
        for name in sorted(was.keys() | becomes.keys()):
            _check_same(charm, f"{what} {name}", was.get(name), becomes.get(name))
    _check_same(charm, "deployment", old.deployment or None, new.deployment or None)


def _check_same(charm: str, what: str, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> None:
    was, becomes = (None if one is None else _essence(one) for one in (old, new))
    if was != becomes:
        raise BadArguments(
            f"artifact_path: the new version of charm {charm} declares {what} as {becomes}, and the installed one as "
            f"{was}; Juju cannot change it on Kubernetes: install the new version in an EE of its own",
            ["artifact_path"],
        )


def declared_by(charm: Charm) -> Declared:
    """What a charm declares that Juju does not change, by Juju's names. One with a deployment is refused before."""
    return Declared(
        {name: _storage(one) for name, one in charm.storage.items()},
        {name: _device(one) for name, one in charm.devices.items()},
    )


def storage_in(declared: Declared) -> dict[str, Storage]:
    """What a charm of Charmhub declares of its storage, as the controller has it."""
    return {
        name: Storage(
            name,
            "block" if one.get("type") == "block" else "filesystem",
            is_shared=one.get("shared") is True,
            least=int(one.get("count-min") or 0),
            most=None if (most := int(one.get("count-max") or 0)) < 0 else most,
            minimum_size=int(one.get("minimum-size") or 0),
        )
        for name, one in declared.storage.items()
    }


def _storage(storage: Storage) -> dict[str, Any]:
    return {
        "type": storage.type,
        "description": storage.description,
        "shared": storage.is_shared,
        "read-only": storage.is_read_only,
        "count-min": storage.least,
        "count-max": -1 if storage.most is None else storage.most,
        "minimum-size": storage.minimum_size,
        "location": storage.location,
        "properties": list(storage.properties),
    }


def _device(device: Device) -> dict[str, Any]:
    return {
        "Type": device.type,
        "Description": device.description,
        "CountMin": device.least,
        "CountMax": device.most,
    }


def _essence(declared: Mapping[str, Any]) -> dict[str, Any]:
    """What a declaration says, without what says nothing."""
    return {name: value for name, value in sorted(declared.items()) if value and name not in {"name", "Name"}}
