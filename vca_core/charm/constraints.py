"""Constraints of machines, as Juju's command takes them and as its API does."""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from vca_core.charm.bases import ARCHITECTURES, architecture_of
from vca_core.charm.fields import FALSE, TRUE
from vca_core.suggestions import instead

_NUMBERS = frozenset({"cores", "cpu-power"})
_SIZES = frozenset({"mem", "root-disk"})
_LISTS = frozenset({"tags", "spaces", "zones"})
_FLAGS = frozenset({"allocate-public-ip"})
_TEXTS = frozenset({"arch", "container", "instance-type", "instance-role", "virt-type", "root-disk-source", "image-id"})
_KNOWN = _NUMBERS | _SIZES | _LISTS | _FLAGS | _TEXTS
_OF_PODS = ("arch", "cores", "cpu-power", "mem", "tags")
_ALIASES = {"cpu-cores": "cores"}
_SIZED_BY_TYPE = ("cores", "mem")
"""What an ``instance-type`` says, too: clouds refuse both together."""
_WHOLE = re.compile(r"[0-9]{1,40}")
_NUMBER = re.compile(r"(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:[eE][-+]?[0-9]{1,2})?")
_SPACE = re.compile(r"\^?[a-z0-9]+(?:-[a-z0-9]+)*")
_CONTAINERS = ("lxd", "kvm", "none")
LONGEST = 4096
"""How many characters constraints, or one of them, may have: words of a text are split in time that grows faster."""
_MIB = {"": 1, "M": 1, "G": 1024, "T": 1024**2, "P": 1024**3}


def parse_constraints(given: str | Mapping[str, Any]) -> dict[str, Any]:
    """Read constraints.

    Args:
        given: ``"mem=4G cores=2"``, or by name: ``{"mem": "4G", "cores": 2}``. Sizes without a unit are MiB. ``"mem="``
            takes away what is asked for elsewhere.

    Returns:
        By Juju's names, in the types of its API: sizes in MiB, rounded up as Juju does.

    Raises:
        ValueError: an unknown name, one that is there twice or contradicts another one, or a value that does not fit;
            the text says which.
    """
    if isinstance(given, str):
        _check_length(given)
        words = [word.partition("=") for word in shlex.split(given)]
        wrong = [name for name, equals, _ in words if not equals]
        if wrong:
            raise ValueError(f"constraint {wrong[0]!r}: expected name=value")
        pairs: Iterable[tuple[str, Any]] = [(name, value) for name, _, value in words]
    elif isinstance(given, Mapping):
        pairs = given.items()
    else:
        raise ValueError("expected text such as mem=4G cores=2, or a mapping")  # noqa: TRY004 - for pydantic
    parsed: dict[str, Any] = {}
    for key, value in pairs:
        spelled = str(key).replace("_", "-")
        name = _ALIASES.get(spelled, spelled)
        if name in parsed:
            raise ValueError(f"constraint {name} is there twice; keep one of them")
        parsed[name] = _value(name, value)
    _check_contradictions(parsed)
    return parsed


def merge_constraints(general: Mapping[str, Any], particular: Mapping[str, Any]) -> dict[str, Any]:
    """Put constraints before more general ones, as Juju does: those that would contradict them are left out.

    Args:
        general: as `parse_constraints` gives them.
        particular: the ones that count where both say something.
    """
    left_out: tuple[str, ...] = ()
    if particular.get("instance-type"):
        left_out = _SIZED_BY_TYPE
    elif any(particular.get(name) for name in _SIZED_BY_TYPE):
        left_out = ("instance-type",)
    return {name: value for name, value in general.items() if name not in left_out} | dict(particular)


def check_for_pods(given: Mapping[str, Any]) -> None:
    """Refuse constraints that mean nothing on Kubernetes.

    Args:
        given: as `parse_constraints` gives them.

    Raises:
        ValueError: one of them does; says which.
    """
    for name in given:
        if name not in _OF_PODS:
            raise ValueError(f"constraint {name!r} means nothing on Kubernetes{instead(name, _OF_PODS)}")


