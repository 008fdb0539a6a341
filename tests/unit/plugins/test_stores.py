"""Stores that plugins bring, by the scheme of their URLs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from support.distributions import Site
from typer.testing import CliRunner

from vca_core import Vca
from vca_core.cli import doctor
from vca_core.cli.app import app
from vca_core.errors import BadArguments, PluginError
from vca_core.stores import MemoryStore, list_stores, store_from_url

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
