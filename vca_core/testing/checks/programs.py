"""Programs of charms end when they should, and what they are given is theirs alone."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from vca_core.errors import VcaConnectionError
from vca_core.testing.kit import Kit
from vca_core.testing.naps import LONG, take_nap
from vca_core.testing.onlookers import command_lines_with, open_files_with
from vca_core.testing.suite import Suite, sees, skip_unless
from vca_core.testing.verdict import ELSEWHERE, OWN_CHARMS

CANARY = "canary-3f90c7ae"
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
