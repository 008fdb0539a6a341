"""The fake passes the whole kit: in memory, in a file that processes share, and as Kubernetes."""

from __future__ import annotations

from pathlib import Path

import pytest

from vca_core.testing import BackendConformance, Subject
from vca_fake.conformance import TestFake as TestFake  # noqa: PLC0414 - found here by pytest


class TestFakeInAFile(BackendConformance):
    @pytest.fixture
    def subject(self, tmp_path: Path) -> Subject:
        options = {"latency": 0.001, "state": str(tmp_path / "world.db")}
        host = {"hostname": "10.0.0.9", "username": "ubuntu"}
        return Subject("fake", options=options, credentials=host, persistent=True)


class TestFakeOnKubernetes(BackendConformance):
    @pytest.fixture
    def subject(self) -> Subject:
        return Subject("fake", options={"kind": "k8s", "latency": 0.001}, kind="k8s")
