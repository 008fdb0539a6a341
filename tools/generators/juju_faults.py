"""docs/reference/juju-faults.md, juju-k8s-(|cluster-|inner-)faults.md and .json: what comes of operations.

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

This is the result of each operation of [juju-machine](juju-machine.md) that meets a fault, as it was observed against
the simulated controller. `done` means that the operation overcame the fault and succeeded. Otherwise the cell has the
class of the [error](errors.md), and `retry` if its `retryable` is true. In an empty cell, the fault cannot meet the
operation.

Whatever the outcome, these were true in each run:

- it came within the operation's limit, and was the last thing stored at the `db_dict`;
- an operation that is `done` left the model as it does without the fault. Nothing was there twice, except for a
  machine from a request whose answer was lost, if the model existed before: it may be someone else's, so it stays, and
  `health` names it (`unclaimed_machines`);
- there was no other machine or application that is not listed, and no other model, except for an empty one: the next
  create uses that, and `delete_namespace` removes it. The id of an EE that was made was stored;
- after the fault, the same call succeeded (with `reuse_ee_id` if there was an EE still), except for faults that last,
  marked with an asterisk. What was left could be deleted, and was gone;
- after the disconnect, no task, thread, file or connection was left;
- no error, status or log contained the password or a secret option.

For a fault "at any request", each request of the operation met it in a run of its own, also the opening of websockets,
logins and uploads. A connection that falls silent is given up after `request_timeout`, and the request is sent again;
a controller that comes back may then have run it twice, as Juju's API has no way to find out. If an undo could not
reach the controller, the process makes up for it when it next uses the model. [juju-faults.json](juju-faults.json) is
the same table for programs.
"""


HEAD_OF_PODS = """# Faults of Juju on Kubernetes

This is the result of each operation of [juju-k8s](juju-k8s.md) that meets a fault, as it was observed against the
simulated controller. The words and what was true in each run are those of [juju-machine](juju-faults.md). Its faults
that do not depend on machines were tried again here; the last rows are particular to Kubernetes. If a namespace was
taken and Juju did not say by whom, the time that it had to go was shortened.
[juju-k8s-faults.json](juju-k8s-faults.json) is the same table for programs.
"""


HEAD_OF_CLUSTERS = """# Faults of the cluster behind Juju

This is the result of each operation of [juju-k8s](juju-k8s.md) during which the API server of the cluster fails, as it
was observed with a simulated Juju on a real control plane. A proxy before the API server, through which Juju goes, made
it fail; where it does not fail for Juju, the backend goes through it, which has a `cluster` in its options then. The
words are those of [juju-machine](juju-faults.md). After each fault, the same call succeeded, and in the
end nothing was left in Juju, nor of it in the cluster. Where a fault lasted for the whole operation, that had a
`total_timeout` of 1.5 s if it could not end by itself. What keeps pods from running is not in this table, but [in the
reference](juju-k8s.md#what-the-cluster-says).
[juju-k8s-cluster-faults.json](juju-k8s-cluster-faults.json) is the same table for programs.
"""


HEAD_OF_INNER = """# Faults inside the cluster

This is what [juju-k8s](juju-k8s.md) says of faults in the cluster itself, with `cluster` in its options, as it was
observed with a simulated Juju on a real control plane, whose nodes and pods are simulated as well. `done` means that
the operation overcame the fault, and the text is what the detail of the unit said meanwhile; otherwise the text is in
the [error](errors.md) or in its cause. The recovery was tried in each row but three: namespaces of others were only
deleted, and the simulated Juju took up a suspended model by itself. In the end, nothing of the NS was left in Juju
or in the cluster (namespaces, cluster roles and bindings, volumes), and no task or thread of a connector. No error,
status or log contained a token or a password.
[juju-k8s-inner-faults.json](juju-k8s-inner-faults.json) is the same table for programs.
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
    def results(self) -> Path:
        """Where the results are kept."""
        return self.file.with_suffix(".json")


PAGES = (
    Page("juju-faults", "tests/integration/juju_machine/test_faults.py", HEAD),
    Page("juju-k8s-faults", "tests/integration/juju_k8s/test_faults.py", HEAD_OF_PODS),
    Page("juju-k8s-cluster-faults", "tests/integration/kubernetes/test_faults.py", HEAD_OF_CLUSTERS),
    Page("juju-k8s-inner-faults", "tests/integration/kubernetes/test_faults_inside.py", HEAD_OF_INNER),
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
    if not found:  # there is no control plane here, and the tests were skipped
        return dict(json.loads(of.results.read_text("utf-8")))
    return {"rows": sorted(found, key=lambda row: int(row.pop("position")))}


def page(of: Page, data: dict[str, Any]) -> str:
    """The page."""
    parts = [generated_from(f"what {of.tests} finds"), of.head]
    rows = data["rows"]
    if "told" in rows[0]:
        return "".join(parts) + "\n" + told(rows)
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


def told(rows: list[dict[str, str]]) -> str:
    """The table of faults of which something is said."""
    shown = [[row["fault"], row["operation"], cell(row["outcome"]), row["told"], row["recovery"]] for row in rows]
    return table(["fault", "operation", "outcome", "what is said", "recovery"], shown)


def cell(outcome: str) -> str:
    """What a cell says."""
    kind, comma, advice = outcome.partition(", ")
    return outcome if kind in {"", "done"} else f"`{kind}`{comma}{advice}"


def generate() -> Made:
    """Make the pages of what was observed."""
    return Made({of.file: page(of, json.loads(of.results.read_text("utf-8"))) for of in PAGES})


def measure() -> Made:
    """Run the tests, and make the pages and their data of what they find."""
    made: dict[Path, str] = {}
    for of in PAGES:
        data = observe(of)
        made |= {of.file: page(of, data), of.results: json.dumps(data, indent=1) + "\n"}
    return Made(made)
