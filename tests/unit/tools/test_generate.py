"""`make docs` and `make docs-check`: what they write, and what they find."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.raised import is_documented

import generate
from generators.hooks import errors_of
from generators.made import Made, table
from vca_core import errors
from vca_core.errors import AlreadyExists, InvalidCertificate, NotFound, VcaError
from vca_core.hookspecs import HOOKS, BackendHooks
from vca_core.traits import TRAITS


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Run the generator on one page of a folder, which is measured anew where nothing is checked only."""
    pages = tmp_path / "pages"

    def make(text: str, *problems: str) -> Callable[[], Made]:
        return lambda: Made({pages / "a.md": text}, problems, pages)

    def runs(*args: str, problems: tuple[str, ...] = ()) -> int:
        monkeypatch.setattr(generate, "ROOT", tmp_path)
        monkeypatch.setattr(generate, "GENERATE", {"pages": make("kept\n", *problems)})
        monkeypatch.setattr(generate, "MEASURE", {"pages": make("measured\n", *problems)})
        monkeypatch.setattr(sys, "argv", ["generate.py", *args])
        return generate.main()

    return runs


def test_pages_are_written_and_those_of_nothing_removed(run: Callable[..., int], tmp_path: Path) -> None:
    stranger = tmp_path / "pages" / "gone.md"
    stranger.parent.mkdir()
    stranger.write_text("of a hook that is no more\n")
    assert run() == 0
    assert (tmp_path / "pages" / "a.md").read_text() == "measured\n"
    assert not stranger.exists()


def test_a_check_measures_and_writes_nothing(run: Callable[..., int], tmp_path: Path) -> None:
    page = tmp_path / "pages" / "a.md"
    page.parent.mkdir()
    page.write_text("kept\n")
    assert run("--check") == 0
    assert page.read_text() == "kept\n"


def test_a_check_names_what_is_missing_other_or_of_nothing(
    run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--check") == 1
    assert "pages/a.md is out of date: run `make docs`" in capsys.readouterr().err
    (tmp_path / "pages").mkdir()
    for name in ("a.md", "b.md"):
        (tmp_path / "pages" / name).write_text("other\n")
    assert run("--check") == 1
    assert [line.split()[0] for line in capsys.readouterr().err.splitlines()] == ["pages/a.md", "pages/b.md"]
    assert (tmp_path / "pages" / "a.md").read_text() == "other\n"


def test_a_problem_is_printed_whether_or_not_pages_are_written(
    run: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    for args in ([], ["--check"]):
        assert run(*args, problems=("D1 has no owner",)) == 1
        assert "D1 has no owner\n" in capsys.readouterr().err


def test_an_unknown_name_is_refused(run: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run("--only", "hook")
    assert "invalid choice: 'hook'" in capsys.readouterr().err


def test_a_bar_in_a_cell_does_not_end_it() -> None:
    assert table(["a", "b"], [["str | None", "c"]]) == "| a | b |\n|---|---|\n| str \\| None | c |\n"


def test_every_error_on_the_pages_of_hooks_is_of_the_tree() -> None:
    named = {hook: errors_of(hook, getattr(BackendHooks, hook)) for hook in HOOKS}
    assert [name for names in named.values() for name in names if not hasattr(errors, name)] == []
    assert [hook for hook in TRAITS if "VcaConnectionError" not in named[hook]] == []  # what all of them may raise


def test_an_error_that_no_page_names_is_noticed() -> None:
    assert is_documented("scale", NotFound("there is no such EE"))
    assert is_documented("open", InvalidCertificate("it has expired"))  # a kind of BadArguments
    assert not is_documented("scale", AlreadyExists("it is there"))
    assert not is_documented("scale", VcaError("something"))
