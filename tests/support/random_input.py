"""How the random part of `make fuzz` is seeded: each run tries other inputs, and says how to try the same again."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from typing import Any, TypeVar

from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st

T = TypeVar("T", bound=Callable[..., Any])

IS_LONG = "VCA_FUZZ_EXAMPLES" in os.environ

EXAMPLES = int(os.environ.get("VCA_FUZZ_EXAMPLES", "20"))
"""How many inputs each property sees; `make fuzz` asks for more."""

SEED = int(os.environ.get("VCA_FUZZ_SEED") or (random.SystemRandom().randrange(2**32) if IS_LONG else 20))
"""What the inputs come of; the short run always tries the same ones."""

CANARY = "c4n4ry-v4lue"
"""A value that no error may show."""


def holds(value: Any, text: str) -> bool:
    """Whether a text stands anywhere in plain data."""
    if isinstance(value, str):
        return text in value
    if isinstance(value, dict):
        return any(holds(one, text) for pair in value.items() for one in pair)
    return isinstance(value, list) and any(holds(one, text) for one in value)


def tried(*, slower: int = 1) -> Callable[[T], T]:
    """Try a property with seeded inputs.

    Args:
        slower: by how much fewer inputs are tried, where each takes longer.
    """

    def decorate(test: T) -> T:
        checks = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]
        options = settings(
            max_examples=max(10, EXAMPLES // slower), deadline=None, database=None, suppress_health_check=checks
        )
        made: T = seed(SEED)(options(test))
        return made

    return decorate


ODD = st.sampled_from([
    *("", " ", ".", "..", "/", "\\", ":", "-", "_", "~", "${env:HOME}", "${file:/etc/passwd}", "$", "{", "}", "%s"),
    *("\0", "\n", "\t", "\x1b[2J", "\u202e", "\ud800", "\uffff", "\U0001f600", "e\u0301", "\u0130", "ß", "a" * 2000),
    *("0", "-1", "nan", "inf", "1e400", "true", "null", "yes", "<<", "*a", "&a", "!!bool x", "010.0.0.1", "::1"),
    *("[::1]:22", "ch:x"),
])  # fmt: skip
NAMES = st.text(max_size=20) | ODD | st.from_regex(r"[a-z][a-z0-9-]{0,8}", fullmatch=True)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from([10**299, 10**300, 2**63, CANARY])
    | st.builds(lambda: -(10**5000))  # one that is shown would have too many digits
    | NAMES
)
VALUES = st.recursive(
    SCALARS, lambda below: st.lists(below, max_size=4) | st.dictionaries(NAMES, below, max_size=4), max_leaves=12
)
