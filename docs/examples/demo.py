"""Brings up a network service of three VNFs through the public API, on the backend that a config names.

    python demo.py [CONFIG]         (default: vca.yaml beside this file)

Prints each status as it is stored, and at the end a table of all execution environments. Exit code 0: all of them are
COMPLETED; 1: one is not, or an operation failed.
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vca_core import Connector, DeploymentStatus, Vca, VcaError

HERE = Path(__file__).parent
NS = "demo"


@dataclass
class Vnf:
    """One VNF of the service, and what became of it."""

    name: str
    charm: str
    config: dict[str, Any]
    day1: list[tuple[str, dict[str, Any]]]
    ee_id: str = ""
    outputs: list[str] = field(default_factory=list)


SERVICE = [
    Vnf("core", "simple-router", {"hostname": "core"}, [("show-routes", {})]),
    Vnf(
        "edge",
        "simple-router",
        {"hostname": "edge", "mtu": 1400},
        [("config", {"mtu": 9000}), ("add-route", {"destination": "10.1.0.0/16", "via": "192.0.2.1"})],
    ),
    Vnf("cache", "content-cache", {"size-gb": 50}, [("purge", {"pattern": "/old/*", "dry-run": True})]),
]
RELATIONS = [("core", "gateway", "edge", "upstream"), ("edge", "gateway", "cache", "uplink")]


def show(table: str, filter: dict[str, Any], path: str, update: dict[str, Any]) -> None:
    """Print a status that was stored; this is what an orchestrator gives as ``on_update_db``."""
    fields = {key.removeprefix(path): value for key, value in update.items()}
    name = SERVICE[int(path.removesuffix(".").rpartition(".")[2])].name
    print(f"  {name:<6} {fields['status']:<10} {fields['entity-type']:<8} {fields['VCA-status']:<12} "
          f"{fields['detailed-status']}", flush=True)  # fmt: skip


async def bring_up(connector: Connector, number: int, vnf: Vnf) -> None:
    """Create the EE of one VNF and install its charm."""
    home = {"collection": "nsrs", "filter": {"_id": NS}, "path": f"_admin.deployed.VCA.{number}"}
    vnf.ee_id, _ = await connector.create_execution_environment(f".{NS}.{vnf.name}.vm-0", home, artifact_path=vnf.charm)
    await connector.install_configuration_sw(vnf.ee_id, vnf.charm, home, config=vnf.config)


async def run_day1(connector: Connector, vnf: Vnf) -> None:
    """Run the primitives of one VNF, one after the other."""
    for primitive, params in vnf.day1:
        output = await connector.exec_primitive(vnf.ee_id, primitive, params)
        vnf.outputs.append(f"{primitive}: {output}")


async def main(config: Path) -> int:
    """Bring the service up and report how it went."""
    async with Vca.from_config(config, on_update_db=show) as vca:
        connector = vca.connector()
        print(f"Bringing up NS {NS!r} on {connector!r}")
        # The orchestrator's own document: statuses go into it.
        await vca.store.ensure("nsrs", {"_id": NS, "_admin": {"deployed": {"VCA": [{} for _ in SERVICE]}}})
        await asyncio.gather(*(bring_up(connector, number, vnf) for number, vnf in enumerate(SERVICE)))
        by_name = {vnf.name: vnf for vnf in SERVICE}
        for name_1, endpoint_1, name_2, endpoint_2 in RELATIONS:
            await connector.add_relation(by_name[name_1].ee_id, by_name[name_2].ee_id, endpoint_1, endpoint_2)
            print(f"  {name_1}:{endpoint_1} and {name_2}:{endpoint_2} are related")
        await asyncio.gather(*(run_day1(connector, vnf) for vnf in SERVICE))
        document = await vca.store.get("nsrs", {"_id": NS})
    statuses = [entry["status"] for entry in (document or {})["_admin"]["deployed"]["VCA"]]
    print(f"\n{'VNF':<6} {'EXECUTION ENVIRONMENT':<36} {'STATUS':<10} PRIMITIVES")
    for vnf, status in zip(SERVICE, statuses, strict=True):
        print(f"{vnf.name:<6} {vnf.ee_id:<36} {status.upper():<10} {vnf.outputs[0]}")
        for output in vnf.outputs[1:]:
            print(f"{'':<54} {output}")
    return 0 if all(status == DeploymentStatus.COMPLETED for status in statuses) else 1


if __name__ == "__main__":
    try:
        sys.exit(asyncio.run(main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "vca.yaml")))
    except VcaError as error:
        sys.exit(f"{type(error).__name__}: {error}")
