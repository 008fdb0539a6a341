"""A `Vca` over backends that a test defines itself."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from support import current
from support.distributions import let_look_old
from support.making import MakeVca
from support.mongo import mongo_server, mongo_url
from support.stores import make_process, make_store, shared_store

from vca_core.stores import StatusStore
from vca_core.vca import Vca

__all__ = ["make_process", "make_store", "mongo_server", "mongo_url", "shared_store"]

QUICK = {"cleanup": 0.2, "store_grace": 30.0, "progress": 60.0, "total": 120.0, "read": 60.0, "callback": 60.0}


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the backends that a test defines itself are installed."""
    folder = tmp_path_factory.mktemp("site")
    current.write_distribution(folder)
    let_look_old(folder)
    return folder


@pytest.fixture
async def make_vca(site: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[MakeVca]:
    monkeypatch.syspath_prepend(site)
    made: list[Vca] = []

    def make(
        *backends: type,
        store: StatusStore | None = None,
        timeouts: dict[str, float] | None = None,
        on_update_db: Callable[..., Any] | None = None,
        options: dict[str, Any] | None = None,
        secrets: Iterable[str] = (),
        **config: Any,
    ) -> Vca:
        names = current.put(list(backends))
        connectors = {f"c{i}": {"backend": name, "options": options or {}} for i, name in enumerate(names)}
        settings = {"default": "c0", "timeouts": {**QUICK, **(timeouts or {})}, "connectors": connectors, **config}
        vca = Vca.from_config(settings, store=store, on_update_db=on_update_db, environ={}, secrets=secrets)
        made.append(vca)
        return vca

    yield make
    for vca in made:
        await vca.disconnect()
