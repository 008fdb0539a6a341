"""Secrets that outlive the operation that brought them: values of options, for as long as their EE lives."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import Any

from vca_core.secrets.finding import secrets_in
from vca_core.secrets.values import HeldSecrets, SecretValues

_KEPT = 2
"""Values of one option: a charm may still complain of the one before."""


class LastingSecrets:
    """The secret values of options of all EEs: a unit may say them long after they were set.

    Attributes:
        values: all of them.
    """

    def __init__(self) -> None:
        self.values = SecretValues()
        self._held: dict[Hashable, dict[str, list[tuple[frozenset[str], HeldSecrets]]]] = {}

    def keep(self, owner: Hashable, options: Mapping[str, Any], declared: Iterable[str]) -> None:
        """Know the secrets among the options that an EE is given, until it is forgotten.

        Args:
            owner: the EE.
            options: values by name.
            declared: names that its charm declares secret.
        """
        names = frozenset(declared)
        for option, value in options.items():
            texts = frozenset(secrets_in({option: value}, names))
            if not texts:
                continue
            kept = self._held.setdefault(owner, {}).setdefault(option, [])
            if all(texts != before for before, _ in kept):
                kept.append((texts, self.values.add(texts)))
            if len(kept) > _KEPT:
                self.values.remove(kept.pop(0)[1])

    def forget(self, owner: Hashable) -> None:
        """Forget the secrets of an EE that is gone."""
        for kept in self._held.pop(owner, {}).values():
            for _, held in kept:
                self.values.remove(held)
