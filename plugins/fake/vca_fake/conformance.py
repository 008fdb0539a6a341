"""The fake under the conformance kit, with all that can be done to it: ``vca conformance fake``."""

from __future__ import annotations

from pathlib import Path

import pytest

from vca_core.testing import BackendConformance, Faults, Subject
from vca_fake.faults import FakeFaults
from vca_fake.script import Script


class TestFake(BackendConformance):
    """In a file that processes share, on machines; the programs of charms are run."""

    @pytest.fixture
    def script(self) -> Script:
        """What faults interrupt."""
        return Script()

    @pytest.fixture
    def subject(self, script: Script, tmp_path: Path) -> Subject:
        """Quick, but never at once: operations wait, as on any system."""
        options = {
            "latency": 0.001,
            "script": script,
            "state": str(tmp_path / "world.db"),
            "programs": str(tmp_path / "programs"),
        }
        host = {"hostname": "10.0.0.9", "username": "ubuntu", "password": "canary-5d0a"}
        return Subject("fake", options=options, credentials=host, persistent=True, disposable=True)

    @pytest.fixture
    def faults(self, script: Script) -> Faults:
        """Done by the script."""
        return FakeFaults(script)
