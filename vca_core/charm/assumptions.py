"""What charms assume of Juju: features that it has or not, and its version."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from vca_core.charm.model import Charm
from vca_core.refusals import newer_juju, unmet_assumptions

_FEATURE = re.compile(r"([a-z][a-z0-9-]*?[a-z0-9]+)(?:\s*(>=|<)\s*(\S+))?")
_VERSION = re.compile(r"([0-9]+)(?:\.([0-9]+)(?:-([a-z]+)|\.)?([0-9]+)?(?:\.([0-9]+))?)?")

JUJU = "3.6"
"""The releases of Juju that are spoken to here."""

_KUBERNETES = "k8s-api"
"""What models on Kubernetes have, beside ``juju``; those on machines have nothing beside it."""


def check_assumptions(
    charm: Charm, version: str, *, on_kubernetes: bool, kubernetes: str = "", force: bool = False
) -> None:
    """Refuse a charm that Juju refuses to deploy, and to upgrade to.

    Args:
        charm: the charm.
        version: of Juju: ``3.6.4``.
        on_kubernetes: whether it is to live there, else on machines.
        kubernetes: its version, where it is known: ``1.30.4``; any version is taken to do otherwise.
        force: whether it may assume what Juju does not have.

    Raises:
        BadArguments: it assumes what Juju does not have, or needs a newer one; says what.
    """
    if charm.min_juju_version and _order(version, final=True) < _order(charm.min_juju_version):
        raise newer_juju(charm.name, charm.min_juju_version, version)
    missing = [] if force else unmet(charm.assumes, version, on_kubernetes=on_kubernetes, kubernetes=kubernetes)
    if missing:
        raise unmet_assumptions(charm.name, missing, version, is_kubernetes=on_kubernetes, kubernetes=kubernetes)


def is_kubernetes_version_assumed(charm: Charm) -> bool:
    """Whether it hangs on the version of Kubernetes if a charm can be deployed."""
    return any(name == _KUBERNETES and wanted for name, _, wanted in _features(charm.assumes))


def unmet(assumes: Sequence[object], version: str, *, on_kubernetes: bool, kubernetes: str = "") -> list[str]:
    """The assumptions of a charm that Juju does not meet, in the charm's words.

    Args:
        assumes: as the charm writes them.
        version: of Juju.
        on_kubernetes: whether the charm is to live there, else on machines.
        kubernetes: its version; empty: not known.
    """
    versions = {"juju": version} | ({_KUBERNETES: kubernetes} if on_kubernetes else {})
    return [_words(one) for one in assumes if not _is_met(one, versions)]


def unmet_by_all(charm: Charm) -> list[str]:
    """What a charm needs of Juju and no release of `JUJU` has, in the charm's words; empty: one of them has all of it.

    Args:
        charm: the charm.
    """
    oldest = charm.min_juju_version
    needs = [*charm.assumes, *([f"juju >= {oldest}"] if oldest else [])]
    # Wherever a release meets all of them, the oldest one does that is named as a bound, or the oldest of all.
    named = [version for version in _versions(needs) if _order(version)[:2] == _order(JUJU)[:2]]
    return min((unmet(needs, one, on_kubernetes=charm.is_kubernetes) for one in (JUJU, *named)), key=len)


def _versions(one: object) -> Iterator[str]:
    """The versions that assumptions name."""
    return (wanted for _, _, wanted in _features(one) if wanted)


def _features(one: object) -> Iterator[tuple[str, str, str]]:
    """The features that assumptions name, at any depth, each with a relation and a version, which may be empty."""
    if isinstance(one, Mapping):
        one = list(one.values())
    if isinstance(one, list | tuple):
        for part in one:
            yield from _features(part)
        return
    found = _FEATURE.fullmatch(str(one).strip())
    if found is not None:
        yield found[1], found[2] or "", found[3] or ""


def _is_met(one: object, versions: Mapping[str, str]) -> bool:
    """Whether an assumption is met by the features that there are; an empty version is not known, and does."""
    if isinstance(one, Mapping):
        every, some = ([_is_met(part, versions) for part in _parts(one.get(kind))] for kind in ("all-of", "any-of"))
        return all(every) and (any(some) or not some)
    found = _FEATURE.fullmatch(str(one).strip())
    if found is None:
        return True  # what is malformed is an obstacle of its own
    name, relation, wanted = found.groups()
    has = versions.get(name)
    if not has or wanted is None:
        return has is not None
    return (_order(has) >= _order(wanted)) == (relation == ">=")


def _parts(below: object) -> Sequence[object]:
    return below if isinstance(below, list | tuple) else ()


def _order(version: str, *, final: bool = False) -> tuple[int, int, str, int, int]:
    """What versions are ordered by: ``3.6-beta2`` comes before ``3.6.0``, unless it counts as that."""
    match = _VERSION.match(version)
    major, minor, tag, patch, build = match.groups() if match else (None,) * 5
    return int(major or 0), int(minor or 0), "~" if final or tag is None else tag, int(patch or 0), int(build or 0)


def _words(one: object) -> str:
    if isinstance(one, Mapping):
        return " and ".join(f"{key}: {', '.join(map(_words, _parts(value)))}" for key, value in one.items())
    return str(one)
