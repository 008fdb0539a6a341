"""What is noted at entities of a model, as annotations, so that an execution environment outlives this process."""

from __future__ import annotations

from collections.abc import Mapping

from vca_core.errors import BadArguments
from vca_core.naming import Namespace

NAMESPACE_NOTE = "vca-namespace"
"""The canonical namespace, at an execution environment's machine and its application."""

LOCATOR_NOTE = "vca-locator"
"""At the application: the locator of its execution environment."""


def namespace_in(notes: Mapping[str, str]) -> Namespace | None:
    """The namespace that is noted; None: none, or something that is none."""
    text = notes.get(NAMESPACE_NOTE)
    if not text:
        return None
    try:
        return Namespace.parse(text)
    except BadArguments:
        return None
