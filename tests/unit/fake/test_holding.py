"""An operation that loses its execution environment while its hook runs changes nothing any more."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from vca_core import ConflictError, Connector, Vca
from vca_core._engine.operation import RunningOperation

PAIR = ("ns.app-vnf-a.0", "ns.app-vnf-b.1")
CHANGES: dict[str, Callable[[Connector], Awaitable[object]]] = {
    "create": lambda edge: edge.create_execution_environment(".ns.c"),
    "register": lambda edge: edge.register_execution_environment(".ns.c", {"hostname": "192.0.2.1", "username": "u"}),
    "install": lambda edge: edge.install_configuration_sw("ns.app-vnf-new.2", "simple-router"),
    "configure": lambda edge: edge.exec_primitive(PAIR[0], "config", {"mtu": 1400}),
    "exec_primitive": lambda edge: edge.exec_primitive(PAIR[0], "show-routes"),
    "scale": lambda edge: edge.scale(PAIR[0], 2),
    "upgrade": lambda edge: edge.upgrade(PAIR[0], "simple-router"),
    "add_relation": lambda edge: edge.add_relation(PAIR[1], PAIR[0], "gateway", "upstream"),
    "remove_relation": lambda edge: edge.remove_relation(*PAIR, "gateway", "upstream"),
    "deregister": lambda edge: edge.deregister_execution_environment(PAIR[0]),
    "delete": lambda edge: edge.delete_execution_environment(PAIR[0]),
    "delete_namespace": lambda edge: edge.delete_namespace(".ns"),
}


async def world_of(connector: Connector) -> list[Any]:
    """All that can be seen from outside."""
    listed = await connector.list_execution_environments()
    described = [await connector.describe(str(one.ee_id)) for one in listed]
    return [listed, described, await connector.get_metrics(".ns"), await connector.get_status(".ns")]


@pytest.mark.parametrize("change", CHANGES)
async def test_nothing_is_changed_without_the_environment(
    vca: Vca, connector: Connector, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for vnf in ("a", "b", "new"):
        ee_id, _ = await connector.create_execution_environment(f".ns.{vnf}")
        if vnf != "new":
            await connector.install_configuration_sw(ee_id, "simple-router")
    await connector.add_relation(*PAIR, "gateway", "upstream")
    before = await world_of(connector)
    asked: set[str] = set()

    async def lose(op: RunningOperation) -> None:
        if op.id in asked:  # the core asks before it calls the hook, and the backend after that
            raise ConflictError("the execution environment is another process's now")
        asked.add(op.id)

    monkeypatch.setattr(RunningOperation, "held", lose)
    with pytest.raises(ConflictError, match="another process's now"):
        await CHANGES[change](connector)
    assert await world_of(connector) == before
