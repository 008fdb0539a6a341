"""What orchestrators get of a description: checked, of the right EE, and without secrets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from support.backends import MACHINE, Plain
from support.making import MakeVca

from vca_core._tracking.place import COLLECTION
from vca_core.backend import Description, InstalledCharm, OptionState, RelationState, UnitState
from vca_core.errors import BackendError, NotSupported, StoreError
from vca_core.hookspecs import hookimpl
from vca_core.naming import EeId
from vca_core.secrets import MASK
from vca_core.status import EntityState
from vca_core.stores import MemoryStore

NS = ".ns.vnf"
CHARM = InstalledCharm("router", "local:router-3")


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


def describing(describe: Callable[[EeId], Any]) -> type[Plain]:
    """A backend whose EEs are described by a function."""

    class Describing(Plain):
        @hookimpl
        async def describe_execution_environment(self, ee_id: EeId) -> Any:
            return describe(ee_id)

    return Describing


async def described(make_vca: MakeVca, describe: Callable[[EeId], Any]) -> Description:
    connector = make_vca(describing(describe)).connector()
    ee_id, _ = await connector.create_execution_environment(NS)
    return await connector.describe(ee_id)


async def test_a_description_comes_as_the_backend_gave_it(make_vca: MakeVca) -> None:
    unit = UnitState("router/0", EntityState(MACHINE, "active"), True, ("10.0.0.1",), CHARM.reference)
    relation = RelationState("gateway", None, "core", "upstream")
    options = {"mtu": OptionState(1400, is_set=True, type="int"), "hostname": OptionState(None, is_set=False)}
    description = await described(make_vca, lambda ee_id: Description(ee_id, CHARM, options, [unit], [relation]))
    assert (description.charm, dict(description.options)) == (CHARM, options)
    assert (list(description.units), list(description.relations)) == ([unit], [relation])


async def test_values_of_secret_options_are_masked(make_vca: MakeVca) -> None:
    options = {
        "by-declaration": OptionState("s3cret-1", is_set=True, secret=True),
        "password": OptionState("s3cret-2", is_set=True),
        "token": OptionState("", is_set=False),
        "key": OptionState("s3cret-3", is_set=True, type="secret"),
        "mtu": OptionState(1400, is_set=True),
    }
    description = await described(make_vca, lambda ee_id: Description(ee_id, CHARM, options))
    assert "s3cret" not in str({name: option.value for name, option in description.options.items()})
    assert {name: (option.value, option.secret) for name, option in description.options.items()} == {
        "by-declaration": (MASK, True),
        "password": (MASK, True),
        "token": ("", True),
        "key": (MASK, True),
        "mtu": (1400, False),
    }


async def test_known_secrets_go_from_all_that_units_say(make_vca: MakeVca) -> None:
    unit = UnitState("router/0", EntityState(MACHINE, "blocked", "login with s3cret-9 refused"), True, ("10.0.0.1",))
    options = {"note": OptionState("s3cret-9", is_set=True), "mtu": OptionState(1400, is_set=True)}
    charm = InstalledCharm("router", "local:router-3", version="s3cret-9")
    connector = make_vca(describing(lambda ee_id: Description(ee_id, charm, options, [unit]))).connector()
    connector._engine.session.secrets.add(["s3cret-9"])
    ee_id, _ = await connector.create_execution_environment(NS)
    description = await connector.describe(ee_id)
    assert "s3cret-9" not in repr(description)
    assert (description.units[0].state.detail, description.options["mtu"].value) == (f"login with {MASK} refused", 1400)


async def test_options_that_another_process_knows_as_secret_are_masked(make_vca: MakeVca, store: MemoryStore) -> None:
    options = {"license": OptionState("s3cret", is_set=True)}
    backend = describing(lambda ee_id: Description(ee_id, CHARM, options))
    first, second = make_vca(backend, store=store), make_vca(backend, store=store)
    ee_id, _ = await first.connector().create_execution_environment(NS)
    [record] = [one for one in await store.find(COLLECTION) if "application" in one]
    await store.set(COLLECTION, {"_id": record["_id"]}, {"secret_names": ["license"]})
    for vca in (first, second):
        assert (await vca.connector().describe(ee_id)).options["license"].value == MASK


class Silent(MemoryStore):
    """A store that can be made to fail."""

    fails = False

    async def get(self, *given: Any) -> Any:
        if self.fails:
            raise StoreError("the store is down")
        return await super().get(*given)


async def test_without_the_store_no_option_is_shown(make_vca: MakeVca) -> None:
    store = Silent()
    backend = describing(lambda ee_id: Description(ee_id, CHARM, {"license": OptionState("s3cret", is_set=True)}))
    connector = make_vca(backend, store=store).connector()
    ee_id, _ = await connector.create_execution_environment(NS)
    store.fails = True
    with pytest.raises(StoreError):
        await connector.describe(ee_id)


@pytest.mark.parametrize(
    "describe",
    [
        lambda _: None,
        lambda _: {"charm": "router"},
        lambda ee_id: Description(EeId(ee_id.model, ee_id.application, "9"), CHARM),
        lambda ee_id: Description(ee_id, "router"),  # type: ignore[arg-type]
        lambda ee_id: Description(ee_id, InstalledCharm("router", 3)),  # type: ignore[arg-type]
        lambda ee_id: Description(ee_id, CHARM, {"mtu": 1400}),  # type: ignore[dict-item]
        lambda ee_id: Description(ee_id, CHARM, {3: OptionState(1, is_set=True)}),  # type: ignore[dict-item]
        lambda ee_id: Description(ee_id, CHARM, {"mtu": OptionState(object(), is_set=True)}),
        lambda ee_id: Description(ee_id, CHARM, [("mtu", OptionState(1, is_set=True))]),  # type: ignore[arg-type]
        lambda ee_id: Description(ee_id, CHARM, units=["router/0"]),  # type: ignore[list-item]
        lambda ee_id: Description(ee_id, CHARM, units=[UnitState("router/0", "active")]),  # type: ignore[arg-type]
        lambda ee_id: Description(
            ee_id,
            CHARM,
            units=[UnitState("router/0", EntityState(MACHINE, "active"), addresses="10.0.0.1")],
        ),
        lambda ee_id: Description(ee_id, CHARM, relations=[("gateway", "core")]),  # type: ignore[list-item]
        lambda ee_id: Description(ee_id, CHARM, relations=[RelationState("a", "core", "b", "c")]),  # type: ignore[arg-type]
        lambda ee_id: Description(ee_id, CHARM, relations={}),  # type: ignore[arg-type]
    ],
)
async def test_what_is_no_description_is_a_backend_error(make_vca: MakeVca, describe: Callable[[EeId], Any]) -> None:
    with pytest.raises(BackendError, match="the backend described"):
        await described(make_vca, describe)


async def test_a_backend_that_cannot_describe_says_so(make_vca: MakeVca) -> None:
    with pytest.raises(NotSupported):
        await make_vca(Plain).connector().describe("ns.app.0")


async def test_describing_keeps_nothing(make_vca: MakeVca, store: MemoryStore) -> None:
    connector = make_vca(describing(Description), store=store).connector()
    assert await connector.describe("ns.app.0") == Description(EeId("ns", "app", "0"))
    assert await store.find(COLLECTION) == []
    assert not connector._engine.environments.in_model("ns")
