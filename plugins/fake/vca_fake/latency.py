"""How long things take in the fake."""

from __future__ import annotations

import random

from vca_fake.options import Between


class Latency:
    """Durations of steps: none, fixed, or drawn by a seed; the same for the same step in every run.

    Args:
        latency: seconds, or what they are drawn from.
        seed: what they are drawn by.
    """

    def __init__(self, latency: float | Between, seed: int) -> None:
        self._latency = latency
        self._seed = seed

    def of(self, *step: object) -> float:
        """Seconds that a step takes.

        Args:
            step: what names it, whatever else happens: a model, an entity, its state.
        """
        if not isinstance(self._latency, Between):
            return self._latency
        drawn = random.Random("|".join(map(str, (self._seed, *step))))  # noqa: S311 - nothing is kept secret by it
        return drawn.uniform(self._latency.least, self._latency.most)
