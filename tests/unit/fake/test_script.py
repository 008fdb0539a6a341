"""A script says what is to happen instead of what would."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from unit.fake.conftest import EXAMPLES

from vca_core import (
    BadArguments,
    ConflictError,
    Connector,
    ExecutionError,
    NotFound,
    Vca,
    VcaConnectionError,
    VcaTimeoutError,
)
from vca_fake import Recorder, Script


def config(script: Any, **options: Any) -> dict[str, Any]:
    return {
        "artifacts": str(EXAMPLES / "charms"),
        "timeouts": {"cleanup": 0.5},
        "connectors": {"edge": {"backend": "fake", "options": {"script": script, **options}}},
    }


async def router(connector: Connector, namespace: str = ".ns.router") -> str:
    ee_id, _ = await connector.create_execution_environment(namespace)
    await connector.install_configuration_sw(ee_id, "simple-router")
    return ee_id


async def test_a_primitive_fails_twice_and_then_succeeds() -> None:
    rule = {
        "operation": "exec_primitive",
        "primitive": "show-*",
        "times": 2,
        "fail": {"message": "busy", "output": {"stderr": "try again"}},
    }
    async with Vca.from_config(config([rule]), environ={}) as vca:
        connector = vca.connector()
        ee_id = await router(connector)
        for _ in range(2):
            with pytest.raises(ExecutionError, match="busy") as caught:
                await connector.exec_primitive(ee_id, "show-routes")
            assert caught.value.output == {"stderr": "try again"}
        assert await connector.exec_primitive(ee_id, "touch", {"filename": "x"})
        assert await connector.exec_primitive(ee_id, "show-routes") == {"unit": "app-vnf-router/0", "table": "main"}


async def test_rules_match_by_namespace_and_the_first_applies() -> None:
    script = Script()
    script.add("exec_primitive", namespace=".ns.a*", result={"routes": "of a"})
    script.add("exec_primitive", fail={"error": "NotFound", "message": "gone"})
    async with Vca.from_config(config(script), environ={}) as vca:
        connector = vca.connector()
        a, b = [await router(connector, f".ns.{name}") for name in ("a1", "b1")]
        assert await connector.exec_primitive(a, "show-routes") == {"routes": "of a"}
        with pytest.raises(NotFound, match="gone"):
            await connector.exec_primitive(b, "show-routes")
    assert script.unmatched_rules() == []


async def test_statuses_are_passed_through_before_the_end() -> None:
    script = Script()
    script.add(
        "install_configuration_sw",
        statuses=[{"status": "maintenance", "detail": "downloading", "id": "app-vnf-router/0"}],
        fail={"error": "BackendError", "message": "no space"},
    )
    seen: list[str] = []
    async with Vca.from_config(
        config(script),
        on_update_db=lambda table, filter, path, update: seen.append(update[f"{path}detailed-status"]),
        environ={},
    ) as vca:
        with pytest.raises(Exception, match="no space"):
            await router(vca.connector())
    assert seen[-2:] == ["downloading", "no space"]


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_connection_is_lost_before_or_after_the_effect(when: str) -> None:
    script = Script()
    script.add("create_execution_environment", disconnect=True, when=when, times=1)
    async with Vca.from_config(config(script), environ={}) as vca:
        connector = vca.connector()
        with pytest.raises(VcaConnectionError) as caught:
            await connector.create_execution_environment(".ns.vnf")
        assert caught.value.retryable
        assert len(await connector.list_execution_environments()) == (0 if when == "before" else 1)


async def test_a_cut_ends_what_is_under_way_and_nothing_later() -> None:
    script = Script()
    script.add("exec_primitive", hang=True, times=1)
    async with Vca.from_config(config(script), environ={}) as vca:
        connector = vca.connector()
        ee_id = await router(connector)
        running = asyncio.create_task(connector.exec_primitive(ee_id, "show-routes"))
        while not running.done():
            script.cut()
            await asyncio.sleep(0)
        with pytest.raises(VcaConnectionError, match="cut") as caught:
            await running
        assert caught.value.retryable
        assert await connector.exec_primitive(ee_id, "show-routes")


async def test_what_hangs_is_ended_by_its_deadline() -> None:
    script = Script()
    script.add("exec_primitive", hang=True)
    async with Vca.from_config(config(script), environ={}) as vca:
        ee_id = await router(vca.connector())
        with pytest.raises(VcaTimeoutError):
            await vca.connector().exec_primitive(ee_id, "show-routes", total_timeout=0.05)


async def test_what_is_slow_is_slow() -> None:
    script = Script()
    script.add("health", slow=30, result={"x": 1})
    async with Vca.from_config(config(script), environ={}) as vca:
        with pytest.raises(VcaTimeoutError):
            await vca.connector().health(total_timeout=0.05)


async def test_rules_that_nothing_matched_are_reported(caplog: pytest.LogCaptureFixture) -> None:
    rules = [{"operation": "exec_primitive", "primitive": "tuch", "namespace": ".ns.*", "hang": True}]
    async with Vca.from_config(config(rules), environ={}) as vca:
        ee_id = await router(vca.connector())
        with caplog.at_level(logging.WARNING):
            await vca.connector().exec_primitive(ee_id, "show-routes")
    assert "nothing matched the script's rule for exec_primitive tuch of .ns.*" in caplog.text


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"operation": "exec_primitve"}, "did you mean 'exec_primitive'"),
        ({"operation": "health", "fail": {"error": "NotFoud"}}, "did you mean 'NotFound'"),
        ({"operation": "health", "fail": "x", "hang": True}, "exclude each other"),
        ({"operation": "scale", "result": {}}, "result: expected one only for exec_primitive"),
        ({"operation": "health", "times": 0}, "expected a number of at least 1"),
        ({"operation": "health", "tims": 1}, "did you mean 'times'"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(rule: dict[str, Any], said: str) -> None:
    with pytest.raises(BadArguments, match=r"connectors\.edge\.options\.script\.0") as caught:
        Vca.from_config(config([rule]), environ={}).connector()
    assert said in str(caught.value)


async def test_a_recorder_keeps_what_was_asked_without_any_value() -> None:
    recorder = Recorder()
    async with Vca.from_config(config([], recorder=recorder), environ={}) as vca:
        connector = vca.connector()
        ee_id = await router(connector)
        await connector.exec_primitive(ee_id, "config", {"admin-password": "canary"})
        await connector.exec_primitive(ee_id, "touch", {"filename": "canary"})
        await connector.delete_namespace(".ns")
    assert recorder.operations(".ns.router") == [
        "create_execution_environment",
        "install_configuration_sw",
        "configure",
        "exec_primitive:touch",
    ]
    assert recorder.operations()[0] == "open"
    assert [call.params for call in recorder if call.operation == "configure"] == [("admin-password",)]
    assert "canary" not in repr(list(recorder))
    recorder.clear()
    assert len(recorder) == 0


async def test_a_scripted_operation_can_be_stopped_by_a_delete() -> None:
    script = Script()
    script.add("exec_primitive", hang=True)
    recorder = Recorder()
    async with Vca.from_config(config(script, recorder=recorder), environ={}) as vca:
        connector = vca.connector()
        ee_id = await router(connector)
        running = asyncio.create_task(connector.exec_primitive(ee_id, "show-routes"))
        while "exec_primitive:show-routes" not in recorder.operations():
            await asyncio.sleep(0)
        await connector.delete_namespace(".ns")
        with pytest.raises(ConflictError):
            await running
