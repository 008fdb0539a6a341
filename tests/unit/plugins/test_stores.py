"""Stores that plugins bring, by the scheme of their URLs."""

from __future__ import annotations

import asyncio
import json
import re
import traceback
from pathlib import Path

import pytest
from support.distributions import Site
from typer.testing import CliRunner

from vca_core import Vca
from vca_core.cli import doctor
from vca_core.cli.app import app
from vca_core.errors import BadArguments, PluginError, StoreError, VcaError
from vca_core.stores import MemoryStore, Write, list_stores, store_from_url

SHELF = """
    from vca_core.errors import BadArguments
    from vca_core.stores import MemoryStore, StatusStore

    class Shelf(MemoryStore):
        @classmethod
        def from_url(cls, url, folder):
            if url == "shelf://":
                raise BadArguments("store: expected the number of a shelf, as shelf://3", ["store"])
            store = cls()
            store.made_of = url, folder
            return store

    class Half(StatusStore):
        @classmethod
        def from_url(cls, url, folder):
            return cls()

    class Other(Shelf):
        @classmethod
        def from_url(cls, url, folder):
            return url
"""


def test_a_scheme_names_the_store_of_a_plugin(site: Site, tmp_path: Path) -> None:
    site.add("vca-shelf-store", SHELF, "[vca.stores]", "shelf = MODULE:Shelf")
    store = store_from_url("shelf://3", tmp_path)
    assert vars(store)["made_of"] == ("shelf://3", tmp_path)
    with pytest.raises(BadArguments, match="number of a shelf"):
        store_from_url("shelf://", tmp_path)
    with pytest.raises(BadArguments, match="no kind of store 'shelve'; there are memory:, .*shelf:"):
        store_from_url("shelve://me:canary@3", tmp_path)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("MODULE:Half", "does not implement delete, ensure, find, get, set"),
        ("MODULE:SHELVES", "cannot be loaded"),
        ("MODULE:BadArguments", "not a class derived from StatusStore"),
        ("MODULE:MemoryStore", "needs a class method `from_url"),
    ],
)
def test_a_broken_store_is_listed_and_hurts_no_other(site: Site, tmp_path: Path, value: str, reason: str) -> None:
    site.add("vca-shelf-store", SHELF, "[vca.stores]", "shelf = MODULE:Shelf", f"bad = {value}")
    bad, shelf = (info for info in list_stores() if info.distribution == "vca-shelf-store")
    assert (bad.name, bad.ok, shelf.name, shelf.ok, shelf.reason) == ("bad", False, "shelf", True, "")
    assert reason in bad.reason
    with pytest.raises(PluginError, match="broken") as caught:
        store_from_url("bad://", tmp_path)
    assert reason in str(caught.value)
    store_from_url("shelf://3", tmp_path)


def test_a_store_that_makes_something_else_is_broken(site: Site, tmp_path: Path) -> None:
    site.add("vca-shelf-store", SHELF, "[vca.stores]", "odd = MODULE:Other")
    with pytest.raises(PluginError, match="from_url gave a str"):
        store_from_url("odd://", tmp_path)


def test_the_command_lists_stores_broken_ones_with_the_reason(site: Site) -> None:
    site.add("vca-shelf-store", SHELF, "[vca.stores]", "shelf = MODULE:Shelf", "bad = MODULE:Half")
    ended = CliRunner().invoke(app, ["plugin", "list"])
    assert ended.exit_code == 0
    assert re.search(r"^store +shelf +vca-shelf-store +\S+ +ok$", ended.output, re.MULTILINE)
    assert re.search(r"^store +bad +vca-shelf-store +\S+ +broken$", ended.output, re.MULTILINE)
    assert "store bad: " in ended.output
    assert "does not implement delete" in ended.output
    listed = json.loads(CliRunner().invoke(app, ["--json", "plugin", "list"]).output)["plugins"]
    assert {(one["kind"], one["name"], one["ok"]) for one in listed} >= {
        ("backend", "fake", True),
        ("store", "shelf", True),
        ("store", "bad", False),
    }


class Broken(MemoryStore):
    """Shows its URL."""

    async def open(self) -> None:
        raise RuntimeError("cannot reach mongodb://me:canary@h/osm, password canary")


async def test_the_doctor_hides_what_a_broken_store_shows() -> None:
    config = {"store": "mongodb://me:canary@h/osm", "connectors": {"a": {"backend": "fake"}}}
    async with Vca.from_config(config, environ={}, store=Broken()) as vca:
        finding = await doctor._store(vca)
    assert not finding.ok
    assert finding.detail == "it failed with RuntimeError: cannot reach ***, password ***"


LEAKY = """
    import asyncio

    from vca_core.errors import BadArguments, StoreError
    from vca_core.stores import MemoryStore

    class Leaky(MemoryStore):
        @classmethod
        def from_url(cls, url, folder):
            store = cls()
            store.url = url
            return store

        def failure(self):
            raise RuntimeError(f"cannot reach {self.url}") from ValueError("canary is no password")

        def end(self):
            for kind in (asyncio.CancelledError, GeneratorExit, SystemExit):
                if kind.__name__ in self.url:
                    raise kind(f"cannot reach {self.url}")

        async def open(self):
            if "open" in self.url:
                self.failure()

        async def close(self):
            self.end()

        async def get(self, table, filter):
            self.end()
            if "get" in self.url:
                self.failure()
            return await super().get(table, filter)

        async def find(self, table, filter=None):
            if "hang" in self.url:
                await asyncio.Event().wait()
            return await super().find(table, filter)

        async def set(self, table, filter, update):
            self.end()
            return await super().set(table, filter, update)

        async def ensure(self, table, document):
            if "own" in self.url:
                raise StoreError(f"cannot reach {self.url}") from ValueError(self.url)
            if "ensure" in self.url:
                self.failure()
            return await super().ensure(table, document)

        async def batch(self, writes):
            self.end()
            return [RuntimeError(self.url) for _ in writes]

        async def delete(self, table, filter):
            self.failure()

        def check_table(self, table):
            if "table" in self.url:
                self.failure()

    class Refusing(Leaky):
        @classmethod
        def from_url(cls, url, folder):
            raise BadArguments(f"store: {url} is of no use", ["store"]) from ValueError(url)

    class Exiting(Leaky):
        @classmethod
        def from_url(cls, url, folder):
            raise SystemExit(url)
"""
URL = "leaky://me:canary@h/"
PLACE = {"collection": "nsrs", "filter": {"_id": "ns"}, "path": "vca"}


