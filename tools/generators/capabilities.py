"""docs/extend/capabilities.md and .json: what each known backend can do, as the kit found it.

`make test`, which runs the kit anyway, checks that the .json file is what it finds
(tests/support/capabilities_table.py).
"""

from __future__ import annotations

import json
import sys
from typing import Any

from generators.hooks import hooks_of
from generators.made import DOCS, ROOT, Made, generated_from, table
from vca_core.hookspecs import HOOKS, LIFECYCLE_HOOKS, BackendHooks
from vca_core.testing.run import run_suites
from vca_core.testing.verdict import Verdict

PAGE = DOCS / "extend" / "capabilities.md"
KEPT = PAGE.with_suffix(".json")
SUITES = {
    "fake": ("vca_fake.conformance", "TestFake"),
    "juju-machine": ("tests/conformance/test_juju_machine.py", "TestJujuMachine"),
    "juju-k8s": ("tests/conformance/test_juju_k8s.py", "TestJujuK8s"),
}
"""The suite of each known backend: a module, or a file from the root of the repository; and its class."""

HEAD = """# Capabilities

The hooks that a backend implements *are* its capabilities. Nothing else declares them:

- `connector.capabilities` and `vca backends` name them; `open` and `close` are not counted.
- The core refuses what a backend does not implement with `NotSupported`, before any request is sent.
- A backend has to implement a hook completely: a hook that cannot do a part of what its [page](hooks/index.md) says
  raises `NotSupported` with the reason, and fails the checks of that part.
- An orchestrator that needs a capability should check for it when it starts, not when it needs it.

## What the known backends can do

Each cell says how many of the kit's checks of the hook passed, and lists those that failed. `-` means not implemented.
[capabilities.json](capabilities.json) is the same table for programs.

"""


def examine(place: str, cls: str) -> Verdict:
    """Run one suite."""
    found = str(ROOT / place) if place.endswith(".py") else place
    [verdict] = run_suites([f"{found}::{cls}"], settings=False)
    return verdict


def as_data(verdict: Verdict) -> dict[str, Any]:
    """What a verdict says of each hook. No versions: the page is that of this commit."""
    implemented = set(verdict.about["capabilities"])
    hooks = {}
    for hook in sorted(HOOKS - LIFECYCLE_HOOKS):
        about = [result for result in verdict.results if hook in result.hooks]
        hooks[hook] = {
            "implemented": hook in implemented,
            **{word: sum(result.outcome == word for result in about) for word in ("passed", "failed", "xfailed")},
        }
    counts = {word: verdict.count(word) for word in ("passed", "failed", "skipped", "xfailed")}
    return {
        "distribution": verdict.about["distribution"],
        "level": str(verdict.level),
        "checks": counts,
        "hooks": hooks,
    }


def cell(hook: dict[str, Any]) -> str:
    """What a cell says of a hook."""
    if not hook["implemented"]:
        return "-"
    bad = hook["failed"] + hook["xfailed"]
    return f"{hook['passed']} passed" + (f", **{bad} failed**" if bad else "")


def page(data: dict[str, Any]) -> str:
    """The page."""
    names = list(data)
    order = [name for name in hooks_of(BackendHooks) if name not in LIFECYCLE_HOOKS]
    rows = [["level", *(data[name]["level"] for name in names)]]
    rows += [[f"[`{hook}`](hooks/{hook}.md)", *(cell(data[name]["hooks"][hook]) for name in names)] for hook in order]
    return generated_from("what the conformance kit finds") + HEAD + table(["", *names], rows)


def generate() -> Made:
    """Make the page of what the kit has found."""
    return Made({PAGE: page(json.loads(KEPT.read_text("utf-8")))})


def measure() -> Made:
    """Run the kit on all known backends, and make the page and its data of what it finds. A failure is a problem."""
    sys.path.insert(0, str(ROOT / "tests"))
    verdicts = {name: examine(*suite) for name, suite in SUITES.items()}
    data = {name: as_data(verdict) for name, verdict in verdicts.items()}
    failed = [
        f"{name}: {check.title}: {check.reason}" for name, verdict in verdicts.items() for check in verdict.failures
    ]
    return Made({PAGE: page(data), KEPT: json.dumps(data, indent=2) + "\n"}, failed)
