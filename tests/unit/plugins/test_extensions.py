"""Extensions surround operations and learn of statuses; they cannot swallow an error."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import pytest
from support.distributions import Site

from vca_core.errors import BadArguments, ConflictError, PluginError
from vca_core.vca import Vca

AUDIT = """
    from contextlib import asynccontextmanager
    from vca_core.backend import Options
    from vca_core.hookspecs import hookimpl

    seen = []

    class AuditOptions(Options):
        label: str = "audit"

    class Audit:
        Options = AuditOptions

        def __init__(self, options):
            self.label = options.label

        @hookimpl
        @asynccontextmanager
        async def around(self, operation):
            seen.append((self.label, "begin", operation.operation, operation.namespace, operation.ee_id))
            try:
                yield
            except BaseException as error:
                seen.append((self.label, "failed", type(error).__name__))
                raise
            seen.append((self.label, "end", operation.operation))

        @hookimpl
        def status_changed(self, change):
            seen.append((self.label, change.table, change.path, change.fields["status"]))
"""


def config(*extensions: Any) -> dict[str, Any]:
    return {"connectors": {"edge": {"backend": "fake"}}, "extensions": list(extensions)}


async def test_an_extension_surrounds_operations_and_sees_statuses(site: Site) -> None:
    module = site.add("audit", AUDIT, "[vca.extensions]", "audit = MODULE:Audit")
    async with Vca.from_config(config({"name": "audit", "options": {"label": "A"}}), environ={}) as vca:
        ee_id, _ = await vca.connector().create_execution_environment(".ns.vnf")
    seen = sys.modules[module].seen
    assert ("A", "begin", "create_execution_environment", ".ns.vnf", None) in seen
    assert ("A", "end", "create_execution_environment") in seen
    assert [entry[3] for entry in seen if entry[1] == "vca_execution_environments"][-1] == "completed"
    assert ee_id


async def test_an_extension_not_named_in_the_config_is_not_imported(site: Site) -> None:
    module = site.add("audit", AUDIT, "[vca.extensions]", "audit = MODULE:Audit")
    async with Vca.from_config(config(), environ={}) as vca:
        await vca.connector().create_execution_environment(".ns.vnf")
    assert module not in sys.modules


async def test_the_first_extension_named_is_the_outermost(site: Site) -> None:
    module = site.add("audit", AUDIT, "[vca.extensions]", "one = MODULE:Audit", "two = MODULE:Audit")
    wanted = [{"name": name, "options": {"label": name}} for name in ("one", "two")]
    async with Vca.from_config(config(*wanted), environ={}) as vca:
        await vca.connector().health()
    order = [entry[:2] for entry in sys.modules[module].seen]
    assert order == [("one", "begin"), ("two", "begin"), ("two", "end"), ("one", "end")]


async def test_an_extension_sees_a_failure_of_the_operation(site: Site) -> None:
    module = site.add("audit", AUDIT, "[vca.extensions]", "audit = MODULE:Audit")
    async with Vca.from_config(config("audit"), environ={}) as vca:
        with pytest.raises(Exception, match="nothing of namespace"):
            await vca.connector().get_status(".ns")
    assert ("audit", "failed", "NotFound") in sys.modules[module].seen


POLICY = """
    from contextlib import asynccontextmanager
    from vca_core.errors import ConflictError
    from vca_core.hookspecs import hookimpl

    class Before:
        def __init__(self, options): ...

        @hookimpl
        @asynccontextmanager
        async def around(self, operation):
            raise ConflictError("not on a Friday")
            yield

    class BeforeBroken:
        def __init__(self, options): ...

        @hookimpl
        def around(self, operation):
            raise KeyError("x")

    class Behind:
        def __init__(self, options): ...

        @hookimpl
        @asynccontextmanager
        async def around(self, operation):
            try:
                yield
            finally:
                raise RuntimeError("too late")

    class Swallowing:
        def __init__(self, options): ...

        @hookimpl
        @asynccontextmanager
        async def around(self, operation):
            try:
                yield
            except BaseException:
                pass

    class Loud:
        def __init__(self, options): ...

        @hookimpl
        def status_changed(self, change):
            raise RuntimeError("no")

    class Wrong:
        @hookimpl
        async def status_changed(self, change): ...
"""


def entries(*names: str) -> list[str]:
    return ["[vca.extensions]", *(f"{name.lower()} = MODULE:{name}" for name in names)]


async def test_an_extension_can_refuse_an_operation(site: Site) -> None:
    site.add("policy", POLICY, *entries("Before", "BeforeBroken"))
    async with Vca.from_config(config("before"), environ={}) as vca:
        with pytest.raises(ConflictError, match="Friday"):
            await vca.connector().create_execution_environment(".ns.vnf")
        assert await vca.store.find("nothing") == []
    async with Vca.from_config(config("beforebroken"), environ={}) as vca:
        with pytest.raises(PluginError, match="extension 'beforebroken' failed: KeyError"):
            await vca.connector().create_execution_environment(".ns.vnf")


async def test_an_extension_that_fails_behind_an_operation_fails_it(site: Site) -> None:
    site.add("policy", POLICY, *entries("Behind"))
    async with Vca.from_config(config("behind"), environ={}) as vca:
        with pytest.raises(PluginError, match="extension 'behind' failed: RuntimeError: too late"):
            await vca.connector().health()


@pytest.mark.parametrize("name", ["Swallowing", "Behind"])
async def test_an_extension_cannot_swallow_or_replace_an_error(site: Site, name: str) -> None:
    site.add("policy", POLICY, *entries(name))
    async with Vca.from_config(config(name.lower()), environ={}) as vca:
        with pytest.raises(Exception, match="nothing of namespace"):
            await vca.connector().get_status(".ns")


async def test_an_extension_cannot_swallow_a_cancellation(site: Site) -> None:
    site.add("policy", POLICY, *entries("Swallowing"))
    slow = {"connectors": {"edge": {"backend": "fake", "options": {"latency": 30}}}, "extensions": ["swallowing"]}
    async with Vca.from_config(slow, environ={}) as vca:
        creating = asyncio.create_task(vca.connector().create_execution_environment(".ns.vnf"))
        created = asyncio.Event()
        vca._shared.extensions.report_status = lambda change: created.set()  # type: ignore[method-assign]
        await created.wait()
        creating.cancel()
        with pytest.raises(asyncio.CancelledError):
            await creating


async def test_an_extension_that_fails_at_a_status_is_only_logged(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    site.add("policy", POLICY, *entries("Loud"))
    async with Vca.from_config(config("loud"), environ={}) as vca:
        await vca.connector().create_execution_environment(".ns.vnf")
    assert "the extension 'loud' failed" in caplog.text


def test_wrong_extensions_are_refused_when_the_vca_is_made(site: Site) -> None:
    site.add("policy", POLICY, *entries("Wrong", "Before"))
    with pytest.raises(PluginError, match="write `def status_changed`"):
        Vca.from_config(config("wrong"), environ={})
    with pytest.raises(BadArguments, match=r"did you mean 'before'\?"):
        Vca.from_config(config("befor"), environ={})
    with pytest.raises(BadArguments, match=r"extensions\.before\.options"):
        Vca.from_config(config({"name": "before", "options": {"x": 1}}), environ={})
