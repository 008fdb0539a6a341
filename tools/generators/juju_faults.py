"""docs/reference/juju-faults.md, juju-k8s-faults.md and their .json: what comes of operations on Juju that meet faults.

It is measured by test_faults.py of each backend, which else checks that the .json file is what it finds.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generators.made import DOCS, ROOT, Made, generated_from, table

HEAD = """# Faults of Juju on machines

What comes of each operation of [juju-machine](juju-machine.md) when something goes wrong, as it was observed against
the simulated controller. `done`: the operation succeeded, once what went wrong was overcome. Else the class of the
[error](errors.md); `retry`: its `retryable` is true. Empty: the fault cannot meet the operation.

Whatever the outcome, these were true in each run:

- it came within the operation's limit, and was stored at the `db_dict`, after all else that was stored there;
- an operation that is `done` left the model as it does where nothing goes wrong: nothing is there twice, but for a
  machine that came while an answer was lost. In a model that was there before, nobody knows whose it is: it stays, and
  `health` names it (`unclaimed_machines`);
- no other machine or application is there that the listing does not have, nor a model, but for an empty one: the next
  create uses it, and `delete_namespace` removes it; the id of an EE that was made is stored;
- once nothing was wrong any more, the same call succeeded (with `reuse_ee_id` where there was an EE), but for what does
  not come back, marked *; what was left could be deleted, and was gone;
- after the disconnect no task, thread, file or connection was left;
- no error, status or log held the password or an option that is secret.

Where a fault comes "at any request", each request of the operation had its turn in a run of its own, the opening of
websockets, logins and uploads among them. A connection that falls silent is given up after `request_timeout`, and the
request is sent again; a controller that comes back may then have run it twice, as Juju's API has no way to find out. An
undo that could not reach the controller is made up for when the same process next uses the model. Machines read
[juju-faults.json](juju-faults.json).
"""


HEAD_OF_PODS = """# Faults of Juju on Kubernetes

What comes of each operation of [juju-k8s](juju-k8s.md) when something goes wrong, as it was observed against the
simulated controller; words and promises are those of [juju-machine](juju-faults.md). Those of its faults that need
nothing of machines were tried here again, at each request where it says so; the last rows are of Kubernetes. Where a
namespace is taken and nobody says by whom, the time that it has to go was cut short. Machines read
[juju-k8s-faults.json](juju-k8s-faults.json).
"""


@dataclass(frozen=True)
class Page:
    """A page, and the tests that find out what it shows."""

    name: str
    tests: str
    head: str

    @property
    def file(self) -> Path:
        """The page."""
        return DOCS / "reference" / f"{self.name}.md"

    @property
    def kept(self) -> Path:
        """What was found."""
        return self.file.with_suffix(".json")


PAGES = (
    Page("juju-faults", "tests/integration/juju_machine/test_faults.py", HEAD),
    Page("juju-k8s-faults", "tests/integration/juju_k8s/test_faults.py", HEAD_OF_PODS),
)


def observe(of: Page) -> dict[str, Any]:
    """Run the tests; what they found.

    Raises:
        SystemExit: an outcome is not what the contract says, or a promise was broken.
    """
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"VCA_FAULTS": "whole", "VCA_FAULTS_WRITE_TO": folder}
        command = [sys.executable, "-m", "pytest", "-q", "-x", "--no-header", str(ROOT / of.tests)]
        if subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode:  # noqa: S603 - of this repository
            raise SystemExit("what the tests find is not as it should be; nothing is written")
        found = [json.loads(file.read_text("utf-8")) for file in sorted(Path(folder).iterdir())]
    return {"rows": sorted(found, key=lambda row: int(row.pop("position")))}


def page(of: Page, data: dict[str, Any]) -> str:
    """The page."""
    parts = [generated_from(f"what {of.tests} finds"), of.head]
    rows = data["rows"]
    for family in dict.fromkeys(family for row in rows for family in row["outcomes"]):
        concerned = [row for row in rows if family in row["outcomes"]]
        columns = max((list(row["outcomes"][family]) for row in concerned), key=len)
        outcomes = [
            [
                f"{row['fault']}{' *' if row['lasting'] else ''}",
                *(cell(row["outcomes"][family].get(column, "")) for column in columns),
            ]
            for row in concerned
        ]
        parts.append(f"\n## {family}\n\n{table(['', *columns], outcomes)}")
    return "".join(parts)


def cell(outcome: str) -> str:
    """What a cell says."""
    kind, comma, advice = outcome.partition(", ")
    return outcome if kind in {"", "done"} else f"`{kind}`{comma}{advice}"


def generate() -> Made:
    """Make the pages of what was observed."""
    return Made({of.file: page(of, json.loads(of.kept.read_text("utf-8"))) for of in PAGES})


def measure() -> Made:
    """Run the tests, and make the pages and their data of what they find."""
    made: dict[Path, str] = {}
    for of in PAGES:
        data = observe(of)
        made |= {of.file: page(of, data), of.kept: json.dumps(data, indent=1) + "\n"}
    return Made(made)
