"""Connectors that providers know: looked up by name, taken anew when they changed."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from support.distributions import Site
from support.fair_clock import let_pass
from typer.testing import CliRunner

from vca_core import Vca
from vca_core.cli.app import app
from vca_core.errors import BadArguments, ConflictError, PluginError, StoreError, VcaConnectionError
from vca_core.providers import ConnectorProvider, list_providers, make_provider

CANARY = "canary-4711"

BOOK = """
    from vca_core.errors import BadArguments, PluginError, StoreError
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

    class Refusing(Book):
        @classmethod
        def from_options(cls, options, folder):
            raise BadArguments(f"cannot use {options}") from ValueError(f"cannot use {options}")

    class Unsure(Book):
        @classmethod
        def from_options(cls, options, folder):
            raise PluginError(f"cannot use {options}")
"""

NAMES = ("Book", "Other", "Failing", "Refusing", "Unsure")


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
    site.add("vca-book", BOOK, "[vca.connectors]", *(f"{name} = MODULE:{name}" for name in NAMES))
    with pytest.raises(BadArguments, match=r"options\.backend: expected text, got nothing"):
        make_provider("Book", {}, tmp_path)
    with pytest.raises(PluginError, match="from_options gave a dict"):
        make_provider("Other", {}, tmp_path)
    with pytest.raises(PluginError, match="from_options failed with ValueError") as caught:
        make_provider("Failing", {"password": CANARY}, tmp_path)
    assert CANARY not in f"{caught.value!r} {caught.value.__context__!r}"
    for name, error in (("Refusing", BadArguments), ("Unsure", PluginError)):
        with pytest.raises(error, match=r"cannot use \{'password': '\*\*\*'\}") as refused:
            make_provider(name, {"password": CANARY}, tmp_path)
        assert CANARY not in "".join(traceback.format_exception(refused.value))
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

    class Unreadable(dict[str, Any]):
        def items(self) -> Any:
            raise RuntimeError(CANARY)

    shelf = Shelf(
        foreign=ValueError(CANARY),
        own=VcaConnectionError("away", retryable=True),
        odd=[1],
        unreadable=Unreadable(backend="fake"),
    )
    async with vca_with(shelf) as vca:
        with pytest.raises(PluginError, match="the shelf: the provider failed with ValueError") as caught:
            await vca.find_connector("foreign")
        assert CANARY not in f"{caught.value!r} {caught.value.__cause__!r} {caught.value.__context__!r}"
        with pytest.raises(VcaConnectionError, match="away"):
            await vca.find_connector("own")
        with pytest.raises(PluginError, match="gave a list, not a mapping"):
            await vca.find_connector("odd")
        with pytest.raises(PluginError, match="reading what the provider gave failed with RuntimeError") as caught:
            await vca.find_connector("unreadable")
        assert CANARY not in f"{caught.value!r} {caught.value.__cause__!r} {caught.value.__context__!r}"
    async with vca_with(Slow(), timeouts={"read": 0.01}) as vca:
        with pytest.raises(StoreError, match="no answer within") as late:
            await vca.find_connector("far")
        assert late.value.retryable


class Gated(Shelf):
    """Answers when it may."""

    def __init__(self, **definitions: Any) -> None:
        super().__init__(**definitions)
        self.gate = asyncio.Event()

    async def definition(self, name: str) -> Mapping[str, Any] | None:
        found = await super().definition(name)
        await self.gate.wait()
        return found


async def look(vca: Vca, callers: int = 1) -> list[asyncio.Task[Any]]:
    """Callers that have begun to wait for a connector."""
    begun = [asyncio.create_task(vca.find_connector("far")) for _ in range(callers)]
    for _ in range(5):
        await asyncio.sleep(0)
    return begun


async def test_callers_of_one_name_share_a_look_that_begins_later() -> None:
    gated = Gated(far=fake())
    async with vca_with(gated) as vca:
        first = await look(vca, 5)
        gated.definitions["far"] = fake(latency=0.001)
        later = await look(vca, 7)
        assert gated.asked == ["far"]
        gated.gate.set()
        assert len(set(await asyncio.gather(*first, *later))) == 1
        assert gated.asked == ["far", "far"]
        assert vca._connectors._taken["far"].options == {"latency": 0.001}, "the later ones see the change"


async def test_each_caller_waits_no_longer_than_its_own_limit() -> None:
    gated = Gated(far=fake())
    async with vca_with(gated, timeouts={"read": 60}) as vca:
        [early] = await look(vca)
        let_pass(30)
        late = await look(vca, 5)
        let_pass(31)
        with pytest.raises(StoreError, match="the shelf: no answer within 60 s"):
            await early
        for _ in range(5):
            await asyncio.sleep(0)
        assert gated.asked == ["far", "far"], "those who came later have a look of their own"
        let_pass(30)
        for _ in range(10):
            await asyncio.sleep(0)
        assert [task.done() for task in late] == [True] * 5
        assert {type(task.exception()) for task in late} == {StoreError}
        gated.gate.set()
        assert (await vca.find_connector("far")).name == "far"


async def test_a_provider_that_does_not_stop_holds_up_no_later_look() -> None:
    class Stubborn(Gated):
        async def definition(self, name: str) -> Mapping[str, Any] | None:
            if self.asked:
                return await Shelf.definition(self, name)
            while not self.gate.is_set():
                try:
                    await super().definition(name)
                except asyncio.CancelledError:
                    continue
            return fake(latency=1.0)

    stubborn = Stubborn(far=fake())
    async with vca_with(stubborn, timeouts={"read": 60}) as vca:
        [early] = await look(vca)
        let_pass(61)
        with pytest.raises(StoreError, match="no answer within"):
            await early
        connector = await vca.find_connector("far")
        engine = connector._engine
        stubborn.gate.set()
        for _ in range(10):
            await asyncio.sleep(0)
        assert connector._engine is engine, "what comes too late replaces nothing"


async def test_who_waits_for_a_look_learns_of_a_disconnect() -> None:
    gated = Gated(far=fake())
    async with vca_with(gated) as vca:
        callers = await look(vca, 2)
        report = await vca.disconnect()
        for caller in callers:
            with pytest.raises(ConflictError, match="is being disconnected"):
                await caller
        assert report.alive == []


async def test_a_look_ends_when_the_last_caller_is_cancelled() -> None:
    gated = Gated(far=fake())
    async with vca_with(gated) as vca:
        callers = await look(vca, 2)
        for caller in callers:
            caller.cancel()
            await asyncio.wait((caller,))
        for _ in range(5):
            await asyncio.sleep(0)
        assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("find_connector")]


@pytest.mark.parametrize("kind", [asyncio.CancelledError, GeneratorExit, StopAsyncIteration, SystemExit])
async def test_whatever_a_provider_raises_by_itself_is_its_failure(kind: type[BaseException]) -> None:
    class Raising(Shelf):
        async def definition(self, name: str) -> Mapping[str, Any] | None:
            raise kind(CANARY)

        async def close(self) -> None:
            raise kind(CANARY)

    vca = vca_with(Raising(), Shelf())
    with pytest.raises(PluginError, match=f"the shelf: the provider failed with {kind.__name__}") as caught:
        await vca.find_connector("far")
    assert CANARY not in "".join(traceback.format_exception(caught.value))
    assert (await vca.disconnect()).alive == ["connectors in the shelf: failed to close"]


async def test_a_provider_without_a_name_is_named_by_its_class() -> None:
    class Nameless(Shelf):
        @property
        def origin(self) -> str:
            raise ValueError(CANARY)

    async with vca_with(Nameless()) as vca:
        with pytest.raises(BadArguments, match=r"looked in the config, .*Nameless"):
            await vca.find_connector("far")


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
