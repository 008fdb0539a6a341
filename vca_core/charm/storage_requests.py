"""What storage units get on Kubernetes, as Juju's command takes it, and whether a charm takes that."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from vca_core.charm.model import Storage
from vca_core.errors import BadArguments
from vca_core.plain import kind_of
from vca_core.refusals import shared_storage
from vca_core.suggestions import instead

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

    def __str__(self) -> str:
        """As Juju's command takes it: ``fast,10240M,1``."""
        parts = (self.pool, None if self.size is None else f"{self.size}M", self.count)
        return ",".join(str(part) for part in parts if part is not None)


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
            size = math.ceil(Fraction(sized[1]) * 1024 ** _UNITS.index(sized[2]))
            if not size:  # Juju would take that for a size that is not said
                raise ValueError(f"{name}: expected a size of more than 0, got {text!r}")
        elif re.fullmatch("[1-9][0-9]{0,5}", part) and count is None:
            count = int(part)
        elif re.fullmatch("[A-Za-z][A-Za-z0-9.-]*", part) and pool is None:
            pool = part
        else:
            raise ValueError(f"{expected}, got {text!r}")
    return StorageRequest(pool, size, count)


def check_storage(charm: str, declared: Mapping[str, Storage], asked: Mapping[str, StorageRequest]) -> None:
    """Refuse what Juju refuses, wherever a charm is to live.

    Args:
        charm: name of the charm.
        declared: what it declares, by name.
        asked: what is asked for, by name.

    Raises:
        BadArguments: the charm declares no such storage, fewer or more of it, or a larger size; or units are to share
            it.
    """
    for name, request in asked.items():
        place = f"options.storage.{name}"
        if name not in declared:
            raise BadArguments(f"{place}: charm {charm} declares no such storage{instead(name, declared)}", [place])
        _check_request(place, charm, declared[name], request)
    for name, one in declared.items():
        if one.is_shared and (one.least > 0 or name in asked):
            raise shared_storage(charm, name)


def _check_request(place: str, charm: str, declared: Storage, asked: StorageRequest) -> None:
    least, most = declared.least, declared.most
    if asked.count is not None and not (least <= asked.count and (most is None or asked.count <= most)):
        takes = f"at least {least}" if most is None else f"{least}" if least == most else f"{least} to {most}"
        raise BadArguments(
            f"{place}: expected {takes} of it for each unit, as charm {charm} declares, got {asked.count}", [place]
        )
    if asked.size is not None and asked.size < declared.minimum_size:
        raise BadArguments(
            f"{place}: expected a size of at least {declared.minimum_size}M, as charm {charm} declares, got "
            f"{asked.size}M",
            [place],
        )
