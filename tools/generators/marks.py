"""Prints, as JSON, which tests carry which mark of a defect: ``{"D1": [["tests/unit/test_x.py", "test_it"]]}``.

It is a program of its own, as pytest wants a process in which nothing of what it collects is imported yet.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TESTS = [ROOT / "tests", ROOT / "sim" / "juju" / "tests"]


class Marks:
    """A plugin of pytest that notes which test carries which mark; no test is run."""

    def __init__(self) -> None:
        self.tests: dict[str, set[tuple[str, str]]] = defaultdict(set)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Note the marks of all tests."""
        for item in session.items:
            name = item.originalname if isinstance(item, pytest.Function) else item.name
            for mark in item.iter_markers("defect"):
                for number in mark.args:
                    self.tests[number].add((str(item.path.relative_to(ROOT)), name))


def main() -> int:
    """Collect the tests, and print their marks."""
    marks = Marks()
    with contextlib.redirect_stdout(io.StringIO()) as output:
        code = pytest.main(["--collect-only", "-q", "-p", "no:cacheprovider", *map(str, TESTS)], plugins=[marks])
    if code != pytest.ExitCode.OK:
        sys.exit(f"the tests cannot be collected:\n{output.getvalue()}")
    print(json.dumps({number: sorted(tests) for number, tests in marks.tests.items()}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
