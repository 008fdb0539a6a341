"""What orchestrators get of a backend's description: checked, copied, and with its secrets masked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, replace
from typing import Any, TypeVar

from vca_core._engine.operation import RunningOperation
from vca_core.backend import ExecutionEnvironment
from vca_core.description import Description, InstalledCharm, OptionState, RelationState, UnitState
from vca_core.errors import BackendError
from vca_core.naming import EeId
from vca_core.plain import kind_of
from vca_core.secrets import MASK, is_secret_name
from vca_core.status import EntityState

T = TypeVar("T")
R = TypeVar("R", OptionState, UnitState, EntityState, InstalledCharm)

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


def check_description(ee_id: EeId, value: object, _op: RunningOperation) -> Description:
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


def mask(described: Description, declared: frozenset[str], scrub: Callable[[str], str]) -> Description:
    """Mask the values of secret options: those that the charm declares secret, and those that are named like one.

    Secrets that the core knows go from all other texts, as a unit may say what its charm was configured with.

    Args:
        described: what the backend described.
        declared: the names that the EE's charm is known to declare secret.
        scrub: takes known secrets out of a text.
    """
    options = {}
    for name, option in described.options.items():
        is_secret = option.secret or option.type == "secret" or name in declared or is_secret_name(name)
        has_value = option.value is not None and option.value != ""
        if is_secret:
            options[name] = replace(option, value=MASK if has_value else option.value, secret=True)
        else:
            options[name] = _scrub_texts(option, scrub)
    units = tuple(
        replace(
            _scrub_texts(unit, scrub),
            state=_scrub_texts(unit.state, scrub),
            addresses=tuple(scrub(address) for address in unit.addresses),
        )
        for unit in described.units
    )
    charm = None if described.charm is None else _scrub_texts(described.charm, scrub)
    return replace(described, charm=charm, options=options, units=units)


def scrub_details(listed: ExecutionEnvironment, scrub: Callable[[str], str]) -> ExecutionEnvironment:
    """Take known secrets out of what the entities of a listed EE say beside their states.

    Args:
        listed: a checked record.
        scrub: takes known secrets out of a text.
    """
    return replace(listed, entities=tuple(_scrub_texts(state, scrub) for state in listed.entities))


_SAID = frozenset({"value", "detail", "reference", "digest", "version"})
"""The fields with texts of others; names and words of states are not among them."""


def _scrub_texts(value: R, scrub: Callable[[str], str]) -> R:
    texts = {name: getattr(value, name) for name in _SAID if isinstance(getattr(value, name, None), str)}
    scrubbed: dict[str, Any] = {name: after for name, text in texts.items() if (after := scrub(text)) != text}
    return replace(value, **scrubbed) if scrubbed else value


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
