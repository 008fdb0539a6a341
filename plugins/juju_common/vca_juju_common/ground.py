"""What execution environments run on: machines, or nothing. Each backend says it of its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from vca_core.naming import EeId, NameRules, Namespace
from vca_core.status import EntityState
from vca_juju_common.client.interface import Model
from vca_juju_common.client.state import State
from vca_juju_common.client.things import Unit
from vca_juju_common.client.values import Kind

NOTED = "reservation"
"""The kind of entity that is nothing but a note: only the delta about the note shows when it goes."""


@dataclass(frozen=True, slots=True)
class Bearer:
    """What bears the namespace of an execution environment, with or without an application.

    Args:
        locator: of the execution environment.
        namespace: the canonical one.
    """

    locator: str
    namespace: Namespace


class Ground(Protocol):
    """What the execution environments of a backend stand on."""

    kind: ClassVar[Kind]
    """What their models are of."""

    def bearers(self, state: State) -> Iterable[Bearer]:
        """Find what bears a namespace in a model, beside its applications.

        Args:
            state: of the model.

        Returns:
            All of it; where two bear one namespace, the first is the execution environment.
        """

    def locator_of(self, units: Sequence[Unit]) -> str:
        """The locator of an application that does not bear its own; empty: it is not an execution environment.

        Args:
            units: of the application.
        """

    def tag_of(self, model: Model, ee_id: EeId) -> str:
        """The tag of what bears the namespace of an execution environment.

        Args:
            model: where it is.
            ee_id: the execution environment.
        """

    def states_of(self, model: Model, rules: NameRules, ee_id: EeId) -> list[EntityState]:
        """The states of what an execution environment runs on, now.

        Args:
            model: where it is.
            rules: names applications.
            ee_id: the execution environment.
        """

    def address_of(self, model: Model, ee_id: EeId) -> str | None:
        """The address of an execution environment; None: it has none yet.

        Args:
            model: where it is.
            ee_id: the execution environment.
        """

    def check(self, model: Model, units: Sequence[Unit], since: int) -> None:
        """Refuse to wait for units where what they run on will not come.

        Args:
            model: where they are.
            units: which ones.
            since: the number of the reading before which what is lost may have come back.

        Raises:
            BackendError: it will not come.
            NotFound: it was removed.
        """
