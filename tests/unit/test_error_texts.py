"""What the texts of errors about arguments have in common, wherever they are made."""

from __future__ import annotations

import ast
import functools
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


@functools.cache
def calls() -> list[tuple[str, str, ast.Call]]:
    """Each call with arguments in our packages: where it is, and the name of what is called."""
    return [
        (f"{file.relative_to(ROOT)}:{node.lineno}", ast.unparse(node.func), node)
        for package in PACKAGES
        for file in sorted((ROOT / package).rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and node.args
    ]


def errors_about_arguments() -> Iterator[tuple[str, ast.Call]]:
    """Each place where one is made that names an argument."""
    for place, name, node in calls():
        if name == "BadArguments" and len(node.args) > 1:
            yield place, node


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


MAKERS = {"BadArguments", "InvalidCertificate", "ValueError", "Problem", "Unreadable", "refuse"}
MAKERS |= {"_bad", "_fail", "_invalid", "_refusal", "unfit", "_unusable_key", "_wrong"}
"""What makes an error about something given; `Field.error` and the validators of models do, too."""

SAYS_WHAT_TO_DO = re.compile(
    r"expected |; |there is no |instead\(|\{[^}]*\}$"  # what is expected, a remedy, what is not there, names there are
    r"|cannot be (?:read|used|written|looked at)"  # and why, in the system's words
)

BARE = re.compile(r"\bis (?:missing|required|empty|none|unknown)\b|\b(?:must|has to|have to) be\b|: has (?:more|too)")
"""What says that something is wrong, and not what is right."""

COMPLETED = ("{reason}, at the end", "there are {rest} more problems")
"""What stands beside another text."""


def reasons() -> Iterator[tuple[str, str]]:
    """Each text that says what is wrong with something given."""
    for place, name, node in calls():
        is_of_field = name.endswith(".error") and "log" not in name.lower()
        if (name == "Problem" and len(node.args) == 3) or not (is_of_field or name.rpartition(".")[2] in MAKERS):
            continue
        texts = (text_of(argument) for argument in node.args if not isinstance(argument, ast.List | ast.ListComp))
        text = max(texts, key=lambda one: len(re.sub(r"\{[^}]*\}", "", one)), default="")
        if " " in re.sub(r"\{[^}]*\}", "", text) and text not in COMPLETED:
            yield place, text


def test_errors_about_what_is_given_say_what_is_expected() -> None:
    found = list(reasons())
    assert len(found) > 250
    assert [(place, text) for place, text in found if not SAYS_WHAT_TO_DO.search(text)] == []


def test_errors_do_not_only_say_that_something_is_missing() -> None:
    assert [
        (place, text)
        for place, text in reasons()
        if (bare := BARE.search(text)) and not re.search("expected |; ", text[bare.start() :])
    ] == []


@pytest.mark.parametrize("text", ["is missing", "name is required", "a VNF has no colon", "least is more than most"])
def test_a_text_that_says_only_what_is_wrong_is_found(text: str) -> None:
    assert not SAYS_WHAT_TO_DO.search(text)


@pytest.mark.parametrize("text", ["there was no such thing", "parameter {name} is given twice", "--folder {x} is one"])
def test_the_form_is_distinguished_from_others(text: str) -> None:
    assert not FORM.match(text)
