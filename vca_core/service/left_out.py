"""What the store has of a service, and its file does not: VNFs that were taken out or renamed, and what was done."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from vca_core.connector import Connector
from vca_core.errors import BadArguments, VcaError
from vca_core.service.ledger import Done, host_digest
from vca_core.service.ns_file import Service
from vca_core.vca import Vca


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An execution environment of a VNF that the file does not have. Nothing is done to it.

    Args:
        vnf: the VNF.
        ee_id: the execution environment.
        connector: the name of the connector that it is on; None: the default one.
    """

    vnf: str
    ee_id: str
    connector: str | None

    def __str__(self) -> str:
        where = "" if self.connector is None else f" (on {self.connector})"
        return f"{self.vnf} is not in the file any more; its {self.ee_id}{where} goes on as it is"


async def find_left_out(
    vca: Vca, service: Service, entries: Mapping[str, Mapping[str, Any]], done: Mapping[str, Done]
) -> list[LeftOut]:
    """Find the execution environments of VNFs that the file does not have.

    Those are left out that their connectors say are gone.

    Args:
        vca: whose connectors.
        service: the service.
        entries: what is kept of its VNFs.
        done: what was done of it.
    """
    found = []
    for name in sorted(entries.keys() - service.vnfs.keys()):
        made = next((done[key].ee_id for key in (f"{name}/create", f"{name}/register") if key in done), None)
        if (ee_id := made or entries[name].get("ee_id")) is not None:
            found.append(LeftOut(name, str(ee_id), entries[name].get("connector")))
    there = {name: await _listed(vca, service, name) for name in dict.fromkeys(one.connector for one in found)}
    return [one for one in found if (listed := there[one.connector]) is None or one.ee_id in listed]


async def _listed(vca: Vca, service: Service, name: str | None) -> set[str] | None:
    """What a connector has of a service; None: it cannot be asked."""
    try:
        return await list_ee_ids(await vca.find_connector(name), service)
    except VcaError:
        return None


async def list_ee_ids(connector: Connector, service: Service) -> set[str] | None:
    """List the execution environments of a service on a connector; None: its backend lists none."""
    if "list_execution_environments" not in connector.capabilities:
        return None
    return {str(record.ee_id) for record in await connector.list_execution_environments(f".{service.ns}")}


def describe_undone(service: Service, done: Collection[str]) -> list[str]:
    """Say what was done between and for VNFs of the file, and is not in it any more; primitives have run, and are over.

    Args:
        service: the service.
        done: the keys of what was done.
    """
    related = {frozenset(map(":".join, relation.ends)) for relation in service.relations}
    found = []
    for key in sorted(done):
        subject, _, kind = key.rpartition("/")
        if kind == "install" and subject in service.vnfs and service.vnfs[subject].charm is None:
            found.append(f"a charm was installed for VNF {subject}, which has none in the file any more; it goes on")
        elif kind == "relate":
            ends = subject.split(" - ")
            is_between = all(end.partition(":")[0] in service.vnfs for end in ends)
            if is_between and frozenset(ends) not in related:
                found.append(f"{subject} were related, and are not in the file any more; the relation goes on")
    return [f"NS {service.ns}: {text}" for text in found]


def check_hosts(service: Service, entries: Mapping[str, Mapping[str, Any]], done: Collection[str]) -> None:
    """Refuse to register a host a second time, under another name of its VNF.

    Args:
        service: the service.
        entries: what is kept of its VNFs.
        done: the keys of what was done.

    Raises:
        BadArguments: a host is registered for a VNF that the file does not have.
    """
    left = {
        str(entry["machine"]): name
        for name, entry in entries.items()
        if entry.get("machine") and name not in service.vnfs
        # A process that was killed may have registered it without noting that.
        if f"{name}/register" in done or entry.get("ee_id")
    }
    for name, vnf in service.vnfs.items() if left else ():
        host = host_digest(vnf.host)
        if vnf.host is not None and host in left and f"{name}/register" not in done:
            raise BadArguments(
                f"vnfs.{name}: its host is registered already, for VNF {left[host]}, which the file does not have "
                f"any more; give it that name again, or delete the service first: `vca delete {service.ns}`",
                [f"vnfs.{name}"],
            )
