"""``.jujuignore``: what is left out when a charm is uploaded."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from vca_core.charm import ignoring
from vca_core.charm.ignoring import LONGEST, MOST_LINES, Ignored
from vca_core.charm.members import MOST_MEMBERS
from vca_core.errors import BadArguments


@pytest.mark.parametrize(
    ("rules", "stays", "goes"),
    [
        (["*.pem"], ["key.pem", "deep/down/key.pem"], ["key.pem.txt", "pem"]),
        (["/key.pem"], ["key.pem"], ["deep/key.pem"]),
        (["target/"], ["target/", "deep/target/"], ["target", "1target/"]),
        (["logs/old"], ["logs/old", "deep/logs/old"], ["logs/new", "logs/x/old"]),
        (["apps/*/logs/"], ["apps/a/logs/"], ["apps/logs/", "apps/a/b/logs/"]),
        (["apps/**/logs/"], ["apps/logs/", "apps/a/b/logs/"], ["logs/"]),
        (["**/cache"], ["cache", "a/b/cache"], ["caches"]),
        (["docs/**", "!docs/README.md"], ["docs/a", "docs/a/b"], ["docs/", "docs/README.md"]),
        (["*.{pem,key}"], ["a.pem", "a.key"], ["a.{pem,key}", "a.crt"]),
        (["note[0-9].txt", "[!a]b"], ["note1.txt", "cb"], ["notex.txt", "ab"]),
        (["# comment", "", "  ", "\\#file", "\\!file"], ["#file", "!file"], ["# comment", "file"]),
        (["name   ", "with space\\ "], ["name", "with space "], ["with space"]),
        (["name\t", "page\x0cs"], ["name\t", "page\x0cs"], ["name", "page"]),
        (["?.md"], ["a.md"], ["ab.md", ".md"]),
        (["{a,b"], ["a", "b"], ["{a,b", "c"]),
        (["*.{pem,key"], ["a.pem", "a.key"], ["a.{pem,key", "a"]),
        (["[ab-c]x", "[-z]y", "[\\]]z"], ["ax", "-x", "cx", "-y", "]z"], ["by-x", "ay", "\\z"]),
        (["[!a-c]x", "[!!]y"], ["dx", "ay"], ["bx", "!y"]),
        (["end\\"], ["end"], ["end\\"]),
    ],
)
def test_rules_keep_files_at_home(rules: list[str], stays: list[str], goes: list[str]) -> None:
    ignored = Ignored(rules)
    kept = [name for name in (*stays, *goes) if ignored.has(name.rstrip("/"), is_folder=name.endswith("/"))]
    assert kept == stays


def test_what_is_no_part_of_a_charm_stays_without_rules() -> None:
    ignored = Ignored()
    for name in (".git", "hooks/__pycache__", "build", ".venv", ".tox"):
        assert ignored.has(name, is_folder=True)
    assert ignored.has(".jujuignore", is_folder=False)
    assert not ignored.has("src/build", is_folder=True)
    assert not Ignored(["!/build/"]).has("build", is_folder=True)


@pytest.mark.parametrize("rule", ["[abc", "[]", "[!]", "[a-z0-9]", "[z-a]", "[a-"])
def test_what_is_not_a_rule_is_reported_with_its_line(rule: str) -> None:
    with pytest.raises(BadArguments, match=r"\.jujuignore: expected a pattern in line 2"):
        Ignored(["*.pem", rule])


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (os.mkfifo, "expected a regular file"),
        (lambda place: place.symlink_to("/dev/zero"), "is a symlink that leads out of the charm"),
        (lambda place: place.write_bytes(b"#" * (LONGEST + 1)), f"expected at most {LONGEST} bytes, got more"),
        (lambda place: place.write_bytes(b"*.a\n" * MOST_LINES), f"expected at most {MOST_LINES} lines, got 1001"),
    ],
    ids=["a pipe", "a device", "large", "many lines"],
)
def test_a_file_of_rules_has_limits(tmp_path: Path, make: Callable[[Path], object], reason: str) -> None:
    make(tmp_path / ".jujuignore")
    with pytest.raises(BadArguments, match=rf"\.jujuignore: {reason}"):
        Ignored.of(tmp_path)


def test_only_ends_of_lines_separate_rules(tmp_path: Path) -> None:
    (tmp_path / ".jujuignore").write_bytes("*.pem\r\npage\x0cs\nline\u2028s".encode())
    ignored = Ignored.of(tmp_path)
    kept = [
        name
        for name in ("a.pem", "page\x0cs", "page", "s", "line\u2028s", "line")
        if not ignored.has(name, is_folder=False)
    ]
    assert kept == ["page", "s", "line"]


def test_hostile_rules_take_no_time() -> None:
    assert not Ignored(["*a" * 100 + "b"]).has("a" * 4000, is_folder=False)


def test_rules_that_are_much_work_for_many_files_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each pattern keeps as many places busy as it has, at each character."""
    monkeypatch.setattr(ignoring, "MOST_STEPS", 50_000)
    ignored = Ignored(f"**a{'?' * (240 - number)}b" for number in range(10))
    name = "/".join(["b" + "a" * 249] * 8)
    ignored.has(name, is_folder=False)
    with pytest.raises(BadArguments, match="takes more than 50000 steps; simplify it"):
        ignored.has(name, is_folder=False)


