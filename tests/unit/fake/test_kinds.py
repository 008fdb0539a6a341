"""The fake as machines or as Kubernetes, with bases, latencies and proxy charms."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from unit.fake.conftest import EXAMPLES

from vca_core import BadArguments, DeploymentStatus, ExecutionError, NotSupported, Vca
from vca_core.config import validate_model
from vca_fake.latency import Latency
from vca_fake.options import Between, FakeOptions

PROXY = {
    "dispatch": "#!/bin/sh\n",
    "metadata.yaml": "name: proxy\nsummary: s\ndescription: d\nseries: [jammy]\n",
    "config.yaml": "options: {ssh-hostname: {}, ssh-username: {}, ssh-password: {}}\n",
    "actions.yaml": "verify-ssh-credentials: {}\ngenerate-ssh-key: {}\nget-ssh-public-key: {}\ntouch: {}\n",
}
KUBERNETES = {
    "dispatch": "#!/bin/sh\n",
    "charmcraft.yaml": (
        "name: pod\ntype: charm\nsummary: s\ndescription: d\nbases: [{name: ubuntu, channel: '22.04'}]\n"
        "containers: {main: {resource: image}}\n"
        "resources: {image: {type: oci-image, upstream-source: example.com/dns:1}}\n"
        "actions: {show: {}}\n"
    ),
}


def write(folder: Path, name: str, files: dict[str, str]) -> str:
    (folder / name).mkdir()
    for file, content in files.items():
        (folder / name / file).write_text(content)
    return name


def config(folder: Path, **options: Any) -> dict[str, Any]:
    return {"artifacts": str(folder), "connectors": {"edge": {"backend": "fake", "options": options}}}


@pytest.mark.defect("D14")
async def test_a_proxy_charm_is_blocked_until_it_can_reach_its_vnf(tmp_path: Path) -> None:
    charm = write(tmp_path, "proxy", PROXY)
    async with Vca.from_config(config(tmp_path), environ={}) as vca:
        connector = vca.connector()
        ee_id, _ = await connector.create_execution_environment(".ns.vnf", artifact_path=charm)
        await connector.install_configuration_sw(ee_id, charm)
        assert await connector.refresh_status(ee_id) is DeploymentStatus.RUNNING
        [record] = await connector.list_execution_environments()
        assert record.entities[-1].native == "blocked"
        assert "ssh-hostname" in record.entities[-1].detail
        with pytest.raises(ExecutionError, match="ssh is not configured: needs ssh-hostname"):
            await connector.exec_primitive(ee_id, "touch")
        with pytest.raises(ExecutionError, match="needs ssh-hostname"):
            await connector.exec_primitive(ee_id, "verify-ssh-credentials")
        await connector.get_ee_ssh_public_key(ee_id)
        await connector.exec_primitive(ee_id, "config", {"ssh-hostname": "192.0.2.1", "ssh-username": "ubuntu"})
        assert await connector.refresh_status(ee_id) is DeploymentStatus.COMPLETED
        output = await connector.exec_primitive(ee_id, "verify-ssh-credentials")
        assert output == {"unit": "app-vnf-vnf/0", "verified": "True"}
        assert await connector.exec_primitive(ee_id, "touch")


async def test_a_machine_gets_a_base_that_its_charm_supports(tmp_path: Path) -> None:
    charm = write(tmp_path, "focal", {**PROXY, "metadata.yaml": PROXY["metadata.yaml"].replace("jammy", "focal")})
    async with Vca.from_config(config(tmp_path), environ={}) as vca:
        connector = vca.connector()
        suited, _ = await connector.create_execution_environment(".ns.suited", artifact_path=charm)
        await connector.install_configuration_sw(suited, charm)
        other, _ = await connector.create_execution_environment(".ns.other")
        with pytest.raises(BadArguments, match=r"supports ubuntu@20\.04, and machine 1 has ubuntu@22\.04"):
            await connector.install_configuration_sw(other, charm)
        await connector.install_configuration_sw(other, charm, options={"force": True})
        asked, _ = await connector.create_execution_environment(".ns.asked", options={"base": "ubuntu@20.04"})
        await connector.install_configuration_sw(asked, charm)
        status = await connector.get_status(".ns")
        assert status["applications"]["app-vnf-asked"]["base"] == "ubuntu@20.04"


async def test_on_kubernetes_there_are_no_machines(tmp_path: Path) -> None:
    pod = write(tmp_path, "pod", KUBERNETES)
    proxy = write(tmp_path, "proxy", PROXY)
    async with Vca.from_config(config(tmp_path, kind="k8s"), environ={}) as vca:
        connector = vca.connector()
        ee_id, _ = await connector.create_execution_environment(".ns.vnf")
        assert ee_id == "ns.app-vnf-vnf.k8s"
        await connector.install_configuration_sw(ee_id, pod)
        [record] = await connector.list_execution_environments()
        assert [state.entity.kind for state in record.entities] == ["application", "unit"]
        assert await connector.exec_primitive(ee_id, "show") == {"unit": "app-vnf-vnf/0"}
        with pytest.raises(NotSupported, match="no machines on Kubernetes"):
            await connector.register_execution_environment(".ns.m", {"hostname": "h", "username": "u"})
        with pytest.raises(BadArguments, match="charm proxy runs on machines"):
            await connector.create_execution_environment(".ns.p", artifact_path=proxy)
    async with Vca.from_config(config(tmp_path), environ={}) as vca:
        with pytest.raises(BadArguments, match="charm pod runs on Kubernetes"):
            await vca.connector().create_execution_environment(".ns.vnf", artifact_path=pod)


def test_latencies_are_the_same_for_the_same_seed_and_step() -> None:
    between = Between(least=1, most=2)
    one, same, other = Latency(between, 1), Latency(between, 1), Latency(between, 2)
    steps = [("ee", number) for number in range(20)]
    assert [one.of(*step) for step in steps] == [same.of(*step) for step in reversed(steps)][::-1]
    assert [one.of(*step) for step in steps] != [other.of(*step) for step in steps]
    assert all(1 <= one.of(*step) <= 2 for step in steps)
    assert Latency(0.5, 1).of("any") == 0.5


async def test_a_random_latency_from_a_config_works(tmp_path: Path) -> None:
    options = {"latency": {"least": 0.001, "most": 0.002}, "seed": 7}
    async with Vca.from_config({**config(EXAMPLES / "charms", **options)}, environ={}) as vca:
        ee_id, _ = await vca.connector().create_execution_environment(".ns.vnf")
        await vca.connector().install_configuration_sw(ee_id, "simple-router", num_units=3)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"latency": {"least": 2, "most": 1}}, "least: expected at most what most is"),
        ({"kind": "cloud"}, "'machine' or 'k8s'"),
        ({"base": "jammy"}, "expected a base such as ubuntu@22.04, got 'jammy': write ubuntu@22.04"),
        ({"seeds": 1}, "did you mean 'seed'"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(BadArguments) as caught:
        validate_model(FakeOptions, options, "options")
    assert said in str(caught.value)
