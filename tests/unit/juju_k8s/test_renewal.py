"""When the token of Juju's account is renewed."""

from __future__ import annotations

import asyncio
import logging

import pytest

from vca_juju_k8s.cluster import tokens
from vca_juju_k8s.renewal import Renewal


async def settle() -> None:
    """Let all that is ready run."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_a_token_of_no_life_is_not_renewed_all_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "PAUSE", 1000.0)
    renewed = 0

    async def renew() -> float:
        nonlocal renewed
        renewed += 1
        return 0.0

    renewal = Renewal(renew, logging.LoggerAdapter(logging.getLogger(__name__)))
    renewal.start(tokens.pause_of(0.0))
    await settle()
    assert renewed == 0
    renewal.ask()
    await settle()
    assert renewed == 1, "it was refused"
    await renewal.close()
