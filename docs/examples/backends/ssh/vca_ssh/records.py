"""What the host keeps of an EE, read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vca_core.backend import Description, ExecutionEnvironment, InstalledCharm, OptionState, UnitState
from vca_core.naming import EeId, Namespace
from vca_core.status import Entity, EntityState
from vca_ssh.charms import Facts


@dataclass(frozen=True)
class Unit:
    """A unit of an EE.

    Args:
        number: which one; no later one gets it again.
        name: as callers know it.
        state: `maintenance`, `active` or `error`.
        message: what went wrong.
    """

    number: int
    name: str
    state: str
    message: str

    @property
    def entity_state(self) -> EntityState:
        """Its native state."""
        return EntityState(Entity("unit", self.name), self.state, self.message)


@dataclass(frozen=True)
class Record:
    """An EE.

    Args:
        ee_id: its id.
        namespace: whose it is.
        charm: what is installed; None: nothing.
        values: of the options that were set.
        units: its units, the oldest first, which leads.
    """

    ee_id: EeId
    namespace: Namespace
    charm: Facts | None
    values: Mapping[str, Any]
    units: Sequence[Unit]

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Record:
        """Read what the host gives."""
        application = data["application"]
        return cls(
            EeId(data["model"], application, data["id"]),
            Namespace.parse(data["namespace"]),
            None if data["charm"] is None else Facts.of(data["charm"]),
            data["values"],
            [
                Unit(unit["number"], f"{application}/{unit['number']}", unit["state"], unit["message"])
                for unit in data["units"]
            ],
        )

    @property
    def folder(self) -> EntityState:
        """The state of the EE's folder, which stands where others have a machine."""
        return EntityState(Entity("machine", self.ee_id.locator), "started")

    def listing(self, address: str) -> ExecutionEnvironment:
        """Its entry in a listing."""
        states = [self.folder, *(unit.entity_state for unit in self.units)]
        return ExecutionEnvironment(self.ee_id, self.namespace, address, states)

    def description(self, address: str) -> Description:
        """Its charm, options and units."""
        if self.charm is None:
            return Description(self.ee_id)
        reference = f"{self.charm.name}-{self.charm.digest[:12]}"
        options = {
            one.name: OptionState(self.values.get(one.name, one.default), one.name in self.values, one.type)
            for one in self.charm.options.values()
        }
        units = [
            UnitState(unit.name, unit.entity_state, unit is self.units[0], [address], reference) for unit in self.units
        ]
        return Description(self.ee_id, InstalledCharm(self.charm.name, reference, self.charm.digest), options, units)
