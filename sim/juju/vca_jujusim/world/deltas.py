"""What an AllWatcher says about entities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vca_jujusim.world.entities import Action, Application, Machine, Offer, Relation, RemoteApplication, Status, Unit

if TYPE_CHECKING:
    from vca_jujusim.world.model import Model

AGENT_VERSION = "3.6.24"


def describe(model: Model, kind: str, key: str) -> dict[str, Any]:
    """The data of a change. The entity must be there."""
    uuid = {"model-uuid": model.record.uuid}
    match kind:
        case "machine":
            return uuid | _machine(model.machines[key])
        case "application":
            return uuid | _application(model.applications[key])
        case "unit":
            return uuid | _unit(model, model.units[key])
        case "action":
            return uuid | _action(model.actions[key])
        case "relation":
            return uuid | _relation(model.relations[key])
        case "remoteApplication":
            return uuid | _remote(model.remotes[key])
        case "applicationOffer":
            return uuid | _offer(model, model.offers[key])
        case "annotation":
            return uuid | {"tag": key, "annotations": dict(model.annotations_of(key))}
        case "charm":
            charm = model.charms[key]
            return (
                uuid
                | {"charm-url": key, "charm-version": "", "life": "alive", "profile": None, "config": {}}
                | {"config": {name: spec.get("default") for name, spec in charm.options.items()}}
            )
        case _:
            return _model(model)


def removal_data(model: Model, kind: str, key: str) -> dict[str, Any]:
    """The data of a removal: what identifies the entity."""
    names = {
        "application": "name",
        "unit": "name",
        "remoteApplication": "name",
        "applicationOffer": "offer-name",
        "annotation": "tag",
        "charm": "charm-url",
        "relation": "key",
    }
    if kind == "model":
        return {"model-uuid": key, "name": model.record.name, "life": "dead"}
    found: dict[str, Any] = {"model-uuid": model.record.uuid, names.get(kind, "id"): key}
    match kind:
        case "relation":
            found["id"] = model.relation_ids.pop(key, 0)
        case "unit":
            found["application"] = key.rpartition("/")[0]
        case "applicationOffer":
            found["application-name"] = key
        case "annotation":
            found["annotations"] = ""
    return found


def status(of: Status, *, version: str = "") -> dict[str, Any]:
    """A status, as deltas have it."""
    return {"current": of.current, "message": of.message, "since": of.since, "version": version, "data": of.data}


def _machine(of: Machine) -> dict[str, Any]:
    return {
        "id": of.id,
        "instance-id": of.instance_id,
        "agent-status": status(of.agent, version=AGENT_VERSION if of.agent.current == "started" else ""),
        "instance-status": status(of.instance),
        "life": of.life,
        "base": str(of.base),
        "series": "",
        "supported-containers": ["none", "lxd"],
        "supported-containers-known": True,
        "hardware-characteristics": of.hardware,
        "jobs": ["JobHostUnits"],
        "addresses": of.addresses,
        "has-vote": False,
        "wants-vote": False,
        "hostname": f"juju-{of.id.replace('/', '-')}" if of.instance_id else "",
    }


def _application(of: Application) -> dict[str, Any]:
    return {
        "name": of.name,
        "exposed": of.exposed,
        "charm-url": of.charm_url,
        "owner-tag": "",
        "life": of.life,
        "min-units": 0,
        "constraints": of.constraints,
        "config": of.config,
        "subordinate": of.subordinate,
        "status": status(Status("unset", since=of.since)),  # no charm here sets one: clients look at the units
        "workload-version": "",
    }


def _unit(model: Model, of: Unit) -> dict[str, Any]:
    application = model.applications.get(of.application)
    machine = model.machines.get(of.machine)
    address = machine.addresses[0]["value"] if machine and machine.addresses else ""
    return {
        "name": of.name,
        "application": of.application,
        "series": "",
        "base": str(application.base) if application else "",
        "charm-url": of.charm_url,
        "life": of.life,
        "public-address": address,
        "private-address": address,
        "machine-id": of.machine,
        "principal": of.principal,
        "subordinate": bool(of.principal),
        "port-ranges": [],
        "workload-status": status(of.workload),
        "agent-status": status(of.agent, version=AGENT_VERSION if of.installed else ""),
    }


def _action(of: Action) -> dict[str, Any]:
    return {
        "id": of.id,
        "receiver": of.unit,
        "name": of.name,
        "status": of.status,
        "message": of.message,
        "enqueued": of.enqueued,
        "started": of.started or "0001-01-01T00:00:00Z",
        "completed": of.completed or "0001-01-01T00:00:00Z",
    }


def _relation(of: Relation) -> dict[str, Any]:
    return {
        "key": of.key,
        "id": of.id,
        "endpoints": [
            {
                "application-name": end.application,
                "relation": {
                    "name": end.name,
                    "role": end.role,
                    "interface": end.interface,
                    "optional": end.optional,
                    "limit": end.limit,
                    "scope": end.scope,
                },
            }
            for end in of.endpoints
        ],
    }


def _remote(of: RemoteApplication) -> dict[str, Any]:
    return {
        "name": of.name,
        "offer-uuid": of.offer_uuid,
        "offer-url": of.offer_url,
        "life": of.life,
        "status": status(of.status),
    }


def _offer(model: Model, of: Offer) -> dict[str, Any]:
    application = model.applications.get(of.application)
    return {
        "offer-name": of.name,
        "offer-uuid": of.uuid,
        "application-name": of.application,
        "charm-name": application.charm_url if application else "",
        "total-connected-count": len(model.offer_consumers(of)),
        "active-connected-count": len(model.offer_consumers(of)),
    }


def _model(model: Model) -> dict[str, Any]:
    record = model.record
    return {
        "model-uuid": record.uuid,
        "name": record.name,
        "life": record.life,
        "owner": record.owner,
        "controller-uuid": model.world.uuid,
        "is-controller": record.name == "controller",
        "config": {key: value for key, value in record.config.items() if key != "authorized-keys"},
        "constraints": record.constraints,
        "status": status(record.status),
        "sla": {"level": "", "owner": ""},
    }
