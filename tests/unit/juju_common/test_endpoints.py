from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vca_juju_common.client.transport.endpoints import Endpoint, Endpoints


@pytest.mark.defect("D88")
@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("10.0.0.1:17071", "10.0.0.1", 17071),
        ("10.0.0.1", "10.0.0.1", 17070),
        ("juju.example", "juju.example", 17070),
        ("[fd00::1]:17071", "fd00::1", 17071),
        ("[fd00::1]", "fd00::1", 17070),
        ("fd00::1", "fd00::1", 17070),
    ],
)
def test_endpoints_are_read(text: str, host: str, port: int) -> None:
    assert Endpoint.parse(text) == Endpoint(host, port)


@pytest.mark.defect("D88")
@pytest.mark.parametrize(
    "text",
    [
        "",
        ":17070",
        "h:0",
        "h:-1",
        "h:99999",
        "h:x",
        "h:²",
        "[fd00::1",
        "[fd00::1]17070",
        "[x]:1",
        "a:b:c",
        "[nosuch]:17070",
        "fd00::12345",
        "a b:1",
        "u@h:1",
        "a..b:1",
        ".:1",
        "x" * 64,
        "é" * 70,
        "a\\b",
        "a\0b",
    ],
)
def test_what_is_no_endpoint_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="endpoint .*: expected"):
        Endpoint.parse(text)


@given(st.ip_addresses(), st.integers(1, 65535))
def test_what_is_written_is_read_again(address: object, port: int) -> None:
    endpoint = Endpoint(str(address), port)
    assert Endpoint.parse(str(endpoint)) == endpoint


@pytest.mark.parametrize("text", ["user:canary@10.0.0.1:17070", "u:canary@host:x", "canary@[::1]:1"])
def test_a_password_in_an_endpoint_is_not_shown(text: str) -> None:
    with pytest.raises(ValueError, match="expected host:port; give the user") as raised:
        Endpoint.parse(text)
    assert "canary" not in str(raised.value)


def test_the_endpoint_that_worked_comes_before_advertised_ones() -> None:
    endpoints = Endpoints([Endpoint("a"), Endpoint("b")])
    servers = [
        [{"value": "c", "port": 1, "scope": "local-cloud"}, {"value": "127.0.0.1", "port": 1, "scope": "local-machine"}]
    ]
    endpoints.note_login(Endpoint("b"), servers)
    assert [str(one) for one in endpoints.all] == ["b:17070", "a:17070", "c:1"]
    endpoints.note_login(Endpoint("a"), [[{"value": "d", "port": 2, "scope": "public"}]])
    assert [str(one) for one in endpoints.all] == ["a:17070", "b:17070", "d:2"]


def test_a_reply_without_addresses_takes_none_away() -> None:
    endpoints = Endpoints([Endpoint("a")])
    endpoints.note_login(Endpoint("a"), [[{"value": "c", "port": 1, "scope": "public"}]])
    endpoints.note_login(Endpoint("a"), None)
    assert [one.host for one in endpoints.all] == ["a", "c"]


def test_a_host_name_that_cannot_be_is_reported() -> None:
    with pytest.raises(ValueError, match="expected a host name") as caught:
        Endpoint.parse("a..b")
    assert type(caught.value) is ValueError


@pytest.mark.parametrize(
    "servers",
    [
        None,
        "10.0.0.1",
        {"value": "x", "port": 1},
        [None, 1, "text", {"value": "x", "port": 1, "scope": "public"}],
        [[None, 1, "text", ["x"]]],
        [[{"port": 1}, {"value": "x"}, {"value": "x", "port": None}, {"value": None, "port": 1}]],
        [[{"value": "x", "port": "y"}, {"value": "x", "port": 0}, {"value": "x", "port": 70000}]],
        [[{"value": "", "port": 1}, {"value": "a..b", "port": 1}, {"value": "a:1", "port": 1}]],
        [[{"value": "x", "port": 1, "scope": ["public"]}, {"value": "x", "port": 1, "scope": None}]],
    ],
)
def test_advertised_endpoints_that_are_no_address_are_left_out(servers: object) -> None:
    endpoints = Endpoints([Endpoint("a")])
    endpoints.note_login(Endpoint("a"), servers)
    assert [one.host for one in endpoints.all] == ["a"]
    if isinstance(servers, list):
        endpoints.note_login(Endpoint("a"), [*servers, [{"value": "c", "port": 1, "scope": "public"}]])
        assert [one.host for one in endpoints.all] == ["a", "c"]
