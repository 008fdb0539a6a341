"""Connectors in a collection of MongoDB, over TCP."""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Mapping
from typing import Any

import pymongo
import pytest
from support.mongo import MongoServer

from vca_core import Vca
from vca_core.errors import BadArguments, Cause, PluginError, StoreError, VcaConnectionError
from vca_core.providers.mongo import MongoConnectors

CANARY = "canary-4711"


def put(url: str, document: dict[str, Any], collection: str = "connectors") -> None:
    with pymongo.MongoClient[dict[str, Any]](url) as client:
        client.get_default_database()[collection].replace_one({"_id": document["_id"]}, document, upsert=True)


def vca_with(provider: MongoConnectors) -> Vca:
    return Vca.from_config({"connectors": {}}, environ={}, providers=[provider])


def reversed_text(value: str, document: Mapping[str, Any]) -> str:
    assert document["_id"] == 1
    return value[::-1]


async def test_a_config_names_the_collection_of_definitions(mongo_url: str) -> None:
    put(mongo_url, {"_id": 1, "name": "far", "backend": "fake", "options": {"latency": 0.0}, "timeouts": {"total": 60}})
    config = {"connectors": {}, "connector_providers": [{"name": "mongodb", "options": {"url": "${env:DATABASE}"}}]}
    async with Vca.from_config(config, environ={"DATABASE": mongo_url}) as vca:
        connector = await vca.find_connector("far")
        ee_id, _ = await connector.create_execution_environment(".ns1.vnf1")
        assert ee_id
        engine = connector._engine
        assert await vca.find_connector("far") is connector
        assert connector._engine is engine
        put(mongo_url, {"_id": 1, "name": "far", "backend": "fake", "timeouts": {"total": 61}})
        await vca.find_connector("far")
        assert connector._engine is not engine
        with pytest.raises(BadArguments, match=r"no connector 'near' \(looked in the config, mongodb://.*, collection"):
            await vca.find_connector("near")
        await vca.disconnect()
        assert await vca.find_connector("far") is connector


async def test_collection_and_fields_are_those_of_an_orchestrator(mongo_url: str) -> None:
    where = {
        "url": mongo_url,
        "collection": "vca",
        "backend": "juju-machine",
        "options": {"cloud": "lxd"},
        "fields": {
            "name": "_admin.name",
            "timeouts": "_admin.timeouts",
            "options": {"endpoints": "urls", "secret": "pass.0", "cloud": "cloud"},
        },
        "secrets": ["secret"],
    }
    put(mongo_url, {"_id": 1, "_admin": {"name": "c1"}, "urls": ["h:17070"], "pass": [CANARY[::-1]]}, "vca")
    provider = MongoConnectors(where, reversed_text)
    assert await provider.definition("c1") == {
        "backend": "juju-machine",
        "options": {"endpoints": ["h:17070"], "secret": CANARY, "cloud": "lxd"},
    }
    assert await provider.definition("c2") is None
    await provider.close()


async def test_secrets_are_decrypted_by_plain_and_async_functions(mongo_url: str) -> None:
    put(mongo_url, {"_id": 1, "name": "far", "backend": "fake", "options": {"a": "cba", "b": None}})

    async def decrypt(value: str, document: Mapping[str, Any]) -> str:
        return reversed_text(value, document)

    for function in (reversed_text, decrypt):
        provider = MongoConnectors({"url": mongo_url, "secrets": ["a", "b", "c"]}, function)
        assert await provider.definition("far") == {"backend": "fake", "options": {"a": "abc", "b": None}}
        await provider.close()


def failing(value: str, document: Mapping[str, Any]) -> str:
    raise ValueError(f"cannot decrypt {value} to {CANARY}")


def away(value: str, document: Mapping[str, Any]) -> str:
    raise VcaConnectionError("the keys are away", retryable=True)


def bare(value: str, document: Mapping[str, Any]) -> str:
    return b"bytes"  # type: ignore[return-value]  # what some do


async def test_secrets_that_cannot_be_decrypted_show_nothing(mongo_url: str, caplog: pytest.LogCaptureFixture) -> None:
    put(mongo_url, {"_id": 1, "name": "far", "backend": "fake", "options": {"password": CANARY[::-1]}})
    put(mongo_url, {"_id": 2, "name": "odd", "backend": "fake", "options": {"password": 5}})
    caplog.set_level(logging.DEBUG)
    where = {"url": mongo_url, "secrets": ["password"]}
    for function, error, message in (
        (failing, PluginError, "decrypting the option password failed with ValueError"),
        (away, VcaConnectionError, "the keys are away"),
        (bare, PluginError, "gave an object of class bytes, not text"),
        (reversed_text, BadArguments, "connectors.far.options.password: unknown key"),
    ):
        async with vca_with(MongoConnectors(where, function)) as vca:
            with pytest.raises(error) as caught:
                await vca.find_connector("far")
            text = "".join(traceback.format_exception(caught.value))
            assert message in text
            assert CANARY not in text
            assert CANARY[::-1] not in text
    async with vca_with(MongoConnectors(where, reversed_text)) as vca:
        with pytest.raises(BadArguments, match="password is stored encrypted: expected text, got a whole number"):
            await vca.find_connector("odd")
    assert CANARY not in caplog.text
    assert CANARY[::-1] not in caplog.text


