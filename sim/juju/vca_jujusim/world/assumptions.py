"""What charms assume of a controller, refused as Juju does, with its texts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from vca_jujusim.charms import Charm
from vca_jujusim.problems import NOT_SUPPORTED, Refusal
from vca_jujusim.world.deltas import AGENT_VERSION
from vca_jujusim.world.model import Model

_FEATURE = re.compile(r"([a-z][a-z0-9-]*?[a-z0-9]+)(?:\s*(>=|<)\s*(\S+))?")
_NUMBERS = re.compile(r"(\d+)(?:\.(\d+))?(?:[.-]([a-z]*)(\d+))?(?:\.(\d+))?")
_FINAL = "~"
"""In the place of ``alpha``, ``beta`` and the like: it comes after them all."""

_Version = tuple[int, int, str, int, int]


def check_assumptions(model: Model, charm: Charm, *, force: bool) -> None:
    """Refuse a charm that needs a newer Juju, or assumes what the model does not have.

    Raises:
        Refusal: as Juju does.
    """
    oldest = charm.meta.get("min-juju-version", "0.0.0")
    if _parse(oldest) > _parse(AGENT_VERSION):
        raise Refusal(
            f"charm's min version ({oldest}) is higher than this juju model's version ({AGENT_VERSION})",
            "minimum juju version",
        )
    if force:
        return
    problems = _problems(charm.meta.get("assumes", []), features_of(model))
    if problems:
        raise Refusal("\n".join(["Charm feature requirements cannot be met:", *map(_indent, problems)]), NOT_SUPPORTED)


def features_of(model: Model) -> dict[str, str]:
    """What charms in a model may assume: versions by name."""
    return {"juju": AGENT_VERSION} | ({"k8s-api": model.world.kubernetes_version} if model.kind == "caas" else {})


def _problems(expressions: list[Any], features: Mapping[str, str]) -> list[str]:
    return [text for one in expressions if (text := _problem(one, features))]


def _problem(one: Any, features: Mapping[str, str]) -> str:
    if isinstance(one, dict):
        ((kind, below),) = one.items()
        problems = _problems(below, features)
        if not problems or (kind == "any-of" and len(problems) < len(below)):
            return ""
        what = "all" if kind == "all-of" else "at least one"
        return "\n".join([f"charm requires {what} of the following:", *map(_indent, problems)])
    match = _FEATURE.fullmatch(one.strip())
    name, relation, wanted = match.groups() if match is not None else (one, None, None)
    has = features.get(name)
    if has is None:
        return f'charm requires feature "{name}" but model does not support it'
    if wanted is None or (_parse(has) >= _parse(wanted)) == (relation == ">="):
        return ""
    if name == "k8s-api":
        return f"charm requires Kubernetes version {relation} {_full(wanted)}, model is running on version {has}"
    return (
        f'charm requires feature "juju" (version {relation} {_full(wanted)}) but model currently supports version {has}'
    )


def _parse(text: str) -> _Version:
    match = _NUMBERS.fullmatch(text)
    major, minor, tag, patch, build = match.groups() if match is not None else ("0", "0", "", "0", "0")
    return int(major), int(minor or 0), tag or _FINAL, int(patch or 0), int(build or 0)


def _full(text: str) -> str:
    major, minor, tag, patch, build = _parse(text)
    end = f".{patch}" if tag == _FINAL else f"-{tag}{patch}"
    return f"{major}.{minor}{end}{f'.{build}' if build else ''}"


def _indent(text: str) -> str:
    return "\n".join(f"  {line}" for line in f"- {text}".splitlines())
