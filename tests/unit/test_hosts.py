"""One host has many spellings."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vca_core.hosts import parse_host, same_host


@pytest.mark.parametrize(
    ("spellings", "host"),
    [
        (
            ["edge-1.example.com", "EDGE-1.Example.COM", "edge-1.example.com.", " edge-1.example.com "],
            "edge-1.example.com",
        ),
        (["2001:db8::1", "2001:0DB8:0:0:0:0:0:1", "[2001:db8::1]", "2001:db8:0::0001"], "2001:db8::1"),
        (["10.0.0.9", "::ffff:10.0.0.9", "::ffff:a00:9", "10.0.0.9."], "10.0.0.9"),
        (["fe80::1%eth0", "FE80:0::1%eth0"], "fe80::1%eth0"),
        (["vm-1", "VM-1", "vm-1."], "vm-1"),
        (
            ["bücher.example", "BÜCHER.example.", "bu\u0308cher.example", "XN--bcher-kva.example"],
            "xn--bcher-kva.example",
        ),
        (["10.0.0.9", "10\u30020\u30020\u30029"], "10.0.0.9"),
    ],
)
def test_all_spellings_of_a_host_are_one(spellings: list[str], host: str) -> None:
    assert {parse_host(text) for text in spellings} == {host}


@pytest.mark.parametrize("port", [None, 22, "22", " 22 ", "0022"])
def test_the_default_port_makes_no_other_host(port: object) -> None:
    assert same_host("VM", port) == "vm"
    assert same_host("VM", 2222) == "[vm]:2222"


@pytest.mark.parametrize(
    "text", ["010.0.0.9", "10.0.0.09", "10.9", "167772169", "0xa.0.0.9", "10.0.0.256", "vm:22", "[vm]"]
)
def test_an_address_that_can_be_read_in_two_ways_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected") as caught:
        parse_host(text)
    assert text not in str(caught.value)


@given(st.ip_addresses())
def test_an_address_is_spelled_in_one_way(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    spelled = parse_host(address.exploded.upper())
    assert spelled == parse_host(str(address)) == parse_host(spelled)


@pytest.mark.parametrize("text", [";\r.", "a b", "a\tb", "a\x1b[2J", "vm\u00a0", "\ud800", "a .", "\u202evm"])
def test_white_space_and_what_cannot_be_printed_is_no_host(text: str) -> None:
    with pytest.raises(ValueError, match="expected a host name"):
        parse_host(f"x{text}x")
