"""Names of the checks that are made beside the first process and after it, for what mutants declare."""

from __future__ import annotations

from collections.abc import Sequence

LOOKS = "test_a_second_process_that_only_looks_changes_nothing"
OPERATES = "test_a_second_process_changes_what_its_operation_changes"
MAKES = "test_an_ee_that_a_second_process_makes_is_its_own"
GOES_ON = "test_a_second_process_goes_on_with_an_ee"
CREATE_REFUSED = "test_a_create_refused_in_a_second_process_changes_nothing"
NAMES_REFUSED = "test_a_second_process_takes_no_names_of_another_namespace"
DELETES = "test_a_second_process_deletes_only_what_the_id_names"
FAILS_THERE = "test_a_failure_in_a_second_process_leaves_the_home_alone"
OVERLAPS = "test_a_failure_ends_nothing_that_another_process_runs"
RETURNS = "test_a_failure_brings_back_nothing_another_process_deleted"
FAILURE = "test_a_failure_stands_for_a_second_process"
VANISHED = "test_an_ee_that_vanished_is_gone_for_who_asks"


def both(*checks: str, operations: Sequence[str] = ()) -> frozenset[str]:
    """Checks beside the first process and after it; of `OPERATES` those of some operations."""
    return after("connected", *checks, operations=operations) | after("gone", *checks, operations=operations)


def after(first: str, *checks: str, operations: Sequence[str] = ()) -> frozenset[str]:
    """The same, only where the first process is ``connected``, or ``gone``."""
    operated = {f"{OPERATES}[{operation}-{first}]" for operation in operations}
    return frozenset({f"{check}[{first}]" for check in checks} | operated)
