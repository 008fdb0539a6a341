"""Options of operations that are for Juju: the fake takes them, and refuses what Juju refuses of them."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from support.juju import write_charm
from support.juju_k8s import sidecar

from vca_core import BadArguments, Connector, Vca


@pytest.fixture
async def edge(config: dict[str, Any], tmp_path: Path) -> Any:
    """A connector on machines; its charm has a resource of each type."""
    async with Vca.from_config(_config(config, tmp_path), environ={}) as vca:
        yield vca.connector("edge")


@pytest.fixture
async def pods(config: dict[str, Any], tmp_path: Path) -> Any:
    async with Vca.from_config(_config(config, tmp_path, kind="k8s"), environ={}) as vca:
        yield vca.connector("edge")


def _config(config: dict[str, Any], folder: Path, **options: Any) -> dict[str, Any]:
    resources = {"data": {"type": "file", "filename": "data.bin"}, "image": {"type": "oci-image"}}
    write_charm(folder, "web", resources=resources)
    (folder / "web" / "data.bin").touch()
    sidecar(folder, "pod", storage={"disk": {"type": "filesystem"}})
    sidecar(folder, "block", storage={"disk": {"type": "block"}})
    sidecar(folder, "imaged", upstream=None)
    write_charm(folder, "specs", series=["kubernetes"])
    made = copy.deepcopy(config) | {"artifacts": str(folder)}
    made["connectors"]["edge"]["options"] = options
    return made


async def test_calls_that_are_written_for_juju_pass(edge: Connector) -> None:
    ee_id, _ = await edge.create_execution_environment(
        ".ns.vnf", artifact_path="web", options={"constraints": "mem=4G cores=2 arch=amd64", "placement": "zone=a"}
    )
    options = {"resources": {"data": "data.bin", "image": "example.com/web:1"}, "trust": True, "resolve": True}
    await edge.install_configuration_sw(ee_id, "web", options=options)
    await edge.upgrade(ee_id, "web", options={**options, "force_units": True})


@pytest.mark.parametrize("constraints", ["colour=red", {"mem": "99999999999999999999G"}, "cores=2 cores=3", ["mem=1G"]])
async def test_constraints_are_checked(edge: Connector, constraints: Any) -> None:
    with pytest.raises(BadArguments, match=r"options\.constraints"):
        await edge.create_execution_environment(".ns.vnf", options={"constraints": constraints})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"resources": {"date": "x"}}, r"options\.resources\.date: the charm declares none .*did you mean 'data'"),
        ({"resources": {"data": "no.bin"}}, r"options\.resources\.data: there is no file /.*/no\.bin"),
        ({"resources": {"data": 3}}, r"options\.resources\.data: expected a file; revisions are for"),
        ({"resources": {"image": 3}}, r"options\.resources\.image: expected the reference of an image"),
        ({"storage": {"disk": "fast"}}, r"options\.storage: means nothing on machines"),
        ({"constraints": "mem=1G"}, r"options\.constraints: means nothing on machines"),
        ({"channel": "edge"}, r"options\.channel"),
    ],
)
async def test_what_is_not_for_the_charm_is_refused(edge: Connector, options: dict[str, Any], message: str) -> None:
    ee_id, _ = await edge.create_execution_environment(".ns.vnf")
    with pytest.raises(BadArguments, match=message):
        await edge.install_configuration_sw(ee_id, "web", options=options)
    await edge.install_configuration_sw(ee_id, "web")
    with pytest.raises(BadArguments, match=message):
        await edge.upgrade(ee_id, "web", options=options)


async def test_on_kubernetes_storage_is_the_charms(pods: Connector) -> None:
    with pytest.raises(BadArguments, match=r"options\.placement: means nothing on Kubernetes"):
        await pods.create_execution_environment(".ns.vnf", options={"placement": "zone=a"})
    ee_id, _ = await pods.create_execution_environment(".ns.vnf")
    with pytest.raises(BadArguments, match=r"storage\.disc: charm pod declares no such storage: did you mean 'disk'"):
        await pods.install_configuration_sw(ee_id, "pod", options={"storage": {"disc": "fast"}})
    with pytest.raises(
        BadArguments, match=r"options\.storage: disk: expected pool,size,count such as fast,10G,1, got '9X'"
    ):
        await pods.install_configuration_sw(ee_id, "pod", options={"storage": {"disk": "9X"}})
    with pytest.raises(BadArguments, match=r"options\.storage\.disk: expected 1 of it for each unit"):
        await pods.install_configuration_sw(ee_id, "pod", options={"storage": {"disk": "2"}})
    with pytest.raises(
        BadArguments, match=r"charm block needs block storage \(disk\), which Juju does not have on Kub"
    ):
        await pods.install_configuration_sw(ee_id, "block")
    await pods.install_configuration_sw(ee_id, "pod", options={"storage": {"disk": "fast,1G"}, "constraints": "mem=1G"})


async def test_on_kubernetes_pod_specs_are_refused(pods: Connector) -> None:
    with pytest.raises(BadArguments, match="charm specs has no containers; charms with pod specs are not run"):
        await pods.create_execution_environment(".ns.vnf", artifact_path="specs")


async def test_on_kubernetes_images_are_named(pods: Connector) -> None:
    ee_id, _ = await pods.create_execution_environment(".ns.vnf")
    with pytest.raises(BadArguments, match=r"options\.resources\.image: expected the reference of an image"):
        await pods.install_configuration_sw(ee_id, "imaged")
    await pods.install_configuration_sw(ee_id, "imaged", options={"resources": {"image": "example.com/web:1"}})
