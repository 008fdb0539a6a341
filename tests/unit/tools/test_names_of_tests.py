"""`make lint` finds tests whose names are too long."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TOOL = Path(__file__).parents[3] / "tools" / "names_of_tests.py"
FITS, TOO_LONG = "test_" + "n" * 55, "test_" + "n" * 56


def look_at(folder: Path) -> tuple[int, str]:
    ended = subprocess.run([sys.executable, TOOL, folder], capture_output=True, text=True, check=False)
    return ended.returncode, ended.stderr


def test_a_name_of_sixty_characters_passes(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_a.py").write_text(f"def {FITS}(): ...\ndef helper_{TOO_LONG}(): ...\n")
    assert look_at(tmp_path) == (0, "")


def test_longer_names_are_printed_wherever_tests_are(tmp_path: Path) -> None:
    for place in ("tests/unit/test_a.py", "sim/b/tests/test_b.py", "templates/test_c.py.jinja"):
        file = tmp_path / place
        file.parent.mkdir(parents=True)
        file.write_text(f"class TestIt:\n    async def {TOO_LONG}(self): ...\n")
    code, said = look_at(tmp_path)
    assert code == 1
    assert [line for line in said.splitlines() if TOO_LONG in line] == [
        f"sim/b/tests/test_b.py: {TOO_LONG} (61)",
        f"templates/test_c.py.jinja: {TOO_LONG} (61)",
        f"tests/unit/test_a.py: {TOO_LONG} (61)",
    ]
