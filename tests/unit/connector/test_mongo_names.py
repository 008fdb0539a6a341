"""Names that MongoDB does not take are refused before anything is begun; no server is asked."""

from __future__ import annotations

from typing import Any

import pytest
from support.backends import Plain
from support.making import MakeVca

from vca_core.errors import BadArguments, VcaError
from vca_core.stores.mongo import MongoStatusStore


def names() -> list[str]:
    return ["ns..rs", ".nsrs", "nsrs.", "a$b", "a\0b", "system.users", "\ud800", "x" * 252]


@pytest.mark.parametrize("name", names(), ids=ascii)
async def test_a_collection_that_cannot_be_is_refused_at_once(make_vca: MakeVca, name: str) -> None:
    connector = make_vca(Plain, store=MongoStatusStore("mongodb://127.0.0.1:1/osm")).connector()
    with pytest.raises(BadArguments) as caught:
        await connector.create_execution_environment(".ns.vnf", {"collection": name, "filter": {"_id": 1}, "path": "p"})
    assert caught.value.bad_args[0].startswith("db_dict")
    backend: Any = connector._engine.session.backend
    assert backend.calls == []


@pytest.mark.parametrize("name", ["nsrs", "nsrs.a", "vca_services", "ns rs", "système", "x" * 251])
def test_other_names_are_taken(name: str) -> None:
    MongoStatusStore("mongodb://127.0.0.1:1/osm").check_table(name)


@pytest.mark.parametrize("name", ["o sm", "a.b", "a$b", "a%2Fb", "a%00b", "%22", "x" * 64])
def test_a_database_that_cannot_be_is_refused_with_its_url(name: str) -> None:
    with pytest.raises(BadArguments) as caught:
        MongoStatusStore(f"mongodb://me:canary@127.0.0.1:1/{name}")
    assert caught.value.bad_args == ["store"]
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("password", ["correct horse", "12 horse", "a\thorse", "a;horse", "a%20horse", "a+horse"])
async def test_a_password_is_in_no_repr_and_no_error(password: str) -> None:
    url = f"mongodb://osm:{password}@127.0.0.1:1/osm?serverSelectionTimeoutMS=1&appName=me@x"
    store = MongoStatusStore(url)
    assert repr(store) == "<MongoStatusStore mongodb://***@127.0.0.1:1/osm>"
    with pytest.raises(VcaError) as caught:
        await store.open()
    assert "horse" not in f"{caught.value!r} {caught.value} {caught.value.__cause__}"


@pytest.mark.parametrize(
    "rest",
    [
        "me:12/canary@h",
        "me:canary/x@h",
        "me:canary/a?x@h/osm",
        "me:12/a?canary@h/osm",
        "me:canary x/osm",
        "a/canary@h",
    ],
)
def test_a_bare_slash_in_a_password_shows_nothing_of_it(rest: str) -> None:
    with pytest.raises(BadArguments, match="special characters") as caught:
        MongoStatusStore(f"mongodb://{rest}")
    assert "canary" not in str(caught.value)
