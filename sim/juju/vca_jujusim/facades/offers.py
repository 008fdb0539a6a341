"""ApplicationOffers: what models offer each other."""

from __future__ import annotations

import uuid

from vca_jujusim.dispatch import Answer, Call, Json, method, parse_tag
from vca_jujusim.papers import macaroon
from vca_jujusim.problems import ALREADY_EXISTS, NOT_FOUND, Refusal
from vca_jujusim.world.crossing import remove_offer
from vca_jujusim.world.entities import Offer
from vca_jujusim.world.model import Model


def offer_url(model: Model, offer: Offer) -> str:
    """Return the URL by which other models name it."""
    return f"{model.record.owner}/{model.record.name}.{offer.name}"


def _details(call: Call, model: Model, offer: Offer) -> Json:
    ends = model.charm_of(model.applications[offer.application]).endpoints(offer.application)
    return {
        "source-model-tag": f"model-{model.record.uuid}",
        "offer-uuid": offer.uuid,
        "offer-url": offer_url(model, offer),
        "offer-name": offer.name,
        "application-description": offer.description,
        "endpoints": [
            {"name": name, "role": ends[end].role, "interface": ends[end].interface, "limit": ends[end].limit}
            for name, end in offer.endpoints.items()
        ],
        "users": [{"user": call.user, "display-name": "", "access": "admin"}],
    }


def _admin_details(call: Call, model: Model, offer: Offer) -> Json:
    application = model.applications[offer.application]
    return _details(call, model, offer) | {
        "application-name": offer.application,
        "charm-url": application.charm_url,
        "connections": [
            {
                "source-model-tag": remote.source_model,
                "username": call.user,
                "relation-id": relation.id,
                "endpoint": next(end.name for end in relation.endpoints if end.application == offer.application),
                "ingress-subnets": [],
                "status": {"status": "joined", "info": "", "data": {}, "since": None},
            }
            for remote in model.offer_consumers(offer)
            for relation in model.relations_of(remote.name)
        ],
    }


@method("ApplicationOffers.Offer")
def offer_endpoints(call: Call, params: Json) -> Answer:
    """Offer endpoints of an application."""

    def one(given: Json) -> Json:
        model = call.world.model(parse_tag(given.get("model-tag"), "model"))
        model.check_access(call.user, "admin")
        application = model.application(str(given.get("application-name") or ""))
        ends = model.charm_of(application).endpoints(application.name)
        wanted: dict[str, str] = dict(given.get("endpoints") or {})
        for end in wanted.values():
            if end not in ends:
                raise Refusal(f'application "{application.name}" has no "{end}" relation', NOT_FOUND)
        name = str(given.get("offer-name") or application.name)
        if name in model.offers and model.offers[name].application != application.name:
            raise Refusal(f'application offer "{name}" already exists', ALREADY_EXISTS)
        description = str(given.get("application-description") or "")
        known = model.offers[name].uuid if name in model.offers else str(uuid.uuid4())
        model.put("applicationOffer", name, Offer(name, known, application.name, wanted, description))
        return {}

    return {"results": call.results(params.get("Offers"), one)}


@method("ApplicationOffers.ListApplicationOffers")
def list_offers(call: Call, params: Json) -> Answer:
    """The offers of models, filtered."""
    found = []
    for wanted in params.get("Filters") or [{}]:
        for model in call.world.models.values():
            if wanted.get("model-name") and model.record.name != wanted["model-name"]:
                continue
            if not call.world.is_superuser(call.user) and model.record.access.get(call.user) != "admin":
                continue
            found += [
                _admin_details(call, model, offer)
                for offer in model.offers.values()
                if wanted.get("offer-name") in {None, "", offer.name}
                and wanted.get("application-name") in {None, "", offer.application}
            ]
    return {"results": found}


@method("ApplicationOffers.FindApplicationOffers")
def find_offers(call: Call, params: Json) -> Answer:
    """List offers, filtered."""
    return list_offers(call, params)  # type: ignore[return-value]


def _find(call: Call, url: str) -> tuple[Model, Offer]:
    path = url.rpartition(":")[2]
    for model in call.world.models.values():
        for offer in model.offers.values():
            if path in {offer_url(model, offer), f"{model.record.name}.{offer.name}"}:
                return model, offer
    raise Refusal(f'application offer "{path}" not found', NOT_FOUND)


@method("ApplicationOffers.ApplicationOffers")
def offers(call: Call, params: Json) -> Answer:
    """Offers by URL."""

    def one(url: str) -> Json:
        return {"result": _admin_details(call, *_find(call, url))}

    return {"results": call.results(params.get("offer-urls"), one)}


@method("ApplicationOffers.GetConsumeDetails")
def consume_details(call: Call, params: Json) -> Answer:
    """What is needed to consume offers."""

    def one(url: str) -> Json:
        model, offer = _find(call, url)
        sim = call.session.controller
        controller = {  # always given: the consumer need not be a model of this controller
            "controller-tag": f"controller-{call.world.uuid}",
            "controller-alias": "",
            "addrs": sim.addresses,
            "ca-cert": sim.ca_cert,
        }
        paper = macaroon(first_format=not (params.get("offer-urls") or {}).get("bakery-version"))
        return {"offer": _details(call, model, offer), "macaroon": paper, "external-controller": controller}

    return {"results": call.results((params.get("offer-urls") or {}).get("offer-urls"), one)}


@method("ApplicationOffers.DestroyOffers")
def destroy(call: Call, params: Json) -> Answer:
    """Remove offers; with force also related ones, with their relations."""

    def one(url: str) -> Json:
        model, offer = _find(call, url)
        model.check_access(call.user, "admin")
        related = sum(len(model.relations_of(remote.name)) for remote in model.offer_consumers(offer))
        if related and not params.get("force"):
            plural = "" if related == 1 else "s"
            raise Refusal(f'cannot delete application offer "{offer.name}": offer has {related} relation{plural}')
        remove_offer(model, offer)
        return {}

    return {"results": call.results(params.get("offer-urls"), one)}
