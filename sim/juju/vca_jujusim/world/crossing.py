"""Relations that reach into another model: each of the two models has its half, and follows the other's a little later.

The offering model knows a consumer by a remote application of its own, ``remote-`` and a token. No delta tells of that.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from weakref import WeakSet

from vca_jujusim.world.ending import destroy_relation
from vca_jujusim.world.entities import ALIVE, DYING, Endpoint, Offer, Relation, RemoteApplication, Status
from vca_jujusim.world.model import Model, is_consumer
from vca_jujusim.world.settling import settle
from vca_jujusim.world.world import World

_WORLDS: WeakSet[World] = WeakSet()
"""Those of this process: the controllers in it find each other here, and not over the wire."""

_GONE = "offer has been removed"


def announce(world: World) -> None:
    """Let other controllers find a world."""
    _WORLDS.add(world)


def reach_out(model: Model, relation: Relation) -> None:
    """Make the other half of a relation to what another model offers."""
    ends = {model.remotes[end.application].name: end for end in relation.endpoints if end.application in model.remotes}
    if relation.across or not ends:
        return
    remote_name, remote_end = next(iter(ends.items()))
    remote = model.remotes[remote_name]
    found = find_offer(model, remote)
    if is_consumer(remote_name) or found is None:
        return
    source, offer = found
    own = next(end for end in relation.endpoints if end.application != remote_name)
    token = uuid.uuid5(uuid.UUID(model.record.uuid), f"{own.application} {offer.uuid}").hex
    name = f"remote-{token}"
    known = source.remotes.get(name)
    ends_there = [] if known is None else [end for end in known.endpoints if end["name"] != own.name]
    ends_there.append({"name": own.name, "role": own.role, "interface": own.interface, "limit": 0})
    uuid_here = f"model-{model.record.uuid}"
    source.put("remoteApplication", name, RemoteApplication(name, "", offer.uuid, uuid_here, ends_there))
    there = source.charm_of(source.applications[offer.application]).endpoints(offer.application)
    pair = [Endpoint(name, own.name, own.interface, own.role), there[offer.endpoints[remote_end.name]]]
    pair.sort(key=lambda end: end.role != "requirer")
    key = " ".join(map(str, pair))
    relation.across = key
    source.put("relation", key, Relation(source.next_number("relation"), key, pair, across=relation.key))
    source.note_change("applicationOffer", offer.name)
    model.world.keep(model, "relation", relation.key)


def follow_end(model: Model, relation: Relation) -> None:
    """A half of a relation is gone: the other half goes, and what only it needed."""
    for end in relation.endpoints:
        remote = model.remotes.get(end.application)
        if remote is None:
            continue
        other = _model(model, remote)
        half = None if other is None else other.relations.get(relation.across)
        if other is not None and half is not None and half.life == ALIVE:
            destroy_relation(other, half)
        if is_consumer(remote.name) and not model.relations_of(remote.name):
            model.remove("remoteApplication", remote.name)
            for offer in model.offers.values():
                if offer.uuid == remote.offer_uuid:
                    model.note_change("applicationOffer", offer.name)
        elif remote.life != ALIVE:
            settle(model, "remoteApplication", remote.name)


def advance_remote(model: Model, remote: RemoteApplication) -> None:
    """What is consumed ends with its relations, and nothing comes of it any more when its offer is gone."""
    if is_consumer(remote.name):
        return
    if remote.life != ALIVE:
        if not model.relations_of(remote.name):
            model.remove("remoteApplication", remote.name)
            settle(model, "model", model.record.uuid)
        return
    if find_offer(model, remote) is None and remote.status.current != "terminated":
        remote.status = Status("terminated", _GONE)
        model.note_change("remoteApplication", remote.name)


def destroy_remote(model: Model, name: str) -> None:
    """Ask for the end of what is consumed, with its relations."""
    remote = model.remotes[name]
    for relation in model.relations_of(name):
        destroy_relation(model, relation)
    if remote.life == ALIVE:
        remote.life = DYING
        model.note_change("remoteApplication", name)
    settle(model, "remoteApplication", name)


def remove_offer(model: Model, offer: Offer) -> None:
    """An offer goes; its relations go with it, and those who consume it learn of that."""
    for remote in model.offer_consumers(offer):
        for relation in model.relations_of(remote.name):
            destroy_relation(model, relation, force=True)
    model.remove("applicationOffer", offer.name)
    for other in _models():
        for remote in other.remotes.values():
            if remote.offer_uuid == offer.uuid:
                settle(other, "remoteApplication", remote.name)


def find_offer(model: Model, remote: RemoteApplication) -> tuple[Model, Offer] | None:
    """What is consumed, and where that is; None: it is not there any more."""
    source = _model(model, remote)
    for offer in () if source is None else source.offers.values():
        if source is not None and offer.uuid == remote.offer_uuid:
            return source, offer
    return None


def _model(model: Model, remote: RemoteApplication) -> Model | None:
    """The model at the other end."""
    key = remote.source_model.removeprefix("model-")
    found = model.world.models.get(key)
    return found or next((other for other in _models() if other.record.uuid == key), None)


def _models() -> Iterator[Model]:
    for world in list(_WORLDS):
        yield from list(world.models.values())
