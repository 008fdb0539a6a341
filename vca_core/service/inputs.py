"""What a step is made of, and how that is compared with what it was made of before.

What is kept lies in a store that others may read, and there a digest of a short secret is as good as the secret: one
tries all that it could be. So digests are made without the values that are secret; where these were is kept beside it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from vca_core.secrets import MASK, SecretValues, is_secret_name, scrub_plain, secret_strings, secrets_in
from vca_core.secrets.forms import SHORTEST
from vca_core.secrets.values import MOST_SECRETS
from vca_core.service.seals import can_be_guessed

FORM = "2:"
"""In front of digests. Those of earlier releases have nothing there: they lack only what is secret by its name."""

_NOWHERE: frozenset[str] = frozenset()


def place_of(*keys: object) -> str:
    """Name a place in plain data, as a JSON pointer: ``/config/hostname``."""
    return "".join("/" + str(key).replace("~", "~0").replace("/", "~1") for key in keys)


def move_places(places: Collection[str], start: str, to: str) -> frozenset[str]:
    """Name the places below one as they are called below another one."""
    if not places:
        return _NOWHERE
    return frozenset(to + place.removeprefix(start) for place in places if place.startswith(f"{start}/"))


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a step is made of.

    Args:
        values: plain data by name.
        referred: places of values that came by reference (``${env:NAME}``): they are secret, whatever their names.
        aside: secrets by name that no digest has, such as the credentials of a machine.
    """

    values: Mapping[str, Any] = field(repr=False)
    referred: frozenset[str] = field(default=_NOWHERE, repr=False)
    aside: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def texts(self) -> tuple[str, ...]:
        """What must not be shown of it: what is secret by its name, or by reference and longer than a switch is."""
        referred = [text for place, value in _walk(self.values) if place in self.referred for text in _leaves(value)]
        longer = [text for text in referred if len(text.strip()) >= SHORTEST]
        return tuple(sorted({*secrets_in(self.values), *longer, *_leaves(self.aside)}))

    def find_secrets(self, declared: Collection[str] = ()) -> frozenset[str]:
        """Find the places of secrets: of what came by reference, of what is named or declared secret, and its copies.

        Args:
            declared: further names of secrets.
        """
        found = dict(_secret_parts(self.values, "", declared, self.referred))
        if not found:
            return _NOWHERE
        secrets = _Texts({text for value in found.values() for text in _secret_texts(value)})
        copies = {
            place
            for place, value in _walk(self.values)
            if not isinstance(value, Mapping | list) and any(map(secrets.are_in, _leaves(value)))
        }
        return frozenset(found.keys() | copies)

    def digest(self, secret: Collection[str]) -> str:
        """Make a digest.

        Args:
            secret: places of values that are left out.
        """
        return FORM + _sha256(json.dumps(_mask(self.values, "", secret), sort_keys=True, default=str))

    def sealable(self, secret: Collection[str]) -> tuple[list[str], bool]:
        """Find what a slow hash may be kept of: secrets that nobody can guess by trying.

        Args:
            secret: places of secrets.

        Returns:
            The secrets as texts, and whether these are all.
        """
        found = [(place, value) for place, value in _walk(self.values) if place in secret]
        found += [(place_of("aside", name), value) for name, value in sorted(self.aside.items())]
        weak = _Texts({text for _, value in found for text in _secret_texts(value) if can_be_guessed(text)})
        strong = [
            json.dumps([place, value], sort_keys=True, default=str)
            for place, value in found
            if not any(map(weak.are_in, _secret_texts(value)))
        ]
        return strong, len(strong) == len(found)


def first_digest(made: Any) -> str:
    """Make the digest that earlier releases kept.

    Args:
        made: what they made it of.
    """
    scrub = SecretValues(secrets_in(made)).scrub
    return _sha256(scrub(json.dumps(scrub_plain(made, scrub), sort_keys=True, default=str)))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _walk(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """All parts of plain data with their places, and itself."""
    yield place, value
    for key, item in _parts(value):
        yield from _walk(item, place + place_of(key))


def _parts(value: Any) -> Iterator[tuple[object, Any]]:
    if isinstance(value, Mapping):
        yield from value.items()
    elif isinstance(value, list):
        yield from enumerate(value)


def _secret_parts(
    value: Any, place: str, declared: Collection[str], referred: Collection[str]
) -> Iterator[tuple[str, Any]]:
    """The largest parts that are secret as a whole, and texts with a secret in them."""
    for key, item in _parts(value):
        below = place + place_of(key)
        is_named = isinstance(key, str) and (key in declared or is_secret_name(key))
        if below in referred or (is_named and any(True for _ in secret_strings(item))):
            yield below, item
        elif isinstance(item, str):
            if secrets_in(item, declared):
                yield below, item
        else:
            yield from _secret_parts(item, below, declared, referred)


def _leaves(value: Any) -> Iterator[str]:
    for _, part in _walk(value):
        if not isinstance(part, Mapping | list | bool | None):
            yield str(part)


def _secret_texts(value: Any) -> set[str]:
    """What of a secret is one by itself: its texts, and passwords in these."""
    return {*_leaves(value), *secrets_in(value)}


class _Texts:
    """Secrets that others may repeat.

    Args:
        texts: of too many, which no operation takes, only whole repetitions are seen.
    """

    def __init__(self, texts: Collection[str]) -> None:
        self._texts = texts
        self._longer = [one for one in texts if len(one.strip()) >= SHORTEST] if len(texts) <= MOST_SECRETS else []

    def are_in(self, text: str) -> bool:
        """Whether a text is one of them, or has one in it."""
        return text in self._texts or any(map(text.__contains__, self._longer))


def _mask(value: Any, place: str, secret: Collection[str]) -> Any:
    if place in secret:
        return MASK
    if isinstance(value, Mapping):
        return {str(key): _mask(item, place + place_of(key), secret) for key, item in value.items()}
    if isinstance(value, list):
        return [_mask(item, place + place_of(key), secret) for key, item in enumerate(value)]
    return value
