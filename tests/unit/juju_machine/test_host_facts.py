from __future__ import annotations

import pytest

from vca_core.errors import NotSupported
from vca_juju_machine.provisioning.facts import parse_facts

JAMMY = 'PRETTY_NAME="Ubuntu 22.04.4 LTS"\nNAME="Ubuntu"\nVERSION_ID="22.04"\nID=ubuntu\nID_LIKE=debian\n'
MEMORY = "MemTotal:        4005236 kB\nMemFree: 12 kB\n"


def said(
    os_release: str = JAMMY,
    machine: str = "x86_64",
    cores: str = "2\n2",
    memory: str = MEMORY,
    addresses: str = "",
) -> str:
    return (
        f"=== os_release\n{os_release}\n=== machine\n{machine}\n=== cores\n{cores}\n=== memory\n{memory}"
        f"=== addresses\n{addresses}\n"
    )


def test_a_machine_is_described_in_the_words_of_juju() -> None:
    facts = parse_facts(
        said(
            cores="16",
            addresses="2: eth0    inet 10.0.0.5/24 brd 10.0.0.255 scope global eth0\\  valid_lft forever\n"
            "2: eth0    inet6 2001:db8::5/64 scope global \\  valid_lft forever",
        )
    )
    assert (facts.base, facts.architecture, facts.cores, facts.memory_mib) == ("ubuntu@22.04", "amd64", 16, 3911)
    assert facts.addresses == ("10.0.0.5", "2001:db8::5")


@pytest.mark.parametrize(
    ("os_release", "base"),
    [
        ("ID=ubuntu\nVERSION_ID=24.04\n", "ubuntu@24.04"),
        ('# ID=no\nVERSION_ID=\'9\'\n\nID="centos"\nBROKEN="x\n', "centos@9"),
        ("ID=Debian\r\nVERSION_ID=12\r\n", "debian@12"),
    ],
)
def test_the_base_is_read_as_a_shell_would_read_it(os_release: str, base: str) -> None:
    assert parse_facts(said(os_release)).base == base


@pytest.mark.parametrize(
    ("machine", "architecture"),
    [
        ("x86_64", "amd64"),
        ("aarch64", "arm64"),
        ("ppc64le", "ppc64el"),
        ("s390x", "s390x"),
        ("riscv64", "riscv64"),
    ],
)
def test_architectures_have_the_names_of_juju(machine: str, architecture: str) -> None:
    assert parse_facts(said(machine=machine)).architecture == architecture


@pytest.mark.parametrize(("os_release", "missing"), [("ID=arch\n", "VERSION_ID"), ("", "ID")])
def test_a_host_that_does_not_say_what_it_runs_is_refused(os_release: str, missing: str) -> None:
    with pytest.raises(NotSupported, match=f"no {missing},"):
        parse_facts(said(os_release))


def test_a_processor_without_agents_is_refused() -> None:
    with pytest.raises(NotSupported, match="'i686'; Juju knows amd64, arm64, ppc64el, s390x, riscv64"):
        parse_facts(said(machine="i686"))


def test_cores_are_a_number_and_never_put_together_from_digits() -> None:
    assert parse_facts(said(cores="2")).cores == 2
    assert parse_facts(said(cores="")).cores == 1
    assert parse_facts(said(cores="2\n2")).cores == 1  # what nobody understands is no 22


def test_addresses_without_ip_are_those_that_hostname_prints() -> None:
    assert parse_facts(said(addresses="10.0.0.5 2001:db8::5 10.0.0.5 ")).addresses == ("10.0.0.5", "2001:db8::5")
