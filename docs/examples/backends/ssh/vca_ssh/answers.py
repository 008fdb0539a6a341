"""What the agent says when it does not do something."""

from __future__ import annotations

from typing import Any


class Refused(Exception):
    """The agent did not do what it was asked.

    Args:
        facts: `kind` says why; more as the kind has it.
    """

    def __init__(self, facts: dict[str, Any]) -> None:
        super().__init__(facts["kind"])
        self.facts = facts
        self.kind: str = facts["kind"]
