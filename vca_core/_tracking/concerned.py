"""The execution environments that something concerns."""

from __future__ import annotations

from typing import NamedTuple, Self

from vca_core._tracking.records import EeRecord
from vca_core.naming import EeId, EeKey


class Concerned(NamedTuple):
    """An EE that something concerns.

    Args:
        key: where it is.
        ee_id: its id.
        declared: the options and parameters of it that are known to be secret.
        operator: the `Vca` that operated on it last; None: none, or it is not known.
    """

    key: EeKey
    ee_id: EeId
    declared: frozenset[str] = frozenset()
    operator: str | None = None

    @classmethod
    def of(cls, record: EeRecord, ee_id: EeId) -> Self:
        """Make one of an EE's record."""
        return cls(record.key, ee_id, record.secret_names, record.owner)
