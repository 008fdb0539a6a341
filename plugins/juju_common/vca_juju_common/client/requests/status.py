"""Reads a model as a whole by FullStatus: its things as deltas describe them, and how their agents are.

A watcher reports more, but not agents that are lost. Juju 4 has no watchers: there this is all there is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from vca_juju_common.client.requests.reads import full_status
from vca_juju_common.client.requests.target import Target
from vca_juju_common.client.things import (
    Application,
    Key,
    Machine,
    ModelState,
    Offer,
    Relation,
    Remote,
    Thing,
    Unit,
    Word,
    read_base,
)


async def read_status(model: Target) -> dict[Key, Thing]:
    """Read all that FullStatus reports of a model.

    It does not report actions, notes and charms at all, nor, of what it does report: the scopes of addresses, the life
    of relations, the owner of the model, and the ids of consumed offers. Those are left empty.

    Args:
        model: which one.

    Returns:
        What is there, by kind and id.
    """
    status = await full_status(model, None)
    applications = status.get("applications") or {}
    found: dict[Key, Thing] = {}
    for machine in _machines_in(status.get("machines")):
        found["machine", machine.id] = machine
    for name, application in applications.items():
        found["application", name] = _application(name, application)
        for unit in _units_in(application.get("units"), applications):
            found["unit", unit.name] = unit
    for relation in status.get("relations") or ():
        found["relation", relation["key"]] = relation_in(relation)
    for name, remote in (status.get("remote-applications") or {}).items():
        found["remoteApplication", name] = Remote(
            name, _life(remote.get("life")), remote.get("offer-url") or "", "", _word(remote.get("status")).current
        )
    for name, offer in (status.get("offers") or {}).items():
        found["applicationOffer", name] = Offer(name, offer.get("application-name") or "")
    word = (status.get("model") or {}).get("model-status") or {}
    found["model", model.uuid] = ModelState(model.uuid, _life(word.get("life")), "", _word(word))
    return found


def _machines_in(machines: Mapping[str, Any] | None) -> Iterator[Machine]:
    for id_, machine in (machines or {}).items():
        agent = machine.get("agent-status") or {}
        addresses = dict.fromkeys([machine.get("dns-name") or "", *(machine.get("ip-addresses") or ())])
        hardware = dict(part.partition("=")[::2] for part in (machine.get("hardware") or "").split())
        instance = machine.get("instance-id") or ""
        yield Machine(
            id_,
            _word(agent),
            _word(machine.get("instance-status")),
            _life(agent.get("life")),
            "" if instance == "pending" else instance,
            machine.get("hostname") or "",
            tuple((address, "") for address in addresses if address),
            read_base(machine.get("base")),
            hardware.get("arch", ""),
        )
        yield from _machines_in(machine.get("containers"))


def _application(name: str, data: Mapping[str, Any]) -> Application:
    is_subordinate = bool(data.get("subordinate-to"))
    return Application(
        name, data.get("charm") or "", _life(data.get("life")), _word(data.get("status")), is_subordinate
    )


def _units_in(units: Mapping[str, Any] | None, applications: Mapping[str, Any], machine: str = "") -> Iterator[Unit]:
    """Units, and their subordinates, which are on their machine. A charm is named where it is not the application's."""
    for name, unit in (units or {}).items():
        agent, application = unit.get("agent-status") or {}, name.partition("/")[0]
        where = unit.get("machine") or machine
        yield Unit(
            name,
            application,
            where,
            _word(unit.get("workload-status")),
            _word(agent),
            _life(agent.get("life")),
            unit.get("charm") or (applications.get(application) or {}).get("charm") or "",
            unit.get("public-address") or unit.get("address") or "",
            str(agent.get("since") or ""),
        )
        yield from _units_in(unit.get("subordinates"), applications, where)


def relation_in(data: Mapping[str, Any]) -> Relation:
    """A relation, as FullStatus has it."""
    ends = tuple(f"{end.get('application')}:{end.get('name')}" for end in data.get("endpoints") or ())
    return Relation(str(data.get("id", "")), data["key"], ends, "")


def _life(value: Any) -> str:
    """A life; FullStatus leaves it out where something is alive."""
    return str(value or "alive")


def _word(status: Any) -> Word:
    """A status as FullStatus has it; its names are others than those of deltas."""
    return Word(str(status.get("status") or ""), str(status.get("info") or "")) if isinstance(status, dict) else Word()
