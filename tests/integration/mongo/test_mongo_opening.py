"""What is wrong with a URL, its files or the indexes that are there, when a store in MongoDB is opened."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import dns.asyncresolver
import dns.resolver
import pymongo
import pytest

from vca_core.errors import BadArguments, StoreError
from vca_core.stores.mongo import MongoStatusStore
from vca_core.testing.own_tables import OwnTables

RECORDS = "vca_execution_environments"


@pytest.mark.parametrize(
    "settings", ["W=0", "w=00", "w=%30", "journal=false;w=0", "appname=x&W=0", "w=0&w=0", "readPreference=primary&w=0"]
)
async def test_writes_that_nobody_confirms_are_refused(settings: str) -> None:
    with pytest.raises(BadArguments, match="w=0 leaves open"):
        await MongoStatusStore(f"mongodb://127.0.0.1:1/osm?{settings}").open()


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ("tsl=true", "tsl: it is not a setting"),
        ("password=canary", "password: it is not a setting"),
        ("connectTimeoutMS=canary", "connectTimeoutMS: .* integer"),
        ("socketTimeoutMS=0", "socketTimeoutMS: .* without end"),
        ("w=1&timeoutMS=00", "timeoutMS: .* without end"),
        ("tls=canary", "tls: .* 'true' or 'false'"),
        ("authMechanismProperties=canary:1", "authMechanismProperties: .*"),
        ("w=majority&W=1", "W is there twice"),
    ],
)
async def test_a_wrong_setting_is_refused_by_its_name(settings: str, name: str) -> None:
    with pytest.raises(BadArguments, match=f"store: the setting {name}") as caught:
        await MongoStatusStore(f"mongodb://127.0.0.1:1/osm?{settings}").open()
    assert "canary" not in f"{caught.value!r} {caught.value} {caught.value.__cause__}"


@pytest.mark.parametrize("option", ["tlsCAFile", "tlsCertificateKeyFile"])
@pytest.mark.parametrize("scheme", ["mongodb://me:canary@127.0.0.1:1", "mongodb+srv://me:canary@a.example.test"])
async def test_a_missing_file_of_tls_is_named_with_its_option(tmp_path: Path, option: str, scheme: str) -> None:
    file = tmp_path / "missing.pem"
    with pytest.raises(BadArguments, match=f"store: {option}: the file {file} cannot be read: No such file") as caught:
        await MongoStatusStore(f"{scheme}/osm?tls=true&{option}={file}").open()
    assert caught.value.__context__ is None
    assert "canary" not in str(caught.value)


async def test_a_file_of_tls_that_has_no_certificate_is_named(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text("no certificate")
    with pytest.raises(BadArguments, match=rf"in tlsCAFile \({file}\)"):
        await MongoStatusStore(f"mongodb://127.0.0.1:1/osm?tls=true&tlsCAFile={file}").open()


@pytest.fixture
def dead_name_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """The only name server there is does not run."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    for module in (dns.resolver, dns.asyncresolver):
        resolver = module.Resolver(configure=False)
        resolver.nameservers, resolver.port = ["127.0.0.1"], port
        monkeypatch.setattr(module, "default_resolver", resolver)


@pytest.mark.usefixtures("dead_name_server")
async def test_a_name_server_that_is_away_may_come_back() -> None:
    store = MongoStatusStore("mongodb+srv://me:canary@cluster.example.test/osm?connectTimeoutMS=100")
    with pytest.raises(StoreError, match="its name has no answer") as caught:
        await store.open()
    assert caught.value.retryable
    assert caught.value.__context__ is None
    assert "canary" not in f"{caught.value}{caught.value.__cause__}"


async def test_an_index_of_another_name_serves(mongo_url: str) -> None:
    with pymongo.MongoClient[dict[str, Any]](mongo_url) as client:
        made = client.get_default_database()[RECORDS]
        made.create_index([("model", 1), ("connector", 1)], name="by_hand")
        store = MongoStatusStore(mongo_url)
        await store.open()
        await store.close()
        assert set(made.index_information()) == {"_id_", "by_hand"}


async def test_tables_of_the_kit_are_gone_when_it_is_done(mongo_url: str) -> None:
    tables = OwnTables(lambda: MongoStatusStore(mongo_url))
    again = tables.reopen()
    for store, table in ((tables, "t"), (again, "u")):
        await store.open()
        await store.ensure(table, {"_id": "a"})
        await store.set(f"{table}_of_nothing", {"_id": "a"}, {"n": 1})
        await store.close()
    with pymongo.MongoClient[dict[str, Any]](mongo_url) as client:
        database = client.get_default_database()
        database["nsrs"].insert_one({"_id": "ns1"})
        await tables.remove_tables()
        assert set(database.list_collection_names()) == {"nsrs", RECORDS}


async def test_an_index_that_is_in_the_way_is_named(mongo_url: str) -> None:
    with pymongo.MongoClient[dict[str, Any]](mongo_url) as client:
        client.get_default_database()[RECORDS].create_index([("other", 1)], name="vca_by_model")
    with pytest.raises(StoreError, match="index vca_by_model of model and connector .*: drop that") as caught:
        await MongoStatusStore(mongo_url).open()
    assert not caught.value.retryable
