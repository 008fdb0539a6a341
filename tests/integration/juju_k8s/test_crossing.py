"""Relations between EEs of two models: on pods and on hosts, of two NSs, and of two controllers."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from support.juju import until, write_charm
from support.juju_k8s import options_of, sidecar

from vca_core import BackendError, BadArguments, Connector, NotFound, NotSupported, Vca
from vca_juju_common.offers import offer_names
from vca_jujusim import SimulatedController
from vca_jujusim.world.entities import Offer
from vca_jujusim.world.relating import add_relation

End = tuple[Connector, str, str]
PROVIDER, OFFER, ALIAS = "app-vnf-dns", "app-vnf-dns-dns", "app-vnf-dns-dns-ns1k8s"


@pytest.fixture
def charms(tmp_path: Path) -> Path:
    """A folder with `dns`, for pods, and `client`, for hosts: it requires what the other one provides."""
    sidecar(tmp_path)
    write_charm(
        tmp_path,
        "client",
        requires={"names": {"interface": "dns"}, "web": {"interface": "http"}},
        provides={"beside": {"interface": "dns", "scope": "container"}},
    )
    return tmp_path


@asynccontextmanager
async def connectors(
    artifacts: Path, pods: SimulatedController, hosts: SimulatedController | None = None
) -> AsyncIterator[Vca]:
    """A `Vca` with one on pods, and one on hosts."""
    config = {
        "artifacts": str(artifacts),
        "timeouts": {"total": 60.0, "progress": 40.0, "cleanup": 30.0, "read": 30.0},
        "connectors": {
            "pods": {"backend": "juju-k8s", "options": options_of(pods, cloud="k8s")},
            "hosts": {"backend": "juju-machine", "options": options_of(hosts or pods)},
            "nothing": {"backend": "fake"},
        },
    }
    async with Vca.from_config(config, environ={}) as vca:
        yield vca


async def pair(vca: Vca, ns: str = "ns1") -> tuple[End, End]:
    """An EE on pods that provides, and one on a host that requires; each with its endpoint."""

    async def end(connector: str, namespace: str, charm: str, endpoint: str) -> End:
        there = vca.connector(connector)
        ee_id, _ = await there.create_execution_environment(namespace)
        await there.install_configuration_sw(ee_id, charm)
        return there, ee_id, endpoint

    return await asyncio.gather(
        end("pods", f".{ns}.dns", "dns", "dns"), end("hosts", f".{ns}.client", "client", "names")
    )


def is_clean(*controllers: SimulatedController) -> bool:
    """Whether no model has anything of another one."""
    models = [model for controller in controllers for model in controller.world.models.values()]
    return not any(model.relations or model.remotes or model.offers for model in models)


def offered_by(controller: SimulatedController) -> list[str]:
    """All offers of a controller."""
    return [name for model in controller.world.models.values() for name in model.offers]


@pytest.fixture(params=["one controller", "two controllers"])
async def hosts(request: pytest.FixtureRequest, controller: SimulatedController) -> AsyncIterator[SimulatedController]:
    """The controller of the hosts."""
    async with SimulatedController() as far:
        yield controller if request.param == "one controller" else far


async def test_an_ee_on_pods_and_one_on_a_host_are_related(
    controller: SimulatedController, hosts: SimulatedController, charms: Path
) -> None:
    alias = ALIAS if hosts is controller else f"{ALIAS}-pods"
    async with connectors(charms, controller, hosts) as vca:
        one, other = await pair(vca)
        for ends in ((one, other), (other, one)):  # a second time is fine, and neither end has to come first
            await vca.add_relation(*ends)
        offering, consuming = controller.model("ns1-k8s"), hosts.model("ns1")
        assert list(consuming.relations) == [f"app-vnf-client:names {alias}:dns"]
        await until(lambda: len(offering.relations) == 1)
        assert (list(offering.offers), list(consuming.remotes)) == ([OFFER], [alias])
        [relation] = (await other[0].describe(other[1])).relations
        assert (relation.endpoint, relation.other_name, relation.other_endpoint) == ("names", alias, "dns")
        for ends in ((other, one), (one, other)):
            await vca.remove_relation(*ends)
            assert is_clean(controller, hosts)


async def test_it_costs_five_requests_that_change_something(controller: SimulatedController, charms: Path) -> None:
    async with connectors(charms, controller) as vca:
        ends = await pair(vca)
        before = controller.counts.total
        await vca.add_relation(*ends)
        assert controller.counts.total - before == 7  # with what each charm declares, and a note of the offer's use
        before = controller.counts.total
        await vca.remove_relation(*ends)
        assert controller.counts.total - before <= 8


async def test_ees_of_two_ns_are_related(controller: SimulatedController, charms: Path) -> None:
    async with connectors(charms, controller) as vca:
        pods = vca.connector("pods")
        one, _ = await pair(vca)
        far, _ = await pods.create_execution_environment(".ns2.dns")
        await pods.install_configuration_sw(far, "dns")
        await pods.add_relation(far, one[1], "upstream", "dns")
        assert list(controller.model("ns2-k8s").relations) == [f"app-vnf-dns:upstream {ALIAS}:dns"]
        await pods.remove_relation(one[1], far, "dns", "upstream")
        assert is_clean(controller)


async def test_one_offer_serves_two_and_stays_for_the_other(controller: SimulatedController, charms: Path) -> None:
    async with connectors(charms, controller) as vca:
        one, other = await pair(vca)
        pods = vca.connector("pods")
        far, _ = await pods.create_execution_environment(".ns2.dns")
        await pods.install_configuration_sw(far, "dns")
        await vca.add_relation(one, other)
        await pods.add_relation(far, one[1], "upstream", "dns")
        await vca.remove_relation(one, other)
        assert list(controller.model("ns1-k8s").offers) == [OFFER]
        assert len(controller.model("ns2-k8s").relations) == 1
        await pods.delete_execution_environment(far)
        assert is_clean(controller)


async def test_an_offer_stays_for_another_ee_of_the_same_model(
    controller: SimulatedController, hosts: SimulatedController, charms: Path
) -> None:
    async with connectors(charms, controller, hosts) as vca:
        one, other = await pair(vca)
        second, _ = await other[0].create_execution_environment(".ns1.second")
        await other[0].install_configuration_sw(second, "client")
        await vca.add_relation(one, other)
        await vca.add_relation(one, (other[0], second, "names"))
        await vca.remove_relation(one, other)
        (stays,) = hosts.model("ns1").relations.values()
        assert (stays.life, list(controller.model("ns1-k8s").offers)) == ("alive", [OFFER])
        await vca.remove_relation(one, (other[0], second, "names"))
        assert is_clean(controller, hosts)


async def test_an_offer_stays_that_is_consumed_by_another_name(controller: SimulatedController, charms: Path) -> None:
    async with connectors(charms, controller) as vca:
        one, other = await pair(vca)
        second, _ = await other[0].create_execution_environment(".ns1.second")
        await other[0].install_configuration_sw(second, "client")
        await vca.add_relation(one, other)
        model = controller.model("ns1")
        ours = model.remotes[ALIAS]
        model.put("remoteApplication", "by-hand", replace(ours, name="by-hand"))
        relation = add_relation(model, ["app-vnf-second:names", "by-hand:dns"])
        await vca.remove_relation(one, other)
        assert list(controller.model("ns1-k8s").offers) == [OFFER]
        assert [(there.id, there.life) for there in model.relations.values()] == [(relation.id, "alive")]


async def test_what_others_relate_anew_meanwhile_stays(controller: SimulatedController, charms: Path) -> None:
    async with connectors(charms, controller) as vca:
        one, other = await pair(vca)
        await vca.add_relation(one, other)
        model = controller.model("ns1")
        (before,) = model.relations.values()
        controller.faults.freeze("relation")
        removing = asyncio.create_task(vca.remove_relation(one, other))
        await until(lambda: before.life == "dying")
        model.remove("relation", before.key)
        again = add_relation(model, ["app-vnf-client:names", f"{ALIAS}:dns"])
        await removing
        controller.thaw()
        assert [(there.id, there.life) for there in model.relations.values()] == [(again.id, "alive")]
        assert list(controller.model("ns1-k8s").offers) == [OFFER]


async def test_ns_whose_names_differ_by_a_hyphen_serve_one_client(
    controller: SimulatedController, charms: Path
) -> None:
    async with connectors(charms, controller) as vca:
        one, other = await pair(vca, "a-b")
        pods = one[0]
        second, _ = await pods.create_execution_environment(".ab.dns")
        await pods.install_configuration_sw(second, "dns")
        for _ in range(2):
            await vca.add_relation(one, other)
            await vca.add_relation((pods, second, "dns"), other)
        consuming = controller.model("a-b")
        named = {remote.offer_url.partition("/")[2]: name for name, remote in consuming.remotes.items()}
        assert named.pop(f"a-b-k8s.{OFFER}") == f"{OFFER}-abk8s"
        assert re.fullmatch(f"{OFFER}-abk8s-x[0-9a-f]{{8}}", named.pop(f"ab-k8s.{OFFER}"))
        assert (named, len(consuming.relations)) == ({}, 2)
        await vca.remove_relation(one, other)
        await vca.add_relation((pods, second, "dns"), other)
        assert [remote.offer_url.partition("/")[2] for remote in consuming.remotes.values()] == [f"ab-k8s.{OFFER}"]
        await other[0].delete_execution_environment(other[1])
        assert is_clean(controller)


async def test_offers_of_two_endpoints_do_not_share_a_name(controller: SimulatedController, charms: Path) -> None:
    sidecar(charms, "one", provides={"y-db": {"interface": "dns"}, "y_db": {"interface": "dns"}}, requires={})
    sidecar(charms, "two", provides={"db": {"interface": "dns"}}, requires={})
    async with connectors(charms, controller) as vca:
        (pods, *_), other = await pair(vca)
        made = [(await pods.create_execution_environment(namespace))[0] for namespace in (".n.x", ".n.x-y")]
        for ee_id, charm in zip(made, ("one", "two"), strict=True):
            await pods.install_configuration_sw(ee_id, charm)
        ends = [(pods, made[0], "y-db"), (pods, made[0], "y_db"), (pods, made[1], "db")]
        offering, consuming = controller.model("n-k8s"), controller.model("ns1")
        await vca.add_relation(ends[0], other)
        for absent in ends[1:]:
            await vca.remove_relation(absent, other)
        assert ([*offering.offers], len(consuming.relations)) == (["app-vnf-x-y-db"], 1)
        for end in (*ends, *ends):
            await vca.add_relation(end, other)
        offered = [(offer.application, *offer.endpoints) for offer in offering.offers.values()]
        assert sorted(offered) == [("app-vnf-x", "y-db"), ("app-vnf-x", "y_db"), ("app-vnf-x-y", "db")]
        assert len(consuming.relations) == 3
        await vca.remove_relation(ends[0], other)
        await vca.add_relation(ends[2], other)
        assert [offer.application for offer in offering.offers.values()] == ["app-vnf-x", "app-vnf-x-y"]
        await vca.remove_relation(ends[2], other)
        assert [[*offer.endpoints] for offer in offering.offers.values()] == [["y_db"]]
        await pods.delete_execution_environment(made[0])
        assert offering.offers == {}
        await until(lambda: not (offering.relations or consuming.relations))


async def test_an_offer_of_another_process_is_left_to_it(controller: SimulatedController, charms: Path) -> None:
    async with connectors(charms, controller) as vca:
        one, other = await pair(vca)
        far, _ = await one[0].create_execution_environment(".ns1.far")
        await one[0].install_configuration_sw(far, "dns")
        model = controller.model("ns1-k8s")
        controller.faults.freeze("applicationOffer")
        model.put("applicationOffer", OFFER, Offer(OFFER, "theirs", "app-vnf-far", {"dns": "dns"}, ""))
        relating = asyncio.create_task(vca.add_relation(one, other))
        await until(lambda: controller.counts.requests["ApplicationOffers.Offer"])
        controller.thaw()
        await relating
        assert model.offers[OFFER].uuid == "theirs"
        (relation,) = controller.model("ns1").relations.values()
        assert re.fullmatch(f"app-vnf-client:names {OFFER}-x[0-9a-f]{{8}}-ns1k8s:dns", relation.key)


async def test_a_relation_that_fails_takes_back_no_offer_of_others(
    controller: SimulatedController, charms: Path
) -> None:
    """Another EE is offered by that name just when this one could not be."""
    async with connectors(charms, controller) as vca:
        one, other = await pair(vca)
        far, _ = await one[0].create_execution_environment(".ns1.far")
        await one[0].install_configuration_sw(far, "dns")
        controller.faults.refuse("ApplicationOffers.Offer", "no room")
        controller.faults.delay("ApplicationOffers.Offer", 0.5, times=1)
        relating = asyncio.create_task(vca.add_relation(one, other))
        await until(lambda: controller.counts.requests["ApplicationOffers.Offer"])
        model = controller.model("ns1-k8s")
        model.put("applicationOffer", OFFER, Offer(OFFER, "theirs", "app-vnf-far", {"dns": "dns"}, ""))
        with pytest.raises(BackendError, match="no room"):
            await relating
        assert model.offers[OFFER].uuid == "theirs"


async def test_a_relation_that_fails_ends_nothing_that_others_consume(
    controller: SimulatedController, charms: Path
) -> None:
    """Another process consumes another offer by that name just when this one was to be consumed."""
    async with connectors(charms, controller) as vca, connectors(charms, controller) as far:
        one, other = await pair(vca, "a-b")
        second, _ = await one[0].create_execution_environment(".ab.dns")
        await one[0].install_configuration_sw(second, "dns")
        controller.faults.refuse("Application.Consume", "saas application already exists", "already exists")
        controller.faults.delay("Application.Consume", 2.0, times=1)
        relating = asyncio.create_task(vca.add_relation(one, other))
        await until(lambda: controller.counts.requests["Application.Consume"])
        await far.add_relation((far.connector("pods"), second, "dns"), (far.connector("hosts"), *other[1:]))
        controller.faults.refuse("Application.AddRelation", "no room")
        with pytest.raises(BackendError, match="no room"):
            await relating
        consuming = controller.model("a-b")
        assert [relation.life for relation in consuming.relations.values()] == ["alive"]
        assert [remote.offer_url.partition("/")[2] for remote in consuming.remotes.values()] == [f"ab-k8s.{OFFER}"]


async def test_a_relation_that_is_not_there_is_not_taken_for_another(
    controller: SimulatedController, charms: Path
) -> None:
    async with connectors(charms, controller) as vca:
        one, other = await pair(vca, "a-b")
        second, _ = await one[0].create_execution_environment(".ab.dns")
        await one[0].install_configuration_sw(second, "dns")
        await vca.add_relation(one, other)
        await vca.remove_relation((one[0], second, "dns"), other)
        assert [relation.life for relation in controller.model("a-b").relations.values()] == ["alive"]


async def test_a_relation_that_was_not_reported_yet_is_removed(controller: SimulatedController, charms: Path) -> None:
    """Another process made it just now."""
    async with connectors(charms, controller) as vca:
        one, other = await pair(vca)
        await vca.add_relation(one, other)
    model = controller.model("ns1")
    (key, relation), (alias, remote) = model.relations.popitem(), model.remotes.popitem()
    async with connectors(charms, controller) as later:
        ends = (later.connector("pods"), *one[1:]), (later.connector("hosts"), *other[1:])
        assert list((await ends[1][0].describe(other[1])).relations) == []
        model.restore("relation", key, relation)
        model.restore("remoteApplication", alias, remote)
        await later.remove_relation(*ends)
        assert is_clean(controller)


async def test_offers_of_others_stay_by_whatever_names(controller: SimulatedController, charms: Path) -> None:
    """All names that an offer of this EE may have are those of another one's."""
    async with connectors(charms, controller) as vca:
        one, other = await pair(vca)
        far, _ = await one[0].create_execution_environment(".ns1.far")
        await one[0].install_configuration_sw(far, "dns")
        model = controller.model("ns1-k8s")
        names = offer_names(PROVIDER, "dns")
        for name in names:
            model.put("applicationOffer", name, Offer(name, f"theirs-{name}", "app-vnf-far", {"dns": "dns"}, ""))
    async with connectors(charms, controller) as later:  # which knows of them
        await later.remove_relation((later.connector("pods"), *one[1:]), (later.connector("hosts"), *other[1:]))
        assert [(offer.name, offer.application) for offer in model.offers.values()] == [
            (name, "app-vnf-far") for name in names
        ]


