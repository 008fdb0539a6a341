"""Secrets that outlive the operation that brought them: values of options, for as long as their EE lives."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

from vca_core.secrets.values import FoundSecrets, HeldSecrets, SecretValues

MOST_KEPT = 8
"""Values of one option: a unit may complain of an earlier one long after it was changed, and more than once."""


class LastingSecrets:
    """The secret values of options of all EEs: a unit may say them long after they were set.

    Attributes:
        values: all of them; other `Vca` of this process keep them out of their texts, too.
        known: the EEs all of whose secrets are known, each with the `Vca` that had operated on it last by then; if it
            is another one by now, that may have brought some.
    """

    def __init__(self) -> None:
        self.values = SecretValues()
        self.known: dict[Hashable, str | None] = {}
        self._held: dict[Hashable, dict[str, list[tuple[frozenset[str], HeldSecrets]]]] = {}

    def keep(self, owner: Hashable, found: Mapping[str, FoundSecrets]) -> None:
        """Know the secrets among the options that an EE is given, until it is forgotten.

        Args:
            owner: the EE.
            found: the secrets by the option that holds them.
        """
        if found:
            self.values.share()
        for option, secrets in found.items():
            kept = self._held.setdefault(owner, {}).setdefault(option, [])
            known = [one for one in kept if one[0] == secrets.texts]
            for one in known:
                kept.remove(one)  # the one that was set last is the last to be forgotten
            kept += known or [(secrets.texts, self.values.add_forms(secrets.forms))]
            if len(kept) > MOST_KEPT:
                self.values.remove(kept.pop(0)[1])

    def forget(self, owner: Hashable) -> None:
        """Forget the secrets of an EE that is gone."""
        self.known.pop(owner, None)
        for kept in self._held.pop(owner, {}).values():
            for _, held in kept:
                self.values.remove(held)

    def note(self, owner: Hashable, operator: str | None) -> None:
        """Note that all secrets of an EE are known.

        Args:
            owner: the EE.
            operator: the `Vca` that operated on it last.
        """
        self.known[owner] = operator

    def withdraw(self) -> None:
        """Share the values with no other `Vca` of the process any more: this one is disconnected."""
        self.values.withdraw()
