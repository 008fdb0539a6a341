"""Keys of an action's schema that Juju cannot keep in its database are refused before the charm is uploaded."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from vca_core.charm import Charm


@pytest.mark.parametrize(
    ("action", "key"),
    [("{$id: 'http://x/y'}", "$id"), ("{$defs: {a: {}}}", "$defs"), ("{params: {b: {$id: x}}}", "$id")],
)
def test_keys_that_begin_with_a_dollar_are_refused(
    read: Callable[[dict[str, str]], Charm], action: str, key: str
) -> None:
    metadata = "name: x\nsummary: s\ndescription: d\nseries: [jammy]"
    charm = read({"metadata.yaml": metadata, "dispatch": "", "actions.yaml": f"a: {action}"})
    assert any(f"the key {key} cannot be kept by Juju" in one for one in charm.obstacles)
