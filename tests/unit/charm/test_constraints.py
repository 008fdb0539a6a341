from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vca_core.charm.constraints import LONGEST, merge_constraints, parse_constraints


def test_they_are_read_from_a_line_and_from_a_mapping() -> None:
    constraints = {"mem": 4096, "cores": 2, "arch": "amd64", "tags": ["a", "b"], "allocate-public-ip": True}
    assert parse_constraints("mem=4G cores=2 arch=amd64 tags=a,b allocate-public-ip=t") == constraints
    assert (
        parse_constraints({"mem": "4096", "cores": 2, "arch": "amd64", "tags": ["a", "b"], "allocate_public_ip": True})
        == constraints
    )


@pytest.mark.parametrize("given", ["cpu-cores=4", {"cpu_cores": 4}, {"cpu-cores": "4"}])
def test_the_old_name_of_cores_is_understood(given: str | dict[str, object]) -> None:
    assert parse_constraints(given) == {"cores": 4}


@pytest.mark.parametrize(("given", "meant"), [("x86_64", "amd64"), ("aarch64", "arm64"), ("s390x", "s390x")])
def test_architectures_have_the_names_that_juju_has(given: str, meant: str) -> None:
    assert parse_constraints(f"arch={given}") == {"arch": meant}


@pytest.mark.parametrize(
    "given",
    ["arch=amd64 arch=arm64", "zones=a zones=a", "cores=2 cpu-cores=2", {"cores": 2, "cpu-cores": 4}],
)
def test_what_is_there_twice_is_refused(given: str | dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"constraint (arch|zones|cores) is there twice"):
        parse_constraints(given)


@pytest.mark.parametrize(
    "given",
    ["mem=1G mem=2G", "root-disk=8G root-disk=8G", {"cpu_cores": 1, "cpu-cores": 1}, {"root_disk": 1, "root-disk": 2}],
)
def test_so_is_what_is_spelled_twice_in_one_way(given: str | dict[str, object]) -> None:
    with pytest.raises(ValueError, match="is there twice; keep one of them"):
        parse_constraints(given)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("instance-type=m5.large mem=4G", "instance-type contradicts mem"),
        ("cores=2 mem=4G instance-type=m5.large", "instance-type contradicts cores and mem"),
        ("tags=fast,^fast", "'fast' is asked for and excluded"),
        ({"spaces": ["^db", "db", "web"]}, "'db' is asked for and excluded"),
    ],
)
def test_what_contradicts_itself_is_refused(given: str | dict[str, object], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_constraints(given)


def test_more_general_ones_that_contradict_are_left_out() -> None:
    general = parse_constraints("mem=4G cores=2 arch=arm64")
    assert merge_constraints(general, {"mem": 8192}) == {"mem": 8192, "cores": 2, "arch": "arm64"}
    assert merge_constraints(general, {"instance-type": "big"}) == {"instance-type": "big", "arch": "arm64"}
    assert merge_constraints(general, parse_constraints("mem= arch=")) == {"mem": 0, "cores": 2, "arch": ""}
    assert merge_constraints({"instance-type": "big", "arch": "arm64"}, {"cores": 8}) == {"cores": 8, "arch": "arm64"}


@pytest.mark.parametrize(
    "line",
    [
        "mem",
        "mem=4X",
        "cores=two",
        "colour=red",
        "allocate-public-ip=yes",
        "cores=" + "9" * 50,
        "mem=1.2.3",
        "arch=z80",
        "container=docker",
        "spaces=Bad_Space",
        "spaces=db,^-web",
        "spaces=db,,web",
        "tags=a,,b",
        {"arch": None},
        {"cores": None},
        {"instance-type": None},
        {"zones": ["a", " "]},
        {"allocate-public-ip": None},
    ],
)
def test_what_is_none_is_refused(line: str | dict[str, object]) -> None:
    with pytest.raises(ValueError, match="constraint"):
        parse_constraints(line)


@pytest.mark.parametrize(
    ("size", "mebibytes"), [("0.5M", 1), ("0.0001G", 1), ("1.5G", 1536), ("1.0001M", 2), (".5G", 512)]
)
def test_sizes_are_rounded_up(size: str, mebibytes: int) -> None:
    assert parse_constraints(f"mem={size}") == {"mem": mebibytes}


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("container=kvm virt-type=virtual-machine", {"container": "kvm", "virt-type": "virtual-machine"}),
        ("container=none", {"container": "none"}),
        ("spaces=db-1,^web tags=", {"spaces": ["db-1", "^web"], "tags": []}),
        ({"tags": None, "zones": "a"}, {"tags": [], "zones": ["a"]}),
        (
            "mem= cores= arch= instance-type= allocate-public-ip= tags=",
            {"mem": 0, "cores": 0, "arch": "", "instance-type": "", "allocate-public-ip": False, "tags": []},
        ),
        ("mem=1e3 root-disk=.5e1G", {"mem": 1000, "root-disk": 5120}),
    ],
)
def test_what_juju_takes_is_taken(given: str | dict[str, object], meant: dict[str, object]) -> None:
    assert parse_constraints(given) == meant


@pytest.mark.parametrize("line", ["mem=99999999999999999999G", "cores=18446744073709551616", "root-disk=17179869184P"])
def test_what_64_bits_do_not_hold_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="expected a number of at most 64 bits"):
        parse_constraints(line)


@pytest.mark.parametrize("given", [["mem=4G"], 7, None])
def test_neither_text_nor_mapping_is_refused(given: Any) -> None:
    with pytest.raises(ValueError, match="expected text such as"):
        parse_constraints(given)


def test_the_largest_number_is_taken_as_it_is() -> None:
    largest = 2**64 - 1
    assert parse_constraints(f"mem={largest} cpu-power={largest}") == {"mem": largest, "cpu-power": largest}


@given(st.integers(0, 10**6), st.sampled_from("MGT"))
def test_sizes_are_in_mebibytes(number: int, unit: str) -> None:
    assert parse_constraints(f"mem={number}{unit}") == {"mem": number * {"M": 1, "G": 1024, "T": 1024**2}[unit]}


@pytest.mark.parametrize(
    "given",
    ["x" * (LONGEST + 1), {"arch": "x" * (LONGEST + 1)}, {"tags": ["tag"] * LONGEST}, {"mem": "1" * (LONGEST + 1)}],
)
def test_what_is_too_long_is_refused_before_it_is_read(given: str | dict[str, object]) -> None:
    with pytest.raises(ValueError, match=f"expected constraints of at most {LONGEST} characters, got "):
        parse_constraints(given)


@pytest.mark.parametrize("value", [{"a": 1}, {"a"}, b"a", object()])
def test_values_of_other_kinds_are_refused(value: object) -> None:
    with pytest.raises(ValueError, match="constraint tags: expected text, a number or a list of names"):
        parse_constraints({"tags": value})


@pytest.mark.parametrize("items", [[["a"]], [{"a": 1}], [None], [True], [b"a"]])
def test_lists_hold_names_only(items: list[object]) -> None:
    with pytest.raises(ValueError, match="constraint zones: expected a list of names, got something else in it"):
        parse_constraints({"zones": items})


def test_numbers_in_a_list_count_towards_its_length() -> None:
    with pytest.raises(ValueError, match=f"at most {LONGEST} characters"):
        parse_constraints({"tags": [1] * LONGEST})
