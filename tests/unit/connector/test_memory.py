"""What an operation used is free again when it is over."""

from __future__ import annotations

import gc

import pytest
from support.backends import Plain
from support.making import MakeVca

from vca_core._engine.operation import RunningOperation
from vca_core.errors import VcaError
from vca_core.hookspecs import hookimpl

NS = ".ns.vnf.vdu-0"


class FailsPrimitives(Plain):
    """Makes EEs and runs nothing in them."""

    @hookimpl
    async def exec_primitive(self) -> None:
        raise RuntimeError("it does not")


def operations() -> list[RunningOperation]:
    """All that are in memory."""
    return [one for one in gc.get_objects() if isinstance(one, RunningOperation)]


async def test_an_ended_operation_is_no_work_for_the_collector(make_vca: MakeVca) -> None:
    """In circles that only the garbage collector frees, each operation would cost more, and pauses would be longer."""
    vca = make_vca(FailsPrimitives)
    async with vca:
        connector = vca.connector()
        others = operations()  # of earlier tests, whose errors are kept
        gc.disable()
        try:
            ee_id, _ = await connector.create_execution_environment(NS, None)
            with pytest.raises(VcaError):
                await connector.exec_primitive(ee_id, "backup")
            await connector.delete_execution_environment(ee_id)
            assert not [one for one in operations() if one not in others]
        finally:
            gc.enable()