@pytest.mark.parametrize("end", ["provider", "requirer"])
async def test_it_goes_with_either_ee_and_can_be_made_anew(
    controller: SimulatedController, hosts: SimulatedController, charms: Path, end: str
) -> None:
    async with connectors(charms, controller, hosts) as vca:
        ends = await pair(vca)
        await vca.add_relation(*ends)
        gone = ends[0] if end == "provider" else ends[1]
        await gone[0].delete_execution_environment(gone[1])
        await until(lambda: not (controller.model("ns1-k8s").relations or hosts.model("ns1").relations))
        with pytest.raises(NotFound):
            await vca.add_relation(*ends)
        await vca.remove_relation(*ends)
        made, _ = await gone[0].create_execution_environment(f".ns1.{'dns' if end == 'provider' else 'client'}")
        await gone[0].install_configuration_sw(made, "dns" if end == "provider" else "client")
        again = (gone[0], made, gone[2])
        await vca.add_relation(again, ends[1] if end == "provider" else ends[0])
        await until(lambda: len(controller.model("ns1-k8s").relations) == len(hosts.model("ns1").relations) == 1)
        for connector, ee_id, _ in (again, ends[1] if end == "provider" else ends[0]):
            await connector.delete_execution_environment(ee_id)
        await until(lambda: is_clean(controller))


