"""Relations across models: two halves, which follow each other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from vca_jujusim import Refusal, SimulatedController
from vca_jujusim.raw import RawClient, archive

from .conftest import JAMMY, World

SERVER = {"metadata.yaml": "name: server\nsummary: s\ndescription: d\nseries: [jammy]\nprovides: {site: http}\n"}
CLIENT = {"metadata.yaml": "name: client\nsummary: s\ndescription: d\nseries: [jammy]\nrequires: {back: http}\n"}
URL = "admin/ns.server-site"


class Pair:
    """A model that offers, and one that consumes."""

    def __init__(self, offering: World, consuming: World) -> None:
        self.offering = offering
        self.consuming = consuming

    async def rest(self) -> None:
        """Wait until no life has anything to do, at either end."""
        while not (self.offering.sim.clock.is_idle and self.consuming.sim.clock.is_idle):
            await asyncio.sleep(0)

    async def offer(self) -> None:
        """Offer the endpoint."""
        async with RawClient(self.offering.sim) as admin:
            await admin.login()
            given = {"model-tag": f"model-{self.offering.uuid}", "offer-name": "server-site"}
            offer = {**given, "application-name": "server", "endpoints": {"site": "site"}}
            answer = await admin.call("ApplicationOffers.Offer", Offers=[offer])
            assert answer["results"] == [{}]

    async def details(self) -> dict[str, Any]:
        """What is told of the offer to those who consume it."""
        async with RawClient(self.offering.sim) as admin:
            await admin.login()
            asked = {"offer-urls": {"offer-urls": [URL], "bakery-version": 3}}
            answer = await admin.call("ApplicationOffers.GetConsumeDetails", **asked)
            return dict(answer["results"][0])

    async def destroy(self, *, force: bool) -> None:
        """Withdraw the offer."""
        async with RawClient(self.offering.sim) as admin:
            await admin.login()
            answer = await admin.call("ApplicationOffers.DestroyOffers", **{"offer-urls": [URL], "force": force})
            error = answer["results"][0].get("error")
            if error:
                raise Refusal(error["message"], error.get("code", ""))

    async def consume(self) -> dict[str, Any]:
        """Take it, by the name `far`."""
        found = await self.details()
        taken = {"application-alias": "far", "macaroon": found["macaroon"], **found["offer"]}
        if self.offering.sim is not self.consuming.sim:
            taken["external-controller"] = found["external-controller"]
        return await self.consuming.result("Application.Consume", args=[taken])

    async def relate(self) -> None:
        """Offer, consume and relate."""
        await self.offer()
        await self.consume()
        await self.consuming.call("Application.AddRelation", endpoints=["client:back", "far:site"])
        await self.rest()


async def _deploy(world: World, files: dict[str, str], name: str) -> None:
    url = await world.client.upload_charm(archive(files))
    given = {"application": name, "charm-url": url, "num-units": 1, "charm-origin": {"source": "local", "base": JAMMY}}
    await world.result("Application.Deploy", applications=[given])


@pytest.fixture(params=["one controller", "two controllers"])
async def pair(request: pytest.FixtureRequest, world: World) -> AsyncIterator[Pair]:
    async with SimulatedController() as far:
        sim = world.sim if request.param == "one controller" else far
        async with RawClient(sim) as admin:
            await admin.login()
            uuid = (await admin.call("ModelManager.CreateModel", **{"name": "other", "owner-tag": "user-admin"}))[
                "uuid"
            ]
        async with RawClient(sim, uuid) as client:
            await client.login()
            made = Pair(world, World(sim, client, uuid))
            await _deploy(made.offering, SERVER, "server")
            await _deploy(made.consuming, CLIENT, "client")
            yield made


async def test_each_model_has_its_half_and_they_go_together(pair: Pair) -> None:
    await pair.relate()
    offering, consuming = (one.sim.model(name) for one, name in ((pair.offering, "ns"), (pair.consuming, "other")))
    (half,), (other,) = offering.relations.values(), consuming.relations.values()
    assert half.key.startswith("remote-")
    assert half.key.endswith(":back server:site")
    assert other.key == "client:back far:site"
    with pytest.raises(Refusal, match="offer has 1 relation"):
        await pair.destroy(force=False)
    await pair.consuming.call("Application.DestroyRelation", endpoints=["client:back", "far:site"])
    await pair.rest()
    assert (offering.relations, offering.remotes, consuming.relations) == ({}, {}, {})
    assert list(consuming.remotes) == ["far"]
    await pair.destroy(force=False)


async def test_no_delta_shows_those_who_consume(pair: Pair) -> None:
    await pair.relate()
    offering, consuming = pair.offering.sim.model("ns"), pair.consuming.sim.model("other")
    assert len(offering.remotes) == 1
    assert "remoteApplication" not in [kind for kind, _ in offering.all_keys()]
    assert ("remoteApplication", "far") in consuming.all_keys()
    assert len(offering.offer_consumers(offering.offers["server-site"])) == 1


@pytest.mark.parametrize("by", ["offer", "application", "model"])
async def test_what_is_consumed_is_terminated_when_its_offer_goes(pair: Pair, by: str) -> None:
    await pair.relate()
    offering, consuming = pair.offering.sim.model("ns"), pair.consuming.sim.model("other")
    if by == "offer":
        await pair.destroy(force=True)
    elif by == "application":
        gone = {"application-tag": "application-server"}
        assert "used by 1 offer" in str(await pair.offering.call("Application.DestroyApplication", applications=[gone]))
        await pair.offering.call("Application.DestroyApplication", applications=[{**gone, "force": True}])
    else:
        pair.offering.sim.remove_model("ns")
    await pair.rest()
    assert consuming.relations == {}
    assert (consuming.remotes["far"].status.current, offering.offers) == ("terminated", {})
    if by == "offer":
        before = consuming.remotes["far"].offer_uuid
        await pair.relate()
        assert consuming.remotes["far"].offer_uuid != before
        assert len(offering.relations) == len(consuming.relations) == 1


async def test_what_is_consumed_goes_with_its_relations(pair: Pair) -> None:
    await pair.relate()
    offering, consuming = pair.offering.sim.model("ns"), pair.consuming.sim.model("other")
    gone = [{"application-tag": "application-far"}]
    await pair.consuming.call("Application.DestroyConsumedApplications", applications=gone)
    await pair.rest()
    assert (offering.relations, offering.remotes, consuming.relations, consuming.remotes) == ({}, {}, {}, {})
    await pair.relate()
    pair.consuming.sim.remove_model("other")
    await pair.rest()
    assert (offering.relations, offering.remotes) == ({}, {})
