"""The fake passes the whole kit: in a file that processes share, in memory, and as Kubernetes."""

from __future__ import annotations

import pytest

from vca_core.testing import BackendConformance, Subject
from vca_fake.conformance import TestFake as TestFake  # noqa: PLC0414 - found here by pytest


class TestFakeInMemory(BackendConformance):
    @pytest.fixture
    def subject(self) -> Subject:
        host = {"hostname": "10.0.0.9", "username": "ubuntu"}
        return Subject("fake", options={"latency": 0.001}, credentials=host, look=False, disposable=True)


class TestFakeOnKubernetes(BackendConformance):
    @pytest.fixture
    def subject(self) -> Subject:
        return Subject("fake", options={"kind": "k8s", "latency": 0.001}, kind="k8s", look=False, disposable=True)
