"""NOTICE: what an installation of each of our distributions brings along, with the licence that it declares."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import metadata, requires
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from generators.made import ROOT, Made

NOTICE = ROOT / "NOTICE"

OURS = {
    "vca-core": ROOT,
    "vca-fake": ROOT / "plugins" / "fake",
    "vca-juju-common": ROOT / "plugins" / "juju_common",
    "vca-juju-k8s": ROOT / "plugins" / "juju_k8s",
    "vca-juju-machine": ROOT / "plugins" / "juju_machine",
    "vca-jujusim": ROOT / "sim" / "juju",
}
"""The folders of our distributions: what they want stands in their pyproject.toml, whatever is installed."""

HEAD = """Everything in this repository is under Apache-2.0: see LICENSE.

What `pip install` of each of its distributions brings along (Python 3.11, Linux), and the licence that each declares.
Made by `make docs` from pyproject.toml and the installed metadata.
"""

_PYTHON = {"python_version": "3.11", "python_full_version": "3.11.0"}
_BY_CLASSIFIER = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD",
    "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0",
    "GNU Library or Lesser General Public License (LGPL)": "LGPL-2.1",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}


def generate() -> Made:
    """Make the file."""
    parts, known = [HEAD], set(OURS)
    for name in OURS:
        project = _project(name)
        without = _closure(project.get("dependencies", ()))
        known |= without
        parts.append(f"{name}:\n{_lines(without)}")
        for extra, wanted in sorted(project.get("optional-dependencies", {}).items()):
            more = _closure(wanted) - without
            known |= more
            parts.append(f"{name}[{extra}] adds:\n{_lines(more)}")
    problems = [f"NOTICE: the licence of {one} is not known" for one in sorted(known) if not licence_of(one)]
    return Made({NOTICE: "\n".join(parts)}, problems)


def licence_of(name: str) -> str:
    """The licence that a distribution declares, as short as it can be said; empty: nothing that is understood."""
    if name in OURS:
        return "Apache-2.0"
    about = metadata(name)
    expression = _first(about.get_all("License-Expression")).replace(" OR ", " or ").replace(" AND ", " and ")
    found = [one.rpartition(" :: ")[2] for one in about.get_all("Classifier") or () if one.startswith("License :: ")]
    short = _first(about.get_all("License")).partition("\n")[0].strip()
    by_classifier = " or ".join(sorted({_BY_CLASSIFIER[one] for one in found if one in _BY_CLASSIFIER}))
    is_name = re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.+ -]{1,40}", short) is not None
    return expression or by_classifier or (short if is_name else "")


def _first(given: list[Any] | None) -> str:
    return str(given[0]) if given else ""


def _project(name: str) -> dict[str, Any]:
    project: dict[str, Any] = tomllib.loads((OURS[name] / "pyproject.toml").read_text("utf-8"))["project"]
    return project


def _closure(wanted: Iterable[str]) -> set[str]:
    found: set[str] = set()
    waiting = [one for line in wanted for one in _matching_requirements(line, "")]
    while waiting:
        name, extra = waiting.pop()
        if name not in found or extra:
            found.add(name)
            waiting += [
                one
                for line in _requirements(name)
                for one in _matching_requirements(line, extra)
                if one[0] not in found
            ]
    return found


def _requirements(name: str) -> Iterable[str]:
    if name not in OURS:
        return requires(name) or ()
    project = _project(name)
    extras = project.get("optional-dependencies", {}).items()
    return [*project.get("dependencies", ()), *(f"{line}; extra == '{key}'" for key, lines in extras for line in lines)]


def _matching_requirements(line: str, extra: str) -> Iterator[tuple[str, str]]:
    """A requirement where it applies: its name, once alone and once for each of its extras."""
    needed = Requirement(line)
    if needed.marker is None or needed.marker.evaluate({**_PYTHON, "extra": extra}):
        name = canonicalize_name(needed.name)
        yield from ((name, one) for one in ("", *needed.extras))


def _lines(names: set[str]) -> str:
    return "".join(f"  {name}: {licence_of(name)}\n" for name in sorted(names - OURS.keys())) or "  nothing\n"
