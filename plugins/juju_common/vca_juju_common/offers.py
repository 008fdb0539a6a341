"""What ties an application to other models: its offers there, and theirs that it consumes.

An endpoint is offered as ``<application>-<endpoint>``, and consumed as ``<offer>-<model without hyphens>``, as OSM does
it; a digest follows where such a name is taken. Offers of other names belong to others, and stay.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Sequence
from functools import partial

from vca_core.naming import format_application
from vca_juju_common.client.errors import ApiError
from vca_juju_common.client.interface import Controller, Model
from vca_juju_common.client.retries import pauses
from vca_juju_common.client.state import State
from vca_juju_common.client.things import Remote
from vca_juju_common.notes import noted_offers, offer_note
from vca_juju_common.session import Session
from vca_juju_common.vanishing import ask_until_taken, wait_gone


async def offer_in(controller: Controller, model: Model, application: str, endpoint: str) -> str:
    """How an endpoint is offered, or is to be: names of two may be the same but for a digest.

    Args:
        controller: where the model is.
        model: the one that offers it.
        application: whose endpoint it is.
        endpoint: its name.
    """
    names = offer_names(application, endpoint)
    taken = [name for name in names if name in model.state.offers]
    for name in taken:
        offered = await controller.read_offer(url_of(controller, model, name))
        if offered is None or (offered.application == application and endpoint in offered.endpoints):
            return name
    return next((name for name in names if name not in taken), names[-1])


async def offered_in(controller: Controller, model: Model, application: str, endpoint: str) -> str:
    """How an endpoint is offered, or was; asked for only where the application has two offers that it may be."""
    offers = model.state.offers
    names = [name for name in offer_names(application, endpoint) if name in offers]
    ours = [name for name in names if offers[name].application == application]
    return ours[0] if len(ours) == 1 else await offer_in(controller, model, application, endpoint)


def offer_names(application: str, endpoint: str) -> tuple[str, str]:
    """How an endpoint is offered, and where that name is taken."""
    name = format_application(f"{application}-{endpoint}")
    return name, _distinct(name, f"{application}:{endpoint}")


def alias_in(state: State, url: str) -> str:
    """How an offer is called where it is consumed, or is to be: names of two offers may be the same but for a digest.

    Args:
        state: of the model that consumes it.
        url: the offer's, after ``<controller>:`` where that is another one.
    """
    names = _aliases(url)
    for name in names:
        if name in state.remotes and _is_same(state.remotes[name].url, url):
            return name
    documented, distinct = names
    return distinct if documented in state.remotes or documented in state.applications else documented


def _aliases(url: str) -> tuple[str, str]:
    """How an offer is called where it is consumed, and where that name is taken."""
    model, _, offer = url.rpartition("/")[2].partition(".")
    source = url.partition(":")[0] if ":" in url else ""
    name = format_application("-".join(filter(None, (offer, model.replace("-", ""), source))))
    return name, _distinct(name, _without_domain(url))


def _distinct(name: str, meant: str) -> str:
    return f"{name}-x{hashlib.sha256(meant.encode()).hexdigest()[:8]}"


def _is_same(one: str, other: str) -> bool:
    return _without_domain(one) == _without_domain(other)


def _without_domain(url: str) -> str:
    """An offer's URL without the owner's domain, which controllers give in some places only."""
    return re.sub("@[^/]*/", "/", url, count=1)


def owner_of(controller: Controller, model: Model) -> str:
    """Whose model it is, as URLs of its offers say."""
    there = model.state.models.get(model.uuid)
    return there.owner if there is not None and there.owner else controller.username


def url_of(controller: Controller, model: Model, offer: str) -> str:
    """The URL of an offer of a model."""
    return f"{owner_of(controller, model)}/{model.name}.{offer}"


async def sever(model: Model, one: str, other: str, grace: float) -> None:
    """Remove a relation: by force, when a unit, or another model that it reaches into, does not give it up.

    One that others make of the same ends after it has gone stays.

    Args:
        model: where it is, or the one that consumes.
        one: ``application:endpoint``.
        other: the other end.
        grace: seconds after which it is forced.
    """
    there = model.state.relation_between(one, other)
    if there is None:
        id_ = await model.find_relation(one, other)
        if id_ is None:
            return
        await model.reread()  # another process made it, and it has not been reported yet
    else:
        id_ = there.id
    while not await _remove(model, id_, grace):
        there = model.state.relation_between(one, other)
        if there is None:
            return
        id_ = there.id  # what was reported was old: the one that was found is another one


async def _remove(model: Model, id_: str, grace: float) -> bool:
    """Have a relation go, and say whether the controller was asked for that, or it had gone before."""

    def is_gone() -> bool:
        return not model.state.has_relation(id_)

    was_there = await ask_until_taken(model, is_gone, partial(model.remove_one_relation, id_), grace)
    if not await wait_gone(model, is_gone, grace):
        was_there = True
        await ask_until_taken(model, is_gone, partial(model.remove_one_relation, id_, force=True))
        await wait_gone(model, is_gone)
    return was_there


async def note_use(model: Model, application: str, url: str) -> None:
    """Note at an application which offer it is about to consume, so that whoever deletes it finds the offer."""
    tag = f"application-{application}"
    if url not in noted_offers(model.state.notes(tag)):
        await model.annotate([tag], offer_note(url))


async def drop_use(model: Model, application: str, url: str) -> None:
    """Drop the note of an offer that an application does not consume any more."""
    tag = f"application-{application}"
    if url in noted_offers(model.state.notes(tag)):
        await model.annotate([tag], dict.fromkeys(offer_note(url), ""))


def is_related(state: State, application: str) -> bool:
    """Whether an application, or one of another model, has relations."""
    return any(end.partition(":")[0] == application for one in state.relations.values() for end in one.ends)


def is_consumed(state: State, url: str, application: str | None = None) -> bool:
    """Whether something is related to an offer, by whatever name it is consumed.

    Args:
        state: of the model that consumes it.
        url: the offer's.
        application: what; None: whatever.
    """
    names = {one.id for one in state.remotes.values() if _is_same(one.url, url)}
    related = [{end.partition(":")[0] for end in one.ends} for one in state.relations.values()]
    return any(names & ends and application in {None, *ends} for ends in related)


async def release(session: Session, model: Model, application: str) -> None:
    """Take back what ties an application to other models, so that it can go.

    Args:
        session: the controller.
        model: where it is.
        application: its name.
    """
    state, grace = model.state, session.options.delete_grace
    ties = [
        (own, other)
        for relation in state.relations.values()
        for own, other in (relation.ends, relation.ends[::-1])
        if len(relation.ends) == 2 and own.startswith(f"{application}:") and other.partition(":")[0] in state.remotes
    ]
    for own, other in ties:
        await sever(model, own, other, grace)
    used = {other.partition(":")[0] for _, other in ties}
    noted = noted_offers(state.notes(f"application-{application}"))
    ours = [
        one
        for one in state.remotes.values()
        if _is_ours(one) and (one.id in used or any(_is_same(one.url, url) for url in noted))
    ]
    lost = [one for one in state.remotes.values() if one.status == "terminated"]
    await let_go(session, model, [one for one in (*ours, *lost) if not is_related(state, one.id)])
    for url in noted:  # made for this application, and never consumed
        if ":" not in url and not any(_is_same(one.url, url) for one in (*ours, *state.remotes.values())):
            await withdraw(session.controller, url, model.uuid, grace, None)
    offered = [offer.id for offer in state.offers.values() if offer.application == application]
    if offered:
        await withdraw_all(session, model, offered)


async def let_go(session: Session, model: Model, remotes: Sequence[Remote], endpoint: str | None = None) -> None:
    """Stop consuming offers, and withdraw those that have no other consumer.

    Args:
        session: the controller.
        model: the one that consumes.
        remotes: what is consumed.
        endpoint: of offers of which endpoint; None: of any.
    """
    state = model.state
    names = sorted({one.id for one in remotes})
    if not names:
        return

    def are_gone() -> bool:
        return not any(name in state.remotes for name in names)

    async def ask(*, force: bool = False) -> None:
        await model.destroy_consumed([name for name in names if name in state.remotes], force=force)

    grace = session.options.delete_grace
    await ask_until_taken(model, are_gone, ask, grace)
    if not await wait_gone(model, are_gone, grace):
        await ask_until_taken(model, are_gone, partial(ask, force=True), grace)
        await wait_gone(model, are_gone, grace)
    for one in remotes:
        is_here = _is_ours(one) and ":" not in one.url and one.status != "terminated"
        if is_here and not is_consumed(state, one.url):
            await withdraw(session.controller, one.url, model.uuid, grace, endpoint)


async def withdraw(controller: Controller, url: str, consumer: str | None, grace: float, endpoint: str | None) -> None:
    """Take an offer back, unless others consume it.

    The offering model learns a little later that a relation to it is gone, and does not report when it has.

    Args:
        controller: where the offer is.
        url: its URL.
        consumer: the uuid of the model that has just stopped to consume it; None: it is gone.
        grace: seconds after which it is taken back by force.
        endpoint: what it has to offer, or it is another one's of its name; None: whatever.
    """
    clock = asyncio.get_running_loop().time
    end = clock() + grace
    for pause in pauses(0.05, 2.0):
        offered = await controller.read_offer(url)
        if offered is None or set(offered.consumers) - {consumer} or endpoint not in {None, *offered.endpoints}:
            return
        consumers = offered.consumers
        if not consumers or clock() >= end:
            try:
                await controller.destroy_offers([url], force=bool(consumers))
            except ApiError as error:
                if "relation" not in error.message:
                    raise
            else:
                return
        await asyncio.sleep(pause)


async def withdraw_all(session: Session, model: Model, names: Sequence[str]) -> None:
    """Withdraw offers of a model, even if they are consumed, and see them gone.

    Args:
        session: the controller.
        model: the one that offers.
        names: of the offers.
    """
    urls = [url_of(session.controller, model, name) for name in names]

    def are_gone() -> bool:
        return not any(name in model.state.offers for name in names)

    await ask_until_taken(model, are_gone, partial(session.controller.destroy_offers, urls))
    await wait_gone(model, are_gone)


async def withdraw_from(session: Session, model: Model, name: str, consumer: str | None, endpoint: str) -> None:
    """Take one offer of a model back, unless others consume it, and see it gone."""
    url = url_of(session.controller, model, name)
    await withdraw(session.controller, url, consumer, session.options.delete_grace, endpoint)
    if await session.controller.read_offer(url) is None:
        await wait_gone(model, lambda: name not in model.state.offers)


def _is_ours(remote: Remote) -> bool:
    """Whether it has a name that we give to such an offer."""
    return remote.id in _aliases(remote.url)
