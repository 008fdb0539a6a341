"""Requests about what models offer each other."""

from __future__ import annotations

from collections.abc import Sequence

from vca_juju_common.client.errors import ApiError, check_result, error_of
from vca_juju_common.client.requests.target import Facades, Target
from vca_juju_common.client.retries import retry_races
from vca_juju_common.client.transport.generated import classes
from vca_juju_common.client.values import ConsumableOffer, Offered

BAKERY = 3
"""The format in which macaroons are asked for."""


async def make_offer(controller: Facades, owner: str, model: str, name: str, application: str, endpoint: str) -> None:
    """Offer an endpoint of an application to other models; an offer of that name for the same application is changed.

    Args:
        controller: where.
        owner: the user who offers it.
        model: the model's uuid.
        name: of the offer.
        application: whose endpoint it is.
        endpoint: its name.
    """
    offer = classes().AddApplicationOffer(
        application_name=application,
        endpoints={endpoint: endpoint},
        model_tag=f"model-{model}",
        offer_name=name,
        owner_tag=f"user-{owner}",
    )

    async def work() -> None:
        facade = await controller.facade("ApplicationOffers")
        check_result((await facade.Offer(offers=[offer])).results[0])

    await retry_races(work)


async def find_offer(controller: Facades, url: str) -> ConsumableOffer:
    """Read what is needed to consume an offer.

    Args:
        controller: where.
        url: the offer's, ``owner/model.name``.

    Raises:
        ApiError: there is none.
    """
    params = {"offer-urls": {"offer-urls": [url], "bakery-version": BAKERY}}

    async def work() -> ConsumableOffer:
        reply = await controller.call("ApplicationOffers", "GetConsumeDetails", params)
        found = check_result(reply["results"][0])
        details = dict(found["offer"])
        return ConsumableOffer(
            str(details.get("offer-uuid") or ""), details, found.get("macaroon"), found.get("external-controller")
        )

    return await retry_races(work)


async def read_offer(controller: Facades, url: str) -> Offered | None:
    """Read whose an offer is, and who has relations to it.

    Args:
        controller: where.
        url: the offer's.

    Returns:
        What is known of it; None: there is no such offer.
    """

    async def work() -> Offered | None:
        reply = await controller.call(
            "ApplicationOffers", "ApplicationOffers", {"offer-urls": [url], "bakery-version": BAKERY}
        )
        try:
            found = check_result(reply["results"][0])["result"]
        except ApiError as error:
            if error.is_not_found:
                return None
            raise
        return Offered(
            str(found.get("application-name") or ""),
            [str(one.get("name")) for one in found.get("endpoints") or ()],
            [str(one.get("source-model-tag") or "").removeprefix("model-") for one in found.get("connections") or ()],
        )

    return await retry_races(work)


async def destroy_offers(controller: Facades, urls: Sequence[str], *, force: bool = True) -> None:
    """Ask for the end of offers; those that are gone are not an error.

    Args:
        controller: where.
        urls: theirs.
        force: whether they go with their relations; else those that are related are refused.
    """

    async def work() -> None:
        facade = await controller.facade("ApplicationOffers")
        for result in (await facade.DestroyOffers(force=force, offer_urls=list(urls))).results or ():
            error = error_of(result)
            if error is not None and not error.is_not_found:
                raise error

    await retry_races(work)


async def consume(model: Target, alias: str, offer: ConsumableOffer, source: str | None) -> None:
    """Have an offer of another model in this one, as a remote application.

    Args:
        model: where.
        alias: name of the remote application.
        offer: what is consumed.
        source: how the other controller is called, where the offer is not of this one.
    """
    details = dict(offer.details)
    if source is not None:
        details["offer-url"] = f"{source}:{details.get('offer-url')}"
    argument = {
        **details,
        "application-alias": alias,
        "macaroon": offer.macaroon,
        "external-controller": offer.controller if source is not None else None,
    }

    async def work() -> None:
        facade = await model.facade("Application")
        check_result((await facade.Consume(args=[argument])).results[0])

    await retry_races(work)
