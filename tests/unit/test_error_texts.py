"""What the texts of errors about arguments have in common, wherever they are made."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("vca_core", "plugins")

NAME = r"(?:--)?(?:[A-Za-z_][\w-]*|\{[^}]*\})(?:\.?(?:\w+|\{[^}]*\}|\[[^\]]*\]))*"
FORM = re.compile(rf"({NAME}(?:, {NAME})*): |there is no |\{{[^}}]*\}}$")
"""The arguments; or a name that nothing has; or a text that is made of such."""

OTHERS = (
    "{'; '.join(texts)} (primitive ",  # each text of its own begins with a parameter
    "{document.place_of(())}",  # the file, with line and column
    "{error.message}; ",
    "steps that are done have other inputs now",  # about steps of a service
)


def text_of(node: ast.expr) -> str:
    """A text as it stands in the code, with what is filled in as ``{expression}``."""
    match node:
        case ast.Constant():
            return str(node.value)
        case ast.JoinedStr():
            return "".join(text_of(part) for part in node.values)
        case ast.FormattedValue():
            return f"{{{ast.unparse(node.value)}}}"
        case _:
            return f"{{{ast.unparse(node)}}}"


def errors_about_arguments() -> Iterator[tuple[str, ast.Call]]:
    """Each place where one is made that names an argument."""
    for package in PACKAGES:
        for file in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Call) and ast.unparse(node.func) == "BadArguments" and len(node.args) > 1:
                    yield f"{file.relative_to(ROOT)}:{node.lineno}", node


def test_the_text_of_an_error_begins_with_its_arguments() -> None:
    found = [(place, text_of(node.args[0])) for place, node in errors_about_arguments()]
    assert len(found) > 60
    assert [(place, text) for place, text in found if not FORM.match(text) and not text.startswith(OTHERS)] == []


def test_the_arguments_in_a_text_are_those_that_the_error_names() -> None:
    wrong = []
    for place, node in errors_about_arguments():
        match = FORM.match(text_of(node.args[0]))
        if match is None or match[1] is None or "{" in match[1] or not isinstance(node.args[1], ast.List):
            continue
        named = {text_of(name).strip("{}") for name in node.args[1].elts}
        if not any(name in named or any(one.startswith(f"{name}.") for one in named) for name in match[1].split(", ")):
            wrong.append((place, match[1], named))
    assert wrong == []


def test_errors_say_what_was_given_in_words_of_ours() -> None:
    typed = [
        place for place, node in errors_about_arguments() if re.search(r"got [^,]*__name__", text_of(node.args[0]))
    ]
    assert typed == []


@pytest.mark.parametrize("text", ["there was no such thing", "parameter {name} is given twice", "--folder {x} is one"])
def test_the_form_is_told_from_others(text: str) -> None:
    assert not FORM.match(text)
