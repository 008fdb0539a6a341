"""Relations between execution environments of two models: offered where it is provided, consumed where it is required.

The two may be of different controllers. What is there already is found, and not made twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from functools import partial

from vca_core.backend import Operation, RelationEnd
from vca_core.errors import BadArguments, NotFound, NotSupported, VcaError
from vca_core.suggestions import instead
from vca_juju_common import relations
from vca_juju_common.client.errors import ApiError
from vca_juju_common.client.interface import Model
from vca_juju_common.client.values import ConsumableOffer, Endpoint
from vca_juju_common.deletes import delete_until_gone
from vca_juju_common.facts import is_succeeded, require_application, require_environment
from vca_juju_common.finishing import run_uninterrupted, seconds_left
from vca_juju_common.offers import (
    alias_in,
    drop_use,
    is_consumed,
    is_related,
    let_go,
    note_use,
    offer_in,
    offer_names,
    offered_in,
    owner_of,
    sever,
    url_of,
    withdraw_from,
)
from vca_juju_common.readiness import wait_known
from vca_juju_common.session import Session


@dataclass(frozen=True, slots=True)
class Side:
    """One end of a relation, with the controller that it is on.

    Args:
        session: the controller.
        end: the end.
    """

    session: Session
    end: RelationEnd

    @property
    def name(self) -> str:
        """The model's name."""
        return self.end.ee_id.model

    @property
    def application(self) -> str:
        """The application's name."""
        return self.end.ee_id.application

    @property
    def local(self) -> str:
        """``application:endpoint``, in its own model."""
        return f"{self.application}:{self.end.endpoint}"

    def source_for(self, other: Side) -> str | None:
        """How its controller is called at the other end; None: both are on the same one."""
        mine, theirs = (side.session.controller.controller_uuid for side in (self, other))
        return None if mine == theirs else self.end.connector

    def url_for(self, other: Side, url: str) -> str:
        """The URL of an offer of its controller at the other end."""
        source = self.source_for(other)
        return url if source is None else f"{source}:{url}"


async def relate(op: Operation, one: Side, other: Side) -> None:
    """Relate two applications; related ones stay so. What this makes is undone when it fails or is cancelled.

    Raises:
        NotFound: an application is not there.
        BadArguments: the endpoints do not fit, or one takes no further relation.
        NotSupported: one of them only reaches what is on its own machine.
    """
    async with one.session.use(one.name, op) as model_1, other.session.use(other.name, op) as model_2:
        if model_1.uuid == model_2.uuid:
            require_environment(model_2, other.end.ee_id)
            await wait_known(model_1, "application", other.application)  # each connector hears of it by itself
            await relations.relate(model_1, one.end, other.end)
        elif await _is_first_the_provider((one, model_1), (other, model_2)):
            await _relate(one, model_1, other, model_2)
        else:
            await _relate(other, model_2, one, model_1)


async def unrelate(op: Operation, one: Side, other: Side) -> None:
    """Remove a relation, with what was offered and consumed for it alone; one that is missing is success."""
    uuids: list[str | None] = []
    offers: list[str] = []
    for side in (one, other):
        uuids.append(None)
        offers.append("")
        controller = side.session.controller
        with suppress(NotFound):
            async with side.session.use(side.name, op) as model:
                if is_succeeded(model, side.end.ee_id):
                    return  # it went with that EE
                uuids[-1] = model.uuid
                name = await offered_in(controller, model, side.application, side.end.endpoint)
                offers[-1] = url_of(controller, model, name)
        if not offers[-1]:  # the model is gone, but may be consumed still
            name, _ = offer_names(side.application, side.end.endpoint)
            offers[-1] = f"{controller.username}/{side.name}.{name}"
    if uuids[0] is not None and uuids[0] == uuids[1]:
        async with one.session.use(one.name, op) as model:
            await relations.unrelate(one.session, op, model, one.end, other.end)
        return
    for provider, requirer, url, consumer in (
        (one, other, offers[0], uuids[1]),
        (other, one, offers[1], uuids[0]),
    ):  # which one provides is not known: charms may be gone
        await _unrelate(op, provider, requirer, url, consumer)


