"""Mutants: Deleting."""

from __future__ import annotations

from conformance.mutants.named import DELETES, RETURNS, VANISHED, both
from conformance.mutants.world import Mutant

from vca_core.backend import Operation
from vca_core.hookspecs import hookimpl
from vca_core.naming import EeId, Namespace


class DeletesByPrefix(Mutant):
    """The delete of a namespace takes others with it whose names begin alike."""

    FAILS = frozenset(
        {
            "test_deleting_a_namespace_spares_those_with_similar_names",
        }
    )

    @hookimpl
    async def delete_namespace(self, op: Operation, namespace: Namespace) -> None:
        await super().delete_namespace(op, namespace)
        model = self.host.names.model(namespace)
        for ee_id in [ee_id for ee_id in self.world.boxes if ee_id.model.startswith(model)]:
            self.remove(ee_id)


class DeletesTheNeighbours(Mutant):
    """The delete of an EE takes others with it whose names begin alike."""

    FAILS = frozenset(
        {
            "test_deleting_an_ee_spares_those_with_similar_names",
        }
    ) | both(DELETES)

    @hookimpl
    async def delete_execution_environment(self, op: Operation, ee_id: EeId) -> None:
        await super().delete_execution_environment(op, ee_id)
        for other in list(self.world.boxes):
            if other.model == ee_id.model and other.application.startswith(ee_id.application):
                self.remove(other)


class DeletesNothing(Mutant):
    """A delete asks for the removal, and does not see that it never comes."""

    FAILS = frozenset(
        {
            RETURNS,
            "test_a_status_follows_what_was_done",
            "test_a_disconnect_leaves_no[child]",
            "test_nothing_is_set_for_the_whole_process",
            "test_a_second_connector_goes_on_when_the_first_ends",
            "test_two_connectors_of_one_vca_share_nothing",
            "test_nothing_is_changed_once_the_ee_is_lost[delete_execution_environment]",
            "test_an_id_of_an_earlier_ee_is_not_found_any_more[exec_primitive]",
            "test_an_id_of_an_earlier_ee_deletes_nothing[delete_execution_environment]",
            "test_an_id_of_an_earlier_ee_describes_nothing",
            "test_a_backend_can_be_used_again_after_a_disconnect",
            "test_a_cancellation_at_any_moment_leaves_nothing_unknown[create_execution_environment]",
            "test_a_cancellation_at_any_moment_leaves_nothing_unknown[delete_execution_environment]",
            "test_a_cancellation_at_any_moment_leaves_nothing_unknown[exec_primitive]",
            "test_a_cancellation_at_any_moment_leaves_nothing_unknown[resume_execution_environment]",
            "test_a_connection_lost_on_the_way_costs_nothing[create_execution_environment]",
            "test_a_connection_lost_on_the_way_costs_nothing[delete_execution_environment]",
            "test_a_connection_lost_on_the_way_costs_nothing[exec_primitive]",
            "test_a_connection_lost_on_the_way_costs_nothing[resume_execution_environment]",
            "test_a_deleted_ee_is_not_found[exec_primitive]",
            "test_a_deleted_ee_is_not_reported_any_more",
            "test_a_disconnect_leaves_no[descriptor]",
            "test_a_disconnect_leaves_no[task]",
            "test_a_disconnect_leaves_no[thread]",
            "test_a_stream_of_events_ends_at_the_total_limit[create_execution_environment]",
            "test_a_stream_of_events_ends_at_the_total_limit[delete_execution_environment]",
            "test_a_stream_of_events_ends_at_the_total_limit[exec_primitive]",
            "test_a_stream_of_events_ends_at_the_total_limit[resume_execution_environment]",
            "test_an_ee_can_be_deleted_ten_times",
            "test_an_ee_can_be_made_again_after_it_was_deleted",
            "test_an_ee_can_be_made_listed_and_deleted",
            "test_an_ee_to_reuse_that_is_gone_is_not_found",
            "test_deleting_an_ee_spares_its_namesakes_in_other_namespaces",
            "test_deleting_an_ee_spares_those_with_similar_names",
            "test_everything_is_gone_at_the_end",
            "test_many_ees_can_be_made_at_once",
            "test_secrets_of_options_are_nowhere_to_be_read",
            "test_silence_ends_at_the_progress_limit[exec_primitive]",
            "test_silence_ends_at_the_progress_limit[resume_execution_environment]",
            "test_silence_ends_at_the_total_limit[delete_execution_environment]",
            "test_silence_ends_at_the_total_limit[delete_namespace]",
            "test_silence_ends_at_the_total_limit[exec_primitive]",
            "test_silence_ends_at_the_total_limit[resume_execution_environment]",
            "test_the_event_loop_goes_on",
            "test_values_of_parameters_are_nowhere_to_be_read",
            "test_what_is_gone_cannot_be_described",
            "test_what_waits_ends_at_its_total_limit[delete_execution_environment]",
            "test_what_waits_ends_at_its_total_limit[delete_namespace]",
            "test_what_waits_ends_at_its_total_limit[exec_primitive]",
            "test_what_waits_ends_at_its_total_limit[resume_execution_environment]",
        }
    ) | both(VANISHED, operations=["delete_execution_environment"])

    @hookimpl
    async def delete_execution_environment(self, op: Operation, ee_id: EeId) -> None:
        await self.world.request()


class DeletesOnce(Mutant):
    """What is gone already cannot be deleted."""

    FAILS = frozenset(
        {
            "test_a_cancellation_at_any_moment_leaves_nothing_unknown[delete_execution_environment]",
            "test_a_cancellation_at_any_moment_leaves_nothing_unknown[delete_namespace]",
            "test_a_connection_lost_on_the_way_costs_nothing[delete_execution_environment]",
            "test_a_connection_lost_on_the_way_costs_nothing[delete_namespace]",
            "test_a_stream_of_events_ends_at_the_total_limit[delete_execution_environment]",
            "test_a_stream_of_events_ends_at_the_total_limit[delete_namespace]",
            "test_an_ee_can_be_deleted_ten_times",
            "test_an_ee_that_never_was_can_be_deleted",
        }
    ) | both(DELETES)

    @hookimpl
    async def delete_execution_environment(self, op: Operation, ee_id: EeId) -> None:
        self.find(ee_id)
        await super().delete_execution_environment(op, ee_id)
