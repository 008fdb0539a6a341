from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from support.sshd import key

from vca_core.errors import BadArguments
from vca_juju_machine.provisioning import SshTarget, check_target, parse_credentials, ssh_session

KNOWN = Path("/nowhere/known_hosts")
HOST = {"hostname": "vm1", "username": "ubuntu"}
CANARY = "canary-8c1f7e52"


def parse(**credentials: Any) -> SshTarget:
    return parse_credentials({**HOST, **credentials}, known_hosts=KNOWN, default_key=Path("/nowhere/id"))


@pytest.mark.defect("D2")
def test_without_a_key_in_the_credentials_the_default_is_used() -> None:
    target = parse()
    assert target == SshTarget(
        hostname="vm1", username="ubuntu", port=22, private_key_path=Path("/nowhere/id"), known_hosts=KNOWN
    )
    assert target.host_key == "accept-new"


@pytest.mark.defect("D2")
def test_without_any_key_the_credential_that_is_missing_is_named() -> None:
    with pytest.raises(BadArguments, match="expected a private_key, a private_key_path or a password") as caught:
        parse_credentials(HOST, known_hosts=KNOWN)
    assert caught.value.bad_args == ["credentials.private_key"]


def test_a_password_does_without_a_key() -> None:
    target = parse(password=CANARY)
    assert target.password == CANARY
    assert target.private_key_path is None


def test_what_was_given_beats_the_defaults() -> None:
    target = parse(private_key_path="/keys/a:b", port="2222", host_key="strict", passphrase=SecretStr("open"))
    assert target.private_key_path == Path("/keys/a:b")
    assert (target.port, target.host_key, target.passphrase) == (2222, "strict", "open")


def test_none_counts_as_not_given() -> None:
    assert parse(port=None, private_key=None, private_key_path=None, host_key=None) == parse()


@pytest.mark.defect("D96")
@pytest.mark.parametrize(
    ("hostname", "port", "understood", "known_name", "url"),
    [
        ("2001:DB8::0:1", 22, "2001:db8::1", "2001:db8::1", "ssh://ubuntu@[2001:db8::1]:22"),
        ("[::1]", 2222, "::1", "[::1]:2222", "ssh://ubuntu@[::1]:2222"),
        ("fe80::1%eth0", 22, "fe80::1%eth0", "fe80::1%eth0", "ssh://ubuntu@[fe80::1%eth0]:22"),
        (" VM-1.Example.com. ", 22, "VM-1.Example.com.", "vm-1.example.com.", "ssh://ubuntu@VM-1.Example.com.:22"),
        ("192.0.2.7", 830, "192.0.2.7", "[192.0.2.7]:830", "ssh://ubuntu@192.0.2.7:830"),
    ],
)
def test_addresses_of_both_versions_and_names_are_understood(
    hostname: str, port: int, understood: str, known_name: str, url: str
) -> None:
    target = parse(hostname=hostname, port=port)
    assert (target.hostname, target.known_name, target.url) == (understood, known_name, url)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("hostname", value) for value in (f"{CANARY}:22", f"u@{CANARY}", f"-o{CANARY}", "", " ", f"a b{CANARY}", 7)),
        *(("hostname", value) for value in (f"{CANARY}/x", f"[{CANARY}]", "x" * 300, f"{CANARY}\n.", "::zz")),
        *(("username", value) for value in ("", f"-l{CANARY}", f"a b {CANARY}", f"a:{CANARY}", f"a\n{CANARY}", 7)),
        *(("port", value) for value in (0, 65536, -1, "ssh", True, 22.0, "\uff12", [22])),
        *(("private_key", value) for value in (CANARY, f"ssh-ed25519 {CANARY}", "", 5, CANARY.encode())),
        *(("private_key_path", value) for value in ("", 5, "~nobody-of-this-name/id")),
        *(("host_key", value) for value in ("no", CANARY, 1, True)),
        *(("passphrase", value) for value in ("", 7)),
        *(("password", value) for value in ("", 7)),
    ],
)
def test_a_value_that_cannot_be_right_is_named_and_not_shown(name: str, value: object) -> None:
    with pytest.raises(BadArguments) as caught:
        parse(**{name: value})
    assert caught.value.bad_args == [f"credentials.{name}"]
    assert f"credentials.{name}" in str(caught.value)
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize("name", ["hostname", "username"])
def test_what_is_missing_is_named(name: str) -> None:
    with pytest.raises(BadArguments, match="got no") as caught:
        parse_credentials({**HOST, name: None}, known_hosts=KNOWN, default_key=Path("/nowhere/id"))
    assert caught.value.bad_args == [f"credentials.{name}"]


def test_an_unknown_credential_is_refused_with_what_may_be_meant() -> None:
    with pytest.raises(BadArguments, match="did you mean 'port'") as caught:
        parse(prot=CANARY)
    assert caught.value.bad_args == ["credentials.prot"]
    assert CANARY not in str(caught.value)


def test_host_keys_are_left_unchecked_only_in_so_many_words() -> None:
    assert parse(host_key="off").host_key == "off"
    with pytest.raises(BadArguments, match="write 'off', with quotes in YAML"):
        parse(host_key=False)


def test_the_documentation_has_every_credential() -> None:
    page = (Path(__file__).parents[3] / "docs" / "how-to" / "register-machines.md").read_text("utf-8")
    table = page.partition("## Credentials")[2].partition("##")[0]
    with pytest.raises(BadArguments) as caught:
        parse(nothing_like_this=1)
    known = str(caught.value).partition("there are: ")[2].split(", ")
    assert sorted(re.findall(r"^\| `(\w+)`", table, re.MULTILINE)) == known


def test_two_keys_at_once_are_refused() -> None:
    text = key().export_private_key().decode()
    with pytest.raises(BadArguments, match="give one of the two"):
        parse(private_key=text, private_key_path="/nowhere/id")


@pytest.mark.defect("D80")
def test_a_target_shows_no_secret() -> None:
    target = SshTarget(
        hostname="vm1",
        username="ubuntu",
        known_hosts=KNOWN,
        private_key=f"-----BEGIN OPENSSH PRIVATE KEY-----{CANARY}",
        passphrase=CANARY,
        password=CANARY,
    )
    check_target(target)
    assert "vm1" in repr(target)
    assert CANARY not in repr(target)


@pytest.mark.parametrize(
    ("changed", "bad"),
    [
        ({"port": 0}, "credentials.port"),
        ({"hostname": "a:22"}, "credentials.hostname"),
        ({"host_key": "perhaps"}, "credentials.host_key"),
        ({"private_key_path": None}, "credentials.private_key"),
        ({"private_key_path": Path("/nowhere/id")}, "credentials.private_key_path"),
    ],
)
async def test_a_target_made_by_hand_is_checked_before_any_network(changed: dict[str, Any], bad: str) -> None:
    # Nothing has this name, so a look-up would be another error.
    fields = {"hostname": "vm.invalid", "username": "u", "known_hosts": KNOWN, "private_key_path": Path("/nowhere/id")}
    with pytest.raises(BadArguments) as caught:
        async with ssh_session(SshTarget(**{**fields, **changed}), limit=5):
            pass
    assert caught.value.bad_args == [bad]


async def test_a_limit_that_is_no_number_of_seconds_is_refused() -> None:
    with pytest.raises(BadArguments, match="finite number"):
        async with ssh_session(parse(), limit=float("inf")):
            pass
