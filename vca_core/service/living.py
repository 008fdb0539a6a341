"""What lives of a service already, on whichever connector: a status store may have been lost, or be an older copy."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from vca_core.connector import Connector
from vca_core.errors import BadArguments, VcaError
from vca_core.service.ns_file import Service
from vca_core.vca import Vca

_LONGEST = 10.0
"""Seconds for the answer of a connector that the service is not on: nothing else depends on it."""

DECIDE = "decide: `--day1 done` takes them for done, `--day1 again` runs them"


@dataclass
class Living:
    """What connectors list of a service.

    Args:
        service: the service.
        ees: ee_ids by connector, by VNF.
        others: ee_ids, and where they are, of EEs of the NS that configure no VNF of the file.
        silent: the connectors that could not be asked, and why.
    """

    service: Service
    ees: dict[str, dict[str, str]] = field(default_factory=dict)
    others: list[tuple[str, str]] = field(default_factory=list)
    silent: dict[str, VcaError] = field(default_factory=dict)

    @classmethod
    async def look(cls, vca: Vca, service: Service, own: Collection[Connector]) -> Living:
        """Ask all connectors of the config, and those that the service is on.

        Args:
            vca: whose config.
            service: the service.
            own: the connectors that it is on.
        """
        living = cls(service, {name: {} for name in service.vnfs})
        asked = {connector.name: connector for connector in own}
        for name in vca.config.connectors:
            if name not in asked:
                try:
                    asked[name] = vca.connector(name)
                except VcaError as error:
                    living.silent[name] = error
        names = {str(service.namespace(name).canonical): name for name in service.vnfs}
        async with asyncio.TaskGroup() as tasks:
            for connector in asked.values():
                if "list_execution_environments" in connector.capabilities:
                    limit = None if connector in own else _LONGEST
                    tasks.create_task(living._ask(connector, names, limit))
        return living

    async def _ask(self, connector: Connector, names: Mapping[str, str], limit: float | None) -> None:
        try:
            listed = await connector.list_execution_environments(f".{self.service.ns}", total_timeout=limit)
        except VcaError as error:
            self.silent[connector.name] = error
            return
        for record in listed:
            vnf = None if record.namespace is None else names.get(str(record.namespace.canonical))
            if vnf is None:
                self.others.append((str(record.ee_id), connector.name))
            else:
                self.ees[vnf][connector.name] = str(record.ee_id)

    def may_have(self, vnf: str, connector: Connector) -> bool:
        """Whether a connector has a VNF's EE, as far as is known."""
        is_asked = "list_execution_environments" in connector.capabilities and connector.name not in self.silent
        return not is_asked or connector.name in self.ees[vnf]

    def check_elsewhere(self, missing: Iterable[str], connectors: Mapping[str, Connector]) -> None:
        """Refuse to make a VNF's EE on one connector where another one has it.

        Args:
            missing: the VNFs whose EEs would be made.
            connectors: theirs.

        Raises:
            BadArguments: one lives elsewhere; says where.
        """
        for name in missing:
            own, there = connectors[name].name, self.ees[name]
            if there and own not in there:
                other, ee_id = next(iter(there.items()))
                raise BadArguments(
                    f"vnfs.{name}: {other} has {ee_id} of NS {self.service.ns}, which is not done in the status "
                    f"store, and {own} would get a second one: if a store was lost, or an older one came back, go on "
                    f"with that one by `connector: {other}`, or delete it there first; `--build-again` makes the "
                    "second one",
                    [f"vnfs.{name}"],
                )

    def check_decided(self, undecided: Iterable[str], connectors: Mapping[str, Connector]) -> None:
        """Refuse to run Day-1 primitives again where a store was lost, and the service lives on.

        Args:
            undecided: the VNFs with Day-1 primitives that the store knows nothing of.
            connectors: theirs.

        Raises:
            BadArguments: one of them lives.
            VcaError: its connector could not be asked.
        """
        for name in undecided:
            own = connectors[name].name
            if own in self.silent:
                raise self.silent[own]
            if own in self.ees[name]:
                raise BadArguments(
                    f"day1: {own} has {self.ees[name][own]} of NS {self.service.ns}, and the status store "
                    "does not know who made it: if a store was lost, or another one is used elsewhere, its Day-1 "
                    f"primitives may have run already; {DECIDE}",
                    ["day1"],
                )

    def notes(self, own: Collection[Connector], known: Collection[str]) -> list[str]:
        """Say what was found and is nobody's business now, and what could not be found out.

        Args:
            own: the connectors that the service is on.
            known: the ee_ids that the store has for the service.
        """
        strange = [
            f"{name} has {ee_id} of it, which neither the file nor the status store has"
            for ee_id, name in sorted(self.others)
            if ee_id not in known
        ]
        used = {connector.name for connector in own}
        away = [
            f"not known is whether {name} has anything of it: {error.message}"
            for name, error in sorted(self.silent.items())
            if name not in used
        ]
        return [f"NS {self.service.ns}: {text}" for text in (*strange, *away)]
