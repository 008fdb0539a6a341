"""A connector on the fake, with the example charms and a database that records what it is told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from vca_core import Connector, Vca

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"


@pytest.fixture
def statuses() -> list[dict[str, Any]]:
    """The statuses that were stored, oldest first."""
    return []


@pytest.fixture
def config(tmp_path: Path) -> dict[str, Any]:
    return {
        "artifacts": str(EXAMPLES / "charms"),
        "ssh_key": str(tmp_path / "key"),
        "connectors": {"edge": {"backend": "fake"}, "core": {"backend": "fake"}},
        "default": "edge",
    }


@pytest.fixture
async def vca(config: dict[str, Any], statuses: list[dict[str, Any]]) -> AsyncIterator[Vca]:
    def record(table: str, filter: dict[str, Any], path: str, update: dict[str, Any]) -> None:
        statuses.append({key.removeprefix(path): value for key, value in update.items()})

    async with Vca.from_config(config, on_update_db=record, environ={}) as made:
        yield made


@pytest.fixture
def connector(vca: Vca) -> Connector:
    return vca.connector()