async def _is_first_the_provider(one: tuple[Side, Model], other: tuple[Side, Model]) -> bool:
    """Whether the first of two ends provides what the other one requires.

    Raises:
        BadArguments: they do not fit.
        NotSupported: a relation of theirs is on one machine.
    """
    found = [await _endpoint(*side, number) for number, side in enumerate((one, other), 1)]
    (side_1, _), (side_2, _) = one, other
    if {end.role for end in found} != {"provider", "requirer"} or found[0].interface != found[1].interface:
        ends = (
            f"{side.local} is a {end.role} of {end.interface}"
            for side, end in zip((side_1, side_2), found, strict=True)
        )
        raise BadArguments(
            f"endpoint_1, endpoint_2: expected a provider and a requirer of one interface; {', and '.join(ends)}",
            ["endpoint_1", "endpoint_2"],
        )
    if any(end.scope == "container" for end in found):
        raise NotSupported(f"{side_1.local} and {side_2.local} are related on one machine, and these are two models")
    return found[0].role == "provider"


async def _endpoint(side: Side, model: Model, number: int) -> Endpoint:
    charm_url = require_environment(model, side.end.ee_id).charm_url
    declared = await model.declared_endpoints(charm_url)
    name = side.end.endpoint
    if name not in declared:
        raise BadArguments(
            f"endpoint_{number}: the charm of {side.application} has no endpoint {name!r}{instead(name, declared)}",
            [f"endpoint_{number}"],
        )
    return declared[name]


async def _relate(provider: Side, offering: Model, requirer: Side, consuming: Model) -> None:
    controller = provider.session.controller
    async with AsyncExitStack() as undo:
        name = await _offer(undo, provider, offering, requirer, consuming)
        url = url_of(controller, offering, name)
        offer = await controller.find_offer(url)
        alias = await _consume(undo, consuming, offer, provider.url_for(requirer, url), provider.source_for(requirer))
        far = f"{alias}:{provider.end.endpoint}"
        if not relations.are_related(consuming, requirer.local, far):
            what = f"relation {far} in model {consuming.name}"
            _undo_later(undo, consuming, what, partial(_relate_no_more, offer=offer, own=requirer.local, far=far))
        await relations.relate_anew(consuming, requirer.local, far)

        def look() -> bool | None:
            require_application(consuming, requirer.application)
            are_there = relations.are_related(consuming, requirer.local, far) and alias in consuming.state.remotes
            return are_there or None

        await consuming.wait(look)
        await offering.wait(lambda: name in offering.state.offers or None)
        undo.pop_all()


async def _offer(undo: AsyncExitStack, provider: Side, model: Model, requirer: Side, consuming: Model) -> str:
    """Offer an endpoint, and say by which name."""

    async def offer_no_more(_: Model, url: str) -> None:
        offered = await controller.read_offer(url)
        is_ours = offered is not None and offered.application == provider.application
        if offered is not None and is_ours and not set(offered.consumers) - {consuming.uuid}:  # nobody else uses it
            await controller.destroy_offers([url], force=bool(offered.consumers))

    controller, owner = provider.session.controller, owner_of(provider.session.controller, model)
    is_first = True
    while True:
        name = await offer_in(controller, model, provider.application, provider.end.endpoint)
        url = url_of(controller, model, name)
        await note_use(consuming, requirer.application, provider.url_for(requirer, url))
        if name not in model.state.offers:
            _undo_later(undo, model, f"offer {url}", partial(offer_no_more, url=url))
        try:
            await run_uninterrupted(
                controller.make_offer(owner, model.uuid, name, provider.application, provider.end.endpoint)
            )
        except ApiError as error:
            if not (is_first and error.is_there_already):
                raise
            await model.reread()  # another EE's offer has that name since
            is_first = False
        else:
            return name


