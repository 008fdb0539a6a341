"""Mutants: Creating and reusing."""

from __future__ import annotations

from conformance.mutants.named import CREATE_REFUSED, both
from conformance.mutants.world import MACHINE, Mutant

from vca_core.backend import Operation
from vca_core.errors import AlreadyExists
from vca_core.hookspecs import hookimpl
from vca_core.naming import EeId, Namespace


class ReturnsBeforeReady(Mutant):
    """Create returns while the machine comes up."""

    FAILS = frozenset(
        {
            "test_an_ee_is_ready_when_it_is_returned",
        }
    )

    async def come_up(self, op: Operation, ee_id: EeId) -> None:
        op.report(MACHINE, self.find(ee_id).native)


class CreatesTwice(Mutant):
    """A second create is taken for a reuse."""

    FAILS = frozenset(
        {
            "test_a_second_create_is_refused",
            "test_the_nsi_id_makes_no_other_ee",
            "test_the_refusal_of_a_second_create_carries_the_first_id",
        }
    ) | both(CREATE_REFUSED)

    def make(self, namespace: Namespace, reuse: EeId | None) -> EeId:
        names = self.host.names
        ee_id = EeId(names.model(namespace), names.application(namespace), "m")
        return super().make(namespace, reuse or (ee_id if ee_id in self.world.boxes else None))


class RefusesWithoutTheId(Mutant):
    """A second create is refused with another id than that of the first."""

    FAILS = frozenset(
        {
            "test_the_nsi_id_makes_no_other_ee",
            "test_the_refusal_of_a_second_create_carries_the_first_id",
        }
    )

    def make(self, namespace: Namespace, reuse: EeId | None) -> EeId:
        names = self.host.names
        ee_id = EeId(names.model(namespace), names.application(namespace), "m")
        box = self.world.boxes.get(ee_id)
        if reuse is None and box is not None and box.namespace == namespace.canonical:
            raise AlreadyExists(f"{ee_id} is there already", ee_id="some.other.one")
        return super().make(namespace, reuse)


class ReusesWhatIsGone(Mutant):
    """What is to be reused and is gone is made anew."""

    FAILS = frozenset(
        {
            "test_an_ee_to_reuse_that_is_gone_is_not_found",
        }
    ) | both(CREATE_REFUSED)

    def make(self, namespace: Namespace, reuse: EeId | None) -> EeId:
        return super().make(namespace, reuse if reuse in self.world.boxes else None)


class LeaksWhenCancelled(Mutant):
    """What was made stays when its id could not be stored."""

    FAILS = frozenset(
        {
            "test_a_cancellation_at_any_moment_leaves_nothing_unknown[create_execution_environment]",
            "test_a_connection_lost_on_the_way_costs_nothing[create_execution_environment]",
            "test_an_ee_whose_id_cannot_be_stored_is_undone[create_execution_environment]",
        }
    )

    @hookimpl
    async def create_execution_environment(self, op: Operation, namespace: Namespace) -> str | None:
        await self.world.request()
        ee_id = self.make(namespace, None)
        await self.world.request()
        await op.created(ee_id.locator)
        await self.come_up(op, ee_id)
        return f"{ee_id.application}.{ee_id.model}.example"


class StoresTheIdLast(Mutant):
    """The id is stored when all is done: undone before, but a disconnect takes it for cancelled in the middle."""

    FAILS = frozenset(
        {
            "test_a_cancellation_at_any_moment_leaves_nothing_unknown[create_execution_environment]",
            "test_a_connection_lost_on_the_way_costs_nothing[create_execution_environment]",
            "test_a_stream_of_events_ends_at_the_total_limit[create_execution_environment]",
            "test_an_ee_whose_id_cannot_be_stored_is_undone[create_execution_environment]",
        }
    )

    @hookimpl
    async def create_execution_environment(self, op: Operation, namespace: Namespace) -> str | None:
        await self.world.request()
        ee_id = self.make(namespace, None)
        await self.come_up(op, ee_id)
        await op.created(ee_id.locator)
        return f"{ee_id.application}.{ee_id.model}.example"
