"""The backend under the conformance kit, on a real sshd: ``vca conformance ssh``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from vca_core.testing import BackendConformance, Faults, Subject
from vca_ssh.sshd import BINARY, Sshd


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    if BINARY is None:
        pytest.fail("these tests need OpenSSH's server: install openssh-server")
    with Sshd(tmp_path_factory.mktemp("sshd")).run() as sshd:
        yield sshd


class TestSsh(BackendConformance):
    """All EEs are on one host, which processes share."""

    @pytest.fixture
    def subject(self, sshd: Sshd, tmp_path: Path) -> Subject:
        """Each check has a folder of its own there."""
        return Subject("ssh", options=sshd.options(tmp_path / "home"), persistent=True, shared_addresses=True)

    @pytest.fixture
    def faults(self, sshd: Sshd) -> Faults:
        """It is stopped and killed."""
        return sshd  # type: ignore[return-value]  # it has no `stream`: an sshd reports nothing by itself
