"""Mutants: Reads that make something, or tell what is not so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from conformance.mutants.world import Box, Mutant

from vca_core.backend import Description, InstalledCharm
from vca_core.errors import NotFound
from vca_core.hookspecs import hookimpl
from vca_core.naming import EeId, Namespace


class CreatesOnRead(Mutant):
    """A status of what is not there makes it."""

    FAILS = frozenset(
        {
            "test_reading_creates_nothing",
        }
    )

    @hookimpl
    async def get_status(self, namespace: Namespace) -> Mapping[str, Any]:
        try:
            return await super().get_status(namespace)
        except NotFound:
            model = self.host.names.model(namespace)
            self.world.boxes[EeId(model, "default", "m")] = Box(namespace.canonical)
            raise


class TellsOfWhatIsNotThere(Mutant):
    """The status of what is not there is empty."""

    FAILS = frozenset(
        {
            "test_a_deleted_namespace_is_gone_with_all_its_ees",
            "test_reading_creates_nothing",
        }
    )

    @hookimpl
    async def get_status(self, namespace: Namespace) -> Mapping[str, Any]:
        try:
            return await super().get_status(namespace)
        except NotFound:
            return {}


class GivesOutObjects(Mutant):
    """A status is not plain data."""

    FAILS = frozenset(
        {
            "test_what_was_there_is_there_when_the_connection_is_back",
            "test_a_status_follows_what_was_done",
            "test_an_ns_is_the_same_in_any_slice",
            "test_a_status_is_plain_data",
            "test_secrets_of_options_are_nowhere_to_be_read",
            "test_reading_creates_nothing",
            "test_the_event_loop_goes_on",
            "test_what_is_read_of_an_ns_shows_no_other_one[get_status]",
        }
    )

    @hookimpl
    async def get_status(self, namespace: Namespace) -> Mapping[str, Any]:
        return {name: object() for name in await super().get_status(namespace)}


class DescribesWhatIsGone(Mutant):
    """An EE that was deleted is described as if it were there."""

    FAILS = frozenset(
        {
            "test_what_is_gone_cannot_be_described",
        }
    )

    @hookimpl
    async def describe_execution_environment(self, ee_id: EeId) -> Description:
        return Description(ee_id)


class DescribesFromMemory(Mutant):
    """A description has what this process did, and nothing after a disconnect."""

    FAILS = frozenset(
        {
            "test_a_description_outlives_a_disconnect",
        }
    )

    def __init__(self, host: Any) -> None:
        super().__init__(host)
        self._is_closed = False

    @hookimpl
    async def close(self) -> None:
        self._is_closed = True

    @hookimpl
    async def describe_execution_environment(self, ee_id: EeId) -> Description:
        described = await super().describe_execution_environment(ee_id)
        return described if not self._is_closed else Description(ee_id, InstalledCharm("unknown", "unknown"))


class DescribesAnother(Mutant):
    """What is described is not what was asked for."""

    FAILS = frozenset(
        {
            "test_what_was_there_is_there_when_the_connection_is_back",
            "test_what_is_read_does_not_wait_for_operations[exec_primitive]",
            "test_the_event_loop_goes_on",
            "test_secrets_of_options_are_nowhere_to_be_read",
            "test_nothing_is_changed_once_the_ee_is_lost[resume_execution_environment]",
            "test_nothing_is_changed_once_the_ee_is_lost[exec_primitive]",
            "test_nothing_is_changed_once_the_ee_is_lost[delete_execution_environment]",
            "test_nothing_is_changed_once_the_ee_is_lost[delete_namespace]",
            "test_a_description_outlives_a_disconnect",
            "test_a_new_ee_is_described_without_a_charm",
        }
    )

    @hookimpl
    async def describe_execution_environment(self, ee_id: EeId) -> Description:
        await super().describe_execution_environment(ee_id)
        return Description(EeId(ee_id.model, ee_id.application, "another"))
