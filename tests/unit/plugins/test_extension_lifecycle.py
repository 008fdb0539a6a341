"""Extensions are opened and closed; they learn of what was made, and of calls that never began."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest
from support.distributions import Site

from vca_core import (
    BadArguments,
    ConflictError,
    NotSupported,
    PluginError,
    StoreError,
    Vca,
    VcaError,
    VcaTimeoutError,
)

LEDGER = """
    import asyncio
    from contextlib import asynccontextmanager
    from vca_core.errors import VcaConnectionError
    from vca_core.hookspecs import hookimpl

    seen = []
    failures = []
    gate = asyncio.Event()

    class Ledger:
        def __init__(self, options): ...

        @hookimpl
        async def open(self):
            seen.append(("open",))
            if failures:
                raise failures.pop()

        @hookimpl
        async def close(self):
            seen.append(("close",))

        @hookimpl
        @asynccontextmanager
        async def around(self, operation):
            seen.append(("begin", operation))
            yield

        @hookimpl
        def created(self, operation, ee_id):
            seen.append(("created", operation, ee_id))

        @hookimpl
        def refused(self, operation, error):
            seen.append(("refused", operation, error))

    class Second:
        def __init__(self, options): ...

        @hookimpl
        async def open(self):
            seen.append(("open second",))

        @hookimpl
        async def close(self):
            seen.append(("close second",))
            raise RuntimeError("no")

    class Broken:
        def __init__(self, options): ...

        @hookimpl
        async def open(self):
            raise OSError("no disk")

    class Slow:
        def __init__(self, options): ...

        @hookimpl
        async def open(self):
            await gate.wait()

    class Loud:
        def __init__(self, options): ...

        @hookimpl
        def created(self, operation, ee_id):
            raise RuntimeError("no")

        @hookimpl
        def refused(self, operation, error):
            raise RuntimeError("no")
