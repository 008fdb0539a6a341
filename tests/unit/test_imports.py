"""What an import brings along: an orchestrator pays for what it uses."""

from __future__ import annotations

import subprocess
import sys

import pytest

CLIENTS = {"pymongo", "typer", "rich", "aiosqlite", "cryptography", "juju", "kubernetes", "websockets", "asyncssh"}


def imported_by(statement: str) -> set[str]:
    """The top-level packages that a statement imports in a new interpreter."""
    code = f"import sys; before = set(sys.modules); {statement}; print(*(set(sys.modules) - before))"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=500)
    return {name.partition(".")[0] for name in ended.stdout.split()}


@pytest.mark.parametrize(
    "statement",
    [
        "import vca_core",
        "from vca_core import Vca",
        "import vca_fake.backend",
        "import vca_juju_machine.backend",
        "import vca_juju_k8s.backend",
    ],
)
def test_no_client_of_a_foreign_system_is_imported(statement: str) -> None:
    assert imported_by(statement) & CLIENTS == set()


def test_the_package_itself_loads_what_is_used_when_it_is_used() -> None:
    assert imported_by("import vca_core") & {"pydantic", "pluggy", "yaml", "jsonschema"} == set()


def test_what_the_package_offers_is_there() -> None:
    import vca_core

    for name in vca_core.__all__:
        assert getattr(vca_core, name).__name__ == name if name != "CHARM_NAMES" else vca_core.CHARM_NAMES
    assert set(vca_core.__all__) <= set(dir(vca_core))
    with pytest.raises(AttributeError, match="no attribute 'Vcaa'"):
        vca_core.Vcaa  # noqa: B018 - looking it up is what is tried


def test_configs_in_python_need_neither_yaml_nor_json_schema() -> None:
    code = "from vca_core import Vca; Vca.from_config({'connectors': {'a': {'backend': 'fake'}}}, environ={})"
    assert imported_by(code) & {"yaml", "jsonschema", "aiosqlite"} == set()


IN_A_THREAD = """
import asyncio, sys, threading

class Finder:
    def find_spec(self, name, path=None, target=None):
        is_driver = name.partition(".")[0] in ("pymongo", "bson", "dns")
        if is_driver and threading.current_thread() is threading.main_thread():
            print(name)

sys.meta_path.insert(0, Finder())
from vca_core.errors import VcaError

async def main():
    from vca_core.providers.mongo import MongoConnectors
    from vca_core.stores.mongo import MongoStatusStore

    url = "mongodb://127.0.0.1:1/osm?serverSelectionTimeoutMS=1"
    for call in (MongoStatusStore(url).open, lambda: MongoConnectors({"url": url}).definition("a")):
        try:
            await call()
        except VcaError:
            pass

asyncio.run(main())
"""


def test_the_driver_of_mongodb_is_imported_beside_the_event_loop() -> None:
    code = [sys.executable, "-c", IN_A_THREAD]
    ended = subprocess.run(code, capture_output=True, text=True, check=True, timeout=500)
    assert ended.stdout.split() == []
