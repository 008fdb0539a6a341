"""No call blocks the event loop: what takes time is done in threads, and the loop turns meanwhile."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest
from support.backends import MACHINE, Plain
from support.making import MakeVca

from vca_core.artifacts import Artifact
from vca_core.backend import Description, ExecutionEnvironment, Operation, OptionState
from vca_core.charm import Charm
from vca_core.errors import BackendError
from vca_core.hookspecs import hookimpl
from vca_core.naming import CHARM_NAMES, EeId, Namespace
from vca_core.secrets import encodings, forms
from vca_core.secrets.values import LONGEST_TOLD
from vca_core.status import Entity, EntityState
from vca_core.stores import MemoryStore, document, sqlite, sqlite_statements
from vca_core.tasks import in_thread

PLACE = Namespace.parse(".ns.vnf")
EE = EeId(CHARM_NAMES.model(PLACE), CHARM_NAMES.application(PLACE), "0")
HOME = {"collection": "nsrs", "filter": {"_id": "ns"}, "path": "vca"}


@pytest.mark.defect("D72")
async def test_the_loop_turns_while_a_document_is_written(
    make_vca: MakeVca, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()
    turned = threading.Event()

    def slow(before: Any, update: Any) -> dict[str, Any]:
        # In the loop's own thread this would wait in vain: it has to turn for the event to be set.
        loop.call_soon_threadsafe(turned.set)
        assert turned.wait(60), "the event loop did not turn while a document was written"
        return document.apply_update(before, update)

    monkeypatch.setattr(sqlite_statements, "apply_update", slow)
    vca = make_vca(Plain, store=sqlite.SqliteStore(tmp_path / "status.db"))
    await vca.store.ensure("nsrs", {"_id": "ns"})
    await vca.connector().create_execution_environment(".ns.vnf", HOME)
    assert turned.is_set()


async def test_documents_are_read_beside_the_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That of a service with a thousand VNFs takes 8 ms, and all that wait for the store read it."""
    threads: list[int] = []
    load = sqlite.SqliteStore._load

    def _load(store: sqlite.SqliteStore, *document: Any) -> dict[str, Any]:
        threads.append(threading.get_ident())
        return load(store, *document)

    store = sqlite.SqliteStore(tmp_path / "status.db")
    await store.open()
    await store.ensure("nsrs", {"_id": "ns", "a": 1})
    monkeypatch.setattr(sqlite.SqliteStore, "_load", _load)
    assert await store.get("nsrs", {"_id": "ns"}) == {"_id": "ns", "a": 1}
    assert await store.find("nsrs") == [{"_id": "ns", "a": 1}]
    await store.close()
    assert len(threads) == 2
    assert threading.get_ident() not in threads


class Installing(Plain):
    """Installs anything."""

    @hookimpl
    async def install_configuration_sw(self, artifact: Artifact) -> None:
        self.calls.append(artifact.charm().name)


