"""``vca plugin list`` shows plugins; ``vca plugin new`` writes one, complete and working, from the template here."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from vca_core.cli.output import echo, print_json, print_table
from vca_core.cli.state import Interrupted, State, command
from vca_core.extras import install_from_clone

LONGEST = 24
"""Characters of a name: lines of the plugin that have it twice stay below 120."""

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_QUESTIONS = ("description", "author")
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
    _render(target, {"name": name} | answers, ask=not (defaults or state.json) and sys.stdin.isatty())
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
        BadArguments: one is not `key=value`, or answers no question.
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
        answers[key] = value
    return answers


def _render(target: Path, answers: dict[str, Any], *, ask: bool) -> None:
    """Render the template; what of it was written is removed again when that fails.

    Raises:
        BadArguments: copier is not installed, or an answer is refused.
    """
    from vca_core.errors import BadArguments

    try:
        import copier  # an extra, and slow to import
        from copier.errors import CopierAnswersInterrupt, CopierError
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "copier":
            raise
        raise BadArguments(f"writing a plugin needs copier; {install_from_clone('testing')}") from None
    try:
        copier.run_copy(str(template()), target, data=answers, defaults=not ask, unsafe=False, quiet=True)
    except CopierAnswersInterrupt:
        raise Interrupted(2) from None
    except ValueError as error:  # a validator's
        raise BadArguments(f"--data: {' '.join(str(error).split())}", ["--data"]) from None
    except (CopierError, OSError) as error:
        raise BadArguments(f"--folder: the plugin cannot be written to {target}: {error}", ["--folder"]) from error


def template() -> Path:
    """The template's folder: in the wheel, or in the repository where the package is installed from there."""
    here = Path(__file__).parent
    shipped = here / "templates" / "plugin"
    return shipped if shipped.is_dir() else here.parents[1] / "templates" / "plugin"