"""


def make(site: Site, *extensions: str, **config: Any) -> tuple[Vca, Any]:
    """Make a `Vca` on a fake with extensions, and the module of these."""
    names = ("Ledger", "Second", "Broken", "Slow", "Loud")
    module = site.add("ledger", LEDGER, "[vca.extensions]", *(f"{name.lower()} = MODULE:{name}" for name in names))
    whole = {"connectors": {"edge": {"backend": "fake"}}, "extensions": list(extensions), **config}
    return Vca.from_config(whole, environ={}, actor="me"), sys.modules[module]


def words(module: Any) -> list[str]:
    return [entry[0] for entry in module.seen]


def refusals(module: Any) -> list[tuple[Any, VcaError]]:
    return [entry[1:] for entry in module.seen if entry[0] == "refused"]


async def test_extensions_are_open_from_the_first_operation_to_the_end(site: Site) -> None:
    vca, module = make(site, "ledger", "second")
    assert module.seen == []
    async with vca:
        await asyncio.gather(*(vca.connector().health() for _ in range(3)))
    assert words(module) == ["open", "open second", *["begin"] * 3, "close second", "close"]
    await vca.connector().health()
    await vca.disconnect()
    assert words(module)[7:] == ["open", "open second", "begin", "close second", "close"]


async def test_a_failed_open_fails_the_operation_and_is_tried_again(site: Site) -> None:
    vca, module = make(site, "second", "ledger")
    module.failures.append(OSError("no disk"))
    async with vca:
        with pytest.raises(PluginError, match="extension 'ledger' failed: OSError: no disk") as caught:
            await vca.connector().create_execution_environment(".ns.vnf")
        assert caught.value.operation == "create_execution_environment"
        assert await vca.store.find("vca_execution_environments") == []
        await vca.connector().create_execution_environment(".ns.vnf")
    assert words(module) == ["open second", "open", "open", "begin", "created", "close", "close second"]


async def test_an_open_extension_learns_what_another_one_prevents(site: Site) -> None:
    vca, module = make(site, "ledger", "broken")
    async with vca:
        with pytest.raises(PluginError) as failed:
            await vca.connector().create_execution_environment(".ns.vnf")
        with pytest.raises(BadArguments) as refused:
            await vca.connector().scale("a.b.0", -1)
    assert failed.value.__cause__ is not None
    noted = [(facts.operation, error, facts.id) for facts, error in refusals(module)]
    assert noted == [
        ("create_execution_environment", failed.value, failed.value.operation_id),
        ("scale", refused.value, refused.value.operation_id),
    ]


async def test_opening_extensions_counts_against_the_total(site: Site) -> None:
    vca, _ = make(site, "slow")
    with pytest.raises(VcaTimeoutError, match="while the extensions are opened"):
        await vca.connector().create_execution_environment(".ns.vnf", total_timeout=0.01)
    assert (await vca.disconnect()).is_clean


async def test_a_disconnect_ends_the_opening_of_extensions(site: Site) -> None:
    vca, _ = make(site, "slow")
    creating = asyncio.create_task(vca.connector().create_execution_environment(".ns.vnf"))
    while not any("extensions: open" in task.get_name() for task in asyncio.all_tasks()):
        await asyncio.sleep(0)
    assert (await vca.disconnect()).is_clean
    with pytest.raises(VcaError):
        await creating


async def test_an_extension_learns_of_an_ee_when_its_id_is_stored(site: Site) -> None:
    vca, module = make(site, "loud", "ledger")
    async with vca:
        ee_id, _ = await vca.connector().create_execution_environment(".ns.vnf")
        await vca.connector().create_execution_environment(".ns.vnf", reuse_ee_id=ee_id)
    begun = [entry[1] for entry in module.seen if entry[0] == "begin"]
    assert [entry for entry in module.seen if entry[0] == "created"] == [("created", begun[0], ee_id)]


async def test_a_call_with_wrong_arguments_is_seen_with_what_is_known(site: Site) -> None:
    vca, module = make(site, "ledger")
    async with vca:
        edge = vca.connector()
        with vca.request("r1"), pytest.raises(BadArguments) as caught:
            await edge.install_configuration_sw("a.b.0", "absent", config={"hostname": "secret"}, num_units=2)
    [(facts, error)] = refusals(module)
    assert error is caught.value
    assert error.operation_id == facts.id
    assert (facts.operation, facts.ee_id, facts.charm, facts.num_units) == (
        "install_configuration_sw",
        "a.b.0",
        "absent",
        2,
    )
    assert (facts.parameters, facts.request_id, facts.actor) == (("hostname",), "r1", "me")
    assert words(module) == ["open", "refused", "close"]


@pytest.mark.parametrize("units", [True, "2", 2.0])
async def test_what_is_no_number_of_units_is_not_told_as_one(site: Site, units: Any) -> None:
    vca, module = make(site, "ledger")
    async with vca:
        with pytest.raises(BadArguments):
            await vca.connector().scale("a.b.0", units)
    [(facts, _)] = refusals(module)
    assert facts.num_units is None


OTHER_HOOKS = {
    "get_ee_ssh_public_key": "exec_primitive",
    "refresh_status": "list_execution_environments",
    "describe": "describe_execution_environment",
}
"""The hooks of methods that have another name."""


@pytest.mark.parametrize(
    ("operation", "given"),
    [
        ("create_execution_environment", {"namespace": "no namespace"}),
        ("create_execution_environment", {"namespace": ".ns.vnf", "db_dict": {}}),
        ("create_execution_environment", {"namespace": ".ns.vnf", "options": {"x": 1}}),
        ("register_execution_environment", {"namespace": ".ns.vnf", "credentials": None}),
        ("deregister_execution_environment", {"ee_id": 7}),
        ("delete_execution_environment", {"ee_id": "x"}),
        ("delete_namespace", {"namespace": ".ns.vnf"}),
        ("upgrade", {"ee_id": "a.b.0", "artifact_path": "../x"}),
        ("scale", {"ee_id": "a.b.0", "num_units": "many"}),
        ("exec_primitive", {"ee_id": "a.b.0", "primitive_name": "", "params_dict": {"x": 1}}),
        ("exec_primitive", {"ee_id": "a.b.0", "primitive_name": "x", "total_timeout": "long"}),
        ("get_ee_ssh_public_key", {"ee_id": ""}),
        ("add_relation", {"ee_id_1": "a.b.0", "ee_id_2": "a.b.0", "endpoint_1": "x", "endpoint_2": "x"}),
        ("remove_relation", {"ee_id_1": "a.b.0", "ee_id_2": "no", "endpoint_1": "x", "endpoint_2": "x"}),
        ("list_execution_environments", {"namespace": "."}),
        ("refresh_status", {"ee_id": "x"}),
        ("describe", {"ee_id": "x"}),
        ("get_status", {"namespace": 1}),
        ("get_metrics", {"namespace": "x"}),
        ("health", {"total_timeout": "long"}),
    ],
)
async def test_each_operation_reports_a_refusal_once(site: Site, operation: str, given: dict[str, Any]) -> None:
    vca, module = make(site, "ledger")
    async with vca:
        with pytest.raises(BadArguments) as caught:
            await getattr(vca.connector(), operation)(**given)
    [(facts, error)] = refusals(module)
    assert (facts.operation, error) == (OTHER_HOOKS.get(operation, operation), caught.value)
    assert "begin" not in words(module)


async def test_a_refused_relation_of_two_connectors_is_reported(site: Site) -> None:
    vca, module = make(site, "ledger")
    async with vca:
        end = (vca.connector(), "a.b.0", "x")
        with pytest.raises(BadArguments):
            await vca.add_relation(end, end)
    assert [(facts.operation, facts.ee_id) for facts, _ in refusals(module)] == [("add_relation", "a.b.0")]


BARE = """
    from vca_core.backend import Backend
    from vca_core.hookspecs import hookimpl

    class Bare(Backend):
        api_version = 1

        @hookimpl
        async def health(self):
            return {}