def _check_contradictions(parsed: Mapping[str, Any]) -> None:
    sized = [name for name in _SIZED_BY_TYPE if parsed.get(name)]
    if sized and parsed.get("instance-type"):
        raise ValueError(
            f"constraint instance-type contradicts {' and '.join(sized)}: it says the size; keep one of them"
        )
    for name in sorted(_LISTS & parsed.keys()):
        excluded = {one.removeprefix("^") for one in parsed[name] if one.startswith("^")}
        both = [one for one in parsed[name] if one in excluded]
        if both:
            raise ValueError(f"constraint {name}: {both[0]!r} is asked for and excluded; keep one of them")


def _check_length(text: str) -> None:
    if len(text) > LONGEST:
        raise ValueError(f"expected constraints of at most {LONGEST} characters, got {len(text)}")


def _value(name: str, value: Any) -> Any:
    if name not in _KNOWN:
        raise ValueError(f"there is no constraint {name!r}{instead(name, _KNOWN)}")
    if not isinstance(value, list | tuple | str | int | float | None):
        raise ValueError(f"constraint {name}: expected text, a number or a list of names")  # noqa: TRY004 - for pydantic
    items = value if isinstance(value, list | tuple) else [value]
    if isinstance(value, list | tuple) and not all(map(_is_name, items)):
        raise ValueError(f"constraint {name}: expected a list of names, got something else in it")
    _check_length(",".join(map(str, items)))
    text = "" if value is None else str(value).strip()
    if not text and isinstance(value, str) and name not in _LISTS:
        return 0 if name in _SIZES or name in _NUMBERS else False if name in _FLAGS else ""
    if name in _SIZES:
        unit = text[-1:].upper() if not text[-1:].isdigit() else ""
        number = text[: len(text) - len(unit)]
        if unit not in _MIB or not _NUMBER.fullmatch(number):
            raise ValueError(f"constraint {name}: expected a size such as 4096M or 4G")
        return _of_64_bits(name, math.ceil(Fraction(number) * _MIB[unit]))
    if name in _NUMBERS:
        if not _WHOLE.fullmatch(text):
            raise ValueError(f"constraint {name}: expected a whole number")
        return _of_64_bits(name, int(text))
    if name in _LISTS:
        return _list(name, value)
    if name in _FLAGS:
        if text not in TRUE + FALSE:
            raise ValueError(f"constraint {name}: expected true or false")
        return text in TRUE
    if name == "arch":
        arch = architecture_of(text.lower())
        if arch not in ARCHITECTURES:
            raise ValueError(f"constraint arch: expected one of {', '.join(ARCHITECTURES)}, got {text!r}")
        return arch
    if name == "container" and text not in _CONTAINERS:
        raise ValueError(f"constraint container: expected one of {', '.join(_CONTAINERS)}, got {text!r}")
    if not text:
        raise ValueError(f"constraint {name}: expected text, got nothing; leave it out")
    return text


def _is_name(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def _list(name: str, value: Any) -> list[str]:
    """The items of a list, which may be none: that takes away what is asked for elsewhere."""
    items = value if isinstance(value, list | tuple) else [] if value in (None, "") else str(value).split(",")
    parsed = [str(one).strip() for one in items]
    if not all(parsed):
        raise ValueError(f"constraint {name}: expected names, got a blank one among them")
    wrong = [one for one in parsed if name == "spaces" and not _SPACE.fullmatch(one)]
    if wrong:
        raise ValueError(
            f"constraint spaces: expected names of lower-case letters, digits and inner dashes, got {wrong[0]!r}"
        )
    return parsed


def _of_64_bits(name: str, number: int) -> int:
    if number >= 2**64:
        raise ValueError(f"constraint {name}: expected a number of at most 64 bits, as Juju has it")
    return number
