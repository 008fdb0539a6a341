"""The documentation is true: links lead somewhere, code compiles and runs, and prints what the pages say."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from unit.docs.pages import DOCS, ROOT, Block, blocks, play, prose, run

PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *sorted(DOCS.rglob("*.md")),
    *sorted(ROOT.glob("plugins/*/README.md")),
    *sorted(ROOT.glob("sim/*/README.md")),
]
PLAYED = [page for page in PAGES if page.parent.name in ("tutorial", "how-to", "extend")]
_LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")
_CODE = re.compile(r"`[^`\n]*`")


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def anchors(page: Path) -> set[str]:
    """What headings are called in links, as on GitHub."""
    headings = re.findall(r"^#+ +(.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(page: Path) -> Iterator[re.Match[str]]:
    """The links of a page; what looks like one in code is none."""
    return _LINK.finditer(_CODE.sub("", prose(page)))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_relative_link_leads_to_a_file_and_a_heading_in_it(page: Path) -> None:
    lost = []
    for found in links(page):
        file, _, anchor = found["target"].partition("#")
        if "://" in file:
            continue
        target = (page.parent / file).resolve() if file else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            lost.append(found["target"])
    assert lost == []


def test_every_page_can_be_reached_from_the_readme() -> None:
    seen: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page not in seen:
            seen.add(page)
            targets = [match["target"].partition("#")[0] for match in links(page)]
            waiting += [(page.parent / target).resolve() for target in targets if target.endswith(".md")]
    assert {name_of(page) for page in PAGES} - {name_of(page) for page in seen} == set()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_python_compiles(page: Path) -> None:
    for number, block in enumerate(blocks(page), start=1):
        if block.language == "python":
            compile(block.text, f"{page.name}, block {number}", "exec")


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_mark_is_understood_and_every_fence_is_closed(page: Path) -> None:
    rest = prose(page)
    assert "```" not in rest
    assert re.findall(r"^<!-- (?:file|run)\b.*", rest, re.MULTILINE) == []


def is_file(block: Block) -> bool:
    return block.mark.startswith("file: ")


@pytest.mark.parametrize("page", PLAYED, ids=name_of)
def test_all_python_of_a_played_page_is_run(page: Path) -> None:
    there = blocks(page)
    python = [block for block in there if block.language == "python"]
    assert [block.text for block in python if not is_file(block)] == []
    for block in python:
        stem = Path(block.mark.removeprefix("file: ")).stem
        users = [other for other in there if other is not block and (is_file(other) or other.mark.startswith("run"))]
        assert any(re.search(rf"\b{stem}\b", other.text) for other in users), f"{stem} is used by nothing"


def play_page(page: Path, folder: Path) -> None:
    if page.parent.name == "how-to":
        shutil.copytree(DOCS / "examples", folder, dirs_exist_ok=True)
    if page.name == "real-system.md":
        shutil.copytree(DOCS / "examples" / "backends" / "ssh", folder / "vca-ssh")
    play(page, folder)


@pytest.mark.timeout(1800)  # some of them run the conformance kit
@pytest.mark.parametrize("page", [page for page in PLAYED if blocks(page)], ids=name_of)
def test_a_page_does_and_prints_what_it_says(page: Path, tmp_path: Path) -> None:
    play_page(page, tmp_path)


def test_the_ten_lines_of_the_readme_run(tmp_path: Path) -> None:
    shutil.copytree(DOCS / "examples", tmp_path / "docs" / "examples")
    [ten_lines] = [block.text for block in blocks(ROOT / "README.md") if block.language == "python"]
    assert (DOCS / "examples" / "ten_lines.py").read_text("utf-8").endswith(ten_lines)
    (tmp_path / "ten_lines.py").write_text(ten_lines, "utf-8")
    application = "app-vnf-vnf1-vdu-vdu1-cnt-z0"
    assert run("python ten_lines.py", tmp_path) == (
        f"ns1.{application}.0 {{'hostname': 'ns1-0.fake.example'}} {{'unit': '{application}/0', 'table': 'main'}}"
    )


def test_a_page_that_prints_something_else_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "<!-- run -->\n\n```console\n$ echo one\none\n$ echo two; echo three\n...ee\n$ echo four\nfive\n```\n"
    )
    with pytest.raises(AssertionError, match=r"(?s)echo four\nfour\n--- and not\nfive"):
        play(page, tmp_path)
