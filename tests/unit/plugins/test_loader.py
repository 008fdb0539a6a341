"""Backends by name: found, checked, listed; a broken one hurts nobody else."""

from __future__ import annotations

import importlib.metadata
import sys
import textwrap
import time
from collections.abc import Iterable
from pathlib import Path

import pytest
from support.distributions import BACKEND, Site

from vca_core._entry_points import entry_named
from vca_core._loading.backends import list_backends, load_backend, register
from vca_core.errors import BadArguments, PluginError, VcaError
from vca_core.hookspecs import HOOKS, BackendHooks
from vca_core.vca import Vca


def written(body: str) -> str:
    """A backend's source with another body."""
    head = "from vca_core.backend import *\nfrom vca_core.hookspecs import hookimpl\nclass Mine(Backend):\n"
    return head + textwrap.indent(textwrap.dedent(body), "    ")


def refusal(site: Site, body: str) -> str:
    site.add("mine", written(body), "[vca.backends]", "mine = MODULE:Mine")
    with pytest.raises(PluginError) as caught:
        load_backend("mine")
    assert str(caught.value).startswith("backend 'mine' of mine 1.0")
    assert load_backend("fake").name == "fake"
    return str(caught.value)


async def test_a_third_partys_backend_is_found_by_name(site: Site) -> None:
    site.add("their-backend", BACKEND, "[vca.backends]", "theirs = MODULE:Mine", version="2.3")
    loaded = load_backend("theirs")
    assert (loaded.distribution, loaded.version, loaded.api_version) == ("their-backend", "2.3", 1)
    assert loaded.capabilities == {"health"}
    async with Vca.from_config({"connectors": {"edge": {"backend": "theirs"}}}, environ={}) as vca:
        assert await vca.connector().health() == {"well": True}


def test_an_unknown_name_lists_the_installed_and_a_suggestion(site: Site) -> None:
    with pytest.raises(
        BadArguments,
        match="there is no backend 'fakee': did you mean 'fake'\\? There are: fake, juju-k8s, juju-machine",
    ):
        load_backend("fakee")


def test_a_missing_backend_of_this_project_names_what_brings_it() -> None:
    with pytest.raises(BadArguments, match="none is installed; vca-juju-k8s provides it: install that from your clone"):
        entry_named((), "juju-k8s", "backend", "vca-juju-k8s")


def test_connecting_imports_the_named_backend_only(site: Site) -> None:
    module = site.add("other", BACKEND, "[vca.backends]", "other = MODULE:Mine")
    load_backend("fake")
    assert module not in sys.modules


@pytest.mark.parametrize(
    ("source", "entry", "reason"),
    [
        ("import no_such_module_anywhere", "MODULE:Mine", "ModuleNotFoundError"),
        ("raise SystemExit(3)", "MODULE:Mine", "SystemExit"),
        ("def broken(:", "MODULE:Mine", "SyntaxError"),
        ("", "MODULE:Mine", "AttributeError"),
        ("Mine = 3", "MODULE:Mine", "not a class but of type int"),
        ("", "not a reference", "cannot be loaded"),
    ],
)
def test_a_broken_plugin_is_listed_as_such_and_hurts_no_other(site: Site, source: str, entry: str, reason: str) -> None:
    site.add("broken-dist", source, "[vca.backends]", f"broken = {entry}", version="0.7")
    listed = {info.name: info for info in list_backends()}
    assert listed["fake"].ok
    assert not listed["broken"].ok
    assert (listed["broken"].distribution, listed["broken"].version) == ("broken-dist", "0.7")
    assert reason in listed["broken"].reason
    with pytest.raises(PluginError, match="broken-dist 0.7") as caught:
        load_backend("broken")
    assert reason in str(caught.value)


def test_unreadable_entry_points_are_listed_by_distribution(site: Site) -> None:
    site.add("garbled", "", "[vca.backends]", "this line says nothing")
    listed = list_backends()
    [garbled] = [info for info in listed if info.distribution == "garbled"]
    assert not garbled.ok
    assert "entry_points.txt" in garbled.reason
    assert load_backend("fake").name == "fake"


def test_a_doubled_name_is_an_error_of_that_name_naming_both(site: Site) -> None:
    site.add("first", BACKEND, "[vca.backends]", "twice = MODULE:Mine")
    site.add("second", BACKEND, "[vca.backends]", "twice = MODULE:Mine", "alone = MODULE:Mine")
    with pytest.raises(PluginError, match=r"'twice' is provided by first 1\.0 and second 1\.0"):
        load_backend("twice")
    listed = [(info.name, info.ok) for info in list_backends()]
    assert listed == [
        ("alone", True),
        ("fake", True),
        ("juju-k8s", True),
        ("juju-machine", True),
        ("twice", False),
        ("twice", False),
    ]


