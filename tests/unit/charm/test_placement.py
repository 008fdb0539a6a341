"""Where machines are to be."""

from __future__ import annotations

import pytest

from vca_core import BadArguments, Vca
from vca_core.charm.placement import LONGEST, Placement, check_placement, parse_placement


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


def test_a_placement_has_a_length() -> None:
    assert parse_placement(f"zone={'a' * (LONGEST - 5)}").directive.endswith("a")
    for begin in ("zone=", "lxd:", "0", "#:", ""):
        with pytest.raises(ValueError, match=f"expected a placement of at most {LONGEST} characters, got 1000001"):
            parse_placement(begin.ljust(1_000_001, "0"))


@pytest.mark.parametrize("placement", ["x" * (LONGEST + 1), "lxd:x", [], {}, 5, True, "lxd:0\n"])
async def test_what_is_no_placement_is_the_callers_fault(placement: object) -> None:
    """Before anything is made."""
    config = {"connectors": {"edge": {"backend": "fake"}}}
    async with Vca.from_config(config, environ={}) as vca:
        with pytest.raises(BadArguments, match=r"options\.placement: expected"):
            await vca.connector().create_execution_environment(".ns.vnf", options={"placement": placement})
        assert await vca.connector().list_execution_environments() == []
