"""Checks that no test's name is longer than 60 characters: the name says what holds, and lists of tests stay legible.

    python tools/names_of_tests.py [FOLDER]

Exit code 1 if there is a longer one below the folder (default: this repository); each is printed with its length.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

LONGEST = 60
FOLDERS = ("docs", "plugins", "sim", "templates", "tests", "vca_core")  # the kit's checks are tests, too
_DEFINITION = re.compile(r"^[ \t]*(?:async )?def (?P<name>test_\w+)", re.MULTILINE)


def too_long(root: Path) -> Iterator[str]:
    """Find what is too long, in Python and in templates of it, as ``file: name (length)``."""
    files = (file for folder in FOLDERS for kind in ("*.py", "*.py.jinja") for file in (root / folder).rglob(kind))
    for file in sorted(files):
        for found in _DEFINITION.finditer(file.read_text("utf-8")):
            if len(found["name"]) > LONGEST:
                yield f"{file.relative_to(root)}: {found['name']} ({len(found['name'])})"


def main() -> int:
    """Print what is too long."""
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent.parent
    lines = list(too_long(root))
    for line in lines:
        print(line, file=sys.stderr)
    if lines:
        print(f"names of tests: expected at most {LONGEST} characters; shorten those above", file=sys.stderr)
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
