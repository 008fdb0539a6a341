"""What charms assume of Juju, as far as it can be told before they are uploaded."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

_FEATURE = re.compile(r"([a-z][a-z0-9-]*)(?:\s*(>=|<)\s*v?([0-9]+(?:\.[0-9]+){0,3}))?")


def unmet(assumes: Sequence[object], version: str) -> list[str]:
    """The assumptions of a charm that a controller does not meet, in the charm's words.

    Args:
        assumes: as the charm writes them.
        version: of Juju, on the controller: ``3.6.4``.
    """
    return [_words(one) for one in assumes if not _is_met(one, version)]


def needs_version(assumes: Sequence[object]) -> bool:
    """Whether something is said of Juju's version."""
    return "juju" in str(assumes)


def _is_met(one: object, version: str) -> bool:
    if isinstance(one, Mapping):
        every, some = one.get("all-of"), one.get("any-of")
        if isinstance(every, Sequence):
            return all(_is_met(part, version) for part in every)
        return isinstance(some, Sequence) and any(_is_met(part, version) for part in some)
    found = _FEATURE.fullmatch(str(one).strip())
    if found is None:
        return True  # Juju says what is wrong with it
    name, relation, wanted = found.groups()
    if name == "k8s-api":
        return True  # here is Kubernetes; of which version, the controller knows
    if name != "juju" or wanted is None:
        return name == "juju"
    return (_numbers(version) >= _numbers(wanted)) == (relation == ">=")


def _numbers(version: str) -> tuple[int, ...]:
    numbers = [int(part) for part in re.findall("[0-9]+", version)[:3]]
    return tuple(numbers + [0] * (3 - len(numbers)))


def _words(one: object) -> str:
    if isinstance(one, Mapping):
        return " and ".join(f"{key}: {', '.join(map(_words, value))}" for key, value in one.items())
    return str(one)
