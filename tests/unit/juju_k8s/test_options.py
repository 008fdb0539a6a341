"""What storage and constraints are asked for."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from vca_core.charm import Charm, Device, Storage
from vca_core.charm.fields import Field
from vca_core.charm.storage import read_storage
from vca_core.charm.storage_requests import StorageRequest, parse_storage
from vca_core.errors import BadArguments
from vca_core.secrets import model_secrets
from vca_juju_common.client.values import Declared
from vca_juju_k8s.fitting import check_same_parts, check_storage, declared_by, storage_in
from vca_juju_k8s.options import InstallOptions, JujuK8sOptions


@pytest.mark.parametrize(
    ("text", "request_"),
    [
        ("fast", StorageRequest("fast")),
        ("fast,10G", StorageRequest("fast", 10 * 1024)),
        ("2,512M", StorageRequest(None, 512, 2)),
        ("1.5GiB , fast-ssd", StorageRequest("fast-ssd", 1536)),
        ("3", StorageRequest(None, None, 3)),
        ("0.0001M", StorageRequest(None, 1)),
    ],
)
def test_storage_is_pool_size_and_count_in_any_order(text: str, request_: StorageRequest) -> None:
    assert InstallOptions(storage={"data": text}).storage == {"data": request_}


@pytest.mark.parametrize(
    "given", [{"data": 7}, {"data": ""}, {"data": "a,b"}, {"data": "1G,2G"}, {"data": "0"}, {"data": "0M"}, ["a"]]
)
def test_other_storage_is_refused(given: Any) -> None:
    with pytest.raises(ValidationError):
        InstallOptions(storage=given)


def test_constraints_of_machines_are_refused() -> None:
    assert InstallOptions(constraints="mem=2G cores=2 tags=a,^b").constraints["mem"] == 2048
    with pytest.raises(ValidationError, match="means nothing on Kubernetes"):
        InstallOptions(constraints="root-disk=10G")


@pytest.mark.parametrize(("cloud", "credential"), [("cloud", "credential"), ("k8s_cloud", "k8s-credentials")])
def test_the_cloud_goes_by_the_names_of_osm_too(cloud: str, credential: str) -> None:
    options = JujuK8sOptions.model_validate({"endpoints": "h:1", "secret": "s", cloud: "k8s", credential: "mine"})
    assert (options.cloud, options.credential) == ("k8s", "mine")


def test_a_cluster_with_a_name_names_its_cloud() -> None:
    given = {"endpoints": "h:1", "secret": "s", "cluster": {"name": "36-edge", "kubeconfig": "in-cluster"}}
    assert JujuK8sOptions.model_validate(given).cloud == "k8s-36-edge"
    assert JujuK8sOptions.model_validate({**given, "k8s-cloud": "own"}).cloud == "own"
    with pytest.raises(ValidationError, match=r"cluster\.name"):
        JujuK8sOptions.model_validate({**given, "cluster": {"name": "a_b", "kubeconfig": "in-cluster"}})
    with pytest.raises(ValidationError, match="cloud"):
        JujuK8sOptions.model_validate({**given, "cluster": {"kubeconfig": "in-cluster"}})


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"trust": True, "cluster": {"name": "a", "kubeconfig": "in-cluster", "untrusted": True}}, "trust: expected"),
        (
            {"storage_class": "fast", "model_config": {"workload-storage": "slow"}},
            "storage_class: expected no workload",
        ),
    ],
)
def test_options_that_contradict_each_other_are_refused(given: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        JujuK8sOptions.model_validate({"endpoints": "h:1", "secret": "s", "cloud": "k8s", **given})


@pytest.mark.parametrize(
    ("declared", "asked", "reason"),
    [
        ({}, "fast,1G,3", "expected 1 of it for each unit, as charm dns declares, got 3"),
        ({"least": 2, "most": 4}, "fast,1", "expected 2 to 4 of it for each unit, as charm dns declares, got 1"),
        ({"least": 2, "most": 4}, "fast,5", "expected 2 to 4 of it for each unit, as charm dns declares, got 5"),
        ({"least": 2, "most": None}, "1", "expected at least 2 of it for each unit, as charm dns declares, got 1"),
        ({"minimum_size": 10240}, "fast,1G", "expected a size of at least 10240M, as charm dns declares, got 1024M"),
        ({"is_shared": True}, "fast", "has shared storage .data., which Juju does not have"),
        ({"is_shared": True, "least": 0}, "fast", "has shared storage .data."),
        ({"is_shared": True}, None, "has shared storage .data."),
        ({"is_shared": True, "least": 0}, None, None),
        ({"least": 2, "most": None, "minimum_size": 10240}, "fast", None),
        ({"least": 0, "most": 3}, "10G,3", None),
    ],
)
def test_storage_is_taken_as_the_charm_declares_it(
    declared: dict[str, Any], asked: str | None, reason: str | None
) -> None:
    storage = {"data": Storage("data", "filesystem", **declared)}
    of_charmhub = storage_in(declared_by(Charm("dns", storage=storage)))
    given = {} if asked is None else parse_storage({"data": asked})
    for one in (storage, of_charmhub):
        if reason is None:
            check_storage("dns", one, given, has_default=True)
        else:
            with pytest.raises(BadArguments, match=reason):
                check_storage("dns", one, given, has_default=True)


@pytest.mark.parametrize(
    ("size", "mebibytes"), [("0.5M", 1), ("1.0001G", 1025), (".5G", 512), ("1.G", 1024), ("2TiB", 2 * 1024**2)]
)
def test_the_least_size_of_storage_is_rounded_up_as_juju_does(size: str, mebibytes: int) -> None:
    declared = Field("storage", {"data": {"type": "filesystem", "minimum-size": size}})
    assert read_storage(declared)["data"].minimum_size == mebibytes


def test_storage_that_need_not_be_needs_no_pool() -> None:
    storage = {"data": Storage("data", "filesystem", least=0)}
    check_storage("dns", storage, {}, has_default=False)
    with pytest.raises(BadArguments, match="expected a pool"):
        check_storage("dns", storage, parse_storage({"data": "1G"}), has_default=False)


def test_what_is_declared_is_the_same_as_the_controller_has_it() -> None:
    storage = Storage("data", "filesystem", "All of it.", least=0, most=None, location="/data")
    device = Device("gpu", "nvidia.com/gpu", least=2, most=2)
    new = declared_by(Charm("dns", storage={"data": storage}, devices={"gpu": device}))
    old = Declared(
        {name: {**one, "name": name} for name, one in new.storage.items()},
        {name: {**one, "Name": name} for name, one in new.devices.items()},
    )
    check_same_parts("dns", old, new)
    for other, declaration in (
        (replace(new, storage={}), "storage data as None"),
        (replace(new, storage={"data": {**new.storage["data"], "location": "/other"}}), "storage data as .*/other"),
        (replace(new, devices={}), "devices gpu as None"),
        (replace(new, devices={"gpu": {**new.devices["gpu"], "CountMax": 3}}), "devices gpu as .*'CountMax': 3"),
        (replace(new, deployment={"type": "daemon"}), "deployment as {'type': 'daemon'}.* installed one as None"),
    ):
        with pytest.raises(BadArguments, match=f"declares {declaration}"):
            check_same_parts("dns", old, other)


@pytest.mark.parametrize("as_text", [False, True])
def test_of_a_kubeconfig_only_its_secrets_are_secret(as_text: bool) -> None:
    config = {
        "apiVersion": "v1",
        "clusters": [{"name": "edge", "cluster": {"server": "https://10.0.0.9:6443"}}],
        "users": [{"name": "admin", "user": {"token": "canary-1d7a"}}],
    }
    cluster = {"kubeconfig": json.dumps(config) if as_text else config}
    given = {"endpoints": "h:1", "secret": "canary-9c3b", "cloud": "k8s", "cluster": cluster}
    options = JujuK8sOptions.model_validate(given)
    assert set(model_secrets(options)) == {"canary-1d7a", "canary-9c3b"}
    assert "canary" not in repr(options)
