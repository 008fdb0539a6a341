"""What is another process's, or another EE's, is left alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest

from vca_core.backend import ExecutionEnvironment
from vca_core.errors import ConflictError, NotFound
from vca_core.testing.checks.refusals import on_an_ee
from vca_core.testing.differences import differences
from vca_core.testing.kit import Kit
from vca_core.testing.scenarios import SCENARIOS, Setting, each_operation, ends
from vca_core.testing.suite import Suite, check_error, needs, skip_unless

_ASKS = 6
"""How often an operation is let ask, at most, until its EE is lost."""


class OwnershipChecks(Suite, suite=True):
    """What is somebody else's."""

    @each_operation
    async def test_nothing_is_changed_once_the_ee_is_lost(self, kit: Kit, operation: str) -> None:
        """`op.held()` is asked before a change; it raises, the error goes through, and all is as before."""
        scenario = SCENARIOS[operation]
        at = await scenario.set_up(kit)
        before = await _Seen.of(kit, at)
        kit.watching.lose(operation)
        try:
            await scenario.call(kit, at)
        except ConflictError as error:
            check_error(error)
        else:
            assert kit.watching.lost is not None, f"{operation} was not called"
            assert not kit.watching.lost.asked, f"{operation} went on although `op.held()` had raised"
            # What makes an EE waits for its id to be stored; what goes on with one need not change anything.
            skip_unless(not (scenario.makes or scenario.may_know), f"{operation} was done without asking `op.held()`")
            waits = kit.watching.waits_of(operation)
            assert not waits, f"{operation} waited {waits} times and made its change without asking `op.held()`"
            pytest.skip(f"{operation} does all of it at once: that the core has asked is enough")
        await kit.check_nothing_runs()
        (await _Seen.of(kit, at)).must_be(before, f"{operation} lost its EE before it had changed anything")

    @each_operation
    async def test_an_operation_ends_when_it_loses_its_ee_later(self, kit: Kit, operation: str) -> None:
        """However often it asks `op.held()` before: it ends with its error, and takes nothing back but a new EE."""
        scenario = SCENARIOS[operation]
        for asks in range(1, _ASKS):
            at = await scenario.set_up(kit, f"x{asks}")
            seen: list[list[str]] = []

            async def look(at: Setting = at, seen: list[list[str]] = seen) -> None:
                seen.append([] if scenario.makes or scenario.removes else await kit.units_of(at.ee_id))

            kit.watching.lose(operation, asks, look)
            try:
                await scenario.call(kit, at)
            except ConflictError as error:
                check_error(error)
            else:
                assert not seen, f"{operation} went on although `op.held()` had raised when it was asked again"
                return  # it asks no oftener
            await kit.check_nothing_runs()
            if operation == "scale" and kit.units == 1:
                continue  # units are on their way out
            gone = set(seen[0]) - set(await kit.units_of(at.ee_id) if seen[0] else [])
            assert not gone, f"{operation} lost its EE after it had asked {asks} times, and removed {sorted(gone)}"

    @on_an_ee
    async def test_an_id_of_an_earlier_ee_is_not_found_any_more(self, kit: Kit, operation: str) -> None:
        """NotFound, where an EE of the same names has come since; that one stays as it is."""
        old, ee_id = await make_anew(kit)
        scenario = SCENARIOS[operation]
        other = await kit.create_ready(kit.namespace("vnf2")) if scenario.pair else ""
        before = await kit.record(ee_id)
        await kit.forget()
        with pytest.raises(NotFound) as caught:
            await scenario.call(kit, Setting(kit.namespace(), old, other, await kit.make_home()))
        check_error(caught.value)
        await kit.check_unchanged(before)

    @pytest.mark.parametrize("operation", ["delete_execution_environment", "deregister_execution_environment"])
    async def test_an_id_of_an_earlier_ee_deletes_nothing(self, kit: Kit, operation: str) -> None:
        """It succeeds, as what it names is gone; the EE that has come since stays."""
        old, ee_id = await make_anew(kit)
        before = await kit.record(ee_id)
        await kit.forget()
        await getattr(kit.connector, operation)(old)
        await kit.check_unchanged(before)

    @needs("describe_execution_environment")
    async def test_an_id_of_an_earlier_ee_describes_nothing(self, kit: Kit) -> None:
        """NotFound."""
        old, _ = await make_anew(kit)
        await kit.forget()
        with pytest.raises(NotFound) as caught:
            await kit.connector.describe(old)
        check_error(caught.value)

    @needs("install_configuration_sw", "add_relation")
    async def test_an_id_of_an_earlier_ee_is_not_related(self, kit: Kit) -> None:
        """NotFound, also where it is the end that is named last; the EE that has come since stays as it is."""
        old, ee_id = await make_anew(kit)
        other = await kit.create_ready(kit.namespace("vnf2"))
        at = Setting(kit.namespace(), ee_id, other, {})
        ee_id_1, ee_id_2, endpoint_1, endpoint_2 = ends(kit, replace(at, ee_id=old))
        before = await _Seen.of(kit, at)
        for stale in ((ee_id_2, ee_id_1, endpoint_2, endpoint_1), (ee_id_1, ee_id_2, endpoint_1, endpoint_2)):
            await kit.forget()
            with pytest.raises(NotFound) as caught:
                await kit.connector.add_relation(*stale)
            check_error(caught.value)
            (await _Seen.of(kit, at)).must_be(before, "an id of an earlier EE was one end")

    @needs("add_relation", "remove_relation", "describe_execution_environment")
    @pytest.mark.parametrize("end", ["first", "second"])
    async def test_an_id_of_an_earlier_ee_removes_no_relation(self, kit: Kit, end: str) -> None:
        """It succeeds, as its relation went with it; that of the EE which has come since stays."""
        old, ee_id = await make_anew(kit)
        other = await kit.create_ready(kit.namespace("vnf2"))
        at = Setting(kit.namespace(), ee_id, other, {})
        await kit.connector.add_relation(*ends(kit, at))
        before = await _Seen.of(kit, at)
        stale = ends(kit, replace(at, ee_id=old))
        await kit.forget()
        ee_id_1, ee_id_2, endpoint_1, endpoint_2 = stale
        if end == "first":
            await kit.connector.remove_relation(ee_id_1, ee_id_2, endpoint_1, endpoint_2)
        else:
            await kit.connector.remove_relation(ee_id_2, ee_id_1, endpoint_2, endpoint_1)
        (await _Seen.of(kit, at)).must_be(before, "an id of an earlier EE was one end")


async def make_anew(kit: Kit) -> tuple[str, str]:
    """Make an EE, delete it, make it anew; the two ids. Skips where they are the same."""
    old = await kit.create(kit.namespace())
    await kit.check_delete(old)
    ee_id = await kit.create_ready(kit.namespace())
    skip_unless(ee_id != old, "an EE that is made anew has the id that it had: what an earlier id does is not examined")
    return old, ee_id


@dataclass(frozen=True)
class _Seen:
    """What can be seen of a setting."""

    listed: tuple[ExecutionEnvironment, ...]
    described: tuple[Any, ...]

    @classmethod
    async def of(cls, kit: Kit, at: Setting) -> _Seen:
        ee_ids = [ee_id for ee_id in (at.ee_id, at.other) if ee_id]
        described = [await kit.describe(ee_id) for ee_id in ee_ids]
        return cls(tuple(await kit.listing()), tuple(described))

    def must_be(self, before: _Seen, what: str) -> None:
        changed = [
            *differences(before.listed, self.listed, "listed"),
            *differences(before.described, self.described, "described"),
        ]
        assert not changed, f"{what}: {'; '.join(changed)}"
