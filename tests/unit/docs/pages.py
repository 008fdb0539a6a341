"""Reads and plays the pages of the documentation; what the marks mean is told in CONTRIBUTING.md."""

from __future__ import annotations

import itertools
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"

LONG = os.environ.get("VCA_PAGES") == "whole"
"""Whether what takes minutes is run, too."""

_BLOCK = re.compile(
    r"(?:^<!-- (?P<mark>(?:file: [^\n]+)|run(?: long)?) -->\n+)?^```(?P<language>\w*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Block:
    """A fenced block, with the mark that stands in front of it."""

    language: str
    text: str
    mark: str = ""


def blocks(page: Path) -> list[Block]:
    """All fenced blocks of a page, in order."""
    found = _BLOCK.finditer(page.read_text("utf-8"))
    return [Block(match["language"], match["text"], match["mark"] or "") for match in found]


def prose(page: Path) -> str:
    """A page without its fenced blocks."""
    return _BLOCK.sub("", page.read_text("utf-8"))


def rows(page: Path, heading: str = "") -> list[list[str]]:
    """The rows of the first table below a heading, cell by cell, without the head and without backticks."""
    text = prose(page)
    if heading:
        text = text.split(f"\n{heading}\n", 1)[1]
    table = itertools.takewhile(lambda line: line.startswith("|"), text[text.index("\n|") + 1 :].splitlines())
    return [[cell.strip().replace("`", "") for cell in line.split("|")[1:-1]] for line in list(table)[2:]]


def play(page: Path, folder: Path) -> None:
    """Do what a page says, in a folder: write its files, run its commands, compare what they print.

    Raises:
        AssertionError: a command prints something else than the page says.
    """
    for block in blocks(page):
        if block.mark.startswith("file: "):
            file = folder / block.mark.removeprefix("file: ")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.text, "utf-8")
        elif block.mark == "run" or (LONG and block.mark == "run long"):
            for command, printed in _commands(block.text):
                said = run(command, folder)
                pattern = re.escape(printed.rstrip()).replace(r"\.\.\.", ".*")
                assert re.fullmatch(pattern, said, re.DOTALL), (
                    f"{page.name}: $ {command}\n{said}\n--- and not\n{printed}"
                )


def _commands(text: str) -> Iterator[tuple[str, str]]:
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, printed = part.partition("\n")
        yield command, printed


def run(command: str, folder: Path) -> str:
    """Run a command in a folder, as in a shell of a user who installed the project and the page's own distributions."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("VCA_", "COV_"))}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    environment["PYTHONPATH"] = os.pathsep.join(str(place) for place in _installed(folder))
    ended = subprocess.run(
        ["sh", "-c", command],  # noqa: S607 - the shell of the reader
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=1500,
        check=False,
    )
    return ended.stdout.rstrip()


def _installed(folder: Path) -> Iterator[Path]:
    """What `pip install` would do with the distributions that the page wrote, as far as imports and entry points go."""
    for file in sorted(folder.glob("*/pyproject.toml")):
        project = tomllib.loads(file.read_text("utf-8"))["project"]
        info = file.parent / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
        info.mkdir(exist_ok=True)
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
        )
        lines = [
            line
            for group, points in project.get("entry-points", {}).items()
            for line in (f"[{group}]", *(f"{name} = {value}" for name, value in points.items()))
        ]
        (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
        yield file.parent
