"""What a backend says of one execution environment as it is now: charm, options, units, relations.

A backend returns a `Description` from ``describe_execution_environment``; orchestrators get it from
``Connector.describe``, with the values of secret options masked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from vca_core.naming import EeId
from vca_core.status import EntityState


@dataclass(frozen=True, slots=True)
class InstalledCharm:
    """The charm that is installed in an EE.

    Args:
        name: the charm's own name.
        reference: the name of exactly this charm in the backend's system, such as ``local:jammy/simple-router-3``.
        digest: digest of its content, in the backend's own form: the same charm has the same digest; None: not known.
        version: the version of the charm, where the backend's system knows one; None: it does not.
    """

    name: str
    reference: str
    digest: str | None = None
    version: str | None = None


@dataclass(frozen=True, slots=True)
class OptionState:
    """An option of the installed charm.

    Args:
        value: the present value, in its type; None: it has none.
        is_set: whether it was set; otherwise the value is the charm's default.
        type: ``string``, ``int``, ``float``, ``boolean`` or ``secret``.
        secret: whether its value is secret.
    """

    value: Any = field(repr=False)
    is_set: bool
    type: str = "string"
    secret: bool = False


@dataclass(frozen=True, slots=True)
class UnitState:
    """A unit of an EE.

    Args:
        name: its name, as primitives take it.
        state: its native state.
        is_leader: whether it is the leader; None: the system does not say.
        addresses: host names and IP addresses, the best one first.
        charm: the reference of the charm that it runs; during an upgrade it may still be the earlier one. None: the
            system does not say.
    """

    name: str
    state: EntityState
    is_leader: bool | None = None
    addresses: Sequence[str] = ()
    charm: str | None = None


@dataclass(frozen=True, slots=True)
class RelationState:
    """A relation of an EE, as seen from it.

    Args:
        endpoint: the EE's own endpoint.
        other: the EE at the other end; None if it does not belong to this connector.
        other_name: the name of the other end in the system.
        other_endpoint: the endpoint there.
    """

    endpoint: str
    other: EeId | None
    other_name: str
    other_endpoint: str


@dataclass(frozen=True, slots=True)
class Description:
    """An EE as it is now.

    Args:
        ee_id: its id.
        charm: what is installed; None: nothing yet.
        options: the charm's options, by name; empty without a charm.
        units: its units, the oldest first.
        relations: its relations.
    """

    ee_id: EeId
    charm: InstalledCharm | None = None
    options: Mapping[str, OptionState] = field(default_factory=dict)
    units: Sequence[UnitState] = ()
    relations: Sequence[RelationState] = ()


__all__ = ["Description", "InstalledCharm", "OptionState", "RelationState", "UnitState"]
