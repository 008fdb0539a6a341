"""docs/reference/defects.md: which tests keep which documented defect from coming back.

It is a problem if a defect of the core has no test, a test names an unknown one, or a row has no owner.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

from generators.made import DOCS, ROOT, Made, generated_from, table

PAGE = DOCS / "reference" / "defects.md"
ROWS = ROOT / "tools" / "defects.toml"
COLLECT = Path(__file__).with_name("marks.py")
EXPECTED = [f"D{number}" for number in range(1, 99)] + [f"U{number}" for number in range(1, 15)]
OWNERS = {"core", "juju", "mongodb", "drop-in"}

HEAD = """# Defects that cannot come back

The predecessor of this framework had 98 documented defects (D), and its successors some more (U). One part of the
project makes each of them impossible: the *core* (with the fake), the *Juju* backends, the *MongoDB* store, or the
N2VC *drop-in*. The tests for a defect carry `@pytest.mark.defect("<number>")`; a row of the core without a test fails
CI.

"""


def collect() -> dict[str, list[str]]:
    """Find the tests of each number, as links.

    Raises:
        SystemExit: the tests cannot be collected.
    """
    ended = subprocess.run([sys.executable, COLLECT], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603 - of this repository
    if ended.returncode:
        raise SystemExit(ended.returncode)
    return {
        number: [f"[{name}](../../{path})" for path, name in tests]
        for number, tests in json.loads(ended.stdout).items()
    }


def generate() -> Made:
    """Make the page of the rows and of the marks of the tests."""
    rows = tomllib.loads(ROWS.read_text("utf-8"))
    tests = collect()
    problems = [f"{number} is not a row of tools/defects.toml" for number in sorted(tests.keys() - rows.keys())]
    problems += [f"{number} is missing in tools/defects.toml" for number in EXPECTED if number not in rows]
    problems += [f"{number} has no owner" for number, row in rows.items() if row.get("owner") not in OWNERS]
    problems += [
        f"{number} is the core's, and no test names it: {row['what']}"
        for number, row in rows.items()
        if row.get("owner") == "core" and number not in tests
    ]
    listed = table(
        ["row", "what was wrong", "owner", "tests"],
        [
            [number, row["what"], row["owner"], " · ".join(tests.get(number, ())) or "(its owner)"]
            for number, row in rows.items()
        ],
    )
    return Made({PAGE: generated_from("tools/defects.toml and the marks of the tests") + HEAD + listed}, problems)
