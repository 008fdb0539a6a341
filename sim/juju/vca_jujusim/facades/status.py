"""Client.FullStatus: a whole model in one answer."""

from __future__ import annotations

from fnmatch import fnmatchcase

from vca_jujusim.dispatch import Answer, Call, Json, method
from vca_jujusim.world.deltas import AGENT_VERSION
from vca_jujusim.world.entities import Application, Machine, Relation, Status, Unit, now
from vca_jujusim.world.model import Model, is_consumer
from vca_jujusim.world.presence import machine_status, unit_statuses


def _status(of: Status, *, life: str = "", version: str = "") -> Json:
    return {
        "status": of.current,
        "info": of.message,
        "data": of.data,
        "since": of.since,
        "kind": "",
        "version": version,
        "life": "" if life == "alive" else life,
    }


def _machine(model: Model, of: Machine) -> Json:
    agent = machine_status(of)
    hardware = " ".join(f"{key}={value}" for key, value in of.hardware.items())
    return {
        "id": of.id,
        "agent-status": _status(agent, life=of.life, version=AGENT_VERSION if of.agent.current == "started" else ""),
        "instance-status": _status(of.instance),
        "modification-status": _status(Status("idle")),
        "dns-name": of.addresses[0]["value"] if of.addresses else "",
        "ip-addresses": [one["value"] for one in of.addresses],
        "instance-id": of.instance_id or "pending",
        "display-name": "",
        "base": of.base.as_json(),
        "containers": {one.id: _machine(model, one) for one in model.machines.values() if one.parent == of.id},
        "constraints": " ".join(f"{key}={value}" for key, value in of.constraints.items()),
        "hardware": hardware,
        "jobs": ["JobHostUnits"],
        "has-vote": False,
        "wants-vote": False,
        "network-interfaces": {},
        "lxd-profiles": {},
        "hostname": f"juju-{of.id.replace('/', '-')}" if of.instance_id else "",
    }


def _unit(model: Model, of: Unit) -> Json:
    machine, application = model.machines.get(of.machine), model.applications.get(of.application)
    agent, workload = unit_statuses(model, of)
    return {
        "agent-status": _status(agent, life=of.life, version=AGENT_VERSION if of.installed else ""),
        "workload-status": _status(workload),
        "workload-version": "",
        "machine": of.machine,
        "opened-ports": [],
        "public-address": machine.addresses[0]["value"] if machine and machine.addresses else "",
        **({"address": of.address, "provider-id": of.provider_id} if of.provider_id else {}),
        "charm": "" if application is None or application.charm_url == of.charm_url else of.charm_url,
        "leader": of.leader,
        "subordinates": {one.name: _unit(model, one) for one in model.units.values() if one.principal == of.name},
    }


def _application(model: Model, of: Application) -> Json:
    related: dict[str, list[str]] = {}
    for relation in model.relations_of(of.name):
        mine = next(end for end in relation.endpoints if end.application == of.name)
        others = [end.application for end in relation.endpoints if end is not mine] or [of.name]
        related.setdefault(mine.name, []).extend(others)
    units = [unit for unit in model.units_of(of.name) if not unit.principal]
    charm = model.charm_of(of)
    return {
        "charm": of.charm_url,
        "charm-version": "",
        "charm-profile": "",
        "charm-channel": str(of.origin.get("risk") or ""),
        "charm-rev": charm.revision,
        "base": of.base.as_json(),
        "exposed": of.exposed,
        "life": "" if of.life == "alive" else of.life,
        "relations": related,
        "can-upgrade-to": "",
        "subordinate-to": sorted(
            {unit.principal.rpartition("/")[0] for unit in model.units_of(of.name) if unit.principal}
        ),
        "units": {unit.name: _unit(model, unit) for unit in units},
        "meter-statuses": {},
        "status": _status(model.application_status(of)),
        "workload-version": "",
        "endpoint-bindings": of.bindings,
        "public-address": "",
        **({} if of.scale is None else _service(model, of)),
    }


def _service(model: Model, of: Application) -> Json:
    """What an application has on Kubernetes; its scale goes by a name that nobody would guess."""
    number = sum(map(ord, model.record.uuid + of.name)) % 65536
    address = f"10.152.{number >> 8}.{number & 255}"
    return {
        "provider-id": f"{of.name}-{model.record.uuid}",
        "public-address": address if model.place is None else model.place.service_address(of.name),
        "int": of.scale,
    }


def _relation(model: Model, of: Relation) -> Json:
    return {
        "id": of.id,
        "key": of.key,
        "interface": of.endpoints[0].interface,
        "scope": of.endpoints[0].scope,
        "endpoints": [
            {
                "application": end.application,
                "name": end.name,
                "role": end.role,
                "subordinate": end.application in model.applications
                and model.applications[end.application].subordinate,
            }
            for end in of.endpoints
        ],
        "status": _status(of.status),
    }


@method("Client.FullStatus")
def full_status(call: Call, params: Json) -> Answer:
    """The model and what is in it; patterns choose applications, with their units and machines."""
    model, record = call.model, call.model.record
    patterns = [str(one) for one in params.get("patterns") or []]

    def fits(application: Application) -> bool:
        names = [application.name, *(unit.name for unit in model.units_of(application.name))]
        return not patterns or any(fnmatchcase(name, one) for name in names for one in patterns)

    applications = [one for one in model.applications.values() if fits(one)]
    used = {unit.machine.partition("/")[0] for one in applications for unit in model.units_of(one.name)}
    return {
        "model": {
            "name": record.name,
            "type": model.kind,
            "cloud-tag": f"cloud-{record.cloud}",
            "region": record.region,
            "version": AGENT_VERSION,
            "available-version": "",
            "model-status": _status(record.status, life=record.life),
            "sla": "unsupported",
        },
        "machines": {
            one.id: _machine(model, one)
            for one in model.machines.values()
            if one.parent is None and (not patterns or one.id in used or one.id in patterns)
        },
        "applications": {one.name: _application(model, one) for one in applications},
        "remote-applications": {
            one.name: {
                "offer-url": one.offer_url,
                "offer-name": one.offer_url.rpartition(".")[2],
                "endpoints": one.endpoints,
                "life": "" if one.life == "alive" else one.life,
                "relations": {},
                "status": _status(one.status),
            }
            for one in model.remotes.values()
            if not is_consumer(one.name)
        },
        "offers": {
            one.name: {
                "offer-name": one.name,
                "application-name": one.application,
                "charm": model.applications[one.application].charm_url,
                "endpoints": {},
                "active-connected-count": len(model.offer_consumers(one)),
                "total-connected-count": len(model.offer_consumers(one)),
            }
            for one in model.offers.values()
        },
        "relations": [_relation(model, one) for one in model.relations.values()],
        "controller-timestamp": now(),
        "branches": {},
        "storage": [],
        "filesystems": [],
        "volumes": [],
    }
