"""The fake passes the whole kit: in memory, in a file that processes share, and as Kubernetes."""

from __future__ import annotations

from pathlib import Path

import pytest
from vca_fake import Script
from vca_fake.faults import FakeFaults

from vca_core.testing import BackendConformance, Subject

HOST = {"hostname": "10.0.0.9", "username": "ubuntu"}


@pytest.fixture
def script() -> Script:
    return Script()


class TestFake(BackendConformance):
    @pytest.fixture
    def subject(self, script: Script) -> Subject:
        return Subject("fake", options={"latency": 0.001, "script": script}, credentials=HOST)

    @pytest.fixture
    def faults(self, script: Script) -> FakeFaults:
        return FakeFaults(script)


class TestFakeInAFile(BackendConformance):
    @pytest.fixture
    def subject(self, tmp_path: Path) -> Subject:
        options = {"latency": 0.001, "state": str(tmp_path / "world.db")}
        return Subject("fake", options=options, credentials=HOST, persistent=True)


class TestFakeOnKubernetes(BackendConformance):
    @pytest.fixture
    def subject(self) -> Subject:
        return Subject("fake", options={"kind": "k8s", "latency": 0.001}, kind="k8s")
