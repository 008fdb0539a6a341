"""Keys that Juju cannot keep in its database are refused before the charm is uploaded."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from vca_core.charm import Charm

FILES = {"metadata.yaml": "name: x\nsummary: s\ndescription: d\nseries: [jammy]", "dispatch": ""}


@pytest.mark.parametrize(
    ("action", "key"),
    [("{$id: 'http://x/y'}", "$id"), ("{$defs: {a: {}}}", "$defs"), ("{params: {b: {$id: x}}}", "$id")],
)
def test_keys_that_begin_with_a_dollar_are_refused(
    read: Callable[[dict[str, str]], Charm], action: str, key: str
) -> None:
    charm = read({**FILES, "actions.yaml": f"a: {action}"})
    assert any(f"the key {key} cannot be kept by Juju" in one for one in charm.obstacles)


@pytest.mark.parametrize(
    "action",
    [
        "{params: {a.b: {type: string}}}",
        "{params: {a: {type: object, properties: {a.b: {type: string}}}}}",
        "{params: {a: {default: {a.b: 1}}}}",
        "{patternProperties: {'^a.b$': {}}}",
        "{a.b: 1}",
    ],
)
def test_keys_with_a_dot_are_refused(read: Callable[[dict[str, str]], Charm], action: str) -> None:
    """At any depth."""
    charm = read({**FILES, "actions.yaml": f"a: {action}"})
    assert any(".b" in one and "cannot be kept by Juju, as it has a dot" in one for one in charm.obstacles)


def test_a_key_with_a_dot_may_stand_in_a_list(read: Callable[[dict[str, str]], Charm]) -> None:
    """Juju does not look into lists."""
    assert read({**FILES, "actions.yaml": "a: {params: {x: {enum: [{a.b: 1}]}}}"}).obstacles == ()


def test_an_empty_key_is_refused(read: Callable[[dict[str, str]], Charm]) -> None:
    charm = read({**FILES, "actions.yaml": "a: {params: {'': {type: string}}}"})
    assert any("has an empty key, which cannot be kept by Juju" in one for one in charm.obstacles)


@pytest.mark.parametrize(
    "metadata",
    [
        "provides: {dead.beef: {interface: x}}",
        "requires: {dead.beef: {interface: x}}",
        "peers: {dead.beef: x}",
        "extra-bindings: {dead.beef: }",
        "resources: {dead.beef: {type: file, filename: x}}",
    ],
)
def test_names_with_a_dot_in_metadata_are_refused(read: Callable[[dict[str, str]], Charm], metadata: str) -> None:
    charm = read({**FILES, "metadata.yaml": f"{FILES['metadata.yaml']}\n{metadata}"})
    assert any("the key dead.beef cannot be kept by Juju" in one for one in charm.obstacles)


def test_an_option_may_have_a_dot(read: Callable[[dict[str, str]], Charm]) -> None:
    """Juju writes it in another way in its database."""
    charm = read({**FILES, "config.yaml": "options: {pushover.name: {type: string}}"})
    assert charm.obstacles == ()
