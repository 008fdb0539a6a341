"""A service that a newer release keeps is shown, and not changed."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from vca_core.cli.app import app

RUNNER = CliRunner()


def vca(*arguments: str, code: int = 0) -> str:
    ended = RUNNER.invoke(app, list(arguments))
    assert ended.exit_code == code, ended.output
    return ended.output


def documents(folder: Path) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(folder / "vca-status.db")) as file:
        return [json.loads(text) for (text,) in file.execute("SELECT document FROM documents ORDER BY position")]


@pytest.fixture
def newer(service: Path) -> Path:
    """The folder of a service that was brought up, and that a newer release has taken over since."""
    vca("apply", "service.yaml")
    assert {document["schema"] for document in documents(service)} == {1}
    with closing(sqlite3.connect(service / "vca-status.db")) as file, file:
        file.execute(
            "UPDATE documents SET document = json_set(document, '$.schema', 2, '$.release', '7.0') "
            "WHERE collection = 'vca_services'"
        )
    return service


@pytest.mark.parametrize("command", [("apply", "service.yaml"), ("delete", "demo", "--yes")], ids=" ".join)
def test_a_service_of_a_newer_release_is_shown_and_not_changed(newer: Path, command: tuple[str, ...]) -> None:
    before = documents(newer)
    output = " ".join(vca(*command, code=1).split())
    assert "vca-core 7.0 wrote the record '.demo' with schema 2; this is vca-core 0.1.0, which knows 1" in output
    assert documents(newer) == before
    assert vca("status").count("COMPLETED") == 3
