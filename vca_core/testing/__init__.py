"""The conformance kit: what backends and status stores promise, as a suite that shows where they fall short.

Adopt a suite in one file of your tests (it needs the extra ``testing`` of vca-core)::

    import pytest
    from vca_core.testing import BackendConformance, Subject

    class TestDesk(BackendConformance):
        @pytest.fixture
        def subject(self) -> Subject:
            return Subject("desk", options={"floor": 3})

or run it as a program: ``vca conformance desk --config vca.yaml``.

::

    backends    BackendConformance: the suite for backends; `checks` has its checks, by what they look at
    stores      StoreConformance: the suite for status stores
    subject     what an adopting class says about its backend, and about what can be done to its system
    kit         what the checks work with
    verdict     which level results amount to
    run         runs a suite as a program
"""

from __future__ import annotations

import pytest

# Before the modules are imported: so a failed check shows what it compared.
pytest.register_assert_rewrite(
    "vca_core.testing.checks", "vca_core.testing.kit", "vca_core.testing.sequences", "vca_core.testing.stores"
)

from vca_core.testing.backends import BackendConformance  # noqa: E402 - see above
from vca_core.testing.stores import StoreConformance  # noqa: E402 - see above
from vca_core.testing.subject import Charms, Faults, Subject  # noqa: E402 - see above

__all__ = ["BackendConformance", "Charms", "Faults", "StoreConformance", "Subject"]
