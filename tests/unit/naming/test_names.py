"""Names of models and applications: always valid, and never shared."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.naming.parts import APPLICATION, COUNTS, LETTERS, MODEL, namespaces, value_or_none, vdus

from vca_core._tracking.claims import Claims
from vca_core._tracking.outbox import Outbox
from vca_core._tracking.place import default_home
from vca_core.errors import BadArguments
from vca_core.naming import CHARM_NAMES, EeId, EeKey, NameRules, Namespace
from vca_core.stores import MemoryStore


@given(namespaces())
@pytest.mark.defect("D57")
@pytest.mark.defect("D59")
@pytest.mark.defect("D61")
def test_names_are_always_valid_and_never_too_long(ns: Namespace) -> None:
    application = CHARM_NAMES.application(ns)
    assert APPLICATION.fullmatch(application)
    assert len(application) <= 50
    model = value_or_none(lambda: CHARM_NAMES.model(ns), "namespace")
    if model is not None:
        assert MODEL.fullmatch(model)
        assert len(model) <= 50
        EeId(model, application, "0")


@given(namespaces())
def test_names_are_the_same_each_time_for_the_same_namespace(ns: Namespace) -> None:
    rules = NameRules(reserved_suffixes=())
    again = Namespace.parse(str(ns))
    assert (rules.model(again), rules.application(again)) == (rules.model(ns), rules.application(ns))


@given(vdus(), COUNTS, COUNTS)
@pytest.mark.defect("D54")
@pytest.mark.defect("D57")
def test_two_counts_of_a_vdu_never_share_an_application(ns: Namespace, one: str, two: str) -> None:
    vdu = Namespace(None, ns.ns_id, ns.vnf_id, ns.vdu_id, one)
    twin = Namespace(None, ns.ns_id, ns.vnf_id, ns.vdu_id, two)
    assert (CHARM_NAMES.application(vdu) == CHARM_NAMES.application(twin)) == (one == two)


@given(vdus(), COUNTS)
@pytest.mark.defect("D54")
def test_a_replica_never_shares_with_the_vdu_without_a_count(ns: Namespace, count: str) -> None:
    vdu = Namespace(None, ns.ns_id, ns.vnf_id, ns.vdu_id)
    replica = Namespace(None, ns.ns_id, ns.vnf_id, vdu.vdu_id, count)
    assert CHARM_NAMES.application(vdu) != CHARM_NAMES.application(replica)


@st.composite
def plain_namespaces(draw: st.DrawFn) -> Namespace:
    """Draw namespaces whose ids are lower-case letters, which the documented format does not change."""
    vnf, vdu, ee = (draw(st.none() | LETTERS) for _ in range(3))
    if vdu is not None and draw(st.booleans()):
        return Namespace.for_kdu("ns", vnf, vdu, ee=ee)
    return Namespace(None, "ns", vnf, vdu, draw(st.none() | COUNTS) if vdu is not None else None, ee)


@given(plain_namespaces(), plain_namespaces())
@pytest.mark.defect("D57")
def test_namespaces_of_plain_ids_never_share_an_application(one: Namespace, two: Namespace) -> None:
    assert (CHARM_NAMES.application(one) == CHARM_NAMES.application(two)) == (one == two)


@given(LETTERS.map(lambda text: text * 3), LETTERS.map(lambda text: text * 3))
@pytest.mark.defect("D61")
def test_ns_ids_of_plain_letters_never_share_a_model(one: str, two: str) -> None:
    same = CHARM_NAMES.model(Namespace(None, one)) == CHARM_NAMES.model(Namespace(None, two))
    assert same == (one == two)


@pytest.mark.parametrize(
    ("length", "digested"), [(49, False), (50, False), (51, True), (63, True), (1000, True)], ids=str
)
@pytest.mark.defect("D57")
def test_names_of_fifty_characters_are_kept_longer_ones_digested(length: int, digested: bool) -> None:
    model = CHARM_NAMES.model(Namespace(None, "m" * length))
    application = CHARM_NAMES.application(Namespace(None, "ns", "v" * (length - len("app-vnf-"))))
    assert (model == "m" * length, application == "app-vnf-" + "v" * (length - 8)) == (not digested, not digested)
    assert {len(model), len(application)} == {min(length, 50)}


def test_a_head_cut_at_a_digit_group_still_is_a_valid_name() -> None:
    for cut in range(20, 45):
        ns = Namespace(None, "ns", "v" * cut + "/1-12a" + "b" * 40)
        assert APPLICATION.fullmatch(CHARM_NAMES.application(ns))


@pytest.mark.parametrize("text", [".ns", "nsi.ns", ".ns.."])
@pytest.mark.defect("D60")
def test_the_application_of_a_whole_ns_has_a_name_of_its_own(text: str) -> None:
    assert CHARM_NAMES.application(Namespace.parse(text)) == "app-z"


@given(namespaces())
@pytest.mark.defect("D60")
def test_nothing_below_the_ns_has_the_name_of_the_whole_ns(ns: Namespace) -> None:
    assert ns.is_ns == (CHARM_NAMES.application(ns) == "app-z")


@pytest.mark.parametrize("ns_id", ["ns-k8s", "NS_K8S", "my ns k8s"])
def test_a_model_name_kept_for_another_backend_is_refused(ns_id: str) -> None:
    with pytest.raises(BadArguments, match=r"-k8s.*choose another ns_id") as caught:
        CHARM_NAMES.model(Namespace(None, ns_id))
    assert caught.value.bad_args == ["namespace"]


@pytest.mark.parametrize("ns_id", ["k8s", "nsk8s", "ns-k8s-1", "ns/k8s"])
def test_only_the_reserved_ending_is_refused(ns_id: str) -> None:
    assert not CHARM_NAMES.model(Namespace(None, ns_id)).endswith("-k8s")


@pytest.mark.parametrize("length", [1, 46, 47, 200])
def test_a_model_suffix_counts_for_the_limit(length: int) -> None:
    rules = NameRules(model_suffix="-k8s", reserved_suffixes=())
    name = rules.model(Namespace(None, "n" * length))
    assert name.endswith("-k8s")
    assert len(name) == min(length + 4, 50)
    assert CHARM_NAMES.model(Namespace(None, "n" * length)) != name


@pytest.mark.parametrize(
    ("first", "second", "shared"),
    [
        pytest.param(".ns.vnf_a.vdu", ".ns.vnf-a.vdu", "application", marks=pytest.mark.defect("D58")),
        pytest.param(".ns.vnf-1.vdu", ".ns.vnf-z1.vdu", "application", marks=pytest.mark.defect("D58")),
        pytest.param(".ns.VNF-A.vdu", ".ns.vnf a.vdu", "application", marks=pytest.mark.defect("D58")),
        pytest.param(".ns_1.vnf", ".NS-1.vnf", "model", marks=pytest.mark.defect("D61")),
        (".ns.a@b", ".ns.a-ee-b", "application"),
        (".ns.a@one_1", ".ns.a@one-1", "application"),
    ],
)
async def test_a_second_namespace_of_a_name_is_refused_naming_both(first: str, second: str, shared: str) -> None:
    store = MemoryStore()
    outbox = Outbox(store, interval=0, queue_limit=9, attempt_limit=60, on_stored=lambda *_: None)
    claims = Claims("edge", "me", outbox, 60)

    async def claim(text: str) -> None:
        ns = Namespace.parse(text)
        key = EeKey("edge", CHARM_NAMES.model(ns), CHARM_NAMES.application(ns))
        await claims.claim(key, ns, default_home(key), {})

    await claim(first)
    with pytest.raises(BadArguments, match=f"share the {shared}") as caught:
        await claim(second)
    one, two = (text if shared == "application" else Namespace.parse(text).ns_id for text in (first, second))
    assert one in caught.value.message
    assert two in caught.value.message
    await claim(first)
    assert await outbox.drain(60) == []
    assert await outbox.close(60) == []
