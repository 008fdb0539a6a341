"""NS files and configs of hostile authors: typed errors without values, and plans in linear time."""

from __future__ import annotations

from pathlib import Path

import pytest

from vca_core.config import load_config
from vca_core.errors import BadArguments
from vca_core.service import plan, read_service

pytestmark = pytest.mark.timeout(60)


@pytest.mark.parametrize(
    "value", ["!!bool CANARY", '!!int ""', "!!timestamp CANARY", '"\\UFFFFFFFF"', "!!float CANARY"]
)
def test_values_of_no_kind_are_refused_untold(tmp_path: Path, value: str) -> None:
    file = tmp_path / "vca.yaml"
    file.write_text(f"connectors: {{edge: {{backend: fake, options: {{password: {value}}}}}}}")
    with pytest.raises(BadArguments) as caught:
        load_config(file, {})
    assert "CANARY" not in str(caught.value)


def test_layers_of_after_are_planned_once_each() -> None:
    vnfs = {
        f"v{layer}-{side}": {"charm": "x", "after": [f"v{layer - 1}-{other}" for other in "ab"] if layer else []}
        for layer in range(40)
        for side in "ab"
    }
    assert len(plan(read_service({"ns": "n", "vnfs": vnfs}))) == 160


def test_a_long_chain_of_after_is_planned() -> None:
    vnfs = {f"v{number}": {"after": [f"v{number + 1}"] if number < 599 else []} for number in range(600)}
    steps = plan(read_service({"ns": "n", "vnfs": vnfs}))
    assert len(steps) == 600
