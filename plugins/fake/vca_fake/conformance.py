"""The fake under the conformance kit, with all that can be done to it: ``vca conformance fake``."""

from __future__ import annotations

import pytest

from vca_core.testing import BackendConformance, Faults, Subject
from vca_fake.faults import FakeFaults
from vca_fake.script import Script


class TestFake(BackendConformance):
    """In memory, on machines."""

    @pytest.fixture
    def script(self) -> Script:
        """What faults interrupt."""
        return Script()

    @pytest.fixture
    def subject(self, script: Script) -> Subject:
        """Quick, but never at once: operations wait, as on any system."""
        options = {"latency": 0.001, "script": script}
        return Subject("fake", options=options, credentials={"hostname": "10.0.0.9", "username": "ubuntu"})

    @pytest.fixture
    def faults(self, script: Script) -> Faults:
        """Done by the script."""
        return FakeFaults(script)
