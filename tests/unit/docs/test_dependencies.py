"""The page on dependencies names all that an installation brings along, and who wants it."""

from __future__ import annotations

import re
from importlib.metadata import requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from generators import notice

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "reference" / "dependencies.md"


def wanted_by(name: str, extra: str = "") -> set[str]:
    needed = [Requirement(line) for line in requires(name) or ()]
    environment = {"extra": extra, "python_version": "3.11", "python_full_version": "3.11.0"}
    return {canonicalize_name(one.name) for one in needed if one.marker is None or one.marker.evaluate(environment)}


def all_wanted_by(name: str, extra: str = "") -> set[str]:
    found, waiting = {name}, [(name, extra)]
    while waiting:
        for other in wanted_by(*waiting.pop()) - found:
            found.add(other)
            waiting.append((other, ""))
    return found


def test_all_that_is_installed_is_listed_with_who_wants_it() -> None:
    rows = re.findall(r"^\| `([\w-]+)` \| (?:`([\w-]+)`)? ?\|", PAGE.read_text("utf-8"), re.MULTILINE)
    listed = dict(rows)
    assert sorted(listed) == sorted(all_wanted_by("vca-core"))
    assert all(name in wanted_by(listed[name]) for name in listed if listed[name])


def test_the_notice_of_juju_names_all_that_is_installed() -> None:
    always, extra = (ROOT / "plugins" / "juju_machine" / "NOTICE").read_text("utf-8").split("The extra ssh")
    rows = re.compile(r"^([\w-]+): \S+", re.MULTILINE)
    ours = {"vca-core", "vca-juju-common", "vca-juju-machine"}
    without = all_wanted_by("vca-juju-machine")
    assert rows.findall(always) == sorted(without - ours)
    assert rows.findall(extra) == sorted(all_wanted_by("vca-juju-machine", "ssh") - without)


def test_the_notice_names_all_that_each_distribution_brings() -> None:
    text = (ROOT / "NOTICE").read_text("utf-8")
    listed = {
        head: set(re.findall(r"^  ([\w-]+): ", part, re.MULTILINE))
        for head, part in re.findall(r"^([\w-]+(?:\[\w+\] adds)?):\n((?:  .*\n)+)", text, re.MULTILINE)
    }
    assert listed["vca-core"] == all_wanted_by("vca-core") - {"vca-core"}
    assert {
        "vca-fake",
        "vca-juju-common",
        "vca-juju-k8s",
        "vca-juju-machine",
        "vca-juju-machine[ssh] adds",
        "vca-jujusim",
    } <= listed.keys()
    assert "asyncssh" in listed["vca-juju-machine[ssh] adds"]
    assert "asyncssh" not in listed["vca-juju-machine"]
    assert text.count("  nothing\n") == 0


def test_the_notice_is_what_the_installed_metadata_say() -> None:
    made = notice.generate()
    assert made.outdated_files() == []
    assert made.problems == []


def test_uv_is_installed_by_version_and_hash() -> None:
    pinned = (ROOT / "tools" / "uv.txt").read_text("utf-8")
    assert re.search(r"^uv==[\d.]+ ", pinned, re.MULTILINE)
    assert len(re.findall(r"--hash=sha256:[0-9a-f]{64}", pinned)) > 5
    assert "--require-hashes" in (ROOT / "tools" / "uv.sh").read_text("utf-8")