@pytest.mark.parametrize("first", ["pods", "hosts"])
async def test_it_goes_with_either_ns(controller: SimulatedController, charms: Path, first: str) -> None:
    async with connectors(charms, controller) as vca:
        ends = await pair(vca)
        await vca.add_relation(*ends)
        await vca.connector(first).delete_namespace(".ns1")
        await vca.remove_relation(*ends)
        await vca.connector("hosts" if first == "pods" else "pods").delete_namespace(".ns1")
    assert [model.record.name for model in controller.world.models.values()] == ["controller"]


async def test_a_connector_that_nothing_has_used_yet_is_reached(controller: SimulatedController, charms: Path) -> None:
    async with connectors(charms, controller) as vca:
        (_, one, _), (_, other, _) = await pair(vca)
    async with connectors(charms, controller) as later:
        ends = (later.connector("hosts"), other, "names"), (later.connector("pods"), one, "dns")
        await later.add_relation(*ends)
        await later.remove_relation(*ends)
        assert is_clean(controller)


@pytest.mark.parametrize(
    ("own", "far", "error", "message"),
    [
        ("nothing", "dns", BadArguments, "endpoint_1: the charm of app-vnf-client has no endpoint 'nothing'"),
        ("names", "nothing", BadArguments, "endpoint_2: the charm of app-vnf-dns has no endpoint 'nothing'"),
        ("web", "dns", BadArguments, "app-vnf-client:web is a requirer of http, and app-vnf-dns:dns is a provider of"),
        ("names", "upstream", BadArguments, "expected a provider and a requirer of one interface"),
        ("beside", "upstream", NotSupported, "are related on one machine, and these are two models"),
    ],
)
async def test_ends_that_do_not_fit_leave_nothing(
    controller: SimulatedController, charms: Path, own: str, far: str, error: type[Exception], message: str
) -> None:
    async with connectors(charms, controller) as vca:
        one, other = await pair(vca)
        with pytest.raises(error, match=message):
            await vca.add_relation((*other[:2], own), (*one[:2], far))
        with pytest.raises(NotSupported, match="an EE of connector nothing cannot be related from here"):
            await vca.add_relation(one, (vca.connector("nothing"), "ns1.app-vnf-x.0", "x"))
    assert is_clean(controller)


