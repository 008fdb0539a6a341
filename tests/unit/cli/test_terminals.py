"""What terminals of 80 and 100 columns show: no word is broken, tables fit, and the live view ends truthfully."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.terminals import INTERRUPT, Terminal
from typer.testing import CliRunner

from vca_core.cli.app import app
from vca_core.cli.tables import cells_of, fold, lay_out, make_printable

WIDTHS = pytest.mark.parametrize("columns", [80, 100])
LONG = "a-rather-long-name-of-a-network-service"


@pytest.fixture
def folder(service: Path) -> Path:
    return service


def rename(folder: Path) -> None:
    """Give the NS a name with which tables do not fit."""
    file = folder / "service.yaml"
    file.write_text(file.read_text().replace("ns: demo", f"ns: {LONG}"))


def shown_in(folder: Path, *words: str, columns: int) -> tuple[int, list[str]]:
    with Terminal(folder, *words, columns=columns) as terminal:
        return terminal.wait(), terminal.lines


def lines_words(lines: list[str]) -> set[str]:
    return words_of(" ".join(lines))


def words_of(text: str) -> set[str]:
    return set(text.split())


@pytest.mark.parametrize(("long", "columns"), [(False, 80), (True, 80), (True, 100)])
def test_no_word_of_apply_status_and_delete_is_broken(folder: Path, columns: int, long: bool) -> None:
    if long:
        rename(folder)
    ns = LONG if long else "demo"
    code, lines = shown_in(folder, "apply", "service.yaml", columns=columns)
    assert code == 0, lines
    assert {"core", "edge", "cache", "COMPLETED", "show-routes:"} <= lines_words(lines)
    assert f"NS {ns} is up." in lines
    code, lines = shown_in(folder, "status", columns=columns)
    assert code == 0
    rows = [line.split() for line in lines[1:4]]
    assert [(row[0], row[1]) for row in rows] == [(ns, "core"), (ns, "edge"), (ns, "cache")]
    assert all("COMPLETED" in row for row in rows)
    if long:
        assert ("(too narrow for" in lines[-1]) == ("EXECUTION ENVIRONMENT" not in lines[0])
    with Terminal(folder, "delete", ns, columns=columns) as terminal:
        terminal.wait_for(lambda lines: "[y/N]" in " ".join(lines))
        assert re.search(rf"\b{ns}\.app-vnf-core\S*\.\d\b", "\n".join(terminal.lines)), terminal.lines
        terminal.type("y\n")
        assert terminal.wait() == 0
        assert f"NS {ns} is deleted" in " ".join(terminal.lines)


@WIDTHS
@pytest.mark.parametrize(
    "words",
    [["-h"], ["backends"], ["doctor"], ["config", "check"], ["charm", "../charms/content-cache"], ["apply", "x"]],
)
def test_a_terminal_shows_the_words_of_a_pipe(folder: Path, columns: int, words: list[str]) -> None:
    piped = CliRunner().invoke(app, words, prog_name="vca").output
    _, lines = shown_in(folder, *words, columns=columns)
    # A word that no line has room for is broken by the terminal; of tables, columns may be left out.
    wanted = {word for word in words_of(piped) if len(word) <= columns and not word.isdigit()}
    assert wanted - {"API", "CAPABILITIES"} <= {word.rstrip(":") for word in lines_words(lines)} | lines_words(lines)


def test_the_live_view_says_stopped_after_ctrl_c(folder: Path) -> None:
    config = folder / "vca.yaml"
    config.write_text(config.read_text().replace("latency: 0", "latency: 5"))
    with Terminal(folder, "apply", "service.yaml", columns=80) as terminal:
        terminal.wait_for(lambda lines: any("running" in line for line in lines))
        terminal.type("\x03")
        assert terminal.wait() == 130
        table = [line for line in terminal.lines if re.match(r"(core|edge|cache)\b", line)]
        assert len(table) == 3, terminal.lines
        assert all("stopped" in line for line in table)
        assert not any("running" in line for line in table)
        assert "run `vca apply service.yaml` again" in " ".join(terminal.lines)


@pytest.mark.parametrize(("typed", "code"), [("n\n", 1), (INTERRUPT, 130)])
def test_who_does_not_agree_deletes_nothing(folder: Path, typed: str, code: int) -> None:
    assert shown_in(folder, "apply", "service.yaml", columns=80)[0] == 0
    with Terminal(folder, "delete", "demo", columns=80) as terminal:
        terminal.wait_for(lambda lines: "[y/N]" in " ".join(lines))
        terminal.type(typed)
        assert terminal.wait() == code
        assert "othing was deleted." in " ".join(terminal.lines)
    assert shown_in(folder, "status", "demo", columns=80)[0] == 0


def test_nothing_is_asked_where_nothing_is_to_be_deleted(folder: Path) -> None:
    code, lines = shown_in(folder, "delete", "nosuch", columns=100)
    assert (code, lines) == (0, ["There was nothing to delete: edge has nothing of NS nosuch."])


@pytest.mark.parametrize(
    ("words", "told"),
    [(["run", "demo/core", "show-routes"], "Stopped."), (["delete", "demo", "--yes"], "run `vca delete demo` again")],
)
def test_a_command_says_that_it_was_stopped(folder: Path, words: list[str], told: str) -> None:
    assert shown_in(folder, "apply", "service.yaml", columns=100)[0] == 0
    config = folder / "vca.yaml"
    config.write_text(config.read_text().replace("latency: 0", "latency: 300"))
    with Terminal(folder, "--debug", *words, columns=100) as terminal:
        terminal.wait_for(lambda lines: "it is begun" in " ".join(lines))
        terminal.type(INTERRUPT)
        assert terminal.wait() == 130
        assert told in " ".join(terminal.lines)


def test_the_live_view_ends_with_what_is_so(folder: Path) -> None:
    code, lines = shown_in(folder, "apply", "service.yaml", columns=80)
    assert code == 0
    live = lines[: lines.index("")]
    assert live[0].split() == ["VNF", "STATUS", "STEP", "DONE"]
    assert all(re.search(r"done +(\d)/\1$", line) for line in live[1:]), live


# No marks and modifiers: where one begins a word, it changes how wide the blank before it is.
WORD = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z", "M", "Sk"]), min_size=1, max_size=30)
CELL = st.lists(WORD, max_size=6).map(" ".join)


@example([["", "", "\U0001f3fb 000000"], ["", "0 000\u2e80", ""]], 20)  # a character of no width, and one of two cells
@given(
    st.integers(1, 4).flatmap(lambda n: st.lists(st.lists(CELL, min_size=n, max_size=n), min_size=1, max_size=4)),
    st.integers(20, 100),
)
def test_a_table_that_is_laid_out_breaks_and_loses_no_word(rows: list[list[str]], width: int) -> None:
    titles = [f"T{number}" for number in range(len(rows[0]))]
    laid = lay_out(titles, rows, width, spare=titles[1:])
    kept = [number for number, title in enumerate(titles) if title not in laid.left_out]
    for row, lines in zip(rows, laid.rows, strict=True):
        assert {word for number in kept for word in row[number].split()} <= lines_words(lines)
        if laid.titles:
            assert all(cells_of(line) <= width or " " not in line for line in lines)


@given(st.lists(WORD, max_size=20).map(" ".join), st.integers(1, 100))
def test_folded_lines_have_the_same_words_in_order(text: str, width: int) -> None:
    folded = fold(text, width)
    assert folded.split() == text.split()
    assert all(cells_of(line) <= width or " " not in line for line in folded.split("\n"))


def test_escape_sequences_of_others_are_written_out() -> None:
    assert make_printable("a\x1b[2Jb\udcff\r\nc") == "a\\x1b[2Jb\\udcff\nc"
    assert lay_out(["T"], [["a\x1b[2J"]]).lines == ["T", "a\\x1b[2J"]


def test_one_overlong_word_leaves_the_other_rows_a_table() -> None:
    rows = [[f"v{number}", f"n.app-v{number}.0", "ready"] for number in range(5)]
    rows[2][1] = "n.app-" + "x" * 100
    laid = lay_out(("VNF", "EE", "STATUS"), rows, 80)
    assert laid.lines[:3] == ["VNF  EE          STATUS", "v0   n.app-v0.0  ready", "v1   n.app-v1.0  ready"]
    assert laid.lines[3:7] == ["VNF: v2", "EE:", rows[2][1], "STATUS: ready"]
    assert laid.lines[7:] == ["v3   n.app-v3.0  ready", "v4   n.app-v4.0  ready"]
