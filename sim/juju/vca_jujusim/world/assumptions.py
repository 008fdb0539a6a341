"""What charms assume of a controller, refused as Juju does, with its texts."""

from __future__ import annotations

import re
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
    problems = _problems(charm.meta.get("assumes", []), is_caas=model.kind == "caas")
    if problems:
        raise Refusal("\n".join(["Charm feature requirements cannot be met:", *map(_indent, problems)]), NOT_SUPPORTED)


def _problems(expressions: list[Any], *, is_caas: bool) -> list[str]:
    return [text for one in expressions if (text := _problem(one, is_caas=is_caas))]


def _problem(one: Any, *, is_caas: bool) -> str:
    if isinstance(one, dict):
        ((kind, below),) = one.items()
        problems = _problems(below, is_caas=is_caas)
        if not problems or (kind == "any-of" and len(problems) < len(below)):
            return ""
        what = "all" if kind == "all-of" else "at least one"
        return "\n".join([f"charm requires {what} of the following:", *map(_indent, problems)])
    match = _FEATURE.fullmatch(one.strip())
    name, relation, wanted = match.groups() if match is not None else (one, None, None)
    if name not in {"juju", *(["k8s-api"] if is_caas else [])}:
        return f'charm requires feature "{name}" but model does not support it'
    if wanted is None or name != "juju" or (_parse(AGENT_VERSION) >= _parse(wanted)) == (relation == ">="):
        return ""
    return (
        f'charm requires feature "juju" (version {relation} {_full(wanted)}) but model currently supports version '
        f"{AGENT_VERSION}"
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
