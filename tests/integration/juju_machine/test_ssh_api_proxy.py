from __future__ import annotations

import contextlib
import os
import shutil
import stat
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from support.sshd import Sshd, command

from vca_core.errors import BackendError, BadArguments
from vca_juju_machine.places import Places
from vca_juju_machine.provisioning import SshSession, ssh_session

ENDPOINTS = ["10.99.0.1:17070", "10.99.0.2:17070", "[fd99::1]:17070", "controller.example:17070"]
MARK = "vca-0f6e"
NAT = "iptables -w -t nat"


FIREWALL = ("iptables", "ip6tables", "nft")
NEEDED = ("cat", "chmod", "dirname", "grep", "head", "id", "mkdir", "mktemp", "mv", "rm", "rmdir", "sh", "true", "wc")


@pytest.fixture
def sshd(start_sshd: Callable[..., Sshd]) -> Sshd:
    """A host whose firewall and systemd are programs that only note their calls: this machine's stay as they are."""
    sshd = start_sshd()
    for name in (*FIREWALL, "systemctl"):
        sshd.program(name)
    return sshd


@pytest.fixture
def poor_sshd(start_sshd: Callable[..., Sshd], tmp_path: Path) -> Sshd:
    """A host that has none of these programs."""
    for name in NEEDED:
        link = tmp_path / "few" / name
        link.parent.mkdir(exist_ok=True)
        link.symlink_to(shutil.which(name) or name)
    return start_sshd("poor", path=str(tmp_path / "few"))


def places_of(sshd: Sshd) -> Places:
    return Places(str(sshd.folder / "etc" / "vca" / "api-proxy"), str(sshd.folder / "etc" / "systemd"))


@pytest.fixture
def places(sshd: Sshd) -> Places:
    return places_of(sshd)


@pytest.fixture
async def session(sshd: Sshd) -> AsyncIterator[SshSession]:
    async with ssh_session(sshd.target(), limit=500, places=places_of(sshd)) as session:
        yield session


def files(sshd: Sshd) -> list[str]:
    etc = sshd.folder / "etc"
    return sorted(str(one.relative_to(etc)) for one in etc.rglob("*") if one.is_file())


@pytest.mark.defect("D91")
async def test_rules_are_made_now_and_at_each_boot(sshd: Sshd, session: SshSession, places: Places) -> None:
    sshd.program("iptables", 'case "$*" in *-C*) exit 1 ;; esac')  # no rules yet
    await session.proxy_api("192.0.2.1", ENDPOINTS, MARK)
    to = "-j DNAT --to-destination 192.0.2.1:17070"
    assert sshd.called() == [
        f"{NAT} -N VCA-API-PROXY",
        f"{NAT} -A VCA-API-PROXY -p tcp -d 10.99.0.1 --dport 17070 {to}",
        f"{NAT} -A VCA-API-PROXY -p tcp -d 10.99.0.2 --dport 17070 {to}",
        f"{NAT} -C OUTPUT -j VCA-API-PROXY",
        f"{NAT} -I OUTPUT -j VCA-API-PROXY",
        "systemctl daemon-reload",
        "systemctl enable vca-api-proxy.service",
        "systemctl restart vca-api-proxy.service",
    ]
    assert f"ExecStart=/bin/sh {places.script} apply\n" in Path(places.unit).read_text()
    assert stat.S_IMODE(Path(places.script).stat().st_mode) == 0o755
    assert stat.S_IMODE(Path(places.unit).stat().st_mode) == 0o644


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="there is no systemd-analyze")
async def test_the_unit_is_one_that_systemd_understands(sshd: Sshd, session: SshSession, places: Places) -> None:
    await session.proxy_api("192.0.2.1", ENDPOINTS, MARK)
    run = command("systemd-analyze", "verify", "--man=no", places.unit, check=False)
    assert "vca-api-proxy" not in run.stdout + run.stderr
    assert run.returncode == 0


@pytest.mark.defect("D91")
@pytest.mark.parametrize("api_proxy", [None, ""])
async def test_without_a_proxy_nothing_is_touched(sshd: Sshd, session: SshSession, api_proxy: str | None) -> None:
    await session.proxy_api(api_proxy, ENDPOINTS, MARK)
    assert sshd.called() == files(sshd) == []


async def test_a_proxy_that_is_the_controller_needs_no_rules(sshd: Sshd, session: SshSession) -> None:
    await session.proxy_api("10.99.0.1", ["10.99.0.1:17070"], MARK)
    assert files(sshd) == []


async def test_a_proxy_of_no_use_is_refused(sshd: Sshd, session: SshSession) -> None:
    with pytest.raises(BadArguments):
        await session.proxy_api("192.0.2.1", ["[fd99::1]:17070"], MARK)
    assert files(sshd) == []


async def test_what_was_begun_where_iptables_refuse_is_undone(sshd: Sshd, session: SshSession) -> None:
    sshd.program("iptables", 'case "$*" in *DNAT*) echo "no chain/target by that name" >&2; exit 1 ;; esac')
    with pytest.raises(BackendError, match="proxy on failed .*no chain/target by that name"):
        await session.proxy_api("192.0.2.1", ENDPOINTS, MARK)
    await session.undo(MARK)
    assert files(sshd) == []
    assert f"{NAT} -X VCA-API-PROXY" in sshd.called()
    assert "systemctl disable --now vca-api-proxy.service" in sshd.called()


