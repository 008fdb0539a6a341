"""What storage units get on Kubernetes, as Juju's command takes it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vca_core.plain import kind_of

_SIZE = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,6})?)([MGTP])(?:i?B)?")
_UNITS = "MGTP"


@dataclass(frozen=True, slots=True)
class StorageRequest:
    """What storage an application gets; None: as the charm, the model or the cloud has it.

    Args:
        pool: that it comes from; on Kubernetes also a storage class.
        size: of each, in MiB.
        count: how many of it each unit gets.
    """

    pool: str | None = None
    size: int | None = None
    count: int | None = None


def parse_storage(given: Any) -> Any:
    """Read what storage is asked for.

    Args:
        given: ``pool,size,count`` by the charm's names, each part where it is needed: ``{"data": "fast,10G"}``.

    Raises:
        ValueError: it is something else.
    """
    if not isinstance(given, Mapping):
        return given
    return {name: one if isinstance(one, StorageRequest) else _request(str(name), one) for name, one in given.items()}


def _request(name: str, text: Any) -> StorageRequest:
    expected = f"{name}: expected pool,size,count such as fast,10G,1"
    if not isinstance(text, str):
        raise ValueError(f"{expected}, got {kind_of(text)}")  # noqa: TRY004 - pydantic takes ValueErrors
    pool: str | None = None
    size: int | None = None
    count: int | None = None
    for part in (one.strip() for one in text.split(",")):
        sized = _SIZE.fullmatch(part)
        if sized is not None and size is None:
            size = int(float(sized[1]) * 1024 ** _UNITS.index(sized[2]))
        elif re.fullmatch("[1-9][0-9]{0,5}", part) and count is None:
            count = int(part)
        elif re.fullmatch("[A-Za-z][A-Za-z0-9.-]*", part) and pool is None:
            pool = part
        else:
            raise ValueError(f"{expected}, got {text!r}")
    return StorageRequest(pool, size, count)
