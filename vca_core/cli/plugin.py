"""``vca plugin list`` shows plugins; ``vca plugin new`` writes one, complete and working, from the template here."""

from __future__ import annotations

import re
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from vca_core.cli.output import echo, print_json, print_table
from vca_core.cli.state import Interrupted, State, command
from vca_core.cli.template import render, template, write
from vca_core.extras import install_from_clone

LONGEST = 24
"""Characters of a name: lines of the plugin that have it twice stay below 120."""

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


@dataclass(frozen=True)
class _Question:
    """What is asked of an author.

    Args:
        text: the question.
        default: the answer if there is none; ``{name}`` stands for the backend's name.
        longest: how many characters an answer may have.
    """

    text: str
    default: str
    longest: int

    def problem_of(self, answer: str) -> str | None:
        """What is wrong with an answer, which stands between double quotes in the plugin's files; None: nothing."""
        if answer.strip() and re.fullmatch(rf'[^"\\\x00-\x1f\x7f]{{1,{self.longest}}}', answer):
            return None
        return f"expected one line of 1 to {self.longest} characters, without double quotes and backslashes"

    def check(self, answer: str) -> str:
        """Give an answer back.

        Raises:
            typer.BadParameter: it is not an answer; a terminal's user is asked again.
        """
        problem = self.problem_of(answer)
        if problem is not None:
            raise typer.BadParameter(problem)
        return answer


_QUESTIONS = {
    "description": _Question("What it is, in one line", "A backend of the VCA framework for {name}.", 100),
    "author": _Question("Who writes it", "The authors of vca-{name}", 80),
}
_OWN = ("core", "fake", "juju-machine", "juju-k8s")
"""``vca-`` and one of these is a distribution of this project."""


@command
def show(context: typer.Context) -> None:
    """List what plugins bring: backends, stores, providers of connectors. Broken ones are listed with the reason."""
    state: State = context.obj
    found = find_plugins()
    if state.json:
        keys = ("name", "distribution", "version", "ok", "reason")
        print_json({"plugins": [{"kind": kind, **{key: getattr(one, key) for key in keys}} for kind, one in found]})
        return
    print_table(
        ("KIND", "NAME", "DISTRIBUTION", "VERSION", "STATE"),
        [(kind, one.name, one.distribution, one.version, "ok" if one.ok else "broken") for kind, one in found],
        spare=["DISTRIBUTION", "VERSION"],
    )
    for kind, one in found:
        if not one.ok:
            echo(f"\n{kind} {one.name}: {one.reason}")


def find_plugins() -> list[tuple[str, Any]]:
    """Find what plugins bring: the kind of each, and what is known of it."""
    from vca_core import list_backends  # commands import what they need
    from vca_core.providers import list_providers
    from vca_core.stores import list_stores

    return [
        *(("backend", one) for one in list_backends()),
        *(("store", one) for one in list_stores()),
        *(("provider", one) for one in list_providers()),
    ]


@command
def new(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The backend's name, as configs spell it: desk gives vca-desk.")],
    folder: Annotated[
        Path | None, typer.Option("--folder", help="Its folder, empty or not existing yet. Default: vca-NAME.")
    ] = None,
    *,
    defaults: Annotated[bool, typer.Option("--defaults", help="Ask nothing.")] = False,
    data: Annotated[
        list[str] | None,
        typer.Option("--data", metavar="KEY=VALUE", help=f"An answer: {' or '.join(_QUESTIONS)}."),
    ] = None,
) -> None:
    """Write a plugin with a backend of your own. It works and is tested; change it step by step."""
    from vca_core.errors import BadArguments  # commands import what they need

    state: State = context.obj
    _check_name(name)
    answers = _read_answers(data or [])
    target = folder or Path(f"vca-{name}")
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        what = "which is not empty" if target.is_dir() else "which is not a folder"
        raise BadArguments(f"--folder: expected a new or an empty folder, got {target}, {what}", ["--folder"])
    _render(target, _answer_all(name, answers, ask=not (defaults or state.json) and sys.stdin.isatty()))
    following = [f"cd {shlex.quote(str(target))}", "python -m pip install -e '.[test,lint]'", "pytest"]
    # In an environment without vca-core, pip would fetch it from an index, where anybody could have taken the name.
    if state.json:
        files = sorted(str(file.relative_to(target)) for file in target.rglob("*") if file.is_file())
        written = {"name": name, "folder": str(target), "files": files}
        print_json({**written, "next": following, "environment": sys.prefix})
        return
    echo(f"The plugin vca-{name} is in {target}. Next, in the environment of this vca:\n")
    for line in following:
        echo(f"  {line}")
    echo(f"\nThen put your system in the place of {target}/vca_{name.replace('-', '_')}/system.py.")


