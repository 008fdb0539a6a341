"""Fixtures of pytest: test your orchestrator's LCM code without Juju.

Installed with vca-fake, nothing has to be switched on::

    async def test_a_failed_primitive_is_reported(vca_fake):
        vca_fake.script.add("exec_primitive", primitive="touch", fail="disk full")
        lcm = MyLcm(vca_fake.connector)
        await lcm.instantiate("ns1")
        assert lcm.failed == "disk full"
        assert vca_fake.recorder.operations(".ns1.vnf1")[-1] == "exec_primitive:touch"

Asynchronous tests need pytest-asyncio, in either of its modes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

try:
    from pytest_asyncio import fixture as async_fixture
except ImportError:  # without it no asynchronous test runs, and others need not know
    async_fixture = pytest.fixture  # type: ignore[assignment]  # it is called in one way only

if TYPE_CHECKING:
    from vca_core import Connector, Vca
    from vca_fake import Recorder, Script

OnUpdateDb = Callable[[str, dict[str, Any], str, dict[str, Any]], Any]


@dataclass
class FakeVca:
    """A `Vca` on the fake, for one test.

    Args:
        vca: to hand to the code that is tested.
        script: what is to happen; add to it at any time.
        recorder: what was asked, oldest first.
        statuses: what was stored, oldest first: the collection, the path and the five fields.
    """

    vca: Vca
    script: Script
    recorder: Recorder
    statuses: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)

    @property
    def connector(self) -> Connector:
        """The connector, on the fake."""
        return self.vca.connector()

    def words(self, path: str) -> list[str]:
        """The statuses that were stored at a path, oldest first: ``["pending", "completed"]``."""
        return [fields["status"] for _, at, fields in self.statuses if at == path]

    async def ee_ids(self) -> list[str]:
        """The execution environments that there are."""
        return [str(record.ee_id) for record in await self.connector.list_execution_environments()]


@pytest.fixture
def vca_fake_options() -> dict[str, Any]:
    """Options of the fake, to be overridden by a test module: ``{"latency": 0.1}``."""
    return {}


@pytest.fixture
def vca_fake_artifacts(tmp_path: Path) -> Path:
    """The folder of charms, to be overridden by a test module."""
    return tmp_path


@async_fixture
async def vca_fake(
    tmp_path: Path, vca_fake_options: dict[str, Any], vca_fake_artifacts: Path
) -> AsyncIterator[FakeVca]:
    """A `Vca` on a fake of its own; a rule of the script that nothing matched fails the test."""
    from vca_core import Vca  # every run of pytest loads this module
    from vca_fake import Recorder, Script

    script, recorder = Script(), Recorder()
    statuses: list[tuple[str, str, dict[str, Any]]] = []

    def note_status(table: str, _: dict[str, Any], path: str, update: dict[str, Any]) -> None:
        statuses.append((table, path.removesuffix("."), {key.removeprefix(path): update[key] for key in update}))

    config = {
        "artifacts": str(vca_fake_artifacts),
        "ssh_key": str(tmp_path / "id_vca"),
        "timeouts": {"cleanup": 1, "store_grace": 1},
        "connectors": {
            "fake": {"backend": "fake", "options": {**vca_fake_options, "script": script, "recorder": recorder}}
        },
    }
    async with Vca.from_config(config, on_update_db=note_status, environ={}) as vca:
        yield FakeVca(vca, script, recorder, statuses)
    unmatched = script.unmatched_rules()
    if unmatched:
        pytest.fail(f"the script has rules that nothing matched: {', '.join(unmatched)}", pytrace=False)
