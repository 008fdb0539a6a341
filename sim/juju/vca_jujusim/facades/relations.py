"""Application: relations, and what is consumed of other models."""

from __future__ import annotations

from vca_jujusim.dispatch import Answer, Call, Json, method, parse_tag
from vca_jujusim.problems import ALREADY_EXISTS, NOT_FOUND, Refusal
from vca_jujusim.world.crossing import destroy_remote
from vca_jujusim.world.ending import destroy_relation
from vca_jujusim.world.entities import ALIVE, RemoteApplication
from vca_jujusim.world.relating import add_relation, find_relation


@method("Application.AddRelation", access="write")
def add(call: Call, params: Json) -> Answer:
    """Relate two applications."""
    relation = add_relation(call.model, list(params.get("endpoints") or []))
    return {
        "endpoints": {
            end.application: {
                "name": end.name,
                "role": end.role,
                "interface": end.interface,
                "optional": end.optional,
                "limit": end.limit,
                "scope": end.scope,
            }
            for end in relation.endpoints
        }
    }


@method("Application.DestroyRelation", access="write")
def destroy(call: Call, params: Json) -> Answer:
    """Remove a relation."""
    model, key = call.model, params.get("relation-id")
    if params.get("endpoints"):
        relation = find_relation(model, list(params["endpoints"]))
    else:
        found = [one for one in model.relations.values() if one.id == key]
        if not found:
            raise Refusal(f"relation {key} not found", NOT_FOUND)
        relation = found[0]
    if any(end.role == "peer" for end in relation.endpoints):
        raise Refusal(f'cannot destroy relation "{relation.key}": is a peer relation')
    destroy_relation(model, relation, force=params.get("force") is True)
    return None


@method("Application.CharmRelations")
def charm_relations(call: Call, params: Json) -> Answer:
    """The ends that an application has."""
    model = call.model
    application = model.application(str(params.get("application") or ""))
    return {"charm-relations": sorted(model.charm_of(application).endpoints(application.name))}


@method("Application.Consume", access="admin")
def consume(call: Call, params: Json) -> Answer:
    """Take what another model offers."""
    model = call.model

    def one(given: Json) -> Json:
        nested = given.get("ApplicationOfferDetailsV5") or {}
        settings = {**nested, **{key: value for key, value in given.items() if value is not None}}
        name = str(settings.get("application-alias") or settings.get("offer-name") or "")
        source = str(settings.get("source-model-tag") or "")
        known = model.remotes.get(name)
        if name in model.applications:
            raise Refusal(f'saas application called "{name}" already exists', ALREADY_EXISTS)
        if known is not None and known.source_model != source:
            raise Refusal(f'saas application called "{name}" from a different model already exists', ALREADY_EXISTS)
        if known is not None and known.life != ALIVE:
            raise Refusal(f'saas application called "{name}" exists but is terminating', ALREADY_EXISTS)
        if known is None or known.status.current == "terminated":
            ends = [dict(end) for end in settings.get("endpoints") or []]
            url, uuid = (str(settings.get(key) or "") for key in ("offer-url", "offer-uuid"))
            model.put("remoteApplication", name, RemoteApplication(name, url, uuid, source, ends))
        return {}

    return {"results": call.results(params.get("args"), one)}


@method("Application.DestroyConsumedApplications", access="write")
def destroy_consumed(call: Call, params: Json) -> Answer:
    """Stop consuming it."""
    model = call.model

    def one(given: Json) -> Json:
        name = parse_tag(given.get("application-tag"), "application")
        if name not in model.remotes:
            raise Refusal(f'saas application "{name}" not found', NOT_FOUND)
        destroy_remote(model, name)
        return {}

    return {"results": call.results(params.get("applications"), one)}
