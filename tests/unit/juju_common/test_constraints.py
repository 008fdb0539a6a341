from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vca_juju_common.constraints import parse_constraints


def test_they_are_read_from_a_line_and_from_a_mapping() -> None:
    told = {"mem": 4096, "cores": 2, "arch": "amd64", "tags": ["a", "b"], "allocate-public-ip": True}
    assert parse_constraints("mem=4G cores=2 arch=amd64 tags=a,b allocate-public-ip=true") == told
    assert (
        parse_constraints({"mem": "4096", "cores": 2, "arch": "amd64", "tags": ["a", "b"], "allocate_public_ip": True})
        == told
    )


@pytest.mark.parametrize(
    "line", ["mem", "mem=4X", "mem=", "cores=two", "colour=red", "allocate-public-ip=yes", "mem=1.2.3"]
)
def test_what_is_none_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="constraint"):
        parse_constraints(line)


@given(st.integers(0, 10**6), st.sampled_from("MGT"))
def test_sizes_are_in_mebibytes(number: int, unit: str) -> None:
    assert parse_constraints(f"mem={number}{unit}") == {"mem": number * {"M": 1, "G": 1024, "T": 1024**2}[unit]}
