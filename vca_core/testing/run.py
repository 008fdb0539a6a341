"""Runs a suite as a program, and makes its verdict; pytest does the running."""

from __future__ import annotations

import contextlib
import gc
import importlib.metadata
import inspect
import io
import math
import sys
import tempfile
from asyncio import AbstractEventLoop
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from vca_core._loading.backends import load_backend
from vca_core.backend import NoOptions
from vca_core.config import validate_model
from vca_core.errors import BadArguments, PluginError
from vca_core.hookspecs import HOOKS
from vca_core.stores import StatusStore
from vca_core.testing.fair_clock import pytest_asyncio_loop_factories
from vca_core.testing.subject import Subject
from vca_core.testing.suite import Suite
from vca_core.testing.verdict import CheckResult, Outcome, Verdict

OnResult = Callable[[Verdict, CheckResult], None]

SUBJECT = pytest.StashKey[Subject]()
STORE = pytest.StashKey[Callable[[], StatusStore]]()

_PYTEST = Path(inspect.getfile(pytest.importorskip)).parent
_ALWAYS = (
    "-q", "--no-header", "-p", "no:cacheprovider",
    "-W", "ignore::pytest.PytestAssertRewriteWarning",  # the program has imported what pytest would rewrite
)  # fmt: skip

_CHAINED = (
    "The above exception was the direct cause of the following exception:",
    "During handling of the above exception, another exception occurred:",
)
"""What pytest writes between two errors."""

GROUP = "vca.conformance"
"""The entry points' group in which a distribution names the module with the suites of a backend: by its name."""


class Recorder:
    """A plugin of pytest that keeps what came of the checks, by the class that adopted their suite.

    Args:
        on_result: called with each, as it comes.
    """

    def __init__(self, on_result: OnResult = lambda *_: None) -> None:
        self.verdicts: dict[str, Verdict] = {}
        self.problems: list[str] = []
        self._on_result = on_result
        self._items: dict[str, pytest.Function] = {}
        self._done: set[str] = set()
        self._skipped_by_others: set[str] = set()

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note what cannot be collected, as a class that replaces a check."""
        if report.failed:
            self.problems.append(_last_line(report.longreprtext))

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Note which test is a check of which suite; what is none is not run."""
        checks = [item for item in items if isinstance(item, pytest.Function) and is_check(item)]
        self._items = {item.nodeid: item for item in checks}
        self.problems += _replacements(checks)
        items[:] = checks

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Note which checks are skipped by others than the kit: a report does not show it."""
        if call.excinfo is not None and call.excinfo.errisinstance(pytest.skip.Exception):
            files = [Path(entry.path) for entry in call.excinfo.traceback]
            own = Path(__file__).parent
            raised_in = [file for file in files if not file.is_relative_to(_PYTEST)]
            if not raised_in or not raised_in[-1].is_relative_to(own):
                self._skipped_by_others.add(item.nodeid)
        with _no_garbage_collection():
            return (yield)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note what came of a check: of its setting up, its call, its clearing away."""
        item = self._items.get(report.nodeid)
        if item is None or item.cls is None or report.nodeid in self._done:
            return
        outcome, reason = outcome_of(report, by_kit=report.nodeid not in self._skipped_by_others)
        if outcome is None:
            return
        self._done.add(report.nodeid)
        adopted = item.cls.__name__
        verdict = self.verdicts.setdefault(adopted, Verdict("", adopted))
        verdict.subject = verdict.subject or str(dict(report.user_properties).get("vca_subject", ""))
        check = item.cls.original(item.originalname)
        with_faults = bool(getattr(check, "vca_faults", False))
        result = CheckResult(item.name, outcome, reason, with_faults, hooks_of(item))
        verdict.results.append(result)
        self._on_result(verdict, result)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:  # noqa: ARG002 - a hook's argument
        """Note what was not run."""
        for adopted, cls in {item.cls.__name__: item.cls for item in self._items.values() if item.cls}.items():
            if adopted in self.verdicts:
                ran = [result.name.partition("[")[0] for result in self.verdicts[adopted].results]
                self.verdicts[adopted].left_out = [
                    check for check in sorted(cls.checks) if ran.count(check) < cases_of(cls.original(check))
                ]


@contextlib.contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Collect no garbage in between: a task that is found lost there is logged with its source.

    Python 3.11 raises SystemError where source is parsed for that while it is parsed for a report, and the run ends.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@dataclass(frozen=True)
