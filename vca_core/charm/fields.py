"""Reading plain data by its shape, with errors that say in which file and key it is another one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from vca_core.errors import BadArguments
from vca_core.plain import kind_of
from vca_core.suggestions import did_you_mean

_Word = TypeVar("_Word", bound=str)

TRUE = ("true", "True", "TRUE", "t", "T", "1")
FALSE = ("false", "False", "FALSE", "f", "F", "0")
"""The texts that Juju takes for true and false."""

INT64 = 2**63
"""Whole numbers are below it to Juju, and at least its negative."""

_WHOLE = re.compile(r"[-+]?[0-9][0-9a-fobx_]{0,80}", re.IGNORECASE)
_OCTAL = re.compile(r"^([-+]?0)(_?[0-7])")
_SHOWN = 60


def whole_number_in(text: str) -> int | None:
    """Read a whole number as Go does where Juju takes text for one: ``0x1F``, ``017`` and ``1_000`` are some, too.

    Returns:
        The number; None: it is none, or has more than 64 bits.
    """
    if not _WHOLE.fullmatch(text):
        return None
    try:
        number = int(_OCTAL.sub(r"\1o\2", text), 0)
    except ValueError:
        return None
    return number if -INT64 <= number < INT64 else None


@dataclass(frozen=True, slots=True)
class Field:
    """A value of a charm's file, and where it stands.

    Args:
        file: name of the file in the charm: ``actions.yaml``.
        value: plain data.
        path: the keys that lead to it.
    """

    file: str
    value: Any
    path: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.file}: {'.'.join(self.path)}" if self.path else self.file

    def error(self, text: str) -> BadArguments:
        """Make the error that says what is wrong with this value."""
        return BadArguments(f"{self}: {text}", ["artifact_path"])

    def expectation_error(self, expected: str) -> BadArguments:
        """Make the error that says what was expected in this value's place."""
        return self.error(f"expected {expected}, got {kind_of(self.value)}{self._excerpt()}")

    def get(self, key: str) -> Field | None:
        """Look a key up in a mapping; None when it is absent or empty.

        Raises:
            BadArguments: this is not a mapping.
        """
        return self.mapping().get(key)

    def mapping(self, *, empty: bool = False) -> dict[str, Field]:
        """Take it for a mapping; nothing at all is an empty one.

        Args:
            empty: keep the keys that hold nothing, as in ``platforms: {amd64: }``.

        Raises:
            BadArguments: it is something else.
        """
        if self.value is None:
            return {}
        if not isinstance(self.value, Mapping):
            raise self.expectation_error("a mapping")
        return {
            key: Field(self.file, value, (*self.path, key))
            for key, value in self.value.items()
            if empty or value is not None
        }

    def items(self) -> list[Field]:
        """Take it for a list; nothing at all is an empty one.

        Raises:
            BadArguments: it is something else.
        """
        if self.value is None:
            return []
        if isinstance(self.value, str) or not isinstance(self.value, Sequence):
            raise self.expectation_error("a list")
        return [Field(self.file, value, (*self.path, str(index))) for index, value in enumerate(self.value)]

    def text(self) -> str:
        """Take it for text.

        Raises:
            BadArguments: it is something else.
        """
        if not isinstance(self.value, str):
            # YAML makes a number of 22.10, which is 22.1 from then on.
            hint = " (put it in quotes)" if isinstance(self.value, int | float) else ""
            raise self.expectation_error(f"text{hint}")
        return self.value

    def words(self) -> str:
        """Take it for text for people, which may look like something else.

        Raises:
            BadArguments: it is a list or a mapping.
        """
        if isinstance(self.value, int | float):  # also true and false
            return str(self.value).lower() if isinstance(self.value, bool) else str(self.value)
        return self.text()

    def name(self) -> str:
        """Take it for text that is not blank.

        Raises:
            BadArguments: it is something else.
        """
        if not self.text().strip():
            raise self.expectation_error("text that is not empty")
        return self.text()

    def flag(self, *, text: bool = False) -> bool:
        """Take it for true or false.

        Args:
            text: also take the texts that Juju takes in metadata: ``true``, ``True``, ``TRUE``, ``t``, ``T``, ``1`` and
                their counterparts.

        Raises:
            BadArguments: it is something else.
        """
        if text and self.value in TRUE + FALSE:
            return self.value in TRUE
        if not isinstance(self.value, bool):
            raise self.expectation_error("true or false")
        return self.value

    def whole_number(self, *, text: bool = False) -> int:
        """Take it for a whole number.

        Args:
            text: also take its text, as Juju does in metadata.

        Raises:
            BadArguments: it is something else.
        """
        found = whole_number_in(self.value) if text and isinstance(self.value, str) else None
        if found is not None:
            return found
        if isinstance(self.value, bool) or not isinstance(self.value, int):
            raise self.expectation_error("a whole number")
        if not -INT64 <= self.value < INT64:
            raise self.expectation_error("a whole number of at most 64 bits")
        return self.value

    def one_of(self, words: Sequence[_Word]) -> _Word:
        """Take it for one of some words.

        Raises:
            BadArguments: it is something else.
        """
        given = self.text()
        for word in words:
            if word == given:
                return word
        raise self.error(f"expected one of {', '.join(words)}, got {given!r}{did_you_mean(given, words)}")

    def _excerpt(self) -> str:
        if self.value is None or isinstance(self.value, Mapping | list | bool):
            return ""
        text = repr(self.value)
        return f": {text if len(text) <= _SHOWN else text[:_SHOWN] + '…'}"
