"""Generates what is made of something else (pages and pictures of docs/, NOTICE): `make docs` and `make docs-check`.

    python tools/generate.py [--check] [--only NAME]...

A NAME is that of a module of tools/generators/. With --check nothing is written, and nothing is run that
takes long: the pages of what was measured are held to their data. Exit code 1 if a file is out of date then, and always
if a generator finds a problem.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from generators import capabilities, concept, defects, hooks, juju_faults, notice, objects
from generators.made import ROOT, Made

GENERATE: dict[str, Callable[[], Made]] = {
    "concept": concept.generate,
    "hooks": hooks.generate,
    "objects": objects.generate,
    "capabilities": capabilities.generate,
    "juju_faults": juju_faults.generate,
    "defects": defects.generate,
    "notice": notice.generate,
}
MEASURE: dict[str, Callable[[], Made]] = {
    "capabilities": capabilities.measure,
    "juju_faults": juju_faults.measure,
}
"""What runs tests for it, and keeps what they find beside the page, from which it is generated otherwise."""


def main() -> int:
    """Generate or check what is named."""
    parser = argparse.ArgumentParser(description="Generate the generated pages and pictures of docs/.")
    parser.add_argument("--check", action="store_true", help="only check that they are up to date")
    parser.add_argument("--only", action="append", choices=GENERATE, help="which; may be repeated (default: all)")
    given = parser.parse_args()
    problems: list[str] = []
    for name in given.only or GENERATE:
        made = GENERATE[name]() if given.check else MEASURE.get(name, GENERATE[name])()
        problems += made.problems
        if given.check:
            problems += [f"{file.relative_to(ROOT)} is out of date: run `make docs`" for file in made.outdated_files()]
        else:
            made.write()
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
