"""What others can see on a machine: values on command lines, and in files that are not protected."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from vca_core.testing.onlookers import command_lines_with, open_files_with

TEXT = "canary-6f1d2c"


def test_a_file_for_everybody_is_found(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir(mode=0o755)
    file = tmp_path / "log" / "requests"
    file.write_text(f"asked: {TEXT}\n")
    file.chmod(0o644)
    assert open_files_with(tmp_path, TEXT) == [file]
    assert open_files_with(tmp_path, "another text") == []


def test_what_is_protected_is_not_found(tmp_path: Path) -> None:
    for folder, mode in (("own", 0o700), ("shared", 0o755)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "file").write_text(TEXT)
        (tmp_path / folder / "file").chmod(0o644 if folder == "own" else 0o640)
        (tmp_path / folder).chmod(mode)
    (tmp_path / "link").symlink_to(tmp_path / "own" / "file")
    assert open_files_with(tmp_path, TEXT) == []


@pytest.mark.skipif(sys.platform != "linux", reason="there is no /proc")
async def test_an_argument_of_a_process_is_found() -> None:
    process = await asyncio.create_subprocess_exec("sh", "-c", "read line", "sh", TEXT, stdin=asyncio.subprocess.PIPE)
    assert command_lines_with(TEXT) == [f"sh -c read line sh {TEXT}"]
    await process.communicate(b"")
    assert command_lines_with(TEXT) == []