@pytest.mark.parametrize(
    ("rules", "name"),
    [
        ([f"**é{'?' * (30 - number)}" for number in range(20)], "é日" * 1_900),
        (["**a?????b"] * MOST_LINES, "b" + "a" * 1_000),
        ([f"x{number}" for number in range(MOST_LINES)], "y"),
    ],
    ids=["many bytes", "many that may fit", "many that lack a text"],
)
def test_the_work_of_rules_is_counted_whatever_makes_it(rules: list[str], name: str) -> None:
    """Ten times as many as this may be asked for would take ten times two seconds."""
    ignored = Ignored(rules)
    with pytest.raises(BadArguments, match="simplify it"):
        _ = [ignored.has(name, is_folder=False) for _ in range(10_000)]


def test_as_many_files_as_may_be_are_held_against_thirty_lines() -> None:
    ignored = Ignored([*(f"*.{number}yc" for number in range(15)), *(f"tests/{number}/**" for number in range(15))])
    names = (f"venv/lib/python3.10/site-packages/package/sub/module{number}.py" for number in range(MOST_MEMBERS))
    assert not any(ignored.has(name, is_folder=False) for name in names)


@pytest.mark.parametrize("keeps", ["", "!"])
def test_rules_of_usual_charms_are_little_work_for_many_files(keeps: str) -> None:
    rules = [f"{keeps * (number % 2)}docs/**/*{number}.{{pyc,log}}" for number in range(200)]
    ignored = Ignored(rules)
    left = [
        name
        for number in range(5_000)
        if ignored.has(name := f"lib/a/package/docs/x/{number % 20}.log", is_folder=False)
    ]
    assert len(left) == 5_000 if not keeps else 0 < len(left) < 5_000


def test_the_last_rule_counts_however_many_there_are() -> None:
    rules = [f"{number:03}{'x' * 50}" for number in range(900)]
    assert Ignored(rules).has("899" + "x" * 50, is_folder=False)
    assert Ignored(["*", *(f"!{rule}" for rule in rules)]).has("other", is_folder=False)
    assert not Ignored(["*", *(f"!{rule}" for rule in rules)]).has(rules[7], is_folder=False)
    assert Ignored(["!a", "a/", "b", "a|b"]).has("a", is_folder=True)
    assert not Ignored(["a/", "b", "a|b"]).has("a", is_folder=False)
    assert Ignored(["a/", "b", "a|b"]).has("a|b", is_folder=False)
