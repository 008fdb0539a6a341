"""The in-memory backend of the VCA framework: for demos, CI and the tests of orchestrators.

Tests say what is to happen and read back what was asked with `Script` and `Recorder`; `vca_fake.pytest_plugin` has
fixtures for both.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vca_fake.recorder import Call, Recorder
    from vca_fake.script import Rule, Script

_HOME_OF = {"Call": "recorder", "Recorder": "recorder", "Rule": "script", "Script": "script"}

__all__ = ["Call", "Recorder", "Rule", "Script"]


def __getattr__(name: str) -> object:
    """Load what is used: every run of pytest imports this package for its fixtures."""
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME_OF[name]}"), name)
