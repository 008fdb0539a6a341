"""Mutants: namespaces, addresses, and what connectors share."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from conformance.effect_mutants.base import EffectMutant, caught_by

from vca_core.artifacts import Artifact
from vca_core.backend import ExecutionEnvironment, Operation
from vca_core.errors import VcaConnectionError
from vca_core.hookspecs import hookimpl
from vca_core.naming import Namespace
from vca_fake.options import CreateOptions


class _ListsOther(EffectMutant):
    def other(self, text: str) -> str:
        """The namespace that is listed instead."""
        raise NotImplementedError

    @hookimpl
    async def list_execution_environments(self, namespace: Namespace | None) -> Sequence[ExecutionEnvironment]:
        return [
            one if one.namespace is None else replace(one, namespace=Namespace.parse(self.other(str(one.namespace))))
            for one in await super().list_execution_environments(namespace)
        ]


def _comes_back(*cases: str) -> frozenset[str]:
    return caught_by(*(f"a_namespace_comes_back_as_it_was_given[{case}]" for case in cases))


class ListsOnePage(EffectMutant):
    """What its system lists comes in pages, and only the first one is read."""

    CAUGHT_BY = caught_by("deleting_a_namespace_takes_all_that_is_in_it")

    @hookimpl
    async def list_execution_environments(self, namespace: Namespace | None) -> Sequence[ExecutionEnvironment]:
        return (await super().list_execution_environments(namespace))[:50]


class LowersNamespaces(_ListsOther):
    """Upper case is lost."""

    CAUGHT_BY = _comes_back("upper-case", "200-characters")

    def other(self, text: str) -> str:
        return text.lower()


class KeepsNamespacesInAscii(_ListsOther):
    """Other letters are lost."""

    CAUGHT_BY = _comes_back("upper-case", "kdu")

    def other(self, text: str) -> str:
        return text.encode("ascii", "replace").decode()


class CutsNamespaces(_ListsOther):
    """What is long is cut."""

    CAUGHT_BY = _comes_back("200-characters")

    def other(self, text: str) -> str:
        return text[:128]


class ReadsNumbersOfReplicas(_ListsOther):
    """The number of a replica is read as a number: its zeros in front are lost."""

    CAUGHT_BY = _comes_back("upper-case")

    def other(self, text: str) -> str:
        return re.sub(r"-0+(?=\d+$)", "-", text)


class LosesTheFirstReplica(_ListsOther):
    """The number 0 is taken for none."""

    CAUGHT_BY = caught_by("the_listing_gives_the_namespace_back")

    def other(self, text: str) -> str:
        return text.removesuffix("-0")


class _DeletesSome(EffectMutant):
    def spares(self, number: int, namespace: Namespace) -> bool:
        """Whether an EE of the namespace stays."""
        raise NotImplementedError

    @hookimpl
    async def delete_namespace(self, op: Operation, namespace: Namespace) -> None:
        found = await self.list_execution_environments(namespace)
        for number, one in enumerate(found):
            if not self.spares(number, one.namespace or namespace):
                await self.delete_execution_environment(op, one.ee_id)


class DeletesOnePage(_DeletesSome):
    """Of a namespace, the first twenty EEs go."""

    CAUGHT_BY = caught_by("deleting_a_namespace_takes_all_that_is_in_it")

    def spares(self, number: int, namespace: Namespace) -> bool:
        return number >= 20


class SparesWhatIsBelowVnfs(_DeletesSome):
    """VDUs and KDUs stay."""

    CAUGHT_BY = caught_by("deleting_a_namespace_takes_all_that_is_in_it")

    def spares(self, number: int, namespace: Namespace) -> bool:
        return str(namespace).count(".") > 2


class GivesTheLatestAddress(EffectMutant):
    """Of EEs that are made side by side, the latest address is everybody's."""

    CAUGHT_BY = caught_by("addresses_made_at_once_are_each_its_own")
    _latest = ""

    @hookimpl
    async def create_execution_environment(
        self, op: Operation, namespace: Namespace, artifact: Artifact | None, options: CreateOptions
    ) -> str:
        self._latest = await super().create_execution_environment(op, namespace, artifact, options)
        await self._lives.pause("address")
        return self._latest


class SharesItsConnection(EffectMutant):
    """All connectors of a process have one connection: who closes it closes it for all."""

    CAUGHT_BY = caught_by("a_second_connector_goes_on_when_the_first_ends")
    _open: ClassVar[dict[str, bool]] = {}

    @hookimpl
    async def open(self) -> None:
        self._open["all"] = True
        await super().open()

    @hookimpl
    async def close(self) -> None:
        self._open["all"] = False
        await super().close()

    @hookimpl
    async def list_execution_environments(self, namespace: Namespace | None) -> Sequence[ExecutionEnvironment]:
        if not self._open["all"]:
            raise VcaConnectionError("the connection is closed")
        return await super().list_execution_environments(namespace)


class SharesItsOptions(EffectMutant):
    """Whoever configures last configures for all connectors of the process."""

    CAUGHT_BY = caught_by("options_of_one_ee_are_no_other_ones")
    _values: ClassVar[dict[str, Any]] = {}

    @hookimpl
    async def configure(self, op: Operation, ee_id: Any, values: Mapping[str, Any]) -> None:
        self._values.update(values)
        await self._lives.pause("configure")
        await super().configure(op, ee_id, dict(self._values))


class ListsOneSlice(EffectMutant):
    """What was made without a slice is in none."""

    CAUGHT_BY = caught_by("an_ns_is_the_same_in_any_slice")

    @hookimpl
    async def list_execution_environments(self, namespace: Namespace | None) -> Sequence[ExecutionEnvironment]:
        is_sliced = namespace is not None and namespace.nsi_id is not None
        return [] if is_sliced else await super().list_execution_environments(namespace)


class DeletesNoSlice(EffectMutant):
    """What is deleted by a namespace with a slice is looked for by the slice."""

    CAUGHT_BY = caught_by("an_ns_is_the_same_in_any_slice")

    @hookimpl
    async def delete_namespace(self, op: Operation, namespace: Namespace) -> None:
        if namespace.nsi_id is None:
            await super().delete_namespace(op, namespace)
