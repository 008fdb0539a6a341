"""What orchestrators get of a backend's description: checked, copied, and with its secrets masked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from typing import Any, TypeVar

from vca_core._engine.operation import RunningOperation
from vca_core.description import Description, InstalledCharm, OptionState, RelationState, UnitState
from vca_core.errors import BackendError
from vca_core.naming import EeId
from vca_core.plain import kind_of
from vca_core.secrets import MASK, is_secret_name
from vca_core.status import EntityState

T = TypeVar("T")

_SCALARS = (str, int, float, bool, type(None))
_TEXT = (str,)
_MAYBE_TEXT = (str, type(None))

_EXPECTED: Mapping[type, Mapping[str, tuple[type, ...]]] = {
    InstalledCharm: {"name": _TEXT, "reference": _TEXT, "digest": _MAYBE_TEXT, "version": _MAYBE_TEXT},
    OptionState: {"value": _SCALARS, "is_set": (bool,), "type": _TEXT, "secret": (bool,)},
    UnitState: {"name": _TEXT, "state": (EntityState,), "is_leader": (bool, type(None)), "charm": _MAYBE_TEXT},
    RelationState: {"endpoint": _TEXT, "other": (EeId, type(None)), "other_name": _TEXT, "other_endpoint": _TEXT},
}
"""The types that fields may have, by class."""


def checked_description(ee_id: EeId, value: object, _op: RunningOperation) -> Description:
    """Check what a backend described, and copy it.

    Args:
        ee_id: the EE that it was asked for.
        value: what it returned.

    Raises:
        BackendError: it is not a description of this EE, or something in it is not of the type that is documented.
    """
    described = _check(value, Description, "where Description is expected")
    if described.ee_id != ee_id:
        raise BackendError(f"the backend described {described.ee_id} where {ee_id} was asked for")
    if described.charm is not None:
        _check(described.charm, InstalledCharm, "as the charm")
    if not isinstance(described.options, Mapping):
        raise BackendError(f"the backend described {kind_of(described.options)} as the options")
    for name in described.options:
        _check(name, str, "as the name of an option")
    return replace(
        described,
        options={name: _check(one, OptionState, f"as option {name}") for name, one in described.options.items()},
        units=tuple(_check_unit(one) for one in _list(described.units, "units")),
        relations=tuple(_check(one, RelationState, "as a relation") for one in _list(described.relations, "relations")),
    )


def mask(described: Description, declared: frozenset[str]) -> Description:
    """Mask the values of secret options: those that the charm declares secret, and those that are named like one.

    Args:
        described: what the backend described.
        declared: the names that the EE's charm is known to declare secret.
    """
    options = {}
    for name, option in described.options.items():
        is_secret = option.secret or name in declared or is_secret_name(name)
        has_value = option.value is not None and option.value != ""
        options[name] = replace(option, value=MASK if has_value else option.value, secret=True) if is_secret else option
    return replace(described, options=options)


def _check_unit(value: object) -> UnitState:
    unit = _check(value, UnitState, "as a unit")
    addresses = tuple(
        _check(one, str, f"as an address of unit {unit.name}") for one in _list(unit.addresses, "addresses")
    )
    return replace(unit, addresses=addresses)


def _check(value: object, cls: type[T], where: str) -> T:
    if not isinstance(value, cls):
        raise BackendError(f"the backend described {kind_of(value)} {where}")
    expected = _EXPECTED.get(cls, {})
    for one in fields(cls) if expected else ():  # type: ignore[arg-type]
        given: Any = getattr(value, one.name)
        if one.name in expected and not isinstance(given, expected[one.name]):
            raise BackendError(f"the backend described {kind_of(given)} {where}: its {one.name}")
    return value


def _list(value: object, what: str) -> Iterable[object]:
    if not isinstance(value, list | tuple):
        raise BackendError(f"the backend described {kind_of(value)} as the {what}")
    return value
