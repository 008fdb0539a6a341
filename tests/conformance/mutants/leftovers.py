"""Mutants: What is left behind in the process."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Mapping
from typing import Any

from conformance.mutants.world import Mutant

from vca_core.backend import Operation
from vca_core.hookspecs import hookimpl
from vca_core.naming import EeId

_KEPT: list[socket.socket] = []
"""What is not closed would else be closed by the garbage collector, in the middle of another check."""


class LeaksATask(Mutant):
    """Each primitive leaves a task behind that never ends."""

    FAILS = frozenset(
        {
            "test_failed_primitives_leave_nothing",
            "test_a_cancellation_at_any_moment_leaves_nothing_unknown[exec_primitive]",
            "test_a_disconnect_leaves_no[task]",
        }
    )

    def __init__(self, host: Any) -> None:
        super().__init__(host)
        self._tasks: list[asyncio.Task[Any]] = []  # those that nobody refers to may be gone when counted

    @hookimpl
    async def exec_primitive(
        self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        self._tasks.append(asyncio.create_task(asyncio.Event().wait()))
        return await super().exec_primitive(op, ee_id, primitive, params)


class LeavesAThread(Mutant):
    """Close does not end the thread that open started."""

    FAILS = frozenset(
        {
            "test_a_cancellation_at_any_moment_leaves_nothing_unknown[create_execution_environment]",
            "test_a_cancellation_at_any_moment_leaves_nothing_unknown[delete_execution_environment]",
            "test_a_cancellation_at_any_moment_leaves_nothing_unknown[delete_namespace]",
            "test_a_cancellation_at_any_moment_leaves_nothing_unknown[exec_primitive]",
            "test_a_cancellation_at_any_moment_leaves_nothing_unknown[resume_execution_environment]",
            "test_a_disconnect_in_the_middle_leaves_nothing",
            "test_a_disconnect_leaves_no[thread]",
        }
    )

    @hookimpl
    async def open(self) -> None:
        self._stop = threading.Event()
        threading.Thread(target=self._stop.wait, args=(20,), daemon=True, name="watcher").start()


class LeavesASocket(Mutant):
    """Close does not close the connection that open made."""

    FAILS = frozenset(
        {
            "test_a_cancellation_at_any_moment_leaves_nothing_unknown[create_execution_environment]",
            "test_a_cancellation_at_any_moment_leaves_nothing_unknown[delete_execution_environment]",
            "test_a_cancellation_at_any_moment_leaves_nothing_unknown[delete_namespace]",
            "test_a_cancellation_at_any_moment_leaves_nothing_unknown[exec_primitive]",
            "test_a_cancellation_at_any_moment_leaves_nothing_unknown[resume_execution_environment]",
            "test_a_disconnect_in_the_middle_leaves_nothing",
            "test_a_disconnect_leaves_no[descriptor]",
        }
    )

    @hookimpl
    async def open(self) -> None:
        _KEPT.extend(socket.socketpair())


class ConnectsInItsConstructor(Mutant):
    """Constructing it makes a connection, which close does close."""

    FAILS = frozenset(
        {
            "test_constructing_connects_to_nothing",
        }
    )

    def __init__(self, host: Any) -> None:
        super().__init__(host)
        self._ends = socket.socketpair()
        _KEPT.extend(self._ends)

    @hookimpl
    async def open(self) -> None:
        """There is one already."""

    @hookimpl
    async def close(self) -> None:
        for end in self._ends:
            end.close()