@pytest.mark.parametrize(("version", "remedy"), [("2", "upgrade vca-core"), ("0", "upgrade the plugin")])
def test_a_backend_for_another_api_version_gets_a_remedy(site: Site, version: str, remedy: str) -> None:
    message = refusal(site, f"api_version = {version}\n@hookimpl\nasync def health(self): ...")
    assert f"version {version} of the plugin API" in message
    assert remedy in message


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("@hookimpl\nasync def health(self): ...", "declares no api_version"),
        ("api_version = True\n@hookimpl\nasync def health(self): ...", "declares no api_version"),
        ("api_version = 1", "no method is marked with @hookimpl"),
        ("api_version = 1\nasync def health(self): ...", "health is named like a hook but not marked"),
        ("api_version = 1\n@hookimpl\ndef health(self): ...", "write `async def health`"),
        ("api_version = 1\n@hookimpl\nasync def helth(self): ...", "no hook helth: did you mean 'health'"),
        (
            "api_version = 1\n@hookimpl\nasync def get_status(self, namespace=None): ...",
            "get_status has a default for 'namespace'",
        ),
        (
            "api_version = 1\n@hookimpl\nasync def get_status(self, *, namespace): ...",
            "get_status takes 'namespace' by keyword only",
        ),
        ("api_version = 1\n@hookimpl\nasync def get_status(self, **rest): ...", "takes **rest, which is never passed"),
        (
            "api_version = 1\n@hookimpl\nasync def get_status(self, namespce): ...",
            "takes 'namespce', which the hook does not have: did you mean 'namespace'",
        ),
        ("api_version = 1\nOptions = dict\n@hookimpl\nasync def health(self): ...", "Options is not a pydantic model"),
        (
            "from pydantic import BaseModel as Options\napi_version = 1\n@hookimpl\nasync def health(self): ...",
            "Options: model_config needs extra='forbid'",
        ),
        (
            "api_version = 1\noperation_options = {'get_status': Options}\n@hookimpl\nasync def health(self): ...",
            "operation_options has 'get_status', which takes none",
        ),
        ("api_version = 1\nnames = str.lower\n@hookimpl\nasync def health(self): ...", "names is no"),
    ],
)
def test_a_silently_incapable_backend_is_refused_with_the_reason(site: Site, body: str, reason: str) -> None:
    assert reason in refusal(site, body)


def test_a_backend_may_take_fewer_arguments_and_needs_no_base(site: Site) -> None:
    source = """
        from vca_core.hookspecs import hookimpl

        class Mine:
            api_version = 1

            def __init__(self, host):
                self.host = host

            @property
            def fragile(self):
                raise RuntimeError("nobody asked")

            @hookimpl
            async def get_metrics(self):
                return {}
    """
    site.add("mine", source, "[vca.backends]", "mine = MODULE:Mine")
    loaded = load_backend("mine")
    assert loaded.capabilities == {"get_metrics"}
    manager = register(loaded.cls(None), "mine")
    assert len(manager.hook.get_metrics.get_hookimpls()) == 1


def test_specs_have_no_defaults_or_keyword_only_arguments() -> None:
    import inspect

    for name in HOOKS:
        parameters = inspect.signature(getattr(BackendHooks, name)).parameters.values()
        assert all(one.kind is one.POSITIONAL_OR_KEYWORD and one.default is one.empty for one in parameters), name


def test_a_backend_that_cannot_be_constructed_is_a_plugin_error(site: Site) -> None:
    body = "api_version = 1\ndef __init__(self, host):\n    raise KeyError('x')\n@hookimpl\nasync def health(self): ..."
    site.add("mine", written(body), "[vca.backends]", "mine = MODULE:Mine")
    vca = Vca.from_config({"connectors": {"edge": {"backend": "mine"}}}, environ={})
    with pytest.raises(PluginError, match="cannot be constructed") as caught:
        vca.connector()
    assert isinstance(caught.value, VcaError)


def test_a_distribution_hides_the_backends_of_an_older_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    older = Site(tmp_path / "older", monkeypatch)
    newer = Site(tmp_path / "newer", monkeypatch)  # before it on the path
    older.add("their-backend", BACKEND, "[vca.backends]", "gone = MODULE:Mine", version="1.0")
    newer.add("their-backend", BACKEND, "[vca.extensions]", version="2.0")
    assert [info.name for info in list_backends()] == ["fake", "juju-k8s", "juju-machine"]


def test_a_distribution_that_is_there_twice_is_one_however_spelt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("their-backend", "Their__Backend"):
        Site(tmp_path / name, monkeypatch).add(name, BACKEND, "[vca.backends]", "theirs = a_module:Mine")
    assert [info.name for info in list_backends()] == ["fake", "juju-k8s", "juju-machine", "theirs"]


def test_metadata_is_read_again_only_after_an_installation(
    tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[None] = []
    everything = importlib.metadata.distributions

    def distributions() -> Iterable[importlib.metadata.Distribution]:
        read.append(None)
        return everything()

    minute_ago = time.time() - 60  # this clone's own folders may have got folders of bytecode just now
    there = [Path(one) for one in sys.path if Path(one).is_dir()]
    old = [str(one) for one in there if one == tmp_path / "site" or one.stat().st_mtime < minute_ago]
    monkeypatch.setattr(sys, "path", old)
    monkeypatch.setattr(importlib.metadata, "distributions", distributions)
    site.add("mine", BACKEND, "[vca.backends]", "mine = MODULE:Mine")
    site.age()
    assert {load_backend("mine").version for _ in range(3)} == {"1.0"}
    once = len(read)
    assert load_backend("mine").version == "1.0"
    assert len(read) == once
    site.add("theirs", BACKEND, "[vca.backends]", "theirs = MODULE:Mine", version="2.0")
    assert load_backend("theirs").version == "2.0"
    assert len(read) == once + 1


def test_an_installation_under_way_is_seen_when_it_is_done(tmp_path: Path, site: Site) -> None:
    site.add("mine", BACKEND, "[vca.backends]", "mine = MODULE:Mine")
    (entry_points,) = tmp_path.rglob("mine-1.0.dist-info/entry_points.txt")
    written_later = entry_points.read_text()
    entry_points.unlink()
    with pytest.raises(BadArguments, match="there is no backend 'mine'"):
        load_backend("mine")
    entry_points.write_text(written_later)
    assert load_backend("mine").version == "1.0"
