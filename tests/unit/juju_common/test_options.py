from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from vca_juju_machine.options import JujuMachineOptions

BASE = {"endpoints": "10.0.0.1:17070", "secret": "hunter2-canary"}
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEXAMPLE vca"


def options(**given: Any) -> JujuMachineOptions:
    return JujuMachineOptions.model_validate(BASE | given)


@pytest.mark.defect("D90")
@pytest.mark.defect("D91")
def test_osms_spellings_are_understood() -> None:
    of_osm = JujuMachineOptions.model_validate(
        {
            "host": "10.0.0.1",
            "port": 17071,
            "user": "osm",
            "secret": "s",
            "pubkey": KEY + "\n",
            "cacert": "LS0tLS1CRUdJTg==",
            "apiproxy": "10.0.0.2",
            "cloud": "lxd-cloud",
            "enable_os_upgrade": False,
            "apt_mirror": "http://mirror",
        }
    )
    assert of_osm.endpoints == ["10.0.0.1:17071"]
    assert (of_osm.username, of_osm.public_key, of_osm.api_proxy) == ("osm", KEY, "10.0.0.2")
    assert of_osm.config_of_models == {"enable-os-upgrade": False, "apt-mirror": "http://mirror"}
    assert of_osm.ca_file is None


@pytest.mark.defect("D91")
def test_without_an_api_proxy_there_is_none() -> None:
    assert options().api_proxy is None


@pytest.mark.defect("D88")
def test_several_endpoints_are_a_list_or_one_text() -> None:
    assert options(endpoints="a:1, [fd00::1]:2 c").endpoints == ["a:1", "[fd00::1]:2", "c:17070"]
    assert options(endpoints=["a", "b"], port=5).endpoints == ["a:5", "b:5"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"endpoints": []}, "endpoints"),
        ({"endpoints": "h:0"}, "expected a port"),
        ({"host": "h"}, "either endpoints or host"),
        ({"port": "x"}, "from 1 to 65535"),
        ({"secret": None}, "secret or secret_file"),
        ({"secret": ""}, "secret: expected text"),
        ({"secret_file": "f"}, "secret or secret_file"),
        ({"public_key": "nonsense"}, "public ssh key"),
        ({"insecure_skip_tls_verification": True, "ca_cert": "x"}, "expected neither ca_cert"),
        ({"credential": "c"}, "expected a cloud"),
        ({"constraints": "mem=x"}, "constraint mem"),
        ({"base": "jammy"}, "base"),
        ({"connect_timeout": 0}, "connect_timeout"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_cannot_be_is_refused_and_no_secret_is_shown(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message) as caught:
        options(**wrong)
    assert "hunter2-canary" not in str(caught.value)


def test_a_ca_is_a_file_where_it_is_neither_pem_nor_base64_of_it() -> None:
    assert str(options(ca_cert="certs/ca.pem").ca_file) == "certs/ca.pem"
    assert options(ca_cert="-----BEGIN CERTIFICATE-----").ca_file is None
    assert options().ca_file is None


def test_the_secret_shows_nowhere() -> None:
    assert "hunter2-canary" not in repr(options())


@pytest.mark.parametrize(
    "proxy", ["http://p:3128", "http://p", "HTTP://u:w@[fd00::1]:1", "socks4://p:1", "socks5://p:1"]
)
def test_proxies_that_are_understood_are_taken(proxy: str) -> None:
    taken = options(proxy=proxy).proxy
    assert taken is not None
    assert taken.get_secret_value() == proxy


@pytest.mark.parametrize(
    "proxy",
    [
        "",
        "p:3128",
        "https://u:canary-pw@p:3128",
        "socks5h://u:canary-pw@p:1080",
        "socks5://u:canary-pw@p",
        "http://u:canary-pw@",
        "http://u:canary-pw/x@p:3128",
        "http://u:canary-pw@p:port",
        "http://u:canary-pw@[p:1",
    ],
)
def test_other_proxies_are_refused_without_showing_them(proxy: str) -> None:
    with pytest.raises(
        ValidationError, match="proxy\n.*expected http://host:port, socks4://host:port or socks5://host:port"
    ) as caught:
        options(proxy=proxy)
    assert "canary" not in f"{caught.value} {caught.value!r}"


def test_the_password_of_a_proxy_shows_nowhere() -> None:
    given = options(proxy="http://me:canary-pw@p:3128")
    assert "canary-pw" not in f"{given!r} {given} {given.model_dump()}"
