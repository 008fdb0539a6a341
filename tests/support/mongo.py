"""A MongoDB-compatible server for tests: one that is named, else one of our own, which can be killed."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pymongo
import pytest

_SOURCES = Path(__file__).parents[1] / "mongoserver"
_FIRST_GO = (1, 21)
_FERRETDB = "github.com/FerretDB/FerretDB"
_ONLY_KEY, _ANY_KEY = "if params.Filter.Len() == 1 {", "if params.Filter.Len() >= 1 {"
"""When FerretDB uses its index, and when it is to use it."""

_BUILT = Path(__file__).parents[2] / ".mongoserver"
NAMED = os.environ.get("VCA_TEST_MONGODB_URI")
"""A server, or a replica set, that is named: ``mongodb://host1,host2/?replicaSet=rs0``, as programs are given it."""


class MongoServer:
    """A server of our own, as a process.

    Args:
        folder: where it keeps its databases.
        gate: whether it carries out one command at a time.

    Attributes:
        address: ``host:port``; the same after a restart.
    """

    def __init__(self, folder: Path, *, gate: bool = True) -> None:
        self._folder = folder
        self._gate = gate
        self.address = "127.0.0.1:0"
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start it, or start it again on the same port."""
        command = [
            program(),
            "-folder",
            str(self._folder),
            "-address",
            self.address,
            f"-gate={str(self._gate).lower()}",
        ]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline().strip()
        assert line, "the server did not start"
        self.address = line

    def kill(self) -> None:
        """SIGKILL."""
        if self.process is None:
            return
        self.process.kill()
        self.process.communicate()
        self.process = None

    def url(self, database: str | None = None) -> str:
        """The URL of a database; None: of a new one."""
        return f"mongodb://{self.address}/{database or new_name()}"


def database_url(url: str, database: str) -> str:
    """The URL of a database, of one of the server; who logs in is known where the URL said."""
    scheme, _, rest = url.partition("://")
    before, _, settings = rest.partition("?")
    hosts, _, named = before.partition("/")
    made = f"{scheme}://{hosts}/{database}{'?' if settings else ''}{settings}"
    return with_setting(made, f"authSource={named}") if named and "authsource=" not in settings.lower() else made


def with_setting(url: str, *settings: str) -> str:
    """A URL with more settings, in place of those of the same names."""
    before, _, given = url.partition("?")
    names = {setting.partition("=")[0].lower() for setting in settings}
    kept = [one for one in given.split("&") if one and one.partition("=")[0].lower() not in names]
    return f"{before}?{'&'.join([*kept, *settings])}"


def primary_of(url: str) -> str:
    """The address of a server, or of the primary of a replica set."""
    with pymongo.MongoClient[dict[str, object]](url) as client:
        client.admin.command("ping")
        host, port = client.primary or client.address or ("", 0)
    return f"{host}:{port}"


def direct_url(url: str, address: str, *settings: str) -> str:
    """The URL of a database through one address only, which may be a proxy's."""
    _, _, rest = url.partition("://")
    before, _, given = rest.partition("?")
    hosts, _, database = before.partition("/")
    user, at, _ = hosts.rpartition("@")
    sets = {"replicaset", "loadbalanced", "directconnection"}
    kept = [one for one in given.split("&") if one and one.partition("=")[0].lower() not in sets]
    if url.startswith("mongodb+srv:"):
        kept += [] if any(one.lower().startswith(("tls=", "ssl=")) for one in kept) else ["tls=true"]
    if any(one.lower() in ("tls=true", "ssl=true") for one in kept):
        kept.append("tlsAllowInvalidHostnames=true")
    made = f"mongodb://{user}{at}{address}/{database}?{'&'.join(kept)}"
    return with_setting(made, "directConnection=true", *settings)


def new_name() -> str:
    """A name that no other database has."""
    return f"vca_test_{secrets.token_hex(6)}"


def program() -> str:
    """Build the server, once for its sources; the tests are skipped where there is no Go, but not under CI."""
    if (wanting := _what_go_lacks()) is not None:
        reason = f"{wanting} to build the MongoDB-compatible server with, and VCA_TEST_MONGODB_URI names none"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    digest = hashlib.sha256()
    for source in sorted(_SOURCES.iterdir()):
        digest.update(source.read_bytes())
    digest.update(_ANY_KEY.encode())
    folder = _BUILT / digest.hexdigest()[:16]
    made = folder / "mongoserver"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            modules = _modules(folder)
            _go("build", "-tags", "ferretdb_no_postgresql", "-modfile", str(modules), "-o", str(folder / "new"), ".")
            (folder / "new").rename(made)
    return str(made)


def _modules(folder: Path) -> Path:
    """Write a ``go.mod`` with a FerretDB that finds a document by its ``_id`` whatever else a filter says, as MongoDB.

    It uses its index only for filters of nothing else, and reads the whole collection for each guarded write. What it
    finds is compared with the whole filter in either case.
    """
    _go("mod", "download", _FERRETDB)
    changed, source = folder / "ferretdb", Path("internal/backends/sqlite/collection.go")
    shutil.rmtree(changed, ignore_errors=True)
    shutil.copytree(_go("list", "-m", "-f", "{{.Dir}}", _FERRETDB), changed, copy_function=shutil.copyfile)
    for one in (changed, *changed.rglob("*")):
        one.chmod(0o755)  # modules are not to be written to
    text = (changed / source).read_text("utf-8")
    assert _ONLY_KEY in text, f"{_FERRETDB} does not have {_ONLY_KEY!r} in {source} any more"
    (changed / source).write_text(text.replace(_ONLY_KEY, _ANY_KEY), "utf-8")
    for name in ("go.mod", "go.sum"):
        shutil.copyfile(_SOURCES / name, folder / name)
    with (folder / "go.mod").open("a", encoding="utf-8") as file:
        file.write(f"\nreplace {_FERRETDB} => {json.dumps(str(changed))}\n")  # it may have spaces
    return folder / "go.mod"


def _go(*arguments: str) -> str:
    """What Go says."""
    command = ["go", *arguments]
    ended = subprocess.run(command, cwd=_SOURCES, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip()


def _what_go_lacks() -> str | None:
    """Why Go cannot build the server; from 1.21 on, it fetches the version that is needed by itself."""
    if shutil.which("go") is None:
        return "no Go"
    command = ["go", "env", "GOVERSION"]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    found = re.match(r"go(\d+)\.(\d+)", said)
    is_new = found is not None and (int(found[1]), int(found[2])) >= _FIRST_GO
    return None if is_new else f"no Go of 1.21 or later (it is {said.strip() or 'of no known version'})"


@pytest.fixture(scope="session")
def mongo_server() -> Iterator[MongoServer]:
    """One server for all tests of a process that do it no harm; started with the first."""
    with tempfile.TemporaryDirectory() as folder:
        server = MongoServer(Path(folder))
        server.start()
        yield server
        server.kill()


@pytest.fixture
def own_mongo_server(tmp_path: Path) -> Iterator[MongoServer]:
    """A server to be killed, started again, and cut off; never the one that is named."""
    server = MongoServer(tmp_path)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def mongo_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a new database, on the server that is named or on one of our own; dropped at the end."""
    if NAMED is None:
        yield request.getfixturevalue("mongo_server").url()
        return
    name = new_name()
    yield database_url(NAMED, name)
    with pymongo.MongoClient[dict[str, object]](NAMED) as client:
        client.drop_database(name)
