"""Mutants: what is read, and when."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from conformance.effect_mutants.base import EffectMutant, caught_by

from vca_core.backend import Description, ExecutionEnvironment, Operation
from vca_core.errors import NotFound
from vca_core.hookspecs import hookimpl
from vca_core.naming import EeId, Namespace


class ReadsBetweenOperations(EffectMutant):
    """A lock is for all: what is read waits until operations are done."""

    CAUGHT_BY = caught_by("what_is_read_does_not_wait_for_operations[scale]")

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._lock = asyncio.Lock()

    @hookimpl
    async def scale(self, op: Operation, ee_id: EeId, num_units: int) -> None:
        async with self._lock:
            await super().scale(op, ee_id, num_units)

    @hookimpl
    async def list_execution_environments(self, namespace: Namespace | None) -> Sequence[ExecutionEnvironment]:
        async with self._lock:
            return await super().list_execution_environments(namespace)


class ReadsAStatusOnce(EffectMutant):
    """The status of an NS is asked for once, and given from then on."""

    CAUGHT_BY = caught_by("a_status_follows_what_was_done")

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._known: dict[Namespace, dict[str, Any]] = {}

    @hookimpl
    async def get_status(self, namespace: Namespace) -> dict[str, Any]:
        return self._known.setdefault(namespace, await super().get_status(namespace))


class _DescribesOther(EffectMutant):
    def other(self, described: Description) -> Description:
        """What is given instead of the description of an EE with a charm."""
        raise NotImplementedError

    @hookimpl
    async def describe_execution_environment(self, ee_id: EeId) -> Description:
        described = await super().describe_execution_environment(ee_id)
        return described if described.charm is None else self.other(described)


class DescribesTheNewestUnitFirst(_DescribesOther):
    """Units come in the other order."""

    CAUGHT_BY = caught_by("a_description_has_as_many_units_as_were_scaled_to")

    def other(self, described: Description) -> Description:
        return replace(described, units=described.units[::-1])


class DescribesOneAddress(_DescribesOther):
    """All units have the address of the first one that was ever described."""

    CAUGHT_BY = caught_by("described_units_have_addresses_of_their_own_ee")

    _first: ClassVar[list[str]] = []

    def other(self, described: Description) -> Description:
        if not self._first:
            self._first.extend(described.units[0].addresses)
        return replace(described, units=[replace(unit, addresses=self._first) for unit in described.units])


class DescribesTheFirstDigest(_DescribesOther):
    """The digest is that of the first version."""

    CAUGHT_BY = caught_by("a_description_shows_an_upgrade")

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._first: dict[EeId, str | None] = {}

    def other(self, described: Description) -> Description:
        assert described.charm is not None
        first = self._first.setdefault(described.ee_id, described.charm.digest)
        return replace(described, charm=replace(described.charm, digest=first))


class DescribesOptionsAsTexts(_DescribesOther):
    """Every option is of the type string."""

    CAUGHT_BY = caught_by("a_description_has_the_types_of_options")

    def other(self, described: Description) -> Description:
        options: Mapping[str, Any] = {
            name: replace(option, type="string") for name, option in described.options.items()
        }
        return replace(described, options=options)


class DescribesItselfAtTheOtherEnd(_DescribesOther):
    """A relation names its own end twice."""

    CAUGHT_BY = caught_by("a_description_shows_a_relation_at_both_ends")

    def other(self, described: Description) -> Description:
        own = [replace(one, other_name="the application") for one in described.relations]
        return replace(described, relations=own)


class StandsStillForADescription(EffectMutant):
    """The event loop waits while a description is made."""

    CAUGHT_BY = caught_by("the_event_loop_goes_on")

    @hookimpl
    async def describe_execution_environment(self, ee_id: EeId) -> Description:
        time.sleep(0.7)  # noqa: ASYNC251 - the defect
        return await super().describe_execution_environment(ee_id)


class StatusNamesNoUnits(EffectMutant):
    """The status of an NS is the names of its applications."""

    CAUGHT_BY = caught_by("a_status_follows_what_was_done")

    @hookimpl
    async def get_status(self, namespace: Namespace) -> dict[str, Any]:
        status = await super().get_status(namespace)
        return {"applications": list(status["applications"])}


class ListsNoNamespaceThatIsNotThere(EffectMutant):
    """A listing of what is not there is an error."""

    CAUGHT_BY = caught_by("the_listing_can_be_narrowed_to_a_namespace")

    @hookimpl
    async def list_execution_environments(self, namespace: Namespace | None) -> Sequence[ExecutionEnvironment]:
        listed = await super().list_execution_environments(namespace)
        if namespace is not None and not listed:
            raise NotFound(f"there is no {namespace}")
        return listed


class _ShowsCredentials(EffectMutant):
    CAUGHT_BY = caught_by("the_credentials_of_a_host_are_nowhere_to_be_read")

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._logins: dict[str, Any] = {}

    @hookimpl
    async def register_execution_environment(
        self, op: Operation, namespace: Namespace, credentials: Mapping[str, Any]
    ) -> str:
        self._logins[credentials["hostname"]] = dict(credentials)
        return await super().register_execution_environment(op, namespace, credentials)


class ShowsCredentialsInAStatus(_ShowsCredentials):
    """The status of an NS says how its hosts are reached."""

    @hookimpl
    async def get_status(self, namespace: Namespace) -> dict[str, Any]:
        return {**await super().get_status(namespace), "hosts": self._logins}


class ShowsCredentialsInItsHealth(_ShowsCredentials):
    """As above, where it is asked how it is."""

    @hookimpl
    async def health(self) -> dict[str, Any]:
        return {**await super().health(), "hosts": self._logins}


class LeavesOutWhatCannotBeReached(EffectMutant):
    """Each EE is asked for what it is, and one that does not answer is taken to be gone."""

    CAUGHT_BY = caught_by("an_ee_that_cannot_be_reached_is_not_left_out")

    @hookimpl
    async def list_execution_environments(self, namespace: Namespace | None) -> Sequence[ExecutionEnvironment]:
        listed = await super().list_execution_environments(namespace)
        return [one for one in listed if str(one.ee_id) != vars(self.script).get("lost")]
