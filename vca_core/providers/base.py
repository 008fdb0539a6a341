"""What a provider of connectors is: it knows the definitions of some, by name."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self


class ConnectorProvider(ABC):
    """Definitions of connectors that live elsewhere than in the config.

    It is asked each time that a connector is looked up, so that a definition that changed is noticed; it keeps none.
    Callers who look the same one up at the same time share an answer. When none of them waits any more, the call is
    cancelled.
    Constructing connects to nothing; it connects when it is first asked, and again after it was closed.
    """

    @classmethod
    def from_options(cls, options: Mapping[str, Any], folder: Path) -> Self:
        """Make the provider that a config names; nothing is connected to.

        Args:
            options: what the config says; they may hold secrets.
            folder: where relative paths start: the config's folder.

        Raises:
            BadArguments: the options are wrong; shows no values.
        """
        raise NotImplementedError

    @property
    @abstractmethod
    def origin(self) -> str:
        """Where the definitions come from, as errors name it; without credentials."""

    def problems_of_files(self) -> Iterable[str]:
        """Check the files that its options name, for `vca config check` and `vca doctor`. It blocks.

        Returns:
            What is wrong, each with the option's name and a remedy; no secret is in it.
        """
        return ()

    @abstractmethod
    async def definition(self, name: str) -> Mapping[str, Any] | None:
        """Look up the definition of a connector, as it is now.

        Args:
            name: the connector's, of letters, digits, ``-`` and ``_``.

        Returns:
            A mapping with the keys that ``connectors.NAME`` has in a config: ``backend``, ``options``, ``timeouts``.
            None: it does not know the name. It is checked as the config's are.

        Raises:
            VcaError: it could not look; `retryable` where trying again can help.
        """

    async def close(self) -> None:  # noqa: B027 - many have nothing to close
        """Let go of what it has opened."""
