"""What `--verbose` and `--debug` log holds nothing secret, whoever logs it."""

from __future__ import annotations

import logging
import sqlite3
from pathlib import Path

import pytest
from support.commands import ended

from vca_core.cli.logs import log_to_stderr
from vca_core.cli.state import State

SECRETS = {"ROOM": "Zx9-hunter-42q", "HOST": "host-88-77.example", "PASSWORD": "pw-55-secret-Q"}
FOREIGN = logging.getLogger("library.part")
OURS = logging.getLogger("vca_plugin.part")
LEVELS = ("WARNING", "INFO", "DEBUG")


@pytest.mark.parametrize(("verbose", "foreign", "ours"), [(0, 1, 1), (1, 2, 2), (2, 2, 3)])
def test_no_line_has_a_secret_in_it(capsys: pytest.CaptureFixture[str], verbose: int, foreign: int, ours: int) -> None:
    secret = SECRETS["ROOM"]
    state = State(Path("vca.yaml"), json=False, verbose=verbose)
    before = logging.getLogger().level, list(logging.getLogger().handlers)
    with log_to_stderr(verbose, state.clean_line):
        state.hide([secret])
        for log in (FOREIGN, OURS):
            for level in LEVELS:
                log.log(logging.getLevelName(level), "%s to %s", level, secret)
        try:
            raise ValueError(secret)
        except ValueError:
            FOREIGN.exception("it failed")
    assert (logging.getLogger().level, list(logging.getLogger().handlers)) == before
    said = capsys.readouterr().err
    assert secret not in said
    assert said.count(" to ***") == foreign + ours
    assert "ValueError: ***" in said


def test_what_the_core_warns_of_is_shown_on_request_only(capsys: pytest.CaptureFixture[str]) -> None:
    for verbose in (0, 1):
        state = State(Path("vca.yaml"), json=False, verbose=verbose)
        with log_to_stderr(verbose, state.clean_line):
            logging.getLogger("vca_core.stores").warning("a warning")
        assert ("a warning" in capsys.readouterr().err) is bool(verbose)


@pytest.mark.parametrize("option", ["--debug", "--verbose"])
async def test_a_command_logs_nothing_that_came_by_reference(
    service: Path, monkeypatch: pytest.MonkeyPatch, option: str
) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    (service / "ns.yaml").write_text(
        "ns: n\nvnfs:\n"
        "  core: {charm: simple-router, config: {hostname: '${env:ROOM}'}}\n"
        "  box: {machine: {hostname: '${env:HOST}', username: u, password: '${env:PASSWORD}'}}\n"
    )
    allowed = [word for name in SECRETS for word in ("--env", name)]
    for words in (["apply", "ns.yaml", *allowed], ["run", "n/core", "touch", "filename=${env:ROOM}"]):
        code, output = await ended(service, option, *words)
        assert code == 0, output
        assert "aiosqlite" not in output
        assert not [secret for secret in SECRETS.values() if secret in output]
    with sqlite3.connect(service / "vca-status.db") as store:
        assert store.execute("SELECT count(*) FROM documents").fetchone()[0] > 0
    store.close()
