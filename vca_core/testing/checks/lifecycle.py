"""What a backend costs its process: nothing before it is used, nothing afterwards, and never its event loop."""

from __future__ import annotations

import asyncio
import contextlib
import random
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import pytest

from vca_core.errors import ConflictError, VcaError
from vca_core.testing.kit import Kit
from vca_core.testing.leftovers import Holdings, accumulated, settings, unusual_settings
from vca_core.testing.scenarios import SCENARIOS, do_everything, reads_of
from vca_core.testing.suite import Suite, needs, skip_unless
from vca_core.testing.verdict import NO_FAILURE

BLOCKED = 0.5
"""Seconds without a turn of the event loop, three times in a row, that nothing else explains."""

_BEAT = 0.01
_FAILURES = 5
_CONNECTIONS = 2
_MORE = 3
"""How many more of something are no accident."""
_MARK = "mark-7e15c0"


class LifecycleChecks(Suite, suite=True):
    """What a backend costs its process."""

    async def test_constructing_connects_to_nothing(self, kit: Kit) -> None:
        """Neither tasks nor threads nor connections, before anything is asked."""
        assert Holdings.now().beyond(kit.before) == [], (
            f"before anything was asked there are {Holdings.now().beyond(kit.before)}"
        )

    @pytest.mark.parametrize("kind", ["task", "thread", "descriptor", "child"])
    async def test_a_disconnect_leaves_no(self, kit: Kit, kind: str) -> None:
        """No task, thread, socket, file or process that was not there before; what was made stays in the system."""
        ee_id = await kit.create_ready(kit.namespace())
        if kit.can_work:
            await kit.work(ee_id)
        await kit.check_delete(ee_id)
        await kit.create_ready(kit.namespace())
        for _ in range(2):  # what is made anew by each connection is left behind twice
            await kit.vca.disconnect()
            for read in reads_of(kit, kit.namespace(), *await kit.ids()):
                with contextlib.suppress(VcaError):
                    await read()
        left = [name for name in await kit.find_leftovers() if name.startswith(kind)]
        assert not left, f"left behind: {', '.join(left)}"

    @needs("exec_primitive")
    async def test_failed_primitives_leave_nothing(self, kit: Kit) -> None:
        """However many fail: neither threads nor open files nor processes become more."""
        skip_unless(kit.can_fail, NO_FAILURE)
        ee_id = await kit.create_ready(kit.namespace())
        before: dict[str, int] = {}
        for number in range(_FAILURES):
            with contextlib.suppress(VcaError):
                await kit.fail(ee_id)
            if number == 0:  # what is kept for the next time is there now
                before = (await Holdings.wait_settled(kit.limit(1))).numbers
        after = (await Holdings.wait_settled(kit.limit(1))).numbers
        more = [f"{after[kind] - number} {kind}" for kind, number in before.items() if after[kind] - number >= _MORE]
        assert not more, f"after {_FAILURES} failed primitives there are {', '.join(more)} more than after one"

    async def test_nothing_is_set_for_the_whole_process(
        self, kit: Kit, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """Environment, loggers, signals are others', also while it is made; nothing is written or left unasked."""
        places, started_in = tmp_path / "places", tmp_path / "started in"
        for folder in (places, started_in):
            folder.mkdir()
        monkeypatch.setattr(tempfile, "tempdir", str(places))
        monkeypatch.chdir(started_in)
        with unusual_settings():
            await self._check_settings(kit, capfd, places, started_in)

    async def _check_settings(
        self, kit: Kit, capfd: pytest.CaptureFixture[str], places: Path, started_in: Path
    ) -> None:
        before = settings()
        capfd.readouterr()
        async with kit.open_second_process():
            pass  # it is made, and not used
        ee_id = await kit.create_ready(kit.namespace())
        for primitive in filter(None, (kit.subject.works, kit.subject.fails)):
            if "exec_primitive" in kit.capabilities:
                with contextlib.suppress(VcaError):
                    await kit.connector.exec_primitive(ee_id, primitive[0], _mark_texts(primitive[1]))
        await kit.check_delete(ee_id)
        await kit.vca.disconnect()
        accumulated_before = accumulated()
        is_seeded = await _is_random_seeded(kit)
        more = [what for what, number in accumulated().items() if number - accumulated_before[what] >= _CONNECTIONS]
        written, after = capfd.readouterr(), settings()
        changed = sorted(name for name in before | after if before.get(name) != after.get(name))
        assert not changed, f"changed for the whole process: {', '.join(changed)}"
        assert not more, f"with each connection there are more {' and '.join(more)}"
        assert not is_seeded, "after each connection this process draws the same at random: it was seeded"
        assert not written.out, f"written to standard output: {written.out[:200]!r}"
        assert not written.err, f"written to standard error: {written.err[:200]!r}"
        for kind, place in (("temporary files", places), ("files in the working directory", started_in)):
            left = list(place.rglob("*"))
            told = [file.name for file in left if file.is_file() and _MARK.encode() in file.read_bytes()]
            assert not told, f"left behind are {kind} with parameters in them: {', '.join(told)}"
            assert not left, f"left behind are {kind}: {', '.join(file.name for file in left)}"

    async def test_a_disconnect_in_the_middle_leaves_nothing(self, kit: Kit) -> None:
        """Its caller gets an error, and the EE is there or not, as if the operation had been cancelled."""
        makes = "create_execution_environment"
        scenario = SCENARIOS[makes if makes in kit.capabilities else "register_execution_environment"]
        at = await scenario.set_up(kit)
        running, gate = await kit.watching.run_to_wait(scenario.operation, scenario.call(kit, at))
        left = await kit.find_leftovers()
        try:
            await running
        except ConflictError:
            pass
        else:
            skip_unless(gate is not None, f"{scenario.operation} does not wait on this backend")
        assert not left, f"left behind: {', '.join(left)}"
        stored = await kit.stored_ee_id(at.db_dict)
        listed = await kit.ids()
        assert listed == ([] if stored is None else [stored]), f"the backend lists {listed}, and {stored} is stored"

    async def test_a_backend_can_be_used_again_after_a_disconnect(self, kit: Kit) -> None:
        """What is there is there still, and can be worked with."""
        ee_id = await kit.create_ready(kit.namespace())
        before = await kit.record(ee_id)
        for _ in range(3):
            await kit.vca.disconnect()
            await kit.check_unchanged(before)
        await kit.check_delete(ee_id)

    @needs("create_execution_environment")
    async def test_a_second_connector_goes_on_when_the_first_ends(self, kit: Kit) -> None:
        """Two of one process share nothing: what one of them opened is not the other's to close."""
        async with kit.open_second_process(has_store=False) as other:
            namespace = kit.namespace("vnf2")
            ee_id = await other.create(namespace)
            await kit.create(kit.namespace())
            before = await other.record(ee_id)
            await kit.vca.disconnect()
            await other.check_unchanged(before)
            if "install_configuration_sw" in other.capabilities:
                await other.install(ee_id)
            await other.check_delete(ee_id)

    @needs("create_execution_environment")
    async def test_two_connectors_of_one_vca_share_nothing(self, kit: Kit) -> None:
        """What one of them sees is reported through it, and it goes on when the other one ends."""
        async with kit.use_second_connector() as other:
            for one in (kit, other):  # both are open before there is anything that one of them could find
                await one.listing()
            mine, theirs = await asyncio.gather(
                kit.create_ready(kit.namespace(ns="a")), other.create_ready(kit.namespace(ns="b"))
            )
            for beside, ee_id in ((other, mine), (kit, theirs)):
                strays = beside.reports_on(ee_id)
                assert not strays, f"{ee_id} is the other connector's, and was reported through this one: {strays[0]}"
            before = await other.record(theirs)
            await kit.connector.disconnect()
            await other.check_unchanged(before)
            for one, ee_id in ((other, theirs), (kit, mine)):
                if one.can_work:
                    await one.work(ee_id)
                await one.check_delete(ee_id)

    async def test_the_event_loop_goes_on(self, kit: Kit) -> None:
        """Nothing that a backend does keeps it from turning."""
        gaps = []
        for number in range(3):
            async with _Heartbeat() as heartbeat:
                namespace = kit.namespace(f"vnf{number}")
                ee_id = await kit.create_ready(namespace)
                if kit.can_work:
                    await kit.work(ee_id)
                await kit.check_delete(ee_id)
                await do_everything(kit, f"y{number}")
            gaps.append(heartbeat.longest)
            if heartbeat.longest < BLOCKED:
                return
        raise AssertionError(f"it stood still for {min(gaps):.1f} s: something blocks it")

    async def test_everything_is_gone_at_the_end(self, kit: Kit) -> None:
        """After a life with all that can be done, failures included, the backend lists what it listed before."""
        before = await kit.connector.list_execution_environments()
        for scenario in SCENARIOS.values():
            if not scenario.is_possible(kit):
                continue
            at = await scenario.set_up(kit, f"x{len(scenario.operation)}")
            await scenario.call(kit, at)
            if kit.can_fail and not scenario.removes:
                with contextlib.suppress(VcaError):
                    await kit.fail(at.ee_id or (await kit.ids_in(at.namespace))[0])
            for record in await kit.listing():
                await kit.check_delete(str(record.ee_id))
            if "delete_namespace" in kit.capabilities:
                await kit.connector.delete_namespace(at.namespace.rpartition(".")[0])
        assert await kit.connector.list_execution_environments() == before, f"listed were {before}, and now others are"

    @needs("delete_namespace")
    async def test_a_namespace_can_be_made_again_after_it_was_deleted(self, kit: Kit) -> None:
        """At once, and by the same name."""
        for _ in range(3):
            ee_id = await kit.create_ready(kit.namespace())
            await kit.check_listed([ee_id])
            await kit.connector.delete_namespace(kit.namespace(None))
            await kit.check_listed([])


async def _is_random_seeded(kit: Kit) -> bool:
    """Whether a connection sets what is drawn at random in the whole process."""
    before, states = random.getstate(), []
    for number in range(_CONNECTIONS):
        random.seed(number)
        await kit.listing()
        await kit.vca.disconnect()
        states.append(random.getstate())
    random.setstate(before)
    return states[0] == states[1]


def _mark_texts(params: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _MARK if isinstance(value, str) else value for name, value in params.items()} or {"note": _MARK}


class _Heartbeat:
    """Measures the longest time in which the event loop did not turn although this process could run.

    A thread counts that time: on a machine with other work it stands still whenever the loop does.
    """

    def __init__(self) -> None:
        self.longest = 0.0
        self._passed = 0.0
        self._over = threading.Event()

    async def __aenter__(self) -> Self:
        self._thread = threading.Thread(target=self._count, name="clock of the kit", daemon=True)
        self._thread.start()
        self._task = asyncio.get_running_loop().create_task(self._beat(), name="heartbeat of the kit")
        await asyncio.sleep(0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.wait((self._task,))
        self._over.set()
        self._thread.join()

    def _count(self) -> None:
        before = time.monotonic()
        while not self._over.wait(_BEAT):
            now = time.monotonic()
            self._passed += min(now - before, 5 * _BEAT)
            before = now

    async def _beat(self) -> None:
        while True:
            before = self._passed
            await asyncio.sleep(_BEAT)
            self.longest = max(self.longest, self._passed - before - _BEAT)