@pytest.mark.parametrize(
    ("programs", "says"),
    [
        (["iptables"], "there is no systemd here"),
        (["systemctl"], "neither iptables nor nft is installed here"),
    ],
)
async def test_what_a_host_lacks_is_reported(poor_sshd: Sshd, programs: list[str], says: str) -> None:
    for name in programs:
        poor_sshd.program(name)
    async with ssh_session(poor_sshd.target(), limit=500, places=places_of(poor_sshd)) as session:
        with pytest.raises(BackendError, match=says):
            await session.proxy_api("192.0.2.1", ENDPOINTS, MARK)
        await session.undo(MARK)
    assert files(poor_sshd) == []


async def test_a_proxy_of_another_registration_is_not_undone(sshd: Sshd, session: SshSession) -> None:
    await session.proxy_api("192.0.2.1", ENDPOINTS, MARK)
    before = files(sshd)
    await session.undo("vca-another")
    assert files(sshd) == before == ["systemd/vca-api-proxy.service", "vca/api-proxy"]


async def test_to_undo_what_was_never_done_is_success(sshd: Sshd, session: SshSession) -> None:
    await session.undo(MARK)
    assert sshd.called() == ["systemctl daemon-reload"]
    assert files(sshd) == []


# The rest runs with real rules, in a network of its own; so nothing of this machine's is touched.


@pytest.fixture
def network() -> Iterator[str]:
    """A network namespace in which nothing listens at the controller's addresses; the proxy's are there too."""
    name = f"vca-test-{uuid.uuid4().hex[:8]}"
    if os.getuid() or not shutil.which("ip"):
        pytest.skip("network namespaces need root and iproute2")
    try:
        command("ip", "netns", "add", name)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"network namespaces are not permitted here: {error.stderr.strip()}")
    try:
        command("ip", "-n", name, "link", "set", "lo", "up")
        for address in ("10.99.0.1/32", "10.99.0.2/32", "192.0.2.1/32"):
            command("ip", "-n", name, "address", "add", address, "dev", "lo")
        if Path("/proc/net/if_inet6").exists():
            for address in ("fd99::1/128", "2001:db8::1/128"):
                command("ip", "-n", name, "address", "add", address, "dev", "lo", "nodad")
        yield name
    finally:
        command("ip", "netns", "delete", name)


SERVER = """
import socket, sys
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
with socket.create_server((sys.argv[1], 17070), family=family) as server:
    print("listening", flush=True)
    while True:
        peer, _ = server.accept()
        with peer:
            peer.sendall(b"the proxy")
"""
CLIENT = """
import socket, sys
with socket.create_connection((sys.argv[1], 17070), timeout=5) as sock:
    print(sock.recv(100).decode(), end="")
"""


def asked(network: str, address: str) -> str:
    """What answers at port 17070 of an address, in the network."""
    run = command("ip", "netns", "exec", network, sys.executable, "-c", CLIENT, address, check=False)
    return run.stdout or run.stderr.strip().splitlines()[-1]


def rules(network: str, tool: str) -> str:
    listing = ("nft", "list", "ruleset") if tool == "nft" else (tool, "-t", "nat", "-S")
    return command("ip", "netns", "exec", network, *listing).stdout


@contextlib.contextmanager
def proxy_in(network: str, address: str) -> Iterator[None]:
    """Something that listens at port 17070 of an address, in the network."""
    words = ["ip", "netns", "exec", network, sys.executable, "-c", SERVER, address]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == b"listening\n"
        try:
            yield
        finally:
            server.terminate()


@pytest.mark.defect("D91")
@pytest.mark.parametrize(
    ("tool", "proxy", "endpoints"),
    [
        ("iptables", "192.0.2.1", ["10.99.0.1", "10.99.0.2"]),
        ("ip6tables", "2001:db8::1", ["fd99::1"]),
        ("nft", "192.0.2.1", ["10.99.0.1", "10.99.0.2"]),
        ("nft", "2001:db8::1", ["fd99::1"]),
    ],
)
async def test_the_controller_is_reached_through_the_proxy(
    request: pytest.FixtureRequest, network: str, tool: str, proxy: str, endpoints: list[str]
) -> None:
    if not shutil.which(tool):
        pytest.skip(f"there is no {tool}")
    sshd: Sshd = request.getfixturevalue("poor_sshd")
    sshd.program("systemctl")
    # Only the tools run in the network of the test; the session is in this machine's.
    for name in ("nft",) if tool == "nft" else FIREWALL:
        sshd.program(name, f'exec {shutil.which("ip")} netns exec {network} {shutil.which(name) or "false"} "$@"')
    bracketed = [f"[{one}]:17070" if ":" in one else f"{one}:17070" for one in endpoints]
    with proxy_in(network, proxy):
        empty = rules(network, tool)
        assert "refused" in asked(network, endpoints[0])
        async with ssh_session(sshd.target(), limit=500, places=places_of(sshd)) as session:
            await session.proxy_api(proxy, bracketed, MARK)
            assert [asked(network, one) for one in endpoints] == ["the proxy"] * len(endpoints)
            once = rules(network, tool)
            # At each boot the unit runs this again.
            await session.proxy_api(proxy, bracketed, MARK)
            assert rules(network, tool) == once
            await session.undo(MARK)
        assert rules(network, tool).split() == empty.split()
        assert "refused" in asked(network, endpoints[0])
    assert files(sshd) == []
