"""The suite on a backend as a config has it."""

from __future__ import annotations

import pytest

from vca_core.testing.backends import BackendConformance
from vca_core.testing.run import SUBJECT
from vca_core.testing.subject import Subject


class TestBackend(BackendConformance):
    """The backend that the program was asked to examine."""

    @pytest.fixture
    def subject(self, pytestconfig: pytest.Config) -> Subject:
        """What was given."""
        return pytestconfig.stash[SUBJECT]
