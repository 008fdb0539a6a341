from __future__ import annotations

import asyncio
import shutil
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import asyncssh
import pytest
from support.sshd import Sshd, command, key

from vca_core.errors import BadArguments, VcaConnectionError
from vca_juju_machine.provisioning import SshTarget, ssh_session
from vca_juju_machine.provisioning.known_hosts import known_keys, remember

StartSshd = Callable[..., Sshd]


async def visit(target: SshTarget) -> None:
    async with ssh_session(target, limit=500):
        pass


async def check_refused(target: SshTarget, says: str) -> None:
    with pytest.raises(VcaConnectionError, match=says) as caught:
        await visit(target)
    assert not caught.value.retryable


def line(sshd: Sshd, host_key: asyncssh.SSHKey) -> str:
    return f"[{sshd.host}]:{sshd.port} {host_key.export_public_key().decode()}"


def write_known(sshd: Sshd, text: str) -> None:
    sshd.known_hosts.parent.mkdir(exist_ok=True)
    sshd.known_hosts.write_text(text)


async def test_a_host_never_met_is_stored_for_the_user_alone(sshd: Sshd) -> None:
    await visit(sshd.target())
    assert sshd.known_hosts.read_text().split() == line(sshd, sshd.host_key).split()[:3]
    assert stat.S_IMODE(sshd.known_hosts.stat().st_mode) == 0o600
    assert stat.S_IMODE(sshd.known_hosts.parent.stat().st_mode) == 0o700
    before = sshd.known_hosts.stat()
    await visit(sshd.target())
    assert sshd.known_hosts.stat() == before  # met again: nothing is written
    await visit(sshd.target(host_key="strict"))


async def test_a_host_key_that_changed_is_refused(start_sshd: StartSshd) -> None:
    first = start_sshd("first")
    await visit(first.target())
    second = start_sshd("second", host_key=key(name="another host"))
    stored = first.known_hosts.read_text().replace(str(first.port), str(second.port))
    write_known(second, stored)
    for policy in ("accept-new", "strict"):
        await check_refused(
            second.target(host_key=policy), f"has changed: it has ssh-ed25519 SHA256:.*, and {second.known_hosts}"
        )
    assert second.known_hosts.read_text() == stored
    await visit(second.target(host_key="off"))


async def test_the_command_in_the_error_forgets_the_host(start_sshd: StartSshd) -> None:
    sshd = start_sshd(host_key=key(name="another host"))
    write_known(sshd, line(sshd, key(name="host")))
    with pytest.raises(VcaConnectionError) as caught:
        await visit(sshd.target())
    advice = str(caught.value).partition("remove the old key: ")[2]
    if not shutil.which("ssh-keygen"):
        pytest.skip("there is no ssh-keygen")
    command("sh", "-c", advice)
    await visit(sshd.target())


async def test_a_host_whose_key_is_of_another_type_now_has_changed(sshd: Sshd) -> None:
    write_known(sshd, line(sshd, key("ecdsa-sha2-nistp256")))
    await check_refused(sshd.target(), "has changed: it has ssh-ed25519")


async def test_the_known_one_of_several_host_keys_is_asked_for(start_sshd: StartSshd, tmp_path: Path) -> None:
    rsa = tmp_path / "rsa"
    rsa.write_bytes(key("ssh-rsa").export_private_key())
    rsa.chmod(0o600)
    sshd = start_sshd(extra=f"HostKey {rsa}")
    write_known(sshd, line(sshd, key("ssh-rsa")))
    await visit(sshd.target(host_key="strict"))


async def test_strict_takes_no_host_that_is_not_known(sshd: Sshd) -> None:
    await check_refused(sshd.target(host_key="strict"), "is not known: it has ssh-ed25519 SHA256:")
    assert not sshd.known_hosts.exists()


async def test_off_checks_and_stores_nothing(sshd: Sshd) -> None:
    await visit(sshd.target(host_key="off"))
    assert not sshd.known_hosts.exists()


async def test_the_key_of_another_port_is_that_of_another_host(sshd: Sshd) -> None:
    # Behind a NAT each port may be another machine.
    write_known(sshd, f"{sshd.host} {key(name='port 22').export_public_key().decode()}")
    await visit(sshd.target())
    assert len(sshd.known_hosts.read_text().splitlines()) == 2


@pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="there is no ssh-keygen")
async def test_hashed_entries_are_understood(sshd: Sshd) -> None:
    await visit(sshd.target())
    command("ssh-keygen", "-H", "-f", sshd.known_hosts)
    assert sshd.host not in sshd.known_hosts.read_text()
    await visit(sshd.target(host_key="strict"))
    old, new = (one.export_public_key().decode().split()[1] for one in (sshd.host_key, key(name="another host")))
    write_known(sshd, sshd.known_hosts.read_text().replace(old, new))
    await check_refused(sshd.target(), "has changed")


async def test_a_revoked_key_is_refused(sshd: Sshd) -> None:
    write_known(sshd, f"@revoked {line(sshd, sshd.host_key)}")
    await check_refused(sshd.target(), "is not to be trusted: Host key is revoked")


async def test_the_files_keys_stay_without_a_final_line_end(sshd: Sshd) -> None:
    old = f"# mine\nother.example {key(name='other').export_public_key().decode().strip()}"
    write_known(sshd, old)
    await visit(sshd.target())
    assert sshd.known_hosts.read_text().startswith(f"{old}\n[127.0.0.1]:{sshd.port} ")


async def test_a_link_to_the_file_stays_a_link(sshd: Sshd, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "real")
    await visit(sshd.target(known_hosts=link))
    assert link.is_symlink()
    assert (tmp_path / "real").read_text().startswith("[127.0.0.1]:")


async def test_what_is_not_a_file_is_reported(sshd: Sshd) -> None:
    write_known(sshd, "nonsense\n")
    with pytest.raises(BadArguments, match="cannot be used") as caught:
        await visit(sshd.target())
    assert caught.value.bad_args == ["known_hosts"]


async def test_two_first_visits_at_once_store_the_host_once(sshd: Sshd) -> None:
    await asyncio.gather(*(visit(sshd.target()) for _ in range(4)))
    assert len(sshd.known_hosts.read_text().splitlines()) == 1


def test_many_hosts_at_once_are_all_stored(tmp_path: Path) -> None:
    file = tmp_path / "known_hosts"
    names = [f"host{number}" for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: remember(file, name, key().convert_to_public()), names))
    assert all(known_keys(file, name).keys == [key().convert_to_public()] for name in names)
    assert sorted(one.name for one in tmp_path.iterdir()) == [".known_hosts.lock", "known_hosts"]


def test_of_two_hosts_of_one_name_the_first_is_known(tmp_path: Path) -> None:
    file = tmp_path / "known_hosts"
    first: Any = remember(file, "host", key(name="first").convert_to_public())
    second: Any = remember(file, "host", key(name="second").convert_to_public())
    assert first.keys == second.keys == [key(name="first").convert_to_public()]


async def test_another_host_of_that_name_that_was_met_meanwhile_wins(tmp_path: Path) -> None:
    host = Sshd(tmp_path, port=0)

    class Slow(asyncssh.SSHServer):
        def begin_auth(self, username: str) -> bool:
            # While this one logs in, another session stores what it met.
            remember(host.known_hosts, host.target().known_name, key(name="met first").convert_to_public())
            return False

    async with await asyncssh.create_server(Slow, host.host, 0, server_host_keys=[key(name="host")]) as server:
        host.port = server.get_port()
        await check_refused(host.target(), "has changed: it has ssh-ed25519")
    assert len(host.known_hosts.read_text().splitlines()) == 1


async def test_a_host_certificate_needs_a_known_authority(start_sshd: StartSshd, tmp_path: Path) -> None:
    authority = key(name="authority")
    certificate = tmp_path / "host_key-cert.pub"
    made = authority.generate_host_certificate(key(name="host"), "host", principals=["127.0.0.1"])
    certificate.write_bytes(made.export_certificate())
    sshd = start_sshd(extra=f"HostCertificate {certificate}")
    await visit(sshd.target())  # without one it counts as any host
    write_known(sshd, f"@cert-authority * {authority.export_public_key().decode()}")
    await visit(sshd.target(host_key="strict"))
    write_known(sshd, f"@cert-authority * {key(name='false').export_public_key().decode()}")
    await check_refused(sshd.target(host_key="strict"), "not to be trusted|has changed")


def test_a_file_of_hosts_without_an_end_is_refused_unread() -> None:
    with pytest.raises(BadArguments, match="known_hosts: the file /dev/zero cannot be used: expected a regular file"):
        known_keys(Path("/dev/zero"), "host")
