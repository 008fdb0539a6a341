from __future__ import annotations

import pytest

from vca_core.errors import BadArguments
from vca_juju_machine.provisioning.api_proxy import parse_api_proxy, render_rules


def rules(proxy: str, *endpoints: str) -> list[str]:
    return render_rules(parse_api_proxy(proxy), endpoints).splitlines()


@pytest.mark.defect("D91")
def test_each_endpoint_of_the_controller_leads_to_the_proxy() -> None:
    assert rules("192.0.2.1", "10.1.0.1:17070", "10.1.0.2:17071", "10.1.0.1:17070") == [
        "4 10.1.0.1 17070 192.0.2.1 17070",
        "4 10.1.0.2 17071 192.0.2.1 17071",
    ]


def test_a_proxy_may_have_a_port_of_its_own() -> None:
    assert rules("192.0.2.1:443", "10.1.0.1:17070") == ["4 10.1.0.1 17070 192.0.2.1 443"]
    assert rules("[2001:db8::1]:443", "[fd00:0::1]:17070") == ["6 fd00::1 17070 2001:db8::1 443"]


def test_what_rules_cannot_hold_is_left_out() -> None:
    skipped = ["controller.example:17070", "[fd00::1]:17070", "127.0.0.1:17070", "169.254.1.1:17070", "10.1.0.9", "x"]
    assert rules("192.0.2.1", *skipped, "10.1.0.1:17070") == ["4 10.1.0.1 17070 192.0.2.1 17070"]


def test_the_proxy_itself_needs_no_rule() -> None:
    assert rules("10.1.0.1", "10.1.0.1:17070", "10.1.0.2:17070") == ["4 10.1.0.2 17070 10.1.0.1 17070"]
    assert rules("10.1.0.1", "10.1.0.1:17070") == []


def test_a_proxy_that_can_stand_for_no_endpoint_is_refused() -> None:
    with pytest.raises(BadArguments, match="no IPv6 address is among them") as caught:
        rules("2001:db8::1", "10.1.0.1:17070")
    assert caught.value.bad_args == ["api_proxy"]


@pytest.mark.parametrize(
    "text", ["proxy.example", "10.0.0.1:0", "10.0.0.1:", "10.0.0.1:x", "[10.0.0.1", "10.0.0.1; reboot", "", "fe80::1%e"]
)
def test_a_proxy_is_an_ip_address(text: str) -> None:
    with pytest.raises(BadArguments, match="api_proxy: expected an IP address") as caught:
        parse_api_proxy(text)
    assert caught.value.bad_args == ["api_proxy"]
