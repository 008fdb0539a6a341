"""Mutants: Namespaces."""

from __future__ import annotations

from conformance.mutants.named import (
    CREATE_REFUSED,
    DELETES,
    FAILS_THERE,
    FAILURE,
    GOES_ON,
    LOOKS,
    NAMES_REFUSED,
    after,
)
from conformance.mutants.world import MACHINE, Box, Mutant

from vca_core.backend import ExecutionEnvironment
from vca_core.hookspecs import hookimpl
from vca_core.naming import EeId, Namespace
from vca_core.status import EntityState


class ForgetsTheNamespace(Mutant):
    """The listing does not tell the namespaces."""

    FAILS = frozenset(
        {
            "test_an_ns_is_the_same_in_any_slice",
            "test_a_namespace_comes_back_as_it_was_given[upper-case]",
            "test_a_namespace_comes_back_as_it_was_given[kdu]",
            "test_a_namespace_comes_back_as_it_was_given[signs]",
            "test_a_namespace_comes_back_as_it_was_given[200-characters]",
            "test_the_backend_refuses_an_application_of_another_namespace",
            "test_the_backend_refuses_to_reuse_an_ee_of_another_namespace",
            "test_the_listing_can_be_narrowed_to_a_namespace",
            "test_the_listing_gives_the_namespace_back",
            "test_the_namespace_outlives_a_disconnect",
        }
    )

    def record(self, ee_id: EeId, box: Box) -> ExecutionEnvironment:
        return ExecutionEnvironment(
            ee_id, None, f"{ee_id.application}.{ee_id.model}.example", [EntityState(MACHINE, box.native)]
        )


class ForgetsAtClose(Mutant):
    """What it made is known to the process only."""

    FAILS = frozenset(
        {
            "test_a_primitive_that_succeeds_is_reported_to_its_end",
            "test_a_second_connector_goes_on_when_the_first_ends",
            "test_two_connectors_of_one_vca_share_nothing",
            "test_a_backend_can_be_used_again_after_a_disconnect",
            "test_a_description_outlives_a_disconnect",
            "test_the_namespace_outlives_a_disconnect",
        }
    ) | after(
        "gone",
        LOOKS,
        GOES_ON,
        CREATE_REFUSED,
        NAMES_REFUSED,
        DELETES,
        FAILS_THERE,
        FAILURE,
        operations=["create_execution_environment", "resume_execution_environment", "exec_primitive"],
    )

    @hookimpl
    async def close(self) -> None:
        self.world.boxes.clear()


class MergesNamespaces(Mutant):
    """Another namespace's EE is taken for its own."""

    FAILS = frozenset(
        {
            "test_the_backend_refuses_an_application_of_another_namespace",
            "test_the_backend_refuses_to_reuse_an_ee_of_another_namespace",
        }
    )

    def make(self, namespace: Namespace, reuse: EeId | None) -> EeId:
        names = self.host.names
        ee_id = EeId(names.model(namespace), names.application(namespace), "m")
        box = self.world.boxes.get(ee_id)
        if box is not None and box.namespace.ns_id == namespace.ns_id:
            box.namespace = namespace.canonical
        return super().make(namespace, reuse)


class MergesModels(Mutant):
    """Another NS's model is taken for its own."""

    FAILS = frozenset(
        {
            "test_the_backend_refuses_a_model_of_another_ns",
        }
    )

    def check_ns(self, ee_id: EeId, namespace: Namespace) -> None:
        pass
