"""Where a status goes: the documented ``db_dict`` as a checked value, and the five fields that are written there."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from vca_core.errors import BadArguments
from vca_core.naming import EeKey
from vca_core.plain import DEEPEST, excess, kind_of
from vca_core.status import DeploymentStatus
from vca_core.stores import check_filter
from vca_core.stores.document import problem_of_path

LONGEST_PLACE = 16_384
"""Characters of all texts of a ``db_dict``."""

_KEYS = ("collection", "filter", "path")

COLLECTION = "vca_execution_environments"
"""The collection of the core's own documents."""

OWN_STATE = "state"
"""Where, in an EE's own record, its statuses stand when the caller gave no ``db_dict``."""

TIME = "status-time"
"""The field by which the statuses at one place differ."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the orchestrator's database.

    Args:
        table: the collection.
        filter: which document: pairs of a dotted path and the value it has to equal.
        path: dotted path within the document, without a dot at its end.
    """

    table: str
    filter: tuple[tuple[str, Any], ...]
    path: str

    @classmethod
    def parse(
        cls,
        db_dict: Mapping[str, Any],
        argument: str = "db_dict",
        check_table: Callable[[str], object] = lambda _: None,
    ) -> Place:
        """Check and read a ``db_dict``.

        Args:
            db_dict: ``{"collection": str, "filter": {dotted path: value}, "path": str}``; a dot at the path's end is
                accepted.
            argument: how errors call it.
            check_table: refuses what cannot be a collection, as `vca_core.stores.StatusStore.check_table`.

        Raises:
            BadArguments: something is missing, unknown, of the wrong type, or can never be written to; says which part.
        """
        if not isinstance(db_dict, Mapping):
            raise BadArguments(
                f"{argument}: expected a mapping with collection, filter and path, got {kind_of(db_dict)}",
                [argument],
            )
        for key in _KEYS:
            if key not in db_dict:
                raise BadArguments(
                    f"{argument}.{key}: expected collection, filter and path, got no {key}", [f"{argument}.{key}"]
                )
        keys: Iterable[object] = db_dict  # callers need no type checker
        unknown = [key if isinstance(key, str) else kind_of(key) for key in keys if key not in _KEYS]
        if unknown:
            raise BadArguments(
                f"{argument}: unknown key {unknown[0]!r}; expected collection, filter and path",
                [f"{argument}.{key}" for key in unknown],
            )
        table, path = db_dict["collection"], db_dict["path"]
        if not isinstance(table, str) or not table:
            raise BadArguments(
                f"{argument}.collection: expected the name of a collection, got {_describe(table)}",
                [f"{argument}.collection"],
            )
        if not isinstance(path, str) or not all(path.removesuffix(".").split(".")):
            raise BadArguments(
                f"{argument}.path: expected a dotted path such as '_admin.deployed.VCA.0', got {_describe(path)}",
                [f"{argument}.path"],
            )
        if (reason := excess(db_dict, most_text=LONGEST_PLACE)) is not None:
            raise BadArguments(f"{argument}: has {reason}", [argument])
        if path.count(".") > DEEPEST:
            raise BadArguments(
                f"{argument}.path: expected at most {DEEPEST} parts, got {path.count('.') + 1}", [f"{argument}.path"]
            )
        if (problem := _problem_of(path.removesuffix("."))) is not None:
            raise BadArguments(f"{argument}.path: {problem}, got {_describe(path)}", [f"{argument}.path"])
        try:
            check_filter(db_dict["filter"])
            check_table(table)
        except BadArguments as error:
            error.rename({"filter": f"{argument}.filter", "table": f"{argument}.collection"})
            raise
        return cls(table, tuple(sorted(db_dict["filter"].items())), path.removesuffix("."))

    @property
    def query(self) -> dict[str, Any]:
        """The filter, as stores and callbacks take it."""
        return dict(self.filter)

    def update(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Put the path in front of each field name: what a store's ``set`` takes."""
        return {f"{self.path}.{name}": value for name, value in fields.items()}

    def __str__(self) -> str:
        return f"{self.path} of {self.query} in {self.table}"


def _problem_of(path: str) -> str | None:
    if path.partition(".")[0] == "_id":
        return "expected a path outside of _id, which a document keeps"
    return problem_of_path(path)


def _describe(value: object) -> str:
    return repr(value[:100]) if isinstance(value, str) else kind_of(value)


def default_home(key: EeKey) -> Place:
    """The home of an EE whose creator gave none: in the core's own record of it."""
    return Place(COLLECTION, (("_id", key.record_id),), OWN_STATE)


_last_time = 0.0


def status_time() -> str:
    """The time as it stands in a status: seconds since 1970, as text; each later than the one before it.

    It grows even when the clock does not, so it also shows which of two statuses of one writer is the later one.
    """
    global _last_time  # noqa: PLW0603 - one clock for all that this process writes
    _last_time = max(time.time(), _last_time + 1e-6)
    return str(_last_time)


def status_fields(status: DeploymentStatus, detail: str, native: str, kind: str) -> dict[str, Any]:
    """Make the five documented fields of a status change.

    Args:
        status: the status.
        detail: what to say beside it, for people.
        native: the word of the backend's own system.
        kind: kind of the entity that it is about.
    """
    return {
        "status": status.value,
        "detailed-status": detail,
        "VCA-status": native,
        "entity-type": kind,
        TIME: status_time(),
    }


def mark_fields(operation: str) -> dict[str, Any]:
    """Make the five fields that say that an operation runs.

    Args:
        operation: its name.
    """
    return status_fields(DeploymentStatus.RUNNING, operation, "running", "operation")


def end_fields(word: str) -> dict[str, Any]:
    """Make the five fields that an EE ends with.

    Args:
        word: what became of it.
    """
    return status_fields(DeploymentStatus.COMPLETED, "", word, "operation")
