"""The page on the architecture names the rooms that a traced run enters, in their order."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from unit.docs.pages import DOCS, rows

import vca_core
import vca_fake
from vca_core import EeId, Vca
from vca_core.status import Entity

PAGE = DOCS / "explanation" / "architecture.md"
CORE, FAKE = (Path(str(package.__file__)).parent for package in (vca_core, vca_fake))
STORE = ("stores/", "plain")
KIT = CORE / "testing"
"""The event loop of tests has its clock."""


@contextmanager
def trace(until: Path | None = None) -> Iterator[list[str]]:
    """Note the core's modules that are entered, each once; until something else is."""
    entered: list[str] = []
    is_over = False

    def note(frame: FrameType, event: str, _: object) -> None:
        nonlocal is_over
        if is_over or event != "call":
            return
        file = Path(frame.f_code.co_filename)
        if until is not None and file.is_relative_to(until):
            is_over = True
        elif file.is_relative_to(CORE) and not file.is_relative_to(KIT):
            room = str(file.relative_to(CORE).with_suffix(""))
            if room not in entered:
                entered.append(room)

    sys.setprofile(note)
    try:
        yield entered
    finally:
        sys.setprofile(None)


@pytest.fixture
async def vca() -> AsyncIterator[Vca]:
    config = {"connectors": {"edge": {"backend": "fake"}}, "artifacts": str(DOCS / "examples" / "charms")}
    async with Vca.from_config(config, environ={}, on_update_db=lambda *_: None) as made:
        yield made


@pytest.fixture
async def ee_id(vca: Vca) -> str:
    made, _ = await vca.connector().create_execution_environment(".ns.vnf")
    await vca.connector().install_configuration_sw(made, "simple-router")
    await vca.flush()
    return made


async def test_the_way_of_a_primitive_is_the_one_on_the_page(vca: Vca, ee_id: str) -> None:
    connector = vca.connector()
    await connector.exec_primitive(ee_id, "show-routes")
    await vca.flush()
    with trace(until=FAKE) as entered:
        await connector.exec_primitive(ee_id, "show-routes")
    listed = [room for room, _ in rows(PAGE, "## One primitive")]
    assert [room for room in entered if not room.startswith(STORE)] == listed
    assert len(listed) <= 14


async def test_the_way_of_a_status_is_the_one_on_the_page(vca: Vca, ee_id: str) -> None:
    backend: Any = vca.connector()._engine.session.backend
    outbox = vca._shared.outbox
    with trace() as entered:
        backend.host.report(EeId.parse(ee_id), Entity("unit", "app-vnf-vnf/0"), "blocked", "no uplink")
        await next(iter(outbox.lanes.values())).becomes_idle()
    listed = [room for room, _ in rows(PAGE, "## One status event")]
    assert sorted(entered) == sorted(listed)
