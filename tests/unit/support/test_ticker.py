"""What is judged of a stall of the event loop: a busy machine does not lie, and one that is too busy says nothing."""

from __future__ import annotations

import pytest
from support.ticker import BOUND, BUSIEST, Stall


@pytest.mark.parametrize(
    ("seconds", "slowness", "is_too_long"),
    [
        (BOUND, 1.0, False),
        (1.1 * BOUND, 1.0, True),
        (1.1 * BOUND, 1.2, False),
        (2.5 * BOUND, 2.0, True),
        (100 * BOUND, BUSIEST + 0.1, False),
    ],
)
def test_a_stall_is_judged_by_how_slow_the_machine_is(seconds: float, slowness: float, is_too_long: bool) -> None:
    assert Stall(seconds, slowness).is_too_long == is_too_long
