"""What Juju says of the agents of units that have not begun, such as why it cannot make their pods."""

from __future__ import annotations

from dataclasses import dataclass, field

from vca_juju_common.client.things import Unit
from vca_juju_k8s.cluster.steady import steady


@dataclass
class _Told:
    """What is told of an agent.

    Args:
        text: now.
        said: all that was told of it: each text moves progress deadlines once, also where several take turns.
    """

    text: str = ""
    said: set[str] = field(default_factory=set)


class AgentMessages:
    """Juju's messages of agents that have not begun, in words that stay the same while the same things happen."""

    def __init__(self) -> None:
        self._told: dict[tuple[str, str], _Told] = {}

    def see(self, model: str, name: str, unit: Unit | None) -> str:
        """Note how a unit is.

        Args:
            model: the uuid of its model.
            name: its name.
            unit: as it is now; None: it is gone.

        Returns:
            What is told of its agent; empty: nothing, since it has begun, or Juju says nothing of it.
        """
        if unit is None or unit.agent.current != "allocating":
            self._told.pop((model, name), None)
            return ""
        told, text = self._told.setdefault((model, name), _Told()), steady(unit.agent.message)
        if text and text not in told.said:
            told.said.add(text)
            told.text = text
        return told.text

    def forget(self, model: str) -> None:
        """Forget a model that is gone.

        Args:
            model: its uuid.
        """
        self._told = {key: told for key, told in self._told.items() if key[0] != model}
