"""The command brings up an NS that has a VNF on Kubernetes and one on a machine, by its config alone."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import yaml
from support.juju import CHARMS
from support.juju_k8s import PATIENT, options_of, sidecar

from vca_jujusim import SimulatedController

EXAMPLE = CHARMS.parent / "service" / "service.yaml"


def write_service(folder: Path) -> None:
    """Write the example NS, with the VNF `cache` on pods: a proxy charm, related to one on a machine."""
    options = ("ssh-hostname", "ssh-username", "ssh-password")
    sidecar(
        folder / "charms",
        "cache-proxy",
        config={name: {"type": "string", "default": ""} for name in options},
        actions={name: {"description": "does it"} for name in ("verify-ssh-credentials", "purge")},
        requires={"uplink": {"interface": "ip-gateway"}},
    )
    service = yaml.safe_load(EXAMPLE.read_text())
    service["vnfs"]["cache"] = {
        "charm": "cache-proxy",
        "connector": "pods",
        "units": 2,
        "options": {"install": {"resources": {"image": "registry.example.com/cache:2"}}},
        "day1": [{"run": "config", "with": dict.fromkeys(options, "given")}, {"run": "purge"}],
        "after": ["edge"],
    }
    (folder / "service.yaml").write_text(yaml.safe_dump(service))


async def vca(folder: Path, *arguments: str, ends: int = 0) -> str:
    """Run the command, which ends with that exit code; what it prints."""
    program = str(Path(sys.executable).with_name("vca"))
    process = await asyncio.create_subprocess_exec(
        program, *arguments, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said = (await process.communicate())[0].decode()
    assert process.returncode == ends, said
    return said


async def test_an_ns_on_pods_and_hosts_is_brought_up_and_deleted(
    controller: SimulatedController, tmp_path: Path
) -> None:
    shutil.copytree(CHARMS, tmp_path / "charms")
    write_service(tmp_path)
    (tmp_path / "ca.pem").write_text(controller.ca_cert)
    given = options_of(controller, ca_cert="ca.pem", **PATIENT)
    config = {
        "artifacts": "charms",
        "connectors": {
            "hosts": {"backend": "juju-machine", "options": given},
            "pods": {"backend": "juju-k8s", "options": {**given, "cloud": "k8s"}},
        },
        "default": "hosts",
    }
    (tmp_path / "vca.yaml").write_text(yaml.safe_dump(config))
    for _ in range(2):  # the second one finds all as it is to be
        await vca(tmp_path, "apply", "service.yaml")
        pods = controller.model("demo-k8s")
        assert [unit.workload.current for unit in pods.units.values()] == ["active", "active"]
        assert pods.applications["app-vnf-cache"].resources["image"]["image"] == "registry.example.com/cache:2"
        hosts = controller.model("demo")
        assert (len(hosts.machines), list(hosts.offers)) == (2, ["app-vnf-edge-vdu-vm-cnt-z0-gateway"])
        assert [key.split()[0] for key in pods.relations] == ["app-vnf-cache:uplink"]
    assert controller.counts.requests["Application.Deploy"] == 3
    assert "completed" in json.dumps(json.loads(await vca(tmp_path, "--json", "status")))
    await vca(tmp_path, "delete", "demo", "--yes")
    assert [model.record.name for model in controller.world.models.values()] == ["controller"]


async def test_an_image_that_is_missing_is_corrected_in_the_ns_file(
    controller: SimulatedController, tmp_path: Path
) -> None:
    """Each attempt is a process of its own."""
    sidecar(tmp_path / "charms")
    (tmp_path / "ca.pem").write_text(controller.ca_cert)
    given = options_of(controller, ca_cert=str(tmp_path / "ca.pem"), cloud="k8s", **PATIENT)
    config = {
        "artifacts": str(tmp_path / "charms"),
        "store": f"sqlite:///{tmp_path / 'status.db'}",
        "timeouts": {"progress": 1},
        "connectors": {"pods": {"backend": "juju-k8s", "options": given}},
    }
    (tmp_path / "vca.yaml").write_text(yaml.safe_dump(config))

    async def apply(image: str, *, ends: int = 0, units: int = 2, **options: Any) -> str:
        install = {"resources": {"image": f"registry.example.com/{image}"}, **options}
        vnf = {"charm": "dns", "options": {"install": install}, "units": units, "day1": [{"run": "touch"}]}
        (tmp_path / "service.yaml").write_text(yaml.safe_dump({"ns": "demo", "vnfs": {"dns": vnf}}))
        return await vca(tmp_path, "apply", "service.yaml", ends=ends)

    assert "nothing changed for 1 s" in await apply("missing:1", ends=3, units=1)
    assert "vnfs.dns.options.install.no_such" in await apply("dns:1", ends=2, no_such=1)
    assert controller.counts.requests["Application.SetCharm"] == 0
    await apply("dns:1")
    application = controller.model("demo-k8s").applications["app-vnf-dns"]
    assert application.resources["image"]["image"] == "registry.example.com/dns:1"
    assert len(controller.model("demo-k8s").units) == 2
    await apply("dns:1")
    assert controller.counts.requests["Application.SetCharm"] == 1
