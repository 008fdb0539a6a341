"""Programs of charms end when they should, and what they are given is theirs alone."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping

import pytest

from vca_core.errors import VcaConnectionError
from vca_core.testing.charms import COUNTED, RETYPED
from vca_core.testing.kit import Kit
from vca_core.testing.naps import LONG, take_nap
from vca_core.testing.onlookers import command_lines_with, open_files_with
from vca_core.testing.suite import Suite, sees, skip_unless
from vca_core.testing.verdict import ELSEWHERE, OWN_CHARMS

CANARY = "canary-3f90c7ae"
_GRACE = 10.0
"""Seconds for a hook to be run that is not waited for."""
_MOMENT = 0.05
_NOT_RUN = "the system does not run the hook `config-changed` of charms on new units"
_VARIABLE = "VCA_CONFORMANCE_CANARY"


class ProgramChecks(Suite, suite=True):
    """What becomes of programs of charms, as far as it can be seen on this machine."""

    @sees()
    async def test_a_program_ends_with_its_primitive(self, kit: Kit) -> None:
        """When the primitive is cancelled, and when another process deletes its EE; with all that it has started."""
        skip_unless(kit.subject.charms is None, OWN_CHARMS)
        ee_id = await kit.create_ready(kit.namespace())
        async with take_nap(kit, ee_id, LONG) as nap:
            skip_unless(nap.is_seen, ELSEWHERE)
        assert await nap.is_gone(kit), "the primitive was cancelled, and what its program has started goes on"
        if kit.subject.persistent:
            async with kit.open_second_process() as other, take_nap(kit, ee_id, LONG) as nap:
                with contextlib.suppress(VcaConnectionError):  # where programs are ended, an answer may be lost
                    await other.connector.delete_execution_environment(ee_id)
                await other.check_delete(ee_id)
                assert await nap.is_gone(kit), f"{ee_id} was deleted, and a program that was started in it goes on"

    @sees("configure", "upgrade")
    async def test_hooks_are_run_when_it_is_their_time(self, kit: Kit) -> None:
        """Where `config-changed` is run on a new unit: `start` there, too, and both of an upgrade; all on each unit."""
        skip_unless(kit.subject.charms is None, OWN_CHARMS)
        skip_unless(kit.has_running_hooks, _NOT_RUN)
        ee_id = await kit.create(kit.namespace())
        await kit.install(ee_id, COUNTED, num_units=2)
        ran = [mark for sight in await kit.look_everywhere(ee_id) for mark in sight.marks]
        skip_unless("config-changed" in ran, _NOT_RUN)
        await _wait_run(kit, ee_id, "install", {"install": 1, "config-changed": 1, "start": 1})
        await kit.configure(ee_id, label="set")
        await _wait_run(kit, ee_id, "configure", {"config-changed": 2})
        await kit.upgrade(ee_id, RETYPED)
        await _wait_run(kit, ee_id, "upgrade", {"upgrade-charm": 1, "config-changed": 3})

    @sees()
    async def test_what_programs_are_given_is_seen_by_no_others(
        self, kit: Kit, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Values are on no command line, and in no file for everybody; nor is this process's environment passed on."""
        skip_unless(kit.subject.charms is None, OWN_CHARMS)
        monkeypatch.setenv(_VARIABLE, CANARY)
        ee_id = await kit.create(kit.namespace())
        await kit.install(ee_id, config={"token": CANARY})
        environment = (await kit.look(ee_id)).environment
        assert _VARIABLE not in environment, "a program of a charm has the environment of the process that asked for it"
        async with take_nap(kit, ee_id, LONG, note=CANARY):
            shown = [line.replace(CANARY, "***") for line in command_lines_with(CANARY)]
            files = await asyncio.to_thread(open_files_with, kit.folder, CANARY)
        assert not shown, f"values of parameters stand on a command line, which everybody can read: {shown[0]!r}"
        assert not files, f"values stand in a file that everybody can read: {files[0].relative_to(kit.folder)}"


async def _wait_run(kit: Kit, ee_id: str, after: str, least: Mapping[str, int]) -> None:
    """Check that each unit has run hooks as often as it should have at least, or soon has: some systems do not wait."""
    missing: list[str] = []
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(kit.limit(_GRACE)):
            while missing := [  # noqa: ASYNC110 - a unit can only be asked
                f"unit {sight.unit} has run {hook} {sight.marks.count(hook)} times"
                for sight in await kit.look_everywhere(ee_id)
                for hook, number in least.items()
                if sight.marks.count(hook) < number
            ]:
                await asyncio.sleep(_MOMENT)
    assert not missing, f"after {after}, {', '.join(missing)}; it should be {dict(least)} times on each at least"
