"""Connectors that providers know: looked up by name, taken anew when they changed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from support.distributions import Site
from typer.testing import CliRunner

from vca_core import Vca
from vca_core.cli.app import app
from vca_core.errors import BadArguments, PluginError, StoreError, VcaConnectionError
from vca_core.providers import ConnectorProvider, list_providers, make_provider

CANARY = "canary-4711"

BOOK = """
    from vca_core.errors import BadArguments, StoreError
    from vca_core.providers import ConnectorProvider

    class Book(ConnectorProvider):
        def __init__(self, options, folder):
            self.options, self.folder = options, folder

        @classmethod
        def from_options(cls, options, folder):
            if "backend" not in options:
                raise BadArguments("options.backend: expected text, got nothing", ["options.backend"])
            return cls(dict(options), folder)

        @property
        def origin(self):
            return "the book"

        async def definition(self, name):
            return {"backend": self.options["backend"]} if name == "far" else None

    class Away(Book):
        async def definition(self, name):
            raise StoreError("the book is lent", retryable=True)

    class Half(Book):
        definition = ConnectorProvider.definition

    class Unmade(ConnectorProvider):
        origin = "nowhere"

        async def definition(self, name):
            return None

    class Other(Book):
        @classmethod
        def from_options(cls, options, folder):
            return options

    class Failing(Book):
        @classmethod
        def from_options(cls, options, folder):
            raise ValueError(f"cannot use {options}")
