"""A plugin written for version 1 of the API keeps working: with this core, and with one whose hooks have grown."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.distributions import let_look_old
from support.growing import NEW, grow

from vca_core import Vca
from vca_core.testing import BackendConformance, Subject

FROZEN = Path(__file__).parents[1] / "third_party" / "vca-frozen-v1"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What an installation of the plugin leaves behind."""
    site = tmp_path_factory.mktemp("site")
    info = site / "vca_frozen_v1-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: vca-frozen-v1\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[vca.backends]\nfrozen-v1 = vca_frozen_v1:FrozenBackend\n")
    let_look_old(site)
    return site


@pytest.fixture(autouse=True)
def install(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(site)
    monkeypatch.syspath_prepend(FROZEN)


class _FrozenV1(BackendConformance):
    @pytest.fixture
    def subject(self) -> Subject:
        return Subject("frozen-v1", credentials={"hostname": "10.0.0.9", "username": "ubuntu"}, look=False)


class TestFrozenV1(_FrozenV1):
    """Under the kit, as it is."""


class TestFrozenV1OnALaterCore(_FrozenV1):
    """Under the kit, on a core whose hooks all have an argument more."""

    @pytest.fixture(autouse=True)
    def later(self, monkeypatch: pytest.MonkeyPatch) -> None:
        grow(monkeypatch)


@pytest.mark.parametrize("backend", ["frozen-v1", "fake"])
async def test_every_hook_is_called_with_the_argument_that_was_added(
    monkeypatch: pytest.MonkeyPatch, backend: str, tmp_path: Path
) -> None:
    called = grow(monkeypatch)
    config = {"artifacts": str(tmp_path), "connectors": {"a": {"backend": backend}}}
    async with Vca.from_config(config, environ={}) as vca:
        ee_id, _ = await vca.connector().create_execution_environment(".ns1.vnf1")
        assert await vca.connector().health()
        await vca.connector().delete_execution_environment(ee_id)
        spec = vca.connector()._engine.session.hooks._hooks.create_execution_environment.spec
        assert spec is not None
        assert NEW in spec.argnames
    assert called == ["open", "create_execution_environment", "health", "delete_execution_environment", "close"]
