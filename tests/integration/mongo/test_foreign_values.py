"""Documents of an orchestrator may hold what Python cannot: statuses go into them nevertheless."""

from __future__ import annotations

from typing import Any

import bson
import pymongo
import pytest
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument

from vca_core import Vca
from vca_core.stores import Write
from vca_core.stores.mongo import MongoStatusStore

LATE = bson.DatetimeMS(2**55)
HOME: dict[str, Any] = {"collection": "nsrs", "filter": {"_id": "ns"}, "path": "vca"}
VALUES = {
    "a date past the year 9999": bson.encode({"_id": "ns", "valid": LATE}),
    "a text that is not UTF-8": bson.encode({"_id": "ns", "text": "#"}).replace(b"#", b"\xff"),
}


def insert(url: str, document: bytes) -> None:
    with pymongo.MongoClient[Any](url, document_class=RawBSONDocument) as client:
        client.get_default_database()["nsrs"].insert_one(RawBSONDocument(document))


def document_in(url: str) -> Any:
    with pymongo.MongoClient[Any](url, unicode_decode_error_handler="replace") as client:
        options: CodecOptions[Any] = CodecOptions(
            unicode_decode_error_handler="replace",
            datetime_conversion=bson.codec_options.DatetimeConversion.DATETIME_MS,
        )
        return client.get_default_database()["nsrs"].with_options(codec_options=options).find_one({"_id": "ns"})


@pytest.mark.parametrize("value", VALUES)
async def test_statuses_reach_documents_with_values_unlike_pythons(mongo_url: str, value: str) -> None:
    try:
        insert(mongo_url, VALUES[value])
    except pymongo.errors.PyMongoError:
        pytest.skip(f"this server takes no document with {value}")
    config = {"store": mongo_url, "connectors": {"edge": {"backend": "fake"}}}
    async with Vca.from_config(config, environ={}) as vca:
        ee_id, _ = await vca.connector().create_execution_environment(".ns.vnf", HOME)
        await vca.connector().refresh_status(ee_id)
        await vca.connector().delete_execution_environment(ee_id)
        assert await vca.flush(60) == []
    after = document_in(mongo_url)
    assert (after["vca"]["status"], after["vca"]["VCA-status"]) == ("completed", "deleted")
    assert after.get("valid") in (None, LATE)


async def test_writes_of_a_bulk_are_told_apart_beside_such_a_date(mongo_url: str) -> None:
    insert(mongo_url, VALUES["a date past the year 9999"])
    store = MongoStatusStore(mongo_url)
    await store.open()
    guarded, free = (
        Write("nsrs", {"_id": "ns", "t": None}, {"t": "1796056538.5"}),
        Write("nsrs", {"_id": "no"}, {"n": 1}),
    )
    assert await store.batch([guarded, free]) == [True, False]
    assert await store.batch([guarded, free]) == [True, False], "it finds what it made"
    listed = Write("nsrs", {"_id": "ns", "t": "1796056538.5"}, {"t": "1796056539.5", "valid": [1]})
    assert await store.batch([listed, free]) == [True, False]
    assert await store.batch([listed, free]) == [True, False], "also by what no filter can name"
    await store.close()


@pytest.mark.parametrize("time", [LATE, {"at": 1}, [1], 7], ids=["date", "mapping", "list", "number"])
async def test_a_time_that_no_process_of_ours_wrote_holds_nothing_up(mongo_url: str, time: Any) -> None:
    config = {"store": mongo_url, "connectors": {"edge": {"backend": "fake"}}}
    async with Vca.from_config(config, environ={}) as vca:
        insert(mongo_url, bson.encode({"_id": "ns", "vca": {"status-time": time}}))
        ee_id, _ = await vca.connector().create_execution_environment(".ns.vnf", HOME)
        with pymongo.MongoClient[Any](mongo_url) as client:
            update = {"$set": {"vca.status-time": time, "vca.status": "of another program"}}
            client.get_default_database()["nsrs"].update_one({"_id": "ns"}, update)
        await vca.connector().delete_execution_environment(ee_id)
        assert await vca.flush(60) == []
    assert document_in(mongo_url)["vca"]["VCA-status"] == "deleted"