async def _consume(undo: AsyncExitStack, model: Model, offer: ConsumableOffer, url: str, source: str | None) -> str:
    """Have an offer in another model, and say how it is called there."""
    is_first = True
    while True:
        alias = alias_in(model.state, url)
        await _clear(model, alias, offer)
        if alias in model.state.remotes:
            return alias
        what = f"{alias}, consumed in model {model.name},"
        _undo_later(undo, model, what, partial(_consume_no_more, alias=alias, offer=offer))
        try:
            await run_uninterrupted(model.consume(alias, offer, source))
        except ApiError as error:
            if not (is_first and error.is_there_already):
                raise
            await model.reread()  # another process was faster, maybe with another offer
            is_first = False
        else:
            return alias


async def _relate_no_more(model: Model, offer: ConsumableOffer, own: str, far: str) -> None:
    there = model.state.remotes.get(far.partition(":")[0])
    if there is None or there.offer == offer.uuid:  # what others have related by that name stays
        await model.remove_relation(own, far)


async def _consume_no_more(model: Model, alias: str, offer: ConsumableOffer) -> None:
    there = model.state.remotes.get(alias)
    if there is None or there.offer == offer.uuid:  # what another process has by that name stays
        await model.destroy_consumed([alias])


async def _clear(model: Model, alias: str, offer: ConsumableOffer) -> None:
    """Have what is consumed by a name be the offer as it is now: of one that is gone, nothing comes any more."""
    there = model.state.remotes.get(alias)
    if there is None or (there.offer == offer.uuid and there.life == "alive" and there.status != "terminated"):
        return
    if there.life == "alive":
        with suppress(ApiError):  # it is seen whether it goes
            await model.destroy_consumed([alias])
    await model.wait(lambda: None if alias in model.state.remotes else True)


def _undo_later(undo: AsyncExitStack, model: Model, what: str, work: Callable[[Model], Awaitable[None]]) -> None:
    """Undo something in a model when an operation fails. What cannot be undone then is owed; see `Debts`."""

    async def work_quietly() -> None:
        with suppress(VcaError, TimeoutError):  # up to three are undone: none takes the time of those that come after
            async with asyncio.timeout(seconds_left() / 2):
                await model.undo_or_owe(what, work)

    undo.push_async_callback(work_quietly)


async def _unrelate(op: Operation, provider: Side, requirer: Side, url: str, consumer: str | None) -> None:
    session, consumed = requirer.session, provider.url_for(requirer, url)
    is_in_use = is_used = False

    async def consume_no_more() -> None:
        nonlocal is_in_use, is_used
        async with session.use(requirer.name, op) as model:
            alias = alias_in(model.state, consumed)
            far = f"{alias}:{provider.end.endpoint}"
            is_reported = alias in model.state.remotes
            if not is_reported and await model.find_relation(requirer.local, far) is not None:
                await model.reread()  # another process made it: only now is it known whose the name is
                alias = alias_in(model.state, consumed)
                far, is_reported = f"{alias}:{provider.end.endpoint}", alias in model.state.remotes
            if is_reported:
                async with relations.watch_units(session, op, model, requirer.application):
                    await sever(model, requirer.local, far, session.options.delete_grace)
            there = model.state.remotes.get(alias)
            is_in_use = is_consumed(model.state, consumed)  # by another EE, or by one that others made anew meanwhile
            is_used = is_in_use and is_consumed(model.state, consumed, requirer.application)
            if there is not None and not is_related(model.state, alias):
                await let_go(session, model, [there], provider.end.endpoint)

    async def offer_no_more() -> None:
        async with provider.session.use(provider.name, op) as model:
            name = url.rpartition(".")[2]
            there = model.state.offers.get(name)
            if there is not None and there.application == provider.application:
                await withdraw_from(provider.session, model, name, consumer, provider.end.endpoint)

    async def forget() -> None:
        async with session.use(requirer.name, op) as model:
            await drop_use(model, requirer.application, consumed)

    await delete_until_gone(session, requirer.name, consume_no_more)
    if not is_in_use:
        await delete_until_gone(provider.session, provider.name, offer_no_more)
    if consumer is not None and not is_used:
        await delete_until_gone(session, requirer.name, forget)
