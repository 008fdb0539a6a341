"""Storage and devices that a charm declares."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from contextlib import suppress
from fractions import Fraction

from vca_core.charm.fields import Field
from vca_core.charm.model import Device, Storage
from vca_core.errors import BadArguments

_RANGE = re.compile(r"([0-9]{1,9})(?:(\+)|-([0-9]{1,9})?)?")
_SIZE = re.compile(r"([0-9]{1,15}\.?[0-9]{0,9}|\.[0-9]{1,9})([MGTPEZY]?)(?:i?B)?")
_UNITS = "MGTPEZY"


def read_storage(declared: Field | None) -> Mapping[str, Storage]:
    """Read the storage of a charm, by name. What Juju would refuse is left out: that is among the charm's obstacles."""
    found: dict[str, Storage] = {}
    with suppress(BadArguments):
        for name, field in declared.mapping().items() if declared is not None else ():
            with suppress(BadArguments):
                found[name] = _storage(name, field)
    return found


def read_devices(declared: Field | None) -> Mapping[str, Device]:
    """Read the devices of a charm, by name. What Juju would refuse is left out: that is among the charm's obstacles."""
    found: dict[str, Device] = {}
    with suppress(BadArguments):
        for name, field in declared.mapping().items() if declared is not None else ():
            with suppress(BadArguments):
                found[name] = _device(name, field)
    return found


def storage_lost(old: Mapping[str, Storage], new: Mapping[str, Storage]) -> str | None:
    """Say why another version of a charm cannot have what storage its units hold, as Juju judges it on machines.

    Args:
        old: what the charm that is installed declares.
        new: what the other version does.

    Returns:
        The reason; None: it can. Storage that units need not have may go; whether they have it is for Juju to say.
    """
    for name, was in old.items():
        becomes = new.get(name)
        if becomes is None:
            if was.least > 0:
                return f"required storage {name!r} is gone"
            continue
        for what, before, after in (
            ("type", was.type, becomes.type),
            ("shared", was.is_shared, becomes.is_shared),
            ("read-only", was.is_read_only, becomes.is_read_only),
            ("location", was.location, becomes.location),
        ):
            if before != after:
                return f"storage {name!r} has another {what}"
        if becomes.most is not None and (was.most is None or becomes.most < was.most):
            return f"storage {name!r} has a smaller range"
        if was.location and was.most == 1 and becomes.most != 1:
            return f"storage {name!r} has a location, and becomes several"
    return None


def _device(name: str, field: Field) -> Device:
    parts = field.mapping()
    if "type" not in parts:
        raise field.error("type is missing; expected one that the cluster has, such as nvidia.com/gpu")
    description = parts.get("description")
    least, most = (parts[key].whole_number(text=True) if key in parts else 1 for key in ("countmin", "countmax"))
    return Device(name, parts["type"].text(), description.text() if description else "", int(least), int(most))


def _storage(name: str, field: Field) -> Storage:
    parts = field.mapping()
    if "type" not in parts:
        raise field.error("type: expected filesystem or block, got nothing")
    description, location = parts.get("description"), parts.get("location")
    shared, read_only = parts.get("shared"), parts.get("read-only")
    multiple, size, properties = parts.get("multiple"), parts.get("minimum-size"), parts.get("properties")
    least, most = _range(multiple) if multiple is not None else (1, 1)
    return Storage(
        name,
        parts["type"].one_of(("filesystem", "block")),
        description=description.text() if description else "",
        is_shared=shared.flag(text=True) if shared else False,
        is_read_only=read_only.flag(text=True) if read_only else False,
        least=least,
        most=most,
        minimum_size=_size(size) if size is not None else 0,
        location=location.text() if location else "",
        properties=tuple(one.name() for one in properties.items()) if properties else (),
    )


def _range(multiple: Field) -> tuple[int, int | None]:
    field = multiple.mapping().get("range")
    if field is None:
        raise multiple.error("range: expected a number of storages such as 1, 0-3 or 1+, got nothing")
    found = _RANGE.fullmatch(str(field.value))
    if found is None:
        raise field.expectation_error("a range such as 1, 0-3 or 1+")
    least, plus, most = found.groups()
    is_exact = found[0].isdigit()
    if is_exact:
        return int(least), int(least)
    return int(least), None if plus or most is None else int(most)


def _size(field: Field) -> int:
    found = _SIZE.fullmatch(str(field.value))
    if found is None:
        raise field.expectation_error("a size such as 512M or 1G")
    power = _UNITS.index(found[2]) if found[2] else 0
    return math.ceil(Fraction(found[1]) * (1 << 10 * power))
