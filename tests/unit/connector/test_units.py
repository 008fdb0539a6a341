"""How a unit may be called."""

from __future__ import annotations

from typing import Any

import pytest

from vca_core import BadArguments
from vca_core.connector.primitives import _unit_of
from vca_core.naming import EeId

EE = EeId("ns", "app-vnf-a", "0")


@pytest.mark.parametrize(
    ("unit", "name"),
    [
        (None, None),
        ("leader", None),
        ("app-vnf-a/leader", None),
        (0, "app-vnf-a/0"),
        ("12", "app-vnf-a/12"),
        ("app-vnf-a/3", "app-vnf-a/3"),
        ("other/leader", "other/leader"),
    ],
)
def test_a_unit_is_called_by_name_number_or_leader(unit: str | int | None, name: str | None) -> None:
    assert _unit_of(unit, EE) == name


@pytest.mark.parametrize("unit", [-1, True, 1.5, "", []])
def test_what_is_no_unit_is_refused(unit: Any) -> None:
    with pytest.raises(BadArguments, match="unit: expected"):
        _unit_of(unit, EE)