def _check_name(name: str) -> None:
    """Check the name of a new backend.

    Raises:
        BadArguments: it is not a valid name, or it is taken.
    """
    from vca_core._entry_points import find_entries
    from vca_core.errors import BadArguments

    if len(name) > LONGEST or _NAME.fullmatch(name) is None:
        raise BadArguments(
            f"NAME: {name!r} is not a name for a backend; expected at most {LONGEST} lower-case letters and digits, in "
            "words joined by single dashes, the first one beginning with a letter, such as rack or edge-rack",
            ["NAME"],
        )
    if name == "vca" or name.startswith("vca-"):
        raise BadArguments(
            f"NAME: expected {name!r} without vca-, which is put in front of the distribution's name", ["NAME"]
        )
    taken = dict.fromkeys(_OWN, "a distribution of the VCA framework itself")
    taken |= {entry.name: "installed here" for entry in find_entries("vca.backends") if entry.name not in taken}
    if name in taken:
        raise BadArguments(f"NAME: {name!r} is taken: vca-{name} is {taken[name]}; choose another name", ["NAME"])


def _read_answers(given: list[str]) -> dict[str, str]:
    """Read ``key=value`` pairs.

    Raises:
        BadArguments: one is not `key=value`, answers no question, or is not an answer to it.
    """
    from vca_core.errors import BadArguments
    from vca_core.suggestions import did_you_mean

    answers = {}
    for pair in given:
        key, is_there, value = pair.partition("=")
        if not is_there or key not in _QUESTIONS:
            hint = did_you_mean(key, _QUESTIONS)
            raise BadArguments(
                f"--data: expected KEY=VALUE, with KEY {' or '.join(_QUESTIONS)}, got {pair!r}{hint}", ["--data"]
            )
        problem = _QUESTIONS[key].problem_of(value)
        if problem is not None:
            raise BadArguments(f"--data: {key}: {problem}", ["--data"])
        answers[key] = value
    return answers


def _answer_all(name: str, given: dict[str, str], *, ask: bool) -> dict[str, str]:
    """Answer what was not, on the terminal or as it is by default, and derive what follows from the name.

    Raises:
        Interrupted: the terminal's user did not want to answer.
    """
    answers = dict(given)
    for key, question in _QUESTIONS.items():
        if key not in answers:
            default = question.default.format(name=name)
            try:
                answers[key] = typer.prompt(question.text, default, value_proc=question.check) if ask else default
            except typer.Abort:
                raise Interrupted(2) from None
    return {
        "name": name,
        "distribution": f"vca-{name}",
        "package": f"vca_{name.replace('-', '_')}",
        "backend_class": f"{''.join(word.capitalize() for word in name.split('-'))}Backend",
        **answers,
    }


def _render(target: Path, answers: dict[str, str]) -> None:
    """Write the plugin.

    Raises:
        BadArguments: Jinja is not installed, or the folder cannot be written to.
    """
    from vca_core.errors import BadArguments

    try:
        files = render(template(), answers)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "jinja2":
            raise
        raise BadArguments(f"writing a plugin needs jinja2; {install_from_clone('testing')}") from None
    try:
        write(files, target)
    except OSError as error:
        raise BadArguments(f"--folder: the plugin cannot be written to {target}: {error}", ["--folder"]) from error