class Selection:
    """Which checks are run. Of a selection there is no level.

    Args:
        only: an expression of pytest's ``-k``: ``relation and not upgrade``; empty: all.
        until_failure: whether the first failure ends the run.
    """

    only: str = ""
    until_failure: bool = False

    @property
    def arguments(self) -> list[str]:
        """The arguments for pytest."""
        return [*(("-k", self.only) if self.only else ()), *(("-x",) if self.until_failure else ())]


ALL = Selection()


def run_subject(subject: Subject, on_result: OnResult = lambda *_: None, selection: Selection = ALL) -> Verdict:
    """Examine a backend as a config has it. Without faults, the level can be BASE at best.

    Args:
        subject: the backend, configured.
        on_result: called with each check's result, as it comes.
        selection: which checks are run.

    Raises:
        BadArguments: no such backend is installed, or it refuses the options.
        PluginError: it is broken, and so cannot be examined.
    """
    options = getattr(load_backend(subject.backend).cls, "Options", NoOptions)
    validate_model(options, subject.options, "options")
    [verdict] = _run_own("test_backend.py", "TestBackend", (SUBJECT, subject), on_result, selection)
    verdict.subject = subject.backend
    verdict.about = about_backend(subject.backend)
    return verdict


def run_store(
    make: Callable[[], StatusStore], name: str, on_result: OnResult = lambda *_: None, selection: Selection = ALL
) -> Verdict:
    """Examine a status store.

    Args:
        make: makes one, not opened; each of them empty.
        name: what the verdict calls it.
        on_result: called with each check's result, as it comes.
        selection: which checks are run.
    """
    [verdict] = _run_own("test_store.py", "TestStore", (STORE, make), on_result, selection)
    verdict.subject = name
    verdict.about = {"kind": "store", "vca_core": importlib.metadata.version("vca-core")}
    return verdict


def run_suites(
    places: Sequence[str],
    on_result: OnResult = lambda *_: None,
    selection: Selection = ALL,
    *,
    settings: bool = True,
) -> list[Verdict]:
    """Run the suites that tests adopt.

    Args:
        places: files, folders, or modules that can be imported.
        on_result: called with each check's result, as it comes.
        selection: which checks are run.
        settings: whether the settings of pytest that lie around here are those of the tests.

    Returns:
        A verdict for each class.

    Raises:
        BadArguments: there is no suite in them, or it cannot be run; says why.
    """
    wanted = [place if Path(place.partition("::")[0]).exists() else _file_of(place) for place in places]
    if settings:
        verdicts = _run([*selection.arguments, *wanted], Recorder(on_result), ())
    else:
        with _settings() as arguments:
            verdicts = _run([*arguments, *selection.arguments, *wanted], Recorder(on_result), ())
    for verdict in verdicts:
        with contextlib.suppress(BadArguments, PluginError):
            verdict.about = about_backend(verdict.subject)
    return verdicts


def suite_of(backend: str) -> str | None:
    """The module with the suites that a backend's distribution brings; None: it brings none."""
    points = importlib.metadata.entry_points(group=GROUP, name=backend)
    return next((point.value for point in points), None)


def about_backend(name: str) -> dict[str, Any]:
    """What is known of an installed backend."""
    loaded = load_backend(name)
    return {
        "kind": "backend",
        "distribution": loaded.distribution,
        "version": loaded.version,
        "api_version": loaded.api_version,
        "capabilities": sorted(loaded.capabilities),
        "vca_core": importlib.metadata.version("vca-core"),
    }


def _run_own(
    module: str, cls: str, given: tuple[pytest.StashKey[Any], Any], on_result: OnResult, selection: Selection
) -> list[Verdict]:
    own = Path(__file__).parent / "adopted" / module
    with _settings() as arguments:
        return _run([*arguments, *selection.arguments, f"{own}::{cls}"], Recorder(on_result), given)


@contextlib.contextmanager
def _settings() -> Iterator[list[str]]:
    """Settings of pytest for the kit's own runs, whatever tests stand around here."""
    with tempfile.TemporaryDirectory() as folder:
        ini = Path(folder, "pytest.ini")
        ini.write_text("[pytest]\nasyncio_mode = strict\n", "utf-8")
        yield ["-c", str(ini), "--rootdir", folder, "--import-mode=importlib"]


