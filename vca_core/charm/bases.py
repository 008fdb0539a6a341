"""What a charm runs on; over the years, charms have said it in five ways."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from vca_core.charm.fields import Field
from vca_core.charm.model import Base

_UBUNTU = {
    "precise": "12.04",
    "quantal": "12.10",
    "raring": "13.04",
    "saucy": "13.10",
    "trusty": "14.04",
    "utopic": "14.10",
    "vivid": "15.04",
    "wily": "15.10",
    "xenial": "16.04",
    "yakkety": "16.10",
    "zesty": "17.04",
    "artful": "17.10",
    "bionic": "18.04",
    "cosmic": "18.10",
    "disco": "19.04",
    "eoan": "19.10",
    "focal": "20.04",
    "groovy": "20.10",
    "hirsute": "21.04",
    "impish": "21.10",
    "jammy": "22.04",
    "kinetic": "22.10",
    "lunar": "23.04",
    "mantic": "23.10",
    "noble": "24.04",
    "oracular": "24.10",
    "plucky": "25.04",
    "questing": "25.10",
}
_SERIES = {word: Base("ubuntu", channel) for word, channel in _UBUNTU.items()} | {
    f"centos{version}": Base("centos", version) for version in ("7", "8", "9")
}

ARCHITECTURES = ("amd64", "arm64", "ppc64el", "riscv64", "s390x")
"""Those that Juju 3.6 makes machines of."""

OLDER_ARCHITECTURES = ("armhf", "i386")
"""Those that it takes in ``manifest.yaml`` beside them, for old charms, and makes no machines of."""

_RELEASE = re.compile(r"([a-z][a-z0-9]*)@([0-9]+(?:\.[0-9]+)*)(?:/stable)?")

_NAMES = tuple(
    (re.compile(pattern), name)
    for pattern, name in (
        (r"amd64|x86_64", "amd64"),
        (r"i?[3-9]86", "i386"),
        (r"arm$|armv", "armhf"),
        (r"aarch64", "arm64"),
        (r"ppc64", "ppc64el"),
        (r"s390x", "s390x"),
        (r"riscv64|risc$|risc-[vV]64", "riscv64"),
    )
)
"""What Juju goes by; the first one that is found in a word."""


def architecture_of(word: str) -> str:
    """The name that Juju has for an architecture: ``amd64`` where others say ``x86_64``."""
    stripped = word.strip()
    return next((name for pattern, name in _NAMES if pattern.search(stripped)), stripped)


def check_base(text: str) -> str:
    """Give back a base as machines name it: ``ubuntu@22.04``, also for ``ubuntu@22.04/stable``.

    Raises:
        ValueError: it is not one; of a series, which Juju does not take any more, it says what to write instead.
    """
    if (found := _RELEASE.fullmatch(text)) is not None:
        return f"{found[1]}@{found[2]}"
    series = _SERIES.get(text.rpartition("@")[2])
    hint = f": write {series} for the series" if series is not None else ""
    raise ValueError(f"expected a base such as ubuntu@22.04, got {text[:60]!r}{hint}")


def series_in(channel: str) -> Base | None:
    """The base that a channel means which is the name of a series, such as ``jammy``; Juju finds no machine for it."""
    return _SERIES.get(channel.partition("/")[0])


def from_manifest(bases: Field) -> tuple[Base, ...]:
    """Read ``bases`` of ``manifest.yaml``, which packing leaves behind and Juju goes by.

    Raises:
        BadArguments: it is malformed.
    """
    return _merge(_base(base) for base in bases.items())


def from_bases(bases: Field) -> tuple[Base, ...]:
    """Read ``bases`` of ``charmcraft.yaml``: each one a base, or pairs of ``build-on`` and ``run-on``.

    Raises:
        BadArguments: it is malformed.
    """
    return _merge(_base(base) for entry in bases.items() for base in _bases_to_run_on(entry))


def from_platforms(base: Field | None, platforms: Field) -> tuple[Base, ...]:
    """Read ``base`` and ``platforms`` of ``charmcraft.yaml``.

    Args:
        base: ``ubuntu@22.04``; without one, the platforms say it: ``ubuntu@22.04:amd64``.
        platforms: names or mappings with ``build-for``; a name alone is also what it builds for.

    Raises:
        BadArguments: it is malformed.
    """
    return _merge(_platforms(base, platforms))


def from_series(series: Iterable[str]) -> tuple[Base, ...]:
    """Translate the words of old charms; those that name no operating system, such as ``kubernetes``, are left out."""
    return tuple(_SERIES[word] for word in series if word in _SERIES)


def _bases_to_run_on(entry: Field) -> list[Field]:
    bases = entry.get("run-on") or entry.get("build-on")
    return [entry] if bases is None else bases.items()


def _platforms(base: Field | None, platforms: Field) -> Iterator[Base]:
    for label, platform in platforms.mapping(empty=True).items():
        target = platform.get("build-for") or platform.get("build-on")
        targets = [label]
        if target is not None:
            targets = [target.text()] if isinstance(target.value, str) else [item.text() for item in target.items()]
        for text in targets:
            system, _, architecture = text.rpartition(":")
            architecture = "" if architecture == "all" else architecture
            if base is not None:
                yield _base_from_text(base, base.text(), architecture)
            elif "@" in text:
                yield _base_from_text(platform, system or text, architecture if system else "")


def _base_from_text(place: Field, text: str, architecture: str) -> Base:
    name, _, channel = text.partition("@")
    if not name or not channel:
        raise place.error(f"expected a base such as ubuntu@22.04, got {text!r}")
    return Base(name, channel, (architecture_of(architecture),) if architecture else ())


def _base(field: Field) -> Base:
    parts = field.mapping()
    for key in ("name", "channel"):
        if key not in parts:
            raise field.error(f"expected a name and a channel, got no {key}")
    architectures = parts.get("architectures")
    return Base(
        parts["name"].name(),
        parts["channel"].name(),
        tuple(dict.fromkeys(architecture_of(item.name()) for item in architectures.items())) if architectures else (),
    )


def _merge(bases: Iterable[Base]) -> tuple[Base, ...]:
    """One base for all its architectures; the one that says none runs on whatever there is."""
    merged: dict[tuple[str, str], Base] = {}
    for base in bases:
        known = merged.setdefault((base.name, base.channel), base)
        every = tuple(dict.fromkeys(known.architectures + base.architectures))
        says_none = not known.architectures or not base.architectures
        merged[base.name, base.channel] = Base(base.name, base.channel, () if says_none else every)
    return tuple(merged.values())
