"""What the fake can be told in a config."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from vca_core.backend import Options


class FakeOptions(Options):
    """Options of a connector on the fake."""

    latency: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    """Seconds that each step of a life takes: a machine that comes up, a unit that settles, an action that runs."""
