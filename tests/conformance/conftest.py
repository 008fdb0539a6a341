"""What of the kit is run here; whether the table of capabilities says what a whole run found; and whether the pages of
the hooks name every error that a check met.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from support.raised import check_documented

from generators import capabilities
from vca_core.testing import BackendConformance
from vca_core.testing.run import Recorder, about_backend


def pytest_configure(config: pytest.Config) -> None:
    if not config.option.collectonly:
        config.pluginmanager.register(_Table(), "table of capabilities")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what would only ever be skipped: checks that need faults, of the subjects here that have none."""
    out = [item for item in items if isinstance(item, pytest.Function) and _lacks_faults(item)]
    config.hook.pytest_deselected(items=out)
    items[:] = [item for item in items if item not in out]


@pytest.fixture(autouse=True)
def _every_error_is_documented(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a hook raises in a check stands under `Raises` of its page, so that authors can know what is demanded."""
    is_broken = request.path.parent.name.endswith("mutants")
    if request.cls is not None and issubclass(request.cls, BackendConformance) and not is_broken:
        yield from check_documented(monkeypatch)
    else:
        yield  # also of broken backends, which raise what they should not


def _lacks_faults(item: pytest.Function) -> bool:
    if item.cls is None or item.originalname not in getattr(item.cls, "checks", ()):
        return False
    if not getattr(item.cls.original(item.originalname), "vca_faults", False):
        return False
    return next(base for base in item.cls.__mro__ if "faults" in vars(base)) is BackendConformance


class _Table(Recorder):
    def __init__(self) -> None:
        super().__init__(only_checks=False)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        super().pytest_sessionfinish(session)
        known = json.loads(capabilities.KEPT.read_text("utf-8"))
        for name, (_, cls) in capabilities.SUITES.items():
            verdict = self.verdicts.get(cls)
            if verdict is None or len(verdict.results) < sum(known.get(name, {}).get("checks", {"": 1}).values()):
                continue  # not all of it was run
            verdict.about = about_backend(name)
            if capabilities.as_data(verdict) != known.get(name):
                reporter = session.config.pluginmanager.get_plugin("terminalreporter")
                if reporter is not None:
                    reporter.write_line(f"{capabilities.PAGE}: what it says of {name} is out of date: run `make docs`")
                session.exitstatus = pytest.ExitCode.TESTS_FAILED
