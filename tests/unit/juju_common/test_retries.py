from __future__ import annotations

from itertools import islice

import pytest

from vca_juju_common.client.errors import ApiError, check_result, error_of
from vca_juju_common.client.retries import pauses, retry_races


def test_pauses_grow_to_a_limit() -> None:
    waits = list(islice(pauses(0.1, 1.0), 20))
    assert all(0.05 <= pause <= 1.0 for pause in waits)
    assert max(waits[:2]) < min(waits[5:])


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("state changing too quickly; try again soon", ""),
        ("transaction aborted", ""),
        ("x", "excessive contention"),
        ("x", "try again"),
    ],
)
async def test_races_are_run_again_until_they_are_won(message: str, code: str) -> None:
    tries = []

    async def work() -> int:
        tries.append(1)
        if len(tries) < 3:
            raise ApiError(message, code)
        return len(tries)

    assert await retry_races(work) == 3


async def test_other_refusals_are_reported_at_once() -> None:
    async def work() -> None:
        raise ApiError("permission denied", "unauthorized access")

    with pytest.raises(ApiError, match="permission denied"):
        await retry_races(work)


def test_errors_within_results_keep_their_code() -> None:
    with pytest.raises(ApiError) as caught:
        check_result({"error": {"message": "machine 7 not found", "code": "not found", "info": {"a": 1}}})
    assert (caught.value.code, caught.value.info, caught.value.is_not_found) == ("not found", {"a": 1}, True)
    assert error_of({"error": None}) is None
    assert error_of({}) is None
    assert error_of({"error": {"message": "", "code": ""}}) is None
    assert check_result({"x": 1}) == {"x": 1}


@pytest.mark.parametrize(
    ("message", "code", "is_gone", "has_text"),
    [
        ('application "a" not found', "not found", True, True),
        ("application is not found or not alive", "", True, True),
        ('cannot add relation "k": application "a" is not alive', "", True, True),
        ('model "m" is no longer alive', "", True, True),
        ("not found or dead", "", True, True),
        ('application "a" has no "b" relation', "not found", True, False),
        ("permission denied", "unauthorized access", False, False),
    ],
)
def test_what_is_gone_is_reported_in_words_or_by_its_code(
    message: str, code: str, is_gone: bool, has_text: bool
) -> None:
    error = ApiError(message, code)
    assert (error.is_gone, error.has_gone_text) == (is_gone, has_text)