"""


async def test_what_a_backend_cannot_do_is_reported_as_refused(site: Site) -> None:
    site.add("bare", BARE, "[vca.backends]", "bare = MODULE:Bare")
    vca, module = make(site, "loud", "ledger", connectors={"edge": {"backend": "bare"}})
    async with vca:
        with pytest.raises(NotSupported):
            await vca.connector().get_status(".ns")
        with pytest.raises(NotSupported):
            await vca.connector().scale("a.b.0", 2)
    refused = [(facts.operation, facts.namespace or facts.ee_id, type(error)) for facts, error in refusals(module)]
    assert refused == [("get_status", ".ns", NotSupported), ("scale", "a.b.0", NotSupported)]


async def test_a_conflict_and_a_time_out_before_the_lock_are_reported(site: Site) -> None:
    vca, module = make(site, "ledger")
    connector = vca.connector()
    await connector.health()
    engine = connector._engine
    disconnecting = asyncio.create_task(connector.disconnect())
    while engine._disconnecting is None:
        await asyncio.sleep(0)
    with pytest.raises(ConflictError):
        await connector.create_execution_environment(".ns.vnf")
    await disconnecting
    with pytest.raises(VcaTimeoutError):
        await connector.scale("a.b.0", 2, total_timeout=0)
    await vca.disconnect()
    refused = [(facts.operation, facts.namespace, type(error)) for facts, error in refusals(module)]
    assert refused == [
        ("create_execution_environment", ".ns.vnf", ConflictError),
        ("scale", None, VcaTimeoutError),
    ]
    assert words(module).count("begin") == 1


async def test_a_key_that_cannot_be_had_is_reported_as_refused(site: Site, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    vca, module = make(site, "ledger", ssh_key=str(tmp_path / "file" / "id_rsa"))
    async with vca:
        with pytest.raises(VcaError) as caught:
            await vca.connector().get_public_key()
    [(facts, error)] = refusals(module)
    assert (facts.operation, error, facts.id) == ("get_public_key", caught.value, caught.value.operation_id)


async def test_a_refusal_in_another_loop_is_logged(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    vca, module = make(site, "ledger")
    async with vca:
        await vca.connector().health()
        with pytest.raises(VcaError, match="another event loop") as caught:
            await asyncio.to_thread(asyncio.run, vca.connector().get_public_key())
    assert refusals(module) == []  # whose tasks belong to this loop
    assert f"{caught.value.operation_id} was refused, and no extension learns of it" in caplog.text


async def test_a_read_that_ends_badly_is_not_reported_as_refused(site: Site, tmp_path: Path) -> None:
    store, edge = tmp_path / "status.db", {"backend": "fake", "options": {"state": str(tmp_path / "world.db")}}
    vca, module = make(site, "ledger", connectors={"edge": edge}, store=f"sqlite:///{store}")
    async with vca:
        ee_id, _ = await vca.connector().create_execution_environment(".ns.vnf")
    store.write_bytes(b"not a database" * 100)
    vca = Vca.from_config(vca.config)
    with pytest.raises(StoreError) as unread:
        await vca.connector().refresh_status("absent.b.0")
    with pytest.raises(StoreError) as unmasked:
        await vca.connector().describe(ee_id)
    await vca.disconnect()
    assert refusals(module) == []
    assert {unread.value.operation_id, unmasked.value.operation_id} == {entry[1].id for entry in module.seen[-3:-1]}


async def test_another_namespaces_claim_is_reported_as_refused(site: Site) -> None:
    vca, module = make(site, "ledger")
    async with vca:
        await vca.connector().create_execution_environment(".ns.a_b")
        with pytest.raises(BadArguments):
            await vca.connector().create_execution_environment(".ns.a-b")
    assert [facts.namespace for facts, _ in refusals(module)] == [".ns.a-b"]
    assert words(module).count("begin") == 1


async def test_an_operation_that_began_is_not_reported_as_refused(site: Site) -> None:
    vca, module = make(site, "ledger")
    async with vca:
        ee_id, _ = await vca.connector().create_execution_environment(".ns.vnf")
        with pytest.raises(VcaError) as caught:
            await vca.connector().exec_primitive(ee_id, "touch")
    assert refusals(module) == []
    assert caught.value.operation_id == module.seen[-2][1].id
