"""Tells of each broken backend whether the kit catches it: `make mutants`.

Each has one defect, and names the checks that are meant for it. What is wrong in form fails these and no others, which
is looked at; what has no effect is examined by these only, or with `ARGS=--whole` by all.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from conformance.effect_mutants import suite as effects
from conformance.effect_mutants.potemkin import Potemkin
from conformance.mutants import suite as forms
from conformance.mutants.site import BrokenOff, examine, install
from conformance.mutants.world import Good


@dataclass(frozen=True)
class Broken:
    """A backend with a defect.

    Args:
        cls: the backend.
        suite: the file of its suite.
        meant: the checks that are meant for it; empty: all of them may catch it.
        is_exact: whether it fails these and no others.
    """

    cls: type
    suite: str
    meant: frozenset[str]
    is_exact: bool = False

    def places(self, *, is_whole: bool) -> list[str]:
        """What of its suite is run, as pytest names it."""
        whole = f"{self.suite}::Test{self.cls.__name__}"
        return (
            [whole]
            if is_whole or self.is_exact or not self.meant
            else [f"{whole}::{check}" for check in sorted(self.meant)]
        )

    def judge(self, failed: frozenset[str]) -> tuple[bool, str]:
        """Say whether it is caught, and by what.

        Args:
            failed: the checks that failed.
        """
        missing, others = sorted(self.meant - failed), sorted(failed - self.meant)
        if missing or not failed:
            return False, f"UNCAUGHT  by {', '.join(missing) or 'any check'}"
        if others and self.is_exact:
            return False, f"FAILS     {', '.join(others)}, too"
        also = f", and {len(others)} others" if others and self.meant else ""
        return True, f"caught    by {len(self.meant or failed)}{also}"


def all_broken() -> list[Broken]:
    """All of them; the one that does nothing at all is meant for no check in particular."""
    found = [
        Broken(cls, str(forms.__file__), getattr(cls, "FAILS", frozenset()), is_exact=True)
        for cls in forms.all_backends()
        if cls is not Good
    ]
    return found + [
        Broken(cls, str(effects.__file__), frozenset() if cls is Potemkin else cls.CAUGHT_BY)
        for cls in effects.all_mutants()
    ]


async def examine_each(folder: Path, broken: list[Broken], *, is_whole: bool) -> int:
    """Examine them, as many at a time as there are processors, and print a line for each.

    Returns:
        How many are not caught.
    """
    waiting, uncaught = iter(broken), 0

    async def work() -> None:
        nonlocal uncaught
        for one in waiting:
            places = one.places(is_whole=is_whole)
            try:
                found = await examine(folder, places)
            except BrokenOff as error:
                print(f"{one.cls.__name__:40} run again, for the run broke off: {error}", flush=True)
                found = await examine(folder, places)
            failed = found[one.cls.__name__]
            is_caught, verdict = one.judge(frozenset(failed))
            uncaught += not is_caught
            print(f"{one.cls.__name__:40} {verdict}", flush=True)

    await asyncio.gather(*(work() for _ in range(os.cpu_count() or 1)))
    return uncaught


def main() -> int:
    """Examine, and tell."""
    parser = argparse.ArgumentParser(description="Examine broken backends by the conformance kit.")
    parser.add_argument("--whole", action="store_true", help="by all checks, and not by those that are meant for each")
    given = parser.parse_args()
    broken = all_broken()
    with tempfile.TemporaryDirectory() as folder:
        install(Path(folder), [one.cls for one in broken])
        uncaught = asyncio.run(examine_each(Path(folder), broken, is_whole=given.whole))
    print(f"{len(broken)} broken backends, {len(broken) - uncaught} caught, {uncaught} uncaught")
    return 1 if uncaught else 0


if __name__ == "__main__":
    sys.exit(main())
