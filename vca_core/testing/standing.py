"""What is said of one EE: at its home, in the core's record of it, and in the backend's listing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from vca_core._tracking.place import COLLECTION, OWN_STATE
from vca_core.backend import ExecutionEnvironment
from vca_core.naming import EeId, EeKey
from vca_core.status import DeploymentStatus, aggregate
from vca_core.testing.differences import differences
from vca_core.testing.kit import Kit

TIME = "status-time"
_OF_THE_WRITER = ("generation", "owner", "revision")
"""The fields of a record that say who wrote it."""


@dataclass(frozen=True)
class Standing:
    """What is said of an EE.

    Args:
        home: the fields at its home: the five documented ones, and its ee_id.
        record: the core's own document, without what says who wrote it; None: there is none.
        listed: what the backend lists; None: nothing.
    """

    home: Mapping[str, Any]
    record: Mapping[str, Any] | None
    listed: ExecutionEnvironment | None

    @classmethod
    async def of(cls, kit: Kit, ee_id: str, home: Mapping[str, Any] | None) -> Standing:
        """See how an EE stands.

        Args:
            kit: the process that looks.
            ee_id: which one.
            home: the `db_dict` of its home; None: it is in the core's own record.
        """
        await kit.settle()
        key = EeKey.of(kit.connector.name, EeId.parse(ee_id))
        document = await kit.store.get(COLLECTION, {"_id": key.record_id})
        record = None if document is None else {k: v for k, v in document.items() if k not in _OF_THE_WRITER}
        listed = next((one for one in await kit.listing() if str(one.ee_id) == ee_id), None)
        return cls((record or {}).get(OWN_STATE, {}) if home is None else await kit.fields_at(home), record, listed)

    def timeless(self) -> Standing:
        """The same, but for the time of the status at its home."""
        return replace(self, home={name: value for name, value in self.home.items() if name != TIME})

    @property
    def words(self) -> tuple[Any, ...]:
        """What the home says, but for the time."""
        return tuple(self.home.get(name) for name in ("status", "detailed-status", "VCA-status", "entity-type"))

    def must_be(self, before: Standing, what: str) -> None:
        """Check that it has not changed, not even the time of its status.

        Args:
            before: how it stood before.
            what: what happened since.
        """
        changed = [
            told
            for part in fields(self)
            for told in differences(getattr(before, part.name), getattr(self, part.name), f"its {part.name}")
        ]
        assert not changed, f"{what}: {'; '.join(changed)}"

    def must_say_what_is_listed(self, what: str) -> None:
        """Check that the home says what the listing amounts to.

        Args:
            what: what happened before.
        """
        assert self.listed is not None, f"{what}: it is not listed any more"
        worst = aggregate(self.listed.entities)
        expected = (
            (DeploymentStatus.UNKNOWN.value, "nothing of it is present any more", "", "machine")
            if worst is None
            else (worst.meaning.value, worst.detail, worst.native, worst.entity.kind)
        )
        assert self.words == expected, f"{what}: its home says {self.words}, and {expected} is listed"

    def check_over(self, word: str, what: str) -> None:
        """Check that the EE is gone, and its home says so.

        Args:
            word: the last word at its home.
            what: what happened before.
        """
        assert self.listed is None, f"{what}: it is still listed: {self.listed}"
        assert self.record is None, f"{what}: the core still has a record of it"
        expected = (DeploymentStatus.COMPLETED.value, "", word, "operation")
        assert self.words == expected, f"{what}: its home says {self.words} instead of {expected}"
