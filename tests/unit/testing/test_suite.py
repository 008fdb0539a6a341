"""What adopting a suite allows: checks of one's own, and none of the kit's replaced behind its back."""

from __future__ import annotations

from typing import Any

import pytest

from vca_core.testing import BackendConformance, StoreConformance

CHECK = "test_an_ee_can_be_deleted_ten_times"


def test_checks_can_be_added() -> None:
    class TestMine(BackendConformance):
        async def test_something_of_mine(self) -> None: ...

    assert "test_something_of_mine" not in TestMine.checks
    assert CHECK in TestMine.checks


async def passing(self: object, kit: object) -> None: ...


@pytest.mark.parametrize(
    "override",
    [
        passing,
        None,
        pytest.mark.skip(reason="it fails")(passing),
        pytest.mark.xfail(passing),
        pytest.mark.xfail(reason=" ")(passing),
    ],
)
@pytest.mark.parametrize("suite", [BackendConformance, StoreConformance])
def test_replacing_a_check_is_an_error_that_says_what_to_do(suite: type, override: Any) -> None:
    check = min(suite.checks)  # type: ignore[attr-defined]  # every suite has some
    with pytest.raises(TypeError, match=rf"TestMine\.{check} replaces a check .*xfail\(reason="):
        type("TestMine", (suite,), {check: override})


def test_a_check_that_is_expected_to_fail_needs_a_reason() -> None:
    class TestMine(BackendConformance):
        @pytest.mark.xfail(reason="our system has no undo")
        async def test_an_ee_can_be_deleted_ten_times(self, kit: Any) -> None:
            await super().test_an_ee_can_be_deleted_ten_times(kit)

    assert TestMine.original(CHECK) is not vars(TestMine)[CHECK]


def test_a_subclass_of_an_adopting_class_cannot_replace_checks() -> None:
    class TestMine(BackendConformance): ...

    with pytest.raises(TypeError, match="replaces a check"):
        type("TestBelow", (TestMine,), {CHECK: passing})
