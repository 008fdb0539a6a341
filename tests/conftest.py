"""What holds for all tests: event loops have a fair clock, and the table of capabilities says what the kit found."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Mapping

import pytest
from hypothesis import HealthCheck, settings
from support.capabilities_table import CapabilitiesTable
from support.fair_clock import StrictLoop

from vca_core.testing.fair_clock import UNFAIR

# How long an example takes says how busy the machine is, and nothing of the product.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


def pytest_configure(config: pytest.Config) -> None:
    if not config.option.collectonly:
        config.pluginmanager.register(CapabilitiesTable(), "table of capabilities")


def pytest_collection_finish() -> None:
    """What was imported and collected is there to the end: the garbage collector need not go through it each time."""
    gc.collect()
    gc.freeze()


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """On a machine with other work, too, limits expire only where what is waited for does not come."""
    if item.name == UNFAIR:
        return {"plain": asyncio.SelectorEventLoop}
    return {"fair": StrictLoop}