def _run(arguments: list[str], recorder: Recorder, given: tuple[Any, ...]) -> list[Verdict]:
    class Given:
        def pytest_configure(self, config: pytest.Config) -> None:
            if given:
                config.stash[given[0]] = given[1]

        @pytest.hookimpl(trylast=True)  # the loops of the tests that are run, if they have some
        def pytest_asyncio_loop_factories(self, item: pytest.Item) -> Mapping[str, Callable[[], AbstractEventLoop]]:
            return pytest_asyncio_loop_factories(item)

    said = io.StringIO()
    # A folder of its own: in pytest's usual one, runs that end at the same time remove each other's leftovers.
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        own = ["--basetemp", str(Path(folder, "tests"))]
        code = pytest.main([*arguments, *own, *_ALWAYS], plugins=[recorder, Given()])
    if code == pytest.ExitCode.INTERNAL_ERROR:
        raise PluginError(f"the conformance kit's run broke off: {_last_line(said.getvalue())}")
    if recorder.problems or not recorder.verdicts:
        problems = recorder.problems or [_last_line(said.getvalue()) or f"pytest ended with {code}"]
        raise BadArguments(f"suite: cannot be run: {'; '.join(problems)}", ["suite"])
    return list(recorder.verdicts.values())


def _file_of(place: str) -> str:
    import importlib.util  # used here only

    module, _, rest = place.partition("::")
    sys.path.insert(0, str(Path.cwd()))
    try:
        found = importlib.util.find_spec(module)
    except ModuleNotFoundError:
        found = None
    finally:
        sys.path.pop(0)
    if found is None or found.origin is None:
        raise BadArguments(f"suite: expected a file or a module with a suite, got {module!r}", ["suite"])
    return found.origin + (f"::{rest}" if rest else "")


def is_check(item: pytest.Function) -> bool:
    """Whether a test is a check of a suite."""
    return isinstance(item.cls, type) and issubclass(item.cls, Suite) and item.originalname in item.cls.checks


def cases_of(check: Any) -> int:
    """How often a check is run."""
    marks = [mark for mark in getattr(check, "pytestmark", []) if mark.name == "parametrize"]
    return math.prod(len(mark.args[1]) for mark in marks)


def _replacements(items: Iterable[pytest.Function]) -> list[str]:
    """Checks that were replaced after their class was made."""
    problems = []
    for adopted in {item.cls for item in items if item.cls is not None}:
        try:
            adopted.refuse_replaced()
        except TypeError as error:
            problems.append(f"TypeError: {error}")
    return sorted(set(problems))


def hooks_of(item: pytest.Function) -> frozenset[str]:
    """The hooks that a check is about."""
    check = item.cls.original(item.originalname) if item.cls is not None else None
    parameters = item.callspec.params.values() if hasattr(item, "callspec") else ()
    return frozenset(getattr(check, "vca_needs", ())) | (HOOKS & {str(parameter) for parameter in parameters})


def outcome_of(report: pytest.TestReport, *, by_kit: bool) -> tuple[Outcome | None, str]:
    """What a report means, and why; None: it is not the one that decides.

    Args:
        report: of the setting up of a check, its call, or its clearing away.
        by_kit: whether it is the kit that skips it, if it is skipped.
    """
    expected = getattr(report, "wasxfail", None)
    if expected is not None and (report.when == "call" or report.skipped):
        return ("xfailed", expected.removeprefix("reason: ")) if report.skipped else ("failed", "it passes after all")
    if report.skipped:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        reason = reason.removeprefix("Skipped: ")
        if not by_kit:
            return "failed", f"the tests skip it, not the kit; mark it xfail with the reason instead: {reason}"
        return "skipped", reason
    if report.failed:
        text = _last_line(report.longreprtext)
        return "failed", text if report.when == "call" else f"{report.when}: {text}"
    return ("passed", "") if report.when == "teardown" else (None, "")


def _last_line(text: str) -> str:
    """What pytest says of an error, without the code around it; of several that led to each other, of the last one."""
    for words in _CHAINED:
        text = text.rpartition(words)[2]
    marked = [line.removeprefix("E").strip() for line in text.splitlines() if line.startswith("E  ")]
    if marked[:1] == ["AssertionError"]:  # the checks were imported before pytest could make them explain themselves
        marked = [line.removeprefix(">").strip() for line in text.splitlines() if line.startswith(">  ")][-1:]
    lines = marked or [line.strip() for line in text.splitlines() if line.strip()]
    return lines[0] if marked else (lines[-1] if lines else "")
