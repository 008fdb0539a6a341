"""Exit codes are the documented ones: each row of the page's table is tried."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import pytest
from support.commands import started
from typer.testing import CliRunner

from vca_core.cli.app import EPILOG, app

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "reference" / "command.md").read_text()
TABLE = PAGE.partition("## Exit codes")[2].partition("\n## ")[0]

RUNNER = CliRunner()
SIGNALS = 128
"""Above it is the number of the signal that ended a command."""

CASES: list[tuple[int, list[str]]] = [
    (0, ["-h"]),
    (0, ["--version"]),
    (0, ["status"]),
    (0, ["config", "check"]),
    (0, ["doctor"]),
    (0, ["backends"]),
    (0, ["explain", ".a.b"]),
    (0, ["delete", "nosuch", "--yes"]),
    (1, ["status", "nosuch"]),
    (1, ["run", "demo/core", "touch", "filename=x"]),
    (1, ["-c", "sick.yaml", "doctor"]),
    (1, ["-c", "failing.yaml", "apply", "service.yaml"]),
    (1, ["-c", "failing.yaml", "status"]),
    (1, ["-c", "misplaced.yaml", "status"]),
    (1, ["-c", "misplaced.yaml", "apply", "service.yaml"]),
    (1, ["-c", "misplaced.yaml", "doctor"]),
    (1, ["charm", "uninstallable"]),
    (1, ["run", "demo/nosuch", "touch"]),
    (1, ["run", "nosuch/core", "touch"]),
    (2, ["-c", "misplaced.yaml", "config", "check"]),
    (2, ["charm", "absent"]),
    (2, ["run", "demo.app.0", "touch", "--params-file", "absent.yaml"]),
    (2, ["run", "demo.app.0", "touch", "--timeout", "soon"]),
    (2, ["apply", "broken.yaml"]),
    (2, ["demo", "--folder", "service.yaml"]),
    (2, ["plugin", "new", "Not A Name", "--defaults"]),
    (2, ["conformance", "nosuch"]),
    (2, ["--json", "nosuch"]),
    (0, ["schema"]),
    (0, ["plugin", "list"]),
    (2, []),
    (2, ["nosuch"]),
    (2, ["apply"]),
    (2, ["status", "--nosuch"]),
    (2, ["-c", "absent.yaml", "status"]),
    (2, ["-c", "broken.yaml", "status"]),
    (2, ["-c", "sick.yaml", "config", "check"]),
    (2, ["apply", "absent.yaml"]),
    (2, ["delete", "demo"]),
    (2, ["delete", "demo/core", "--yes"]),
    (2, ["run", "demo.app.0", "touch", "oops"]),
    (2, ["explain", "x"]),
    (3, ["run", "demo.app.0", "touch", "filename=x", "--timeout", "0"]),
    (3, ["-c", "away.yaml", "run", "demo.app.0", "touch", "filename=x"]),
    (3, ["-c", "homeless.yaml", "status"]),
    (3, ["-c", "homeless.yaml", "apply", "service.yaml"]),
    (3, ["-c", "homeless.yaml", "delete", "demo", "--yes"]),
    (130, ["apply", "slow.yaml"]),
    (143, ["apply", "slow.yaml"]),
]


@pytest.fixture
def folder(service: Path) -> Path:
    config = (service / "vca.yaml").read_text()
    rule = "{operation: exec_primitive, primitive: purge, fail: full}"
    failing = config.replace("world.db", "failing.db") + f"      script: [{rule}]\n"
    (service / "failing.yaml").write_text(f"store: sqlite:///failing-status.db\n{failing}")
    (service / "homeless.yaml").write_text(f"store: sqlite:///nowhere/status.db\n{config}")
    (service / "folder").mkdir()
    (service / "misplaced.yaml").write_text(f"store: sqlite:///folder\n{config}")
    (service / "uninstallable").mkdir()
    (service / "uninstallable" / "metadata.yaml").write_text("name: x")
    (service / "broken.yaml").write_text("connectors: {a: {backnd: fake}}\n")
    (service / "sick.yaml").write_text("artifacts: nowhere\nconnectors: {a: {backend: fake}}\n")
    options = "endpoints: ['127.0.0.1:1'], username: u, secret: s3cret-1, cloud: c, connect_timeout: 1"
    (service / "away.yaml").write_text(f"connectors: {{a: {{backend: juju-machine, options: {{{options}}}}}}}\n")
    (service / "slow.yaml").write_text("ns: slow\nvnfs: {a: {charm: simple-router}}\n")
    return service


def test_the_page_and_the_help_have_the_codes_that_are_tried() -> None:
    documented = {int(code) for code in re.findall(r"^\| (\d+) \|", TABLE, re.MULTILINE)}
    assert documented == {code for code, _ in CASES}
    assert documented == {int(code) for code in re.findall(r"(?:^|[;:,] )(\d+) ", EPILOG)}


@pytest.mark.parametrize("option", ["--json", "--debug"])
def test_exit_codes_are_the_documented_ones(folder: Path, option: str) -> None:
    wrong = []
    for expected, words in CASES:
        if expected < SIGNALS:
            ended = RUNNER.invoke(app, [option, *words] if words else words)
            if ended.exit_code != expected or not isinstance(ended.exception, SystemExit | None):
                wrong.append((words, expected, ended.exit_code, ended.exception, ended.output))
    assert wrong == []


@pytest.mark.parametrize("words", ["apply broken.yaml", "-c homeless.yaml status", "run nosuch/core touch", "status"])
def test_debug_adds_a_traceback_and_changes_no_json(folder: Path, words: str) -> None:
    plain, debug = (RUNNER.invoke(app, [*options, "--json", *words.split()]) for options in ([], ["--debug"]))
    assert plain.stdout == debug.stdout
    assert plain.exit_code == debug.exit_code
    assert ("Traceback" in debug.stderr) is (plain.exit_code != 0)
    assert "Traceback" not in plain.stderr


@pytest.mark.parametrize(("expected", "words"), [case for case in CASES if case[0] > SIGNALS])
async def test_a_signal_has_the_documented_exit_code(folder: Path, expected: int, words: list[str]) -> None:
    config = folder / "vca.yaml"
    config.write_text(config.read_text().replace("latency: 0", "latency: 30"))
    process = await started(folder, *words)
    assert process.stdout is not None
    await process.stdout.readline()
    process.send_signal(signal.Signals(expected - SIGNALS))
    output = (await process.stdout.read()).decode()
    assert await process.wait() == expected, output
    assert "Traceback" not in output