@pytest.mark.parametrize(
    "request_", ["ApplicationOffers.Offer", "ApplicationOffers.GetConsumeDetails", "Application.Consume"]
)
@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_cancelled_relation_leaves_nothing(
    controller: SimulatedController, charms: Path, request_: str, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vca_juju_common.finishing.LIMIT", 0.9)
    async with connectors(charms, controller) as vca:
        ends = await pair(vca)
        rule = controller.faults.hang(request_, when)  # type: ignore[arg-type]
        relating = asyncio.ensure_future(vca.add_relation(*ends))
        await until(lambda: rule.hits)
        relating.cancel()
        with pytest.raises(asyncio.CancelledError):
            await relating
        await until(lambda: is_clean(controller))
        await vca.add_relation(*ends)


@pytest.mark.parametrize(
    "lost",
    [
        "ApplicationOffers.Offer",
        "ApplicationOffers.GetConsumeDetails",
        "Application.Consume",
        "Application.AddRelation",
    ],
)
@pytest.mark.parametrize("when", ["before", "after"])
async def test_what_cannot_be_undone_of_a_relation_is_undone_later(
    controller: SimulatedController,
    hosts: SimulatedController,
    charms: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    lost: str,
    when: str,
) -> None:
    """Nobody calls anything then: it is a debt, as machines and notes are."""
    monkeypatch.setattr("vca_juju_common.finishing.LIMIT", 0.9)
    both = [controller] if hosts is controller else [controller, hosts]
    async with connectors(charms, controller, hosts) as vca:
        ends = await pair(vca)
        far = controller if lost.startswith("ApplicationOffers") else hosts
        rule = far.faults.hang(lost, when)  # type: ignore[arg-type]
        relating = asyncio.ensure_future(vca.add_relation(*ends))
        await until(lambda: rule.hits)
        for one in both:
            await one.go_down()
        relating.cancel()
        with pytest.raises(asyncio.CancelledError):
            await relating
        assert "did not end within" not in caplog.text
        told = "offer .* was made in vain; it is removed when the controller is back, if this process lives"
        assert re.search(told, caplog.text)
        for one in both:
            one.faults.clear()
            await one.come_back()
        await until(lambda: is_clean(*both))
        await vca.add_relation(*ends)
        await until(lambda: len(controller.model("ns1-k8s").relations) == len(hosts.model("ns1").relations) == 1)
        await vca.remove_relation(*ends)
        assert is_clean(*both)


ADDING = [
    "ApplicationOffers.Offer",
    "ApplicationOffers.GetConsumeDetails",
    "Application.Consume",
    "Application.AddRelation",
]
REMOVING = [
    "Application.DestroyRelation",
    "Application.DestroyConsumedApplications",
    "ApplicationOffers.DestroyOffers",
    "Annotations.Set",
]


FIRST = ["requirer", "provider", "NS of the requirer", "NS of the provider"]
OWED = [
    (first, lost, when)
    for first, lost, when in product(FIRST, [*ADDING, *REMOVING], ["before", "after"])
    if first == "requirer" or when == "after"
]


@pytest.mark.parametrize(("first", "lost", "when"), OWED)
async def test_a_later_process_finds_what_is_owed_of_a_relation(
    controller: SimulatedController,
    charms: Path,
    monkeypatch: pytest.MonkeyPatch,
    first: str,
    lost: str,
    when: str,
) -> None:
    """Debts end with the process, which has no connection when it ends."""
    monkeypatch.setattr("vca_juju_common.finishing.LIMIT", 0.9)
    async with connectors(charms, controller) as vca:
        provider, requirer = await pair(vca)
        if lost in REMOVING:
            await vca.add_relation(provider, requirer)
        rule = controller.faults.hang(lost, when)  # type: ignore[arg-type]
        call = vca.remove_relation if lost in REMOVING else vca.add_relation
        working = asyncio.ensure_future(call(provider, requirer))
        await until(lambda: rule.hits)
        await controller.go_down()
        working.cancel()
        with pytest.raises(asyncio.CancelledError):
            await working
    controller.faults.clear()
    await controller.come_back()
    async with connectors(charms, controller) as later:
        ends = [("pods", provider[1]), ("hosts", requirer[1])]
        for connector, ee_id in ends if first.endswith("provider") else ends[::-1]:
            if first.startswith("NS"):
                await later.connector(connector).delete_namespace(".ns1")
            else:
                await later.connector(connector).delete_execution_environment(ee_id)
            assert offered_by(controller) == [], "it goes with either"
        assert is_clean(controller)


async def test_a_debt_of_a_relation_leaves_what_others_use(controller: SimulatedController, charms: Path) -> None:
    """Another EE was related to the offer meanwhile, by another process."""
    async with connectors(charms, controller) as vca, connectors(charms, controller) as far:
        one, other = await pair(vca)
        second, _ = await one[0].create_execution_environment(".ns2.dns")
        await one[0].install_configuration_sw(second, "dns")
        controller.faults.refuse("Application.Consume", "no room", times=1)
        controller.faults.refuse("ApplicationOffers.DestroyOffers", "not now", times=1)
        with pytest.raises(BackendError, match="no room"):
            await vca.add_relation(one, other)
        model = controller.model("ns1-k8s")
        assert list(model.offers) == [OFFER]
        pods = far.connector("pods")
        await far.add_relation((pods, one[1], "dns"), (pods, second, "upstream"))
        await one[0].exec_primitive(one[1], "touch")  # the debt is paid first
        assert list(model.offers) == [OFFER]
        (relation,) = controller.model("ns2-k8s").relations.values()
        assert relation.life == "alive"


async def test_what_the_controller_would_not_undo_is_tried_again(
    controller: SimulatedController, charms: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with connectors(charms, controller) as vca:
        one, other = await pair(vca)
        controller.faults.refuse("Application.AddRelation", "no room", times=1)
        controller.faults.refuse("Application.DestroyConsumedApplications", "not now", times=1)
        controller.faults.refuse("ApplicationOffers.DestroyOffers", "not now", times=1)
        with pytest.raises(BackendError, match="no room"):
            await vca.add_relation(one, other)
        assert "was made in vain, and the controller does not remove it" in caplog.text
        for connector, ee_id, _ in (one, other):
            await connector.scale(ee_id, 1)
        await until(lambda: is_clean(controller))


async def test_a_refused_relation_leaves_nothing(controller: SimulatedController, charms: Path) -> None:
    async with connectors(charms, controller) as vca:
        ends = await pair(vca)
        controller.faults.refuse("Application.AddRelation", "endpoints do not relate", times=1)
        with pytest.raises(BadArguments):
            await vca.add_relation(*ends)
        await until(lambda: is_clean(controller))


@pytest.mark.parametrize(
    "lost", ["ApplicationOffers.Offer", "Application.Consume", "Application.AddRelation", "Application.DestroyRelation"]
)
async def test_lost_answers_make_nothing_twice(controller: SimulatedController, charms: Path, lost: str) -> None:
    async with connectors(charms, controller) as vca:
        ends = await pair(vca)
        controller.faults.drop(lost, "after")
        await vca.add_relation(*ends)
        assert len(controller.model("ns1").relations) == 1
        await vca.remove_relation(*ends)
        assert is_clean(controller)
