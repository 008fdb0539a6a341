"""No input of a megabyte stops the event loop: what takes its time is refused, or done beside it.

How long the loop stood still is judged by `make fuzz`, and measured by `make bench`; here its turns are counted.
"""

from __future__ import annotations

import os
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from pydantic import BaseModel
from support.hostile import VALUES, Ground, ground, tries
from support.ticker import Stall, slowness, ticked

from vca_core.charm import Action
from vca_core.charm.parameters import check_params_aside
from vca_core.errors import BadArguments, VcaTimeoutError
from vca_core.secrets import model_secrets

pytestmark = pytest.mark.timeout(120)

TRIES = tries()

IS_LONG = "VCA_FUZZ_EXAMPLES" in os.environ

SHORT = (
    "params_dict: many",
    "params_dict: a secret",
    "params_dict: an object in",
    "NS file: many behind",
    "config: many s",
    "credentials: many",
    "schema: ",
    "answer: ",
    "vnf_id: n",
    "file: many",
    "file: dollars",
    "file: a reference",
    "charm: ",
)
"""What is tried in the short run."""

ATTEMPTS = 3
"""How often `make fuzz` tries what took too long: the shortest stall counts."""

DEAR = (
    "schema: alternatives",
    "schema: an enum",
    "params_dict: many URLs",
    "params_dict: a secret that just fits",
    "params_dict: a secret of many letters",
    "answer: say-many",
    "file: many options",
)
"""What takes so long, however fast the machine, that the loop has to get round to something else meanwhile."""


@pytest.fixture
async def on(tmp_path: Path) -> AsyncIterator[Ground]:
    async with ground(tmp_path) as made:
        yield made


@pytest.mark.parametrize("name", [name for name in TRIES if IS_LONG or name.startswith(SHORT)])
async def test_the_loop_goes_on(tmp_path: Path, name: str, record_property: Callable[[str, object], None]) -> None:
    for attempt in range(ATTEMPTS if IS_LONG else 1):
        (folder := tmp_path / str(attempt)).mkdir()
        before = await slowness() if IS_LONG else 1.0
        async with ground(folder) as on:
            seen = await ticked(TRIES[name](on))
            assert name not in DEAR or seen.ticks > 0
            assert await on.connector.health()  # whatever it was, it has passed
        stall = Stall(seen.stall, max(before, await slowness() if IS_LONG else 1.0))
        record_property("stall", (stall.seconds, stall.slowness))
        if stall.is_known and not stall.is_too_long:
            break


async def test_an_operation_ends_in_time_whatever_is_computed(on: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    gate, ended = threading.Event(), threading.Event()

    def check(*_: object, **__: object) -> dict[str, object]:
        gate.wait(30)
        ended.set()
        return {}

    monkeypatch.setattr("vca_core.charm.parameters.check_params", check)
    try:
        with pytest.raises(VcaTimeoutError):
            await on.connector.exec_primitive(on.ee_id, "touch", VALUES["many values"], total_timeout=0.5)
        assert not ended.is_set(), "nobody waits for it"
        assert on.connector._engine.stragglers == []
    finally:
        gate.set()


async def test_a_text_that_says_a_list_is_read_beside_the_loop() -> None:
    """Also where the schema is known already, and it is one parameter: YAML takes its time."""
    action = Action("run", {"type": "object", "properties": {"a": {"type": "array"}}})
    assert action.validator is not None
    seen = await ticked(check_params_aside(action, {"a": f"[{'1, ' * 20_000}1]"}))
    assert seen.error is None
    assert seen.ticks > 0


async def test_secrets_of_options_are_looked_for_beside_the_loop(on: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[int] = []

    def find(model: BaseModel) -> list[str]:
        threads.append(threading.get_ident())
        return model_secrets(model)

    monkeypatch.setattr("vca_core._engine.request.model_secrets", find)
    options = {"resources": {"blob": "x://h/?pass=1&" * 60_000}}
    with pytest.raises(BadArguments, match="the charm declares none of that name"):
        await on.connector.install_configuration_sw(on.ee_id, "any", options=options)
    assert threads
    assert threading.get_ident() not in threads
