"""The page on dependencies names all that an installation brings along, and who wants it."""

from __future__ import annotations

import re
from importlib.metadata import requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "reference" / "dependencies.md"


def wanted_by(name: str) -> set[str]:
    needed = [Requirement(line) for line in requires(name) or ()]
    environment = {"extra": "", "python_version": "3.11", "python_full_version": "3.11.0"}
    return {canonicalize_name(one.name) for one in needed if one.marker is None or one.marker.evaluate(environment)}


def test_all_that_is_installed_is_told_and_who_wants_it() -> None:
    rows = re.findall(r"^\| `([\w-]+)` \| (?:`([\w-]+)`)? ?\|", PAGE.read_text("utf-8"), re.MULTILINE)
    told = dict(rows)
    found, waiting = {"vca-core"}, ["vca-core"]
    while waiting:
        name = waiting.pop()
        for other in wanted_by(name):
            if other not in found:
                found.add(other)
                waiting.append(other)
    assert sorted(told) == sorted(found)
    assert all(name in wanted_by(told[name]) for name in told if told[name])


def test_uv_is_installed_by_version_and_hash() -> None:
    pinned = (ROOT / "tools" / "uv.txt").read_text("utf-8")
    assert re.search(r"^uv==[\d.]+ ", pinned, re.MULTILINE)
    assert len(re.findall(r"--hash=sha256:[0-9a-f]{64}", pinned)) > 5
    assert "--require-hashes" in (ROOT / "tools" / "uv.sh").read_text("utf-8")
