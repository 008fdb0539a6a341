"""The suite for backends: all checks, and the fixtures that they use."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from vca_core._loading.backends import load_backend
from vca_core.testing.checks.cancellation import CancellationChecks
from vca_core.testing.checks.connection import ConnectionChecks
from vca_core.testing.checks.deadlines import DeadlineChecks
from vca_core.testing.checks.descriptions import DescriptionChecks
from vca_core.testing.checks.identity import IdentityChecks
from vca_core.testing.checks.lifecycle import LifecycleChecks
from vca_core.testing.checks.option_effects import OptionEffectChecks
from vca_core.testing.checks.ownership import OwnershipChecks
from vca_core.testing.checks.parallel import ParallelChecks
from vca_core.testing.checks.primitive_effects import PrimitiveEffectChecks
from vca_core.testing.checks.programs import ProgramChecks
from vca_core.testing.checks.refusals import RefusalChecks
from vca_core.testing.checks.relation_effects import RelationEffectChecks
from vca_core.testing.checks.repetition import RepetitionChecks
from vca_core.testing.checks.results import MANDATORY, ResultChecks
from vca_core.testing.checks.second_process import SecondProcessChecks
from vca_core.testing.checks.second_process_effects import SecondProcessEffectChecks
from vca_core.testing.checks.second_process_failures import SecondProcessFailureChecks
from vca_core.testing.checks.second_process_refusals import SecondProcessRefusalChecks
from vca_core.testing.checks.secrecy import SecrecyChecks
from vca_core.testing.checks.statuses import StatusChecks
from vca_core.testing.checks.unit_effects import UnitEffectChecks
from vca_core.testing.checks.version_effects import VersionEffectChecks
from vca_core.testing.kit import Kit, can_look, open_kit
from vca_core.testing.scenarios import SCENARIOS
from vca_core.testing.subject import Faults, Subject
from vca_core.testing.suite import Suite
from vca_core.testing.verdict import NO_FAULTS, NO_HOST, NO_LOOK, NO_WORK


@functools.cache
def _capabilities(backend: str) -> frozenset[str]:
    return load_backend(backend).capabilities


_LEAST = ResultChecks.test_an_ee_can_be_made_listed_and_deleted.__name__
"""The check that fails, where all others are skipped, for a backend that cannot do the least."""


@pytest.mark.asyncio
class BackendConformance(
    ResultChecks,
    RefusalChecks,
    RepetitionChecks,
    DeadlineChecks,
    CancellationChecks,
    StatusChecks,
    ParallelChecks,
    ConnectionChecks,
    IdentityChecks,
    OwnershipChecks,
    SecondProcessChecks,
    SecondProcessRefusalChecks,
    SecondProcessEffectChecks,
    SecondProcessFailureChecks,
    DescriptionChecks,
    OptionEffectChecks,
    PrimitiveEffectChecks,
    ProgramChecks,
    RelationEffectChecks,
    UnitEffectChecks,
    VersionEffectChecks,
    SecrecyChecks,
    LifecycleChecks,
    Suite,
    suite=True,
):
    """Everything that a backend promises.

    Adopt it in one file::

        class TestDesk(BackendConformance):
            @pytest.fixture
            def subject(self) -> Subject:
                return Subject("desk", options={"floor": 3}, works=("clean", {}), fails=("paint", {}))

    A second fixture, ``faults``, gives a `Faults`: with it the level can be FULL.
    """

    @pytest.fixture
    def subject(self) -> Subject:
        """The configured backend; to be given by the class that adopts this one."""
        raise NotImplementedError("give the class a fixture `subject` that returns a vca_core.testing.Subject")

    @pytest.fixture
    def faults(self) -> Faults | None:
        """What can be done to the backend's system; None: nothing."""
        return None

    @pytest_asyncio.fixture
    async def kit(
        self,
        request: pytest.FixtureRequest,
        subject: Subject,
        faults: Faults | None,
        tmp_path: Path,
        tmp_path_factory: pytest.TempPathFactory,
    ) -> AsyncIterator[Kit]:
        """The backend under examination; skips what it does not implement."""
        request.node.user_properties.append(("vca_subject", subject.backend))
        check = self.original(request.node.originalname)
        if getattr(check, "vca_faults", False) and faults is None:
            pytest.skip(NO_FAULTS)
        wanted = set(getattr(check, "vca_needs", ()))
        if request.node.originalname != _LEAST:
            wanted |= MANDATORY
        callspec = getattr(request.node, "callspec", None)
        operation = callspec.params.get("operation") if callspec is not None else None
        if operation in SCENARIOS:
            wanted |= {operation, *SCENARIOS[operation].needs}
        missing = sorted(wanted - _capabilities(subject.backend))
        if missing:
            pytest.skip(f"the backend does not implement {', '.join(missing)}")
        if operation == "register_execution_environment" and subject.credentials is None:
            pytest.skip(NO_HOST)
        if getattr(check, "vca_look", False):
            if not can_look(subject):
                pytest.skip(NO_LOOK)
        elif "exec_primitive" in wanted and subject.works is None:
            pytest.skip(NO_WORK)
        async with open_kit(subject, faults, tmp_path, tmp_path_factory.getbasetemp()) as kit:
            yield kit
