"""A password that is a word of ours masks nothing in what the command says by itself."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from support.commands import copy_service
from support.random_input import IS_LONG
from typer.testing import CliRunner

from vca_core.cli.app import app

pytestmark = pytest.mark.timeout(600)

UNUSUAL = "Xq9-zz-unique"
WORDS = ["name", "model", "unit"] + IS_LONG * [
    "active",
    "vnf",
    "demo",
    "COMPLETED",
    "charms",
    "vca.yaml",
    "true",
    "1000",
]

NS = "ns: demo\nvnfs:\n  core: {charm: simple-router, config: {admin-password: PASSWORD}, day1: [{run: show-routes}]}\n"
FILES = {
    "ns.yaml": f"{NS}  host: {{machine: {{hostname: h1, username: u, password: PASSWORD}}}}\n",
    "circle.yaml": NS.replace("day1: [{run: show-routes}]", "after: [core]"),
    "options.yaml": NS.replace("ns: demo", "ns: wrong").replace("PASSWORD}", "PASSWORD, nosuch: 1, mtu: x}"),
    "keys.yaml": NS.replace("day1", "units: x, nope: 1, day1"),
    "end.yaml": NS[:-4],
    "relation.yaml": f"{NS}relations: [[core:gateway, nosuch:upstream]]\n",
    "params.yaml": "password: PASSWORD\nfilename: x\n",
    "juju.yaml": "connectors: {j: {backend: juju-machine, options: {endpoints: ['::1', 'a:b'], username: u, "
    "secret: PASSWORD, cloud: c, nosuch: 2}}}\n",
}
COMMANDS = [
    "apply circle.yaml",
    "apply options.yaml",
    "apply keys.yaml",
    "apply end.yaml",
    "apply relation.yaml",
    "apply ns.yaml",
    "status",
    "status --json",
    "run demo/core touch --params-file params.yaml",
    "run demo/core nosuch --params-file params.yaml",
    "run demo/core add-route --params-file params.yaml --json",
    "run demo/core touch filename=${env:PASSWORD} --unit x",
    "run demo/core touch filename=${env:PASSWORD} --timeout 0",
    "-c juju.yaml config check",
    "delete demo --yes",
    "delete demo --yes",
]


def says(folder: Path, password: str, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int, set[str]]]:
    """What each command says, in lines without what differs each time."""
    place = copy_service(folder, latency=0)
    monkeypatch.chdir(place)
    monkeypatch.setenv("PASSWORD", password)
    for name, text in FILES.items():
        (place / name).write_text(text.replace("PASSWORD", json.dumps(password)))
    found = []
    for command in COMMANDS:
        ended = CliRunner().invoke(app, command.split())
        output = ended.output.replace(str(folder), "FOLDER").replace(
            password, "***" if password == UNUSUAL else password
        )
        lines = {re.sub("[0-9a-f]{16}|[0-9]+", "N", " ".join(line.split())) for line in output.splitlines()}
        found.append((command, ended.exit_code, lines))
    return found


@pytest.mark.parametrize("word", WORDS)
def test_no_word_of_ours_is_masked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    usual = says(tmp_path / "usual", UNUSUAL, monkeypatch)
    for (command, code, lines), (_, code_2, lines_2) in zip(
        usual, says(tmp_path / "word", word, monkeypatch), strict=True
    ):
        assert code == code_2, command
        assert [line for line in lines_2 - lines if "***" in line] == [], command
