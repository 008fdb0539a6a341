"""No call blocks the event loop: what takes time is done in threads, and the loop turns meanwhile."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest
from support.backends import Plain
from support.making import MakeVca

from vca_core.artifacts import Artifact
from vca_core.charm import Charm
from vca_core.hookspecs import hookimpl
from vca_core.stores import document, sqlite, sqlite_statements
from vca_core.tasks import in_thread

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
