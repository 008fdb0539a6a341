"""Machines that become execution environments."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from support.juju import VNF, connected, machine, until, write_charm

from vca_core import AlreadyExists, BackendError, BadArguments, Connector, NotFound, VcaError
from vca_juju_common import readiness
from vca_jujusim.controller import SimulatedController


async def nothing_in(edge: Connector) -> bool:
    return not await edge.list_execution_environments()


KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEXAMPLE vca"


async def test_a_second_create_names_the_first_which_can_be_resumed(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        ee_id = await machine(edge)
        with pytest.raises(AlreadyExists) as caught:
            await machine(edge)
        assert caught.value.ee_id == ee_id
        assert await machine(edge, reuse_ee_id=ee_id) == ee_id
        assert list(controller.model("ns1").machines) == ["0"]


async def test_several_ees_at_one_place_outlive_the_process(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        made = [await machine(edge, namespace) for namespace in (VNF, f"{VNF}@one")]
    async with connected(controller) as edge:
        assert [str(one.ee_id) for one in await edge.list_execution_environments(VNF)] == sorted(made)
        assert [str(one.ee_id) for one in await edge.list_execution_environments(f"{VNF}@one")] == made[1:]


@pytest.mark.defect("D45")
async def test_what_is_to_be_gone_on_with_has_to_be_there(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        ee_id = await machine(edge)
        controller.remove_machine("ns1", "0")
        await until(partial(nothing_in, edge))
        with pytest.raises(NotFound):
            await machine(edge, reuse_ee_id=ee_id)
        with pytest.raises(NotFound):
            await machine(edge, ".ns2.vnf1", reuse_ee_id="ns2.app-vnf-vnf1.0")
    assert {model.record.name for model in controller.world.models.values()} == {"controller", "ns1"}
    assert controller.model("ns1").machines == {}


@pytest.mark.defect("D61")
async def test_another_process_refuses_a_namespace_sharing_a_model(
    controller: SimulatedController,
) -> None:
    async with connected(controller) as edge:
        await machine(edge, ".ns_3.vnf1")
    async with connected(controller) as edge:
        with pytest.raises(BadArguments, match="NS 'ns-3' and NS 'ns_3' would share the model ns-3"):
            await machine(edge, ".ns-3.vnf2")
        with pytest.raises(BadArguments, match="share the model"):
            await edge.delete_namespace(".ns-3")
    assert list(controller.model("ns-3").machines) == ["0"]


@pytest.mark.defect("D50")
async def test_a_machine_gets_the_newest_base_of_charm_and_juju(
    controller: SimulatedController, tmp_path: Path
) -> None:
    write_charm(tmp_path, "several", series=["focal", "noble", "jammy"])
    async with connected(controller, tmp_path, base="ubuntu@20.04", constraints="mem=2G cores=4") as edge:
        await machine(edge, ".ns1.a", artifact_path="several")
        await machine(edge, ".ns1.b", artifact_path="several", options={"base": "ubuntu@22.04"})
        await machine(edge, ".ns1.c", options={"constraints": "mem=4G"})
    async with connected(controller, tmp_path) as edge:
        await machine(edge, ".ns1.d")
    made = controller.model("ns1").machines
    assert [str(one.base).partition("/")[0] for one in made.values()] == [
        "ubuntu@24.04",
        "ubuntu@22.04",
        "ubuntu@20.04",
        "ubuntu@22.04",
    ]
    assert made["0"].constraints == {"mem": 2048, "cores": 4}
    assert made["2"].constraints == {"mem": 4096, "cores": 4}
    assert made["3"].constraints == {}


@pytest.mark.parametrize(
    "constraints", ["arch=amd64", "mem=1G mem=2G", "cores=1 cpu-cores=2", {"instance-type": "big", "mem": "1G"}]
)
async def test_contradictions_are_refused_before_anything_is_made(
    controller: SimulatedController, tmp_path: Path, constraints: Any
) -> None:
    charm = write_charm(tmp_path, "arm")
    (charm / "manifest.yaml").write_text("bases: [{name: ubuntu, channel: '22.04', architectures: [aarch64]}]")
    async with connected(controller, tmp_path) as edge:
        for base in (None, "ubuntu@22.04"):
            with pytest.raises(BadArguments, match=r"options\.constraints: .*(arch is amd64|twice|contradicts)"):
                await machine(edge, artifact_path="arm", options={"constraints": constraints, "base": base})
    assert not controller.counts.requests["ModelManager.CreateModel"]


async def test_all_machines_of_a_charm_have_its_architecture(controller: SimulatedController, tmp_path: Path) -> None:
    charm = write_charm(tmp_path, "arm")
    (charm / "manifest.yaml").write_text("bases: [{name: ubuntu, channel: '22.04', architectures: [arm64]}]")
    async with connected(controller, tmp_path) as edge:
        ee_id = await machine(edge, artifact_path="arm", options={"placement": "zone=a"})
        await edge.install_configuration_sw(ee_id, "arm", num_units=2)
        await edge.scale(ee_id, 3)
    assert [one.arch for one in controller.model("ns1").machines.values()] == ["arm64"] * 3


async def test_a_machine_goes_where_it_is_placed(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        await machine(edge, ".ns1.a")
        assert await machine(edge, ".ns1.b", options={"placement": "lxd:0"}) == "ns1.app-vnf-b.0/lxd/0"
        await machine(edge, ".ns1.c", options={"placement": "zone=two"})
        await edge.delete_execution_environment("ns1.app-vnf-b.0/lxd/0")
        assert sorted(controller.model("ns1").machines) == ["0", "1"]


@pytest.mark.defect("D92")
@pytest.mark.defect("D94")
async def test_a_public_key_goes_into_the_model_and_none_is_left_out(controller: SimulatedController) -> None:
    async with connected(controller, public_key=KEY, model_config={"apt-mirror": "http://mirror"}) as edge:
        await machine(edge, ".ns1.a")
    async with connected(controller) as edge:
        await machine(edge, ".ns2.a")
    assert controller.model("ns1").record.keys == [KEY]
    assert controller.model("ns1").record.config["apt-mirror"] == "http://mirror"
    assert controller.model("ns2").record.keys == []
    assert "authorized-keys" not in controller.model("ns2").record.config


@pytest.mark.defect("D12")
async def test_a_failed_machine_ends_the_wait_and_stays_to_be_deleted(
    controller: SimulatedController,
) -> None:
    controller.faults.provisioning_error(message="no room at the inn")
    async with connected(controller) as edge:
        with pytest.raises(BackendError, match="machine 0 cannot be provisioned: no room at the inn") as caught:
            await machine(edge)
        assert caught.value.ee_id == "ns1.app-vnf-vnf1.0"
        await edge.delete_execution_environment("ns1.app-vnf-vnf1.0")
        assert controller.model("ns1").machines == {}


@pytest.mark.defect("D17")
@pytest.mark.parametrize("seen", [True, False])
async def test_a_machine_that_others_remove_ends_the_wait(
    controller: SimulatedController, monkeypatch: pytest.MonkeyPatch, seen: bool
) -> None:
    monkeypatch.setattr(readiness, "UNSEEN", 0.3)
    controller.faults.freeze("machine")
    async with connected(controller) as edge:
        making = asyncio.create_task(machine(edge))
        await until(
            partial(edge.list_execution_environments) if seen else lambda: controller.counts.requests["Annotations.Set"]
        )
        controller.faults.clear()
        controller.remove_machine("ns1", "0")
        with pytest.raises(NotFound):
            await making


async def test_a_create_cancelled_before_its_id_is_kept_leaves_nothing(
    controller: SimulatedController,
) -> None:
    controller.faults.delay("MachineManager.AddMachines", 0.3)
    async with connected(controller) as edge:
        making = asyncio.create_task(machine(edge))
        await until(lambda: controller.counts.requests["MachineManager.AddMachines"])
        making.cancel()
        with pytest.raises(asyncio.CancelledError):
            await making
        await until(lambda: not controller.model("ns1").machines)
        assert await edge.list_execution_environments() == []


@pytest.mark.defect("U9")
@pytest.mark.defect("D77")
async def test_a_create_that_is_cancelled_later_can_be_gone_on_with(controller: SimulatedController) -> None:
    controller.faults.freeze("machine")
    async with connected(controller) as edge:
        making = asyncio.create_task(machine(edge))
        await until(partial(edge.list_execution_environments))
        making.cancel()
        with pytest.raises(asyncio.CancelledError):
            await making
        controller.thaw()
        (there,) = await edge.list_execution_environments()
        assert await machine(edge, reuse_ee_id=there.ee_id) == str(there.ee_id)


async def test_vnf_names_need_nothing_of_the_network_to_be_refused(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        with pytest.raises(BadArguments):
            await edge.create_execution_environment(VNF, options={"placement": ""})
    assert controller.counts.opened == 0


async def test_models_of_others_are_neither_used_nor_deleted(controller: SimulatedController) -> None:
    controller.add_user("bob", "pass", "superuser")
    theirs = controller.world.add_model("ns1", "bob", "localhost", "localhost", {})
    theirs.record.access[controller.username] = "admin"
    async with connected(controller) as edge:
        assert await edge.list_execution_environments() == []
        await edge.delete_namespace(".ns1")
        await machine(edge)
        assert not theirs.machines
        (ours,) = (one for one in controller.world.models.values() if one.machines)
        assert (ours.record.name, ours.record.owner) == ("ns1", controller.username)
        await edge.delete_namespace(".ns1")
    assert theirs.record.life == "alive"


async def test_the_controllers_own_model_gets_no_machines(controller: SimulatedController) -> None:
    credentials = {"hostname": "127.0.0.1", "username": "nobody"}
    async with connected(controller) as edge:
        with pytest.raises(BadArguments, match="controller's own"):
            await machine(edge, ".controller.vnf1")
        with pytest.raises(BadArguments, match="controller's own"):
            await edge.register_execution_environment(".controller.vnf1", credentials)
    assert not controller.model("controller").machines


async def one_has_it(
    controller: SimulatedController, edge: Connector, making: list[asyncio.Task[str]], ee_id: str
) -> None:
    """Of two that make one EE, the one with the lower id has it; the other is told which one, and leaves nothing."""
    ended = await asyncio.gather(*making, return_exceptions=True)
    (refused,) = [one for one in ended if isinstance(one, AlreadyExists)]
    assert [one for one in ended if isinstance(one, str)] == [refused.ee_id] == [ee_id]
    await until(lambda: sorted(controller.model("ns1").machines) == ["0", "1"])

    async def listed() -> bool:
        there = await edge.list_execution_environments()
        return {str(one.ee_id) for one in there} == {"ns1.app-vnf-before.0", ee_id}

    await until(listed)


async def test_of_two_creating_processes_the_loser_learns_the_winner(
    controller: SimulatedController,
) -> None:
    async with connected(controller, alone=False) as one, connected(controller, alone=False) as two:
        await machine(one, ".ns1.before")
        await until(partial(two.list_execution_environments))
        controller.faults.freeze("machine")  # a machine takes longer to start than to be noted at
        making = [asyncio.create_task(machine(edge)) for edge in (one, two)]
        machines = controller.model("ns1").machines
        await until(lambda: len(machines) == 3 and all(made.annotations for made in machines.values()))
        controller.thaw()
        await one_has_it(controller, one, making, "ns1.app-vnf-vnf1.1")
        assert controller.counts.requests["Annotations.Set"] == 3


async def test_the_first_process_wins_even_if_its_note_comes_late(
    controller: SimulatedController,
) -> None:
    async with (
        connected(controller, alone=False, request_timeout=0.5) as one,
        connected(controller, alone=False) as two,
    ):
        await machine(one, ".ns1.before")
        await until(partial(two.list_execution_environments))
        controller.faults.freeze("machine")
        controller.faults.hang("Annotations.Set", "before", times=1)  # asked again when no answer comes
        first = asyncio.create_task(machine(one))
        await until(lambda: controller.counts.requests["Annotations.Set"] == 2)
        second = asyncio.create_task(machine(two))
        await until(lambda: "2" in controller.model("ns1").machines)
        await until(lambda: all(made.annotations for made in controller.model("ns1").machines.values()))
        assert not second.done()  # nothing told it yet that it is not the only one
        controller.thaw()
        await one_has_it(controller, one, [first, second], "ns1.app-vnf-vnf1.1")


@pytest.mark.parametrize("cloud", ["microk8s", None])
async def test_a_cloud_of_kubernetes_is_refused_and_nothing_stays(
    controller: SimulatedController, cloud: str | None
) -> None:
    kubernetes: dict[str, Any] = {"type": "kubernetes", "auth-types": ["certificate"], "regions": [{"name": "one"}]}
    controller.world.clouds["microk8s" if cloud else "localhost"] = kubernetes
    async with connected(controller, cloud=cloud) as edge:
        with pytest.raises(BadArguments, match="options.cloud: .* is one of Kubernetes") as caught:
            await machine(edge)
        assert caught.value.bad_args == ["options.cloud"]
        assert [model.record.name for model in controller.world.models.values()] == ["controller"]


@pytest.mark.parametrize(
    ("option", "given"), [("cloud", {"cloud": "x"}), ("region", {"cloud": "localhost", "region": "x"})]
)
async def test_clouds_and_regions_that_are_not_there_are_the_options(
    controller: SimulatedController, option: str, given: dict[str, Any]
) -> None:
    async with connected(controller, **given) as edge:
        with pytest.raises(BadArguments, match=f'options.{option}: {option} "x" not found'):
            await machine(edge)


async def test_a_charm_over_the_limit_is_refused_before_a_machine(
    controller: SimulatedController, tmp_path: Path
) -> None:
    (write_charm(tmp_path, "router") / "more").write_bytes(b"x" * 10_000)
    async with connected(controller, tmp_path, upload_limit=10_000) as edge:
        with pytest.raises(BadArguments, match="holds more than 10000 bytes, with 'more'; upload_limit says"):
            await machine(edge, artifact_path="router")
    assert len(controller.world.models) == 1


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ('base "ubuntu@24.04" not valid', BadArguments),
        ('cannot add a new machine: invalid base "ubuntu@24.04"', BadArguments),
        ("parsing base ubuntu@24.04: malformed channel", BadArguments),
        ('os "ubuntu" version "24.04" not found', BadArguments),
        ('no agent binaries for base "ubuntu@24.04" are stored, try again later', BackendError),
        ("the base directory of images cannot be read", BackendError),
        ("cannot read series of address 10.0.0.0: disk is full", BackendError),
    ],
)
async def test_only_a_refusal_of_the_base_is_a_bad_argument(
    controller: SimulatedController, message: str, expected: type[VcaError]
) -> None:
    controller.faults.result_error("MachineManager.AddMachines", message)
    async with connected(controller, base="ubuntu@24.04") as edge:
        with pytest.raises(expected):
            await machine(edge)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("unknown placement directive: zone=two", BadArguments),
        ("cannot add a new machine: machine 7 not found", BadArguments),
        ("cannot add a new machine: machine 7 cannot host lxd containers", BadArguments),
        ('cannot add a new machine: invalid availability zone "two"', BadArguments),
        ('availability zone "two" not valid', BadArguments),
        ('zone "two" is unavailable', BadArguments),
        ("machine placement not valid: use a parent-id", BadArguments),
        ('container type "two" not valid', BadArguments),
        ("cannot list the zones of the cloud, try again later", BackendError),
        ("images of containers cannot be fetched", BackendError),
        ("cannot read placement policies: the disk is full", BackendError),
        ("settings of the machine not found", NotFound),
        ("the cloud's API cannot be reached in zone two", BackendError),
    ],
)
async def test_only_a_refusal_of_the_place_is_a_bad_argument(
    controller: SimulatedController, message: str, expected: type[VcaError]
) -> None:
    controller.faults.result_error("MachineManager.AddMachines", message)
    async with connected(controller) as edge:
        with pytest.raises(expected):
            await machine(edge, options={"placement": "zone=two"})