async def test_a_decryption_that_never_ends_ends_no_one_elses(mongo_url: str) -> None:
    gate = threading.Event()

    def decrypt(value: str, document: Mapping[str, Any]) -> str:
        if document["name"] == "stuck":
            gate.wait(60)
        return value[::-1]

    for number, name in enumerate(("stuck", "far")):
        put(mongo_url, {"_id": number, "name": name, "backend": "fake", "options": {"seed": "dees"}})
    config = {"connectors": {}, "timeouts": {"read": 0.5}}
    provider = MongoConnectors({"url": mongo_url, "secrets": ["seed"]}, decrypt)
    vca = Vca.from_config(config, environ={}, providers=[provider])
    try:
        with pytest.raises(StoreError, match="no answer within"):
            await vca.find_connector("stuck")
        [stuck] = [thread for thread in threading.enumerate() if thread.name == "vca-decrypt"]
        assert stuck.daemon
        assert await provider.definition("far") == {"backend": "fake", "options": {"seed": "seed"}}
        assert (await vca.disconnect()).alive == []
    finally:
        gate.set()


async def test_two_documents_of_one_name_are_refused(mongo_url: str) -> None:
    for number in (1, 2):
        put(mongo_url, {"_id": number, "name": "far", "backend": "fake"})
    async with vca_with(MongoConnectors({"url": mongo_url})) as vca:
        with pytest.raises(BadArguments, match="several documents of the connector 'far'"):
            await vca.find_connector("far")


async def test_a_database_that_is_away_is_retryable(
    own_mongo_server: MongoServer, caplog: pytest.LogCaptureFixture
) -> None:
    url = own_mongo_server.url()
    put(url, {"_id": 1, "name": "far", "backend": "fake"})
    shown = url.replace("mongodb://", f"mongodb://me:{CANARY}@")
    away = MongoConnectors({"url": f"{shown}?serverSelectionTimeoutMS=200"})
    # The driver looks for a lost server twice a second at most; this one has to be found again.
    provider = MongoConnectors({"url": f"{url}?serverSelectionTimeoutMS=3000"})
    async with vca_with(provider) as vca:
        connector = await vca.find_connector("far")
        own_mongo_server.kill()
        for lost in (provider, away):
            async with vca_with(lost) as other:
                with pytest.raises(StoreError, match="connectors in mongodb://.*: no answer") as caught:
                    await other.find_connector("far")
            assert caught.value.retryable
            assert isinstance(caught.value.__cause__, Cause)
            assert CANARY not in "".join(traceback.format_exception(caught.value)) + repr(lost) + caplog.text
        assert vca.connector("far") is connector
        await connector.create_execution_environment(".ns1.vnf1")
        own_mongo_server.start()
        put(url, {"_id": 1, "name": "far", "backend": "fake", "options": {"latency": 0.0}})
        assert await vca.find_connector("far") is connector


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "options.url: expected text, got nothing"),
        ({"url": f"mongodb://me:{CANARY}@host"}, "options.url: expected hosts and a database"),
        (
            {"url": f"mongodb://me:{CANARY}@host/db", "secrets": ["a"]},
            "options.secrets: expected something that decrypts",
        ),
        ({"url": f"mongodb://me:{CANARY}@host/db", "fields": {"nam": "x"}}, "options.fields.nam: unknown key"),
        ({"url": f"mongodb://me:{CANARY}@host/db", "fields": {"name": "$where"}}, "options.fields.name"),
        (
            {"url": f"mongodb://me:{CANARY}@host/db", "decrypt": "os:sep"},
            "options.decrypt: expected a function, got os:sep",
        ),
    ],
)
def test_wrong_options_are_reported_without_the_url(options: dict[str, Any], message: str) -> None:
    config = {"connectors": {}, "connector_providers": [{"name": "mongodb", "options": options}]}
    with pytest.raises(BadArguments) as caught:
        Vca.from_config(config, environ={})
    assert message in str(caught.value)
    assert CANARY not in "".join(traceback.format_exception(caught.value))


def test_a_function_that_cannot_be_imported_says_so() -> None:
    with pytest.raises(PluginError, match="no_such_module:decrypt cannot be loaded"):
        MongoConnectors({"url": "mongodb://host/db", "decrypt": "no_such_module:decrypt"})


async def test_a_wrong_setting_of_the_url_is_reported_at_first_use() -> None:
    url = f"mongodb://me:{CANARY}@host/db?tlsInsecure=true&tlsAllowInvalidCertificates=true"
    async with vca_with(MongoConnectors({"url": url})) as vca:
        with pytest.raises(BadArguments, match=r"options\.url") as caught:
            await vca.find_connector("far")
    assert CANARY not in "".join(traceback.format_exception(caught.value))