def shown(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))


@pytest.mark.parametrize("where", ["open", "get", "ensure", "own", "table"])
async def test_what_a_store_raises_shows_no_url(site: Site, where: str, caplog: pytest.LogCaptureFixture) -> None:
    site.add("vca-leaky-store", LEAKY, "[vca.stores]", "leaky = MODULE:Leaky")
    config = {"store": URL + where, "connectors": {"a": {"backend": "fake"}}}
    config |= {"timeouts": {"store_grace": 0.05}}
    async with Vca.from_config(config, environ={}) as vca:
        with pytest.raises(StoreError, match=r"cannot reach \*\*\*") as caught:
            await vca.connector().create_execution_environment(".ns.vnf", PLACE if where == "table" else None)
        assert "canary" not in shown(caught.value)
        assert type(caught.value) is StoreError
        if where != "table":
            with pytest.raises(StoreError, match=r"cannot reach \*\*\*") as caught:
                await (vca.store.ensure("a", {"_id": 1}) if where != "get" else vca.store.get("a", {"_id": 1}))
            assert "canary" not in shown(caught.value)
    assert "canary" not in caplog.text


@pytest.mark.parametrize("kind", ["asyncio.exceptions.CancelledError", "GeneratorExit", "SystemExit"])
async def test_what_a_store_ends_its_caller_with_is_its_failure(
    site: Site, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    site.add("vca-leaky-store", LEAKY, "[vca.stores]", "leaky = MODULE:Leaky")
    config = {"store": URL + kind.rpartition(".")[2], "connectors": {"a": {"backend": "fake"}}}
    config |= {"timeouts": {"store_grace": 0.05}}
    vca = Vca.from_config(config, environ={})
    message = rf"the status store failed with {kind}: cannot reach \*\*\*"
    for call in (vca.store.get("a", {"_id": 1}), vca.store.set("a", {"_id": 1}, {"b": 1}), vca.store.batch([])):
        with pytest.raises(StoreError, match=message) as caught:
            await call
        assert "canary" not in shown(caught.value)
    with pytest.raises(StoreError, match=message) as caught:
        await vca.connector().create_execution_environment(".ns.vnf", None)
    assert "canary" not in shown(caught.value)
    await vca.disconnect()
    assert "canary" not in caplog.text


async def test_a_call_of_a_plugins_store_can_be_cancelled(site: Site) -> None:
    site.add("vca-leaky-store", LEAKY, "[vca.stores]", "leaky = MODULE:Leaky")
    async with Vca.from_config({"store": f"{URL}hang", "connectors": {"a": {"backend": "fake"}}}, environ={}) as vca:
        call = asyncio.ensure_future(vca.store.find("a"))
        for _ in range(5):
            await asyncio.sleep(0)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call


async def test_what_a_store_gives_for_a_batch_shows_no_url(site: Site) -> None:
    site.add("vca-leaky-store", LEAKY, "[vca.stores]", "leaky = MODULE:Leaky")
    config = {"store": URL, "connectors": {"a": {"backend": "fake"}}}
    async with Vca.from_config(config, environ={}) as vca:
        [outcome] = await vca.store.batch([Write("a", {"_id": 1}, {"b": 2})])
        assert isinstance(outcome, StoreError)
        assert "canary" not in shown(outcome)


@pytest.mark.parametrize(("name", "kind"), [("Refusing", BadArguments), ("Exiting", PluginError)])
def test_a_store_that_is_not_made_shows_no_url(site: Site, tmp_path: Path, name: str, kind: type[VcaError]) -> None:
    site.add("vca-leaky-store", LEAKY, "[vca.stores]", f"leaky = MODULE:{name}")
    with pytest.raises(kind, match="leaky|of no use") as caught:
        store_from_url(URL, tmp_path)
    assert "canary" not in shown(caught.value)


@pytest.mark.parametrize("scheme", ["my_shelf", "Shelf", "3shelf", "my shelf", "sqlite", "mongodb", "memory"])
def test_a_scheme_that_no_url_reaches_is_listed_as_broken(site: Site, tmp_path: Path, scheme: str) -> None:
    site.add("vca-shelf-store", SHELF, "[vca.stores]", f"{scheme} = MODULE:Shelf", "a-1.b+c = MODULE:Shelf")
    listed = {info.name: info for info in list_stores() if info.distribution == "vca-shelf-store"}
    assert listed["a-1.b+c"].ok
    assert not listed[scheme].ok
    assert ("no URL has this scheme" if "shelf" in scheme.lower() else "a store of its own") in listed[scheme].reason
    if "shelf" in scheme.lower():
        with pytest.raises(PluginError, match="no URL has this scheme"):
            store_from_url(f"{scheme}://3", tmp_path)
    with pytest.raises(BadArguments, match="there is no kind") as caught:
        store_from_url("another://3", tmp_path)
    assert "a-1.b+c:" in caught.value.message
    assert "shelf:" not in caught.value.message.lower()
