"""What of the kit is run here, and whether the pages of the hooks name every error that a check met."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.raised import check_documented

from vca_core.testing import BackendConformance


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
