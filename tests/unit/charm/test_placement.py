"""Where machines are to be."""

from __future__ import annotations

import pytest

from vca_core.charm.placement import Placement, check_placement, parse_placement


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("lxd", ("lxd", "")),
        ("lxd:0", ("lxd", "0")),
        ("kvm:3/lxd/1", ("kvm", "3/lxd/1")),
        ("zone=a", ("", "zone=a")),
        ("mymodel:zone=a", ("mymodel", "zone=a")),
        ("node-7.maas", ("", "node-7.maas")),
    ],
)
def test_a_placement_is_read_as_juju_reads_it(text: str, meant: tuple[str, str]) -> None:
    assert parse_placement(text) == Placement(*meant)
    assert check_placement(text) == text


@pytest.mark.parametrize("text", ["0", "12/lxd/0", "#:0", "lxd:x", "lxd:01", "lxd:", ":zone=a", "mymodel:", "", " "])
def test_what_is_no_placement_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        parse_placement(text)
