"""What is loaded late is loaded once for all threads: charms are read in threads, while the loop checks parameters.

Two modules of jsonschema that two threads load at once, each by its own way, import each other half loaded, and fail.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

LOADED_BY = """
import sys
from vca_core.charm import Action, check_params
from vca_core.charm.actions import read_actions
from vca_core.charm.fields import Field

class Watch:
    def find_spec(self, name, path=None, target=None):
        if name == "jsonschema" and "vca_core.charm.schemas" not in sys.modules:
            sys.exit("jsonschema is loaded past vca_core.charm.schemas")

sys.meta_path.insert(0, Watch())
schema = {"properties": {"name": {"type": "string"}}}
"""


@pytest.mark.parametrize(
    "use",
    [
        'check_params(Action("touch", schema), {"name": "a"})',
        'read_actions(Field("actions.yaml", {"touch": {"params": schema["properties"]}}), "a charm")',
        'Action("touch", schema).validator',
    ],
)
def test_jsonschema_is_loaded_by_one_way_only(use: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", f"{LOADED_BY}{use}\nassert 'jsonschema' in sys.modules"],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
