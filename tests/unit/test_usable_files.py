"""What a config names is looked at: files of SQLite, folders that are to be made, certificates for MongoDB."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from vca_core.stores.mongo_urls import problems_of_files
from vca_core.usable_files import problem_of_database, problem_of_new_folder
from vca_fake.options import FakeOptions


def test_a_database_is_one_or_can_be_made(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "there.db")
    connection.execute("CREATE TABLE a (b)")
    connection.close()
    (tmp_path / "empty.db").touch()
    for name in ("there.db", "empty.db", "new.db"):
        assert problem_of_database(tmp_path / name) is None
    assert sorted(one.name for one in tmp_path.iterdir()) == ["empty.db", "there.db"], "nothing is made"


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("absent/a.db", "there is no folder"),
        ("text/a.db", "there is no folder"),
        ("", "is a folder; name a file"),
        ("text", "is no database of SQLite"),
        ("pipe", "is no database of SQLite"),
        (f"{'n' * 300}/a.db", "there is no folder"),
    ],
)
def test_what_is_no_database_is_refused(tmp_path: Path, name: str, problem: str) -> None:
    (tmp_path / "text").write_text("a text, no database")
    os.mkfifo(tmp_path / "pipe")
    assert problem in (problem_of_database(tmp_path / name) or "")


def test_a_new_folder_lies_in_folders(tmp_path: Path) -> None:
    (tmp_path / "text").touch()
    assert problem_of_new_folder(tmp_path / "a" / "b") is None
    assert problem_of_new_folder(tmp_path) is None
    for name in ("text", "text/a"):
        assert problem_of_new_folder(tmp_path / name) == (
            f"expected a folder, and {tmp_path / 'text'} is none; name another one"
        )


def test_the_files_of_the_fake_are_looked_at(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("text")
    assert list(FakeOptions(state="a.db", programs="run").problems_of_files(tmp_path)) == []
    assert list(FakeOptions(state="text", programs="text").problems_of_files(tmp_path)) == [
        f"state: {tmp_path / 'text'} is no database of SQLite; name another file",
        f"programs: expected a folder, and {tmp_path / 'text'} is none; name another one",
    ]


@pytest.mark.parametrize("setting", ["tlsCAFile", "tlsCertificateKeyFile", "tlsCRLFile"])
def test_the_files_of_a_mongodb_url_are_looked_at(tmp_path: Path, setting: str) -> None:
    (tmp_path / "text.pem").write_text("no certificate")

    def problems(file: str) -> list[str]:
        return list(problems_of_files(f"mongodb://u:canary@h/osm?tls=true&{setting}={tmp_path}/{file}"))

    [absent], [wrong] = problems("absent.pem"), problems("text.pem")
    assert absent == f"{setting}: {tmp_path}/absent.pem: there is no such file"
    assert wrong.startswith(f"{setting}: {tmp_path}/text.pem: expected ")
    assert list(problems_of_files("mongodb://u:p@h/osm")) == []