"""


class Shelf(ConnectorProvider):
    """Definitions in a mapping, or what is raised instead of them."""

    def __init__(self, **definitions: Any) -> None:
        self.definitions: dict[str, Any] = definitions
        self.asked: list[str] = []
        self.closed = 0

    @property
    def origin(self) -> str:
        return "the shelf"

    async def definition(self, name: str) -> Mapping[str, Any] | None:
        self.asked.append(name)
        found = self.definitions.get(name)
        if isinstance(found, Exception):
            raise found
        return found

    async def close(self) -> None:
        self.closed += 1


def vca_with(*providers: ConnectorProvider, **config: Any) -> Vca:
    return Vca.from_config({"connectors": {}, **config}, environ={}, providers=providers)


def fake(**options: Any) -> dict[str, Any]:
    return {"backend": "fake", "options": options}


async def test_a_provider_of_a_plugin_is_named_in_a_config(site: Site) -> None:
    site.add("vca-book", BOOK, "[vca.connectors]", "book = MODULE:Book")
    config = {"connectors": {}, "connector_providers": [{"name": "book", "options": {"backend": "${env:BACKEND}"}}]}
    async with Vca.from_config(config, environ={"BACKEND": "fake"}) as vca:
        connector = await vca.find_connector("far")
        ee_id, _ = await connector.create_execution_environment(".ns1.vnf1")
        assert ee_id
        assert vca.connector("far") is connector
        with pytest.raises(BadArguments, match=r"no connector 'near' \(looked in the config, the book\)"):
            await vca.find_connector("near")


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("MODULE:Half", "does not implement definition"),
        ("MODULE:Nobody", "cannot be loaded"),
        ("MODULE:BadArguments", "not a class derived from ConnectorProvider"),
        ("MODULE:Unmade", "needs a class method `from_options"),
    ],
)
def test_a_broken_provider_is_listed_and_hurts_no_other(site: Site, tmp_path: Path, value: str, reason: str) -> None:
    site.add("vca-book", BOOK, "[vca.connectors]", "book = MODULE:Book", f"bad = {value}")
    bad, book = list_providers()
    assert (bad.name, bad.ok, book.name, book.ok, book.reason) == ("bad", False, "book", True, "")
    assert reason in bad.reason
    with pytest.raises(PluginError, match="broken") as caught:
        make_provider("bad", {}, tmp_path)
    assert reason in str(caught.value)


def test_a_provider_that_is_not_made_is_a_clear_error(site: Site, tmp_path: Path) -> None:
    site.add(
        "vca-book", BOOK, "[vca.connectors]", *(f"{name} = MODULE:{name}" for name in ("Book", "Other", "Failing"))
    )
    with pytest.raises(BadArguments, match=r"options\.backend: expected text, got nothing"):
        make_provider("Book", {}, tmp_path)
    with pytest.raises(PluginError, match="from_options gave a dict"):
        make_provider("Other", {}, tmp_path)
    with pytest.raises(PluginError, match="from_options failed with ValueError") as caught:
        make_provider("Failing", {"password": CANARY}, tmp_path)
    assert CANARY not in f"{caught.value!r} {caught.value.__context__!r}"
    with pytest.raises(BadArguments, match="no provider of connectors 'boo'; there are mongodb, .*Book"):
        make_provider("boo", {}, tmp_path)
    with pytest.raises(BadArguments, match=r"providers\[0\]: expected a ConnectorProvider, got text"):
        vca_with("book")  # type: ignore[arg-type]


async def test_the_config_comes_first_and_then_each_provider() -> None:
    one, two = Shelf(near=fake()), Shelf(near=fake(), far=fake(), edge=fake())
    async with vca_with(one, two, connectors={"edge": fake()}, default="far") as vca:
        assert await vca.find_connector("edge") is vca.connector("edge")
        await vca.find_connector("near")
        assert (await vca.find_connector()).name == "far"
    assert (one.asked, two.asked, one.closed, two.closed) == (["near", "far"], ["far"], 1, 1)


async def test_a_name_that_was_not_looked_up_says_how_to() -> None:
    shelf = Shelf(far=fake())
    async with vca_with(shelf) as vca:
        with pytest.raises(BadArguments, match=r"no connector 'far'.*find_connector.* looks in the shelf, too"):
            vca.connector("far")
        with pytest.raises(BadArguments, match="expected a name of"):
            await vca.find_connector("far/../near")
        assert shelf.asked == []


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        ({"options": {"password": CANARY}}, "the shelf: connectors.far.backend: expected text, got nothing"),
        ({**fake(), "option": CANARY}, "connectors.far.option: unknown key: did you mean 'options'"),
        ({**fake(), "timeouts": {"total": -1}}, "connectors.far.timeouts.total: expected a number greater than 0"),
        (fake(password=CANARY), "connectors.far.options.password: unknown key"),
        ({"backend": "fak"}, "there is no backend 'fak'"),
        ({**fake(at=asyncio.Event)}, "connectors.far.options.at"),
    ],
)
async def test_a_definition_is_checked_as_the_configs_are(definition: dict[str, Any], message: str) -> None:
    async with vca_with(Shelf(far=definition)) as vca:
        with pytest.raises(BadArguments) as caught:
            await vca.find_connector("far")
        assert message in str(caught.value)
        assert CANARY not in str(caught.value)


async def test_a_definition_refers_to_no_variable_of_this_process() -> None:
    config: dict[str, Any] = {"connectors": {}}
    provider = Shelf(far={"backend": "${env:BACKEND}"})
    async with Vca.from_config(config, environ={"BACKEND": "fake"}, providers=[provider]) as vca:
        with pytest.raises(BadArguments, match="there is no backend"):
            await vca.find_connector("far")


async def test_a_changed_definition_goes_on_in_the_same_connector() -> None:
    shelf = Shelf(far=fake())
    async with vca_with(shelf) as vca:
        connector = await vca.find_connector("far")
        ee_id, _ = await connector.create_execution_environment(".ns1.vnf1")
        engine = connector._engine
        assert await vca.find_connector("far") is connector
        assert connector._engine is engine
        shelf.definitions["far"] = fake(latency=0.001)
        assert await vca.find_connector("far") is connector
        assert connector._engine is not engine
        await connector.create_execution_environment(".ns1.vnf2")
        shelf.definitions["far"] = fake(latency="no")
        with pytest.raises(BadArguments, match="latency"):
            await vca.find_connector("far")
        await connector.create_execution_environment(".ns1.vnf3")
        report = await vca.disconnect()
        assert (report.unwritten, report.alive) == ([], [])
        assert ee_id


async def test_what_runs_is_not_disturbed_by_a_changed_definition() -> None:
    shelf = Shelf(far=fake(latency=0.2))
    async with vca_with(shelf) as vca:
        connector = await vca.find_connector("far")
        engine = connector._engine
        running = asyncio.ensure_future(connector.create_execution_environment(".ns1.vnf1"))
        while not engine._runner.running:
            await asyncio.sleep(0)
        shelf.definitions["far"] = fake()
        await vca.find_connector("far")
        assert connector._engine is engine
        await running
        await asyncio.gather(*(vca.find_connector("far") for _ in range(5)))
        assert connector._engine is not engine


async def test_a_cancelled_change_is_made_by_the_next_call() -> None:
    shelf = Shelf(far=fake())
    async with vca_with(shelf) as vca:
        connector = await vca.find_connector("far")
        await connector.create_execution_environment(".ns1.vnf1")
        engine = connector._engine
        shelf.definitions["far"] = fake(latency=0.001)
        change = asyncio.ensure_future(vca.find_connector("far"))
        while engine._disconnecting is None:
            await asyncio.sleep(0)
        change.cancel()
        with pytest.raises(asyncio.CancelledError):
            await change
        assert connector._engine is engine
        retiring = engine._disconnecting
        if retiring is not None:
            await retiring
        await vca.find_connector("far")
        assert connector._engine is not engine
        await connector.create_execution_environment(".ns1.vnf2")


async def test_a_provider_that_fails_or_hangs_is_a_clear_error() -> None:
    class Slow(Shelf):
        async def definition(self, name: str) -> Mapping[str, Any] | None:
            await asyncio.Event().wait()
            raise AssertionError(name)

    shelf = Shelf(foreign=ValueError(CANARY), own=VcaConnectionError("away", retryable=True), odd=[1])
    async with vca_with(shelf) as vca:
        with pytest.raises(PluginError, match="the shelf: the provider failed with ValueError") as caught:
            await vca.find_connector("foreign")
        assert CANARY not in f"{caught.value!r} {caught.value.__cause__!r} {caught.value.__context__!r}"
        with pytest.raises(VcaConnectionError, match="away"):
            await vca.find_connector("own")
        with pytest.raises(PluginError, match="gave a list, not a mapping"):
            await vca.find_connector("odd")
    async with vca_with(Slow(), timeouts={"read": 0.01}) as vca:
        with pytest.raises(StoreError, match="no answer within") as late:
            await vca.find_connector("far")
        assert late.value.retryable


def test_the_command_looks_at_providers(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    site.add("vca-book", BOOK, "[vca.connectors]", "book = MODULE:Book", "away = MODULE:Away")

    def run(providers: str, *words: str) -> tuple[int, str]:
        Path("vca.yaml").write_text(f"connectors: {{edge: {{backend: fake}}}}\nconnector_providers: {providers}\n")
        ended = CliRunner().invoke(app, [*words])
        return ended.exit_code, ended.output

    fine = "[{name: book, options: {backend: fake}}]"
    assert "looked up with the provider book" in run(fine, "config", "check")[1]
    code, output = run("[{name: book, options: {}}]", "config", "check")
    assert (code, "options.backend: expected text, got nothing" in output) == (2, True)
    assert "provider book" in run(fine, "doctor")[1]
    code, output = run("[{name: away, options: {backend: fake}}]", "doctor")
    assert (code, "the book is lent" in output) == (1, True)