async def test_the_loop_turns_while_a_charm_is_read(make_vca: MakeVca, monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    turned = threading.Event()
    read = Artifact.charm

    def slow(artifact: Artifact) -> Charm:
        if threading.current_thread() is not threading.main_thread():
            loop.call_soon_threadsafe(turned.set)
            assert turned.wait(60), "the event loop did not turn while a charm was read"
        return read(artifact)

    monkeypatch.setattr(Artifact, "charm", slow)
    connector = make_vca(Installing, artifacts="docs/examples/charms").connector()
    ee_id, _ = await connector.create_execution_environment(".ns.vnf")
    await connector.install_configuration_sw(ee_id, "simple-router")
    assert turned.is_set()


async def test_a_cancelled_wait_for_a_thread_ends_with_the_thread() -> None:
    begun, go_on, ended = asyncio.Event(), threading.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def work() -> None:
        loop.call_soon_threadsafe(begun.set)
        go_on.wait(60)
        ended.set()

    waiting = asyncio.create_task(in_thread(work))
    await begun.wait()
    waiting.cancel()
    await asyncio.wait((waiting,), timeout=0.05)
    assert not waiting.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert ended.is_set()


async def test_what_a_thread_raises_is_raised() -> None:
    def work() -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        await in_thread(work)


class Chatty(Plain):
    """Says a lot, whatever it is asked."""

    text = "so it is said, " * 10_000

    @hookimpl
    async def health(self) -> dict[str, Any]:
        return {"says": self.text}

    @hookimpl
    async def get_status(self, namespace: Namespace) -> dict[str, Any]:
        return {"says": self.text}

    @hookimpl
    async def get_metrics(self, namespace: Namespace) -> dict[str, Any]:
        return {"says": self.text}

    @hookimpl
    async def list_execution_environments(self, namespace: Namespace | None) -> list[ExecutionEnvironment]:
        return [ExecutionEnvironment(EE, PLACE, None, (EntityState(Entity("unit", "app/0"), "active", self.text),))]

    @hookimpl
    async def describe_execution_environment(self, ee_id: EeId) -> Description:
        return Description(ee_id, options={"motd": OptionState(self.text, is_set=True)})


@pytest.mark.parametrize(
    ("ask", "is_cut"),
    [
        (lambda connector: connector.health(), True),
        (lambda connector: connector.get_status(PLACE), True),
        (lambda connector: connector.get_metrics(PLACE), True),
        (lambda connector: connector.list_execution_environments(), True),
        (lambda connector: connector.describe(EE), False),
    ],
    ids=["health", "status", "metrics", "listing", "description"],
)
async def test_secrets_are_taken_out_of_long_answers_beside_the_loop(
    make_vca: MakeVca, monkeypatch: pytest.MonkeyPatch, ask: Any, *, is_cut: bool
) -> None:
    read: list[tuple[int, int]] = []

    def layers(text: str) -> list[encodings.View]:
        read.append((threading.get_ident(), len(text)))
        return encodings.layers(text)

    connector = make_vca(Chatty, secrets=["hunter2-secret"]).connector()
    await connector.create_execution_environment(PLACE)
    monkeypatch.setattr(forms, "layers", layers)
    answer = str(await ask(connector))
    assert ("more characters" in answer) is is_cut
    assert {length for _, length in read} >= {LONGEST_TOLD if is_cut else len(Chatty.text)}
    assert threading.get_ident() not in {thread for thread, length in read if length > 1_000}


async def test_a_status_is_looked_at_up_to_a_bound(make_vca: MakeVca, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is reported in the loop."""
    read: list[int] = []

    def layers(text: str) -> list[encodings.View]:
        read.append(len(text))
        return encodings.layers(text)

    class Telling(Plain):
        @hookimpl
        async def exec_primitive(self, op: Operation, primitive: str) -> dict[str, Any]:
            self.host.log.warning("it says %s", Chatty.text)
            op.report(MACHINE, "started", Chatty.text)
            raise BackendError(Chatty.text)

    connector = make_vca(Telling, secrets=["hunter2-secret"]).connector()
    ee_id, _ = await connector.create_execution_environment(PLACE)
    monkeypatch.setattr(forms, "layers", layers)
    with pytest.raises(BackendError):
        await connector.exec_primitive(ee_id, "touch", {})
    assert max(read) <= LONGEST_TOLD


class Crowded(Chatty):
    """Has many units, each of which says a lot."""

    text = "so it is said, " * 100

    @hookimpl
    async def list_execution_environments(self, namespace: Namespace | None) -> list[ExecutionEnvironment]:
        states = [EntityState(Entity("unit", f"app/{number}"), "active", self.text) for number in range(100)]
        return [ExecutionEnvironment(EE, PLACE, None, tuple(states))]


async def test_a_long_listing_is_scrubbed_beside_the_loop(make_vca: MakeVca, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before an operation on what another process made, and where a status is brought up to date."""
    threads: list[int] = []

    def layers(text: str) -> list[encodings.View]:
        threads.append(threading.get_ident())
        return encodings.layers(text)

    home = {**HOME, "path": "a"}
    store = MemoryStore()
    await store.ensure("nsrs", {"_id": "ns"})
    await make_vca(Crowded, store=store).connector().create_execution_environment(PLACE, home)
    connector = make_vca(Crowded, store=store, secrets=["hunter2-secret"]).connector()
    await connector.health()
    monkeypatch.setattr(forms, "layers", layers)
    await connector.exec_primitive(EE, "touch", {})
    await connector.refresh_status(EE)
    assert len(threads) >= 200
    assert threading.get_ident() not in threads
