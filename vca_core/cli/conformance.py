"""``vca conformance``: runs the conformance kit on a backend or a store, and shows its level."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vca_core.cli.output import echo, print_json
from vca_core.cli.state import State, command
from vca_core.extras import install_from_clone

if TYPE_CHECKING:
    from vca_core.stores import StatusStore
    from vca_core.testing.run import OnResult
    from vca_core.testing.subject import Subject
    from vca_core.testing.verdict import CheckResult, Verdict

LEVELS = ("NONE", "BASE", "FULL")
Primitive = tuple[str, Mapping[str, Any]]
_WORDS = {"passed": "ok", "failed": "FAILED", "skipped": "skipped", "xfailed": "expected to fail"}


@command
def conformance(
    context: typer.Context,
    backend: Annotated[str | None, typer.Argument(help="An installed backend, or a connector of the config.")] = None,
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", help="The config with the backend's options; without one, it has no options."),
    ] = None,
    suite: Annotated[
        list[str] | None, typer.Option(help="A file or module of tests that adopt the kit, to be run instead.")
    ] = None,
    store: Annotated[
        str | None, typer.Option(help="Examine a store: a URL, or MODULE:FACTORY that makes one without arguments.")
    ] = None,
    level: Annotated[str, typer.Option(help="The level to be reached: NONE, BASE or FULL.")] = "BASE",
    works: Annotated[
        str | None, typer.Option(help="A primitive that succeeds, with its parameters: 'clean {\"room\": 1}'.")
    ] = None,
    fails: Annotated[str | None, typer.Option(help="A primitive that fails, with its parameters.")] = None,
    only: Annotated[str, typer.Option(help="Run only the checks whose names match: 'relation and not upgrade'.")] = "",
    until_failure: Annotated[  # noqa: FBT002 - an option of the command
        bool, typer.Option("-x", "--until-failure", help="Stop at the first check that fails.")
    ] = False,
    no_look: Annotated[  # noqa: FBT002 - an option of the command
        bool, typer.Option("--no-look", help="The programs of the kit's charm are not run; effects are not examined.")
    ] = False,
    kind: Annotated[str, typer.Option(help="What the kit's charm is made for: machine or k8s.")] = "machine",
) -> None:
    """Run the conformance kit on a backend or a store.

    It prints a line for each check, and the level that was reached. Without a config and a suite, it runs the suite of
    the backend's own distribution, if there is one.
    """
    try:
        from vca_core.testing import run  # commands import what they need
    except ModuleNotFoundError as error:
        if error.name not in ("pytest", "pytest_asyncio"):
            raise
        echo(f"vca: the kit needs pytest; {install_from_clone('testing')}", err=True)
        raise typer.Exit(2) from None

    state: State = context.obj
    state.config = config or state.config
    wanted = _one_of(level.upper(), LEVELS, "--level")
    if only or until_failure:
        wanted = "NONE"  # of a selection there is none
    examples = _primitive(works, "--works"), _primitive(fails, "--fails")
    if sum((backend is not None and not suite, bool(suite), store is not None)) != 1:
        raise _bad("expected one thing to examine: a backend, --suite or --store", "backend")
    if (suite or store) and (works or fails or config):
        raise _bad("--config, --works and --fails belong to a backend; a suite's Subject says it itself", "suite")
    on_result: OnResult = (lambda *_: None) if state.json else _teller()
    selection = run.Selection(only, until_failure)
    if store is not None:
        verdicts = [run.run_store(_factory(store), _without_login(store), on_result, selection)]
    elif suite:
        verdicts = run.run_suites(suite, on_result, selection)
    elif backend is None:
        raise AssertionError("there is one thing to examine")
    elif config is None and examples == (None, None) and (own := run.suite_of(backend)) is not None:
        verdicts = run.run_suites([own], on_result, selection, settings=False)
    else:
        verdicts = [run.run_subject(_subject(state, backend, examples, kind, look=not no_look), on_result, selection)]
    reached = min((verdict.level for verdict in verdicts), key=lambda one: one.rank)
    if state.json:
        print_json({"level": str(reached), "verdicts": [verdict.as_data() for verdict in verdicts]})
    else:
        for verdict in verdicts:
            _conclude(verdict)
    if reached.rank < LEVELS.index(wanted) or any(verdict.failures for verdict in verdicts):
        raise typer.Exit(1)


def _teller() -> OnResult:
    """Prints each check as it comes; a reason for which several failed is printed once."""
    reasons: set[str] = set()

    def tell(_: Verdict, result: CheckResult) -> None:
        reason = f": {result.reason}" if result.reason else ""
        if result.outcome == "failed":
            reason = ": for the same reason" if reason in reasons else reason
            reasons.add(reason)
        echo(f"{_WORDS[result.outcome]:<8} {result.title}{reason}", stream=sys.__stdout__)  # pytest has the other one

    return tell


def _conclude(verdict: Verdict) -> None:
    counts = ", ".join(f"{verdict.count(outcome)} {outcome}" for outcome in ("passed", "failed", "skipped", "xfailed"))
    echo(f"\n{verdict.subject}: level {verdict.title}; {counts}")
    if verdict.left_out:
        more = f", and {len(verdict.left_out) - 3} more" if len(verdict.left_out) > 3 else ""
        echo(f"  LEFT OUT, so there is no level: {', '.join(verdict.left_out[:3])}{more}")
    if verdict.not_examined and not verdict.left_out:  # what was left out says nothing of why
        echo(f"  not examined: {', '.join(verdict.not_examined)} (each skipped check says why)")
    if verdict.examined:
        echo(f"  examined: {', '.join(f'{hook} {n} of {of}' for hook, (n, of) in verdict.examined.items())}")
    for reason, number in verdict.wanting.items():
        echo(f"  not FULL: {reason} ({number} checks)")
    for reason, results in verdict.causes.items():
        others = f" (and {len(results) - 1} more, for the same reason)" if len(results) > 1 else ""
        echo(f"  FAILED {results[0].title}{others}: {reason}")


def _subject(
    state: State, name: str, examples: tuple[Primitive | None, Primitive | None], kind: str, *, look: bool
) -> Subject:
    """What a config says of a backend, or of a connector; without a config, the backend without options."""
    from vca_core._loading.backends import load_backend
    from vca_core.testing.subject import Subject

    backend, options, folder = name, {}, None
    if state.config.exists():
        loaded = state.load()
        folder = loaded.folder
        sections = loaded.connectors
        found = sections.get(name) or next((one for one in sections.values() if one.backend == name), None)
        if found is None:
            there = ", ".join(sorted(f"{key} ({one.backend})" for key, one in sections.items()))
            raise _bad(
                f"{state.config} has no connector {name!r}, nor one with that backend; it has: {there}", "backend"
            )
        backend, options = found.backend, dict(found.options)
    elif state.config != Path("vca.yaml"):
        state.load()  # says that there is none
    installs = "install_configuration_sw" in load_backend(backend).capabilities
    default = Subject(backend)
    return Subject(
        backend,
        options=options,
        folder=folder,
        kind="k8s" if _one_of(kind, ("machine", "k8s"), "--kind") == "k8s" else "machine",
        works=examples[0] or (default.works if installs else None),
        look=look,
        fails=examples[1] or (default.fails if installs else None),
    )


def _primitive(text: str | None, option: str) -> Primitive | None:
    if text is None:
        return None
    name, _, rest = text.partition(" ")
    try:
        params = json.loads(rest or "{}")
    except ValueError:
        params = None
    if not name or not isinstance(params, dict):
        raise _bad(f"{option}: expected a name, perhaps followed by a blank and a JSON object of parameters", option)
    return name, params


def _without_login(url: str) -> str:
    """What names a store where people read it: who logs in, and settings, may be secret."""
    scheme, mark, rest = url.partition("://")
    place, slash, path = rest.partition("?")[0].partition("/")
    return f"{scheme}{mark}{place.rpartition('@')[2]}{slash}{path}" if mark else url


def _factory(text: str) -> Callable[[], StatusStore]:
    """What makes new stores: of a URL, each in a place of its own; or a callable by name."""
    import tempfile

    from vca_core.stores import StatusStore, store_from_url

    module, colon, name = text.partition(":")
    if colon and module.replace(".", "").replace("_", "").isalnum() and name.isidentifier():
        sys.path.insert(0, str(Path.cwd()))
        try:
            made = getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError) as error:
            raise _bad(f"--store {text!r} cannot be loaded: {error}", "--store") from error
        finally:
            sys.path.pop(0)
        if not callable(made):
            raise _bad(f"--store: expected a class or function that makes a store, got {text!r}", "--store")

        def make_checked() -> StatusStore:
            store = made()
            if not isinstance(store, StatusStore):
                raise TypeError(f"expected {text} to make a vca_core.stores.StatusStore, got a {type(store).__name__}")
            return store

        return make_checked
    folder = Path(tempfile.mkdtemp())
    store_from_url(text, folder)  # says what is wrong with it
    if text == "memory:":
        return lambda: store_from_url(text, folder)
    from vca_core.testing.own_tables import OwnTables

    return lambda: OwnTables(lambda: store_from_url(text, folder))


def _one_of(given: str, allowed: tuple[str, ...], option: str) -> str:
    if given not in allowed:
        raise _bad(f"{option}: expected one of {', '.join(allowed)}, got {given!r}", option)
    return given


def _bad(text: str, argument: str) -> Exception:
    from vca_core.errors import BadArguments

    return BadArguments(text, [argument])
