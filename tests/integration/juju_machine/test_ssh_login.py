from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncssh
import pytest
from support.fair_clock import let_pass
from support.juju import until
from support.sshd import Sshd, free_port, key

from vca_core.errors import BadArguments, VcaConnectionError, VcaTimeoutError
from vca_juju_machine.provisioning import SshTarget, ssh_session

CANARY = "canary-5d0c1b77"
_ROUNDS = 50  # of the key derivation, the fewest that bcrypt takes without a warning


async def logs_in(target: SshTarget) -> bool:
    async with ssh_session(target, limit=500) as session:
        return (await session.facts()).cores > 0


def is_nothing_left() -> bool:
    threads = [
        one.name
        for one in threading.enumerate()
        if not one.name.startswith(("MainThread", "asyncio_", "vca-compute", "Thread-"))
    ]
    return asyncio.all_tasks() == {asyncio.current_task()} and not threads


def pem(client_key: asyncssh.SSHKey, kind: str, passphrase: str | None) -> str:
    return client_key.export_private_key(kind, passphrase, rounds=_ROUNDS).decode()


@pytest.mark.defect("D96")
@pytest.mark.parametrize(
    ("kind", "form", "passphrase"),
    [
        ("ssh-rsa", "openssh", None),
        ("ssh-rsa", "pkcs1-pem", None),
        ("ssh-rsa", "pkcs8-pem", CANARY),
        ("ecdsa-sha2-nistp256", "openssh", None),
        ("ecdsa-sha2-nistp384", "pkcs8-pem", None),
        ("ecdsa-sha2-nistp521", "openssh", None),
        ("ssh-ed25519", "openssh", None),
        ("ssh-ed25519", "openssh", CANARY),
    ],
)
async def test_any_type_of_key_logs_in(sshd: Sshd, kind: str, form: str, passphrase: str | None) -> None:
    client_key = key(kind)
    sshd.allow(client_key)
    assert await logs_in(sshd.target(private_key=pem(client_key, form, passphrase), passphrase=passphrase))


@pytest.mark.defect("D93")
@pytest.mark.defect("D96")
async def test_a_key_may_be_a_file_whose_path_has_a_colon(sshd: Sshd, tmp_path: Path) -> None:
    file = tmp_path / "ke:y"
    file.write_text(pem(sshd.client_key, "openssh", None))
    assert await logs_in(sshd.target(private_key=None, private_key_path=file))


@pytest.mark.defect("D96")
async def test_a_host_is_reached_over_ipv6(start_sshd: Callable[..., Sshd]) -> None:
    try:
        sshd = start_sshd(host="::1")
    except OSError:
        pytest.skip("there is no IPv6 here")
    assert await logs_in(sshd.target())
    assert sshd.known_hosts.read_text().startswith(f"[::1]:{sshd.port} ssh-ed25519 ")


async def test_a_host_is_reached_by_its_name(sshd: Sshd) -> None:
    # localhost may be ::1 too, where nothing listens: the next address is tried.
    assert await logs_in(sshd.target(hostname="localhost"))


@pytest.mark.defect("D73")
async def test_the_loop_goes_on_while_a_key_is_opened(sshd: Sshd) -> None:
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    counting = asyncio.create_task(count())
    # A passphrase is meant to cost time; in the loop there would be one turn meanwhile.
    text = sshd.client_key.export_private_key("openssh", CANARY, rounds=60).decode()
    assert await logs_in(sshd.target(private_key=text, passphrase=CANARY))
    counting.cancel()
    assert turns > 100


@pytest.mark.parametrize(
    ("changed", "bad", "says"),
    [
        (
            {"private_key": "-----BEGIN OPENSSH PRIVATE KEY-----\nx\n"},
            "private_key",
            "not a private key that can",
        ),
        ({"private_key": pem(key(), "openssh", CANARY)}, "passphrase", "needs a passphrase"),
        ({"private_key": pem(key("ssh-rsa"), "pkcs8-pem", CANARY)}, "passphrase", "needs a passphrase"),
        ({"private_key": pem(key(), "openssh", "right"), "passphrase": CANARY}, "passphrase", "cannot be opened"),
        ({"private_key": None, "private_key_path": Path("/nowhere/id")}, "private_key_path", "/nowhere/id cannot be"),
        ({"known_hosts": Path("/proc")}, "", "known_hosts: the file /proc cannot be used: Is a directory"),
        ({"known_hosts": Path("/dev/null/known")}, "", "known_hosts: the file /dev/null/known cannot be used"),
    ],
)
async def test_what_cannot_be_used_is_reported_before_any_network(changed: dict[str, Any], bad: str, says: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        fields = {
            "hostname": "127.0.0.1",
            "port": server.getsockname()[1],
            "username": "u",
            "known_hosts": Path("/nowhere/known_hosts"),
            "private_key": pem(key(), "openssh", None),
        }
        with pytest.raises(BadArguments, match=says) as caught:
            async with ssh_session(SshTarget(**{**fields, **changed}), limit=500):
                pass
        assert caught.value.bad_args == [f"credentials.{bad}" if bad else "known_hosts"]
        assert CANARY not in f"{caught.value} {caught.value.__cause__}"
        server.settimeout(0)
        with pytest.raises(BlockingIOError):
            server.accept()  # nobody came


async def test_a_wrong_key_is_refused_for_good(sshd: Sshd) -> None:
    with pytest.raises(VcaConnectionError, match="refused the login of .* with this key: check") as caught:
        await logs_in(sshd.target(private_key=pem(key(name="other"), "openssh", None)))
    assert not caught.value.retryable
    assert caught.value.url == sshd.target().url
    assert not sshd.known_hosts.exists()  # only a host that let us in is remembered
    assert is_nothing_left()


async def test_a_wrong_user_is_refused_for_good(sshd: Sshd) -> None:
    with pytest.raises(VcaConnectionError, match="refused the login of nobody-here") as caught:
        await logs_in(sshd.target(username="nobody-here"))
    assert not caught.value.retryable


async def test_where_nothing_listens_a_retry_may_help(tmp_path: Path) -> None:
    target = Sshd(tmp_path, port=free_port("127.0.0.1")).target()
    with pytest.raises(VcaConnectionError, match="cannot be reached: .*[Cc]onn") as caught:
        await logs_in(target)
    assert caught.value.retryable


async def test_an_unknown_host_name_is_retryable(tmp_path: Path) -> None:
    with pytest.raises(VcaConnectionError, match="the name vm.invalid cannot be looked up") as caught:
        await logs_in(Sshd(tmp_path).target(hostname="vm.invalid"))
    assert caught.value.retryable


async def test_what_speaks_no_ssh_is_reported_for_good(tmp_path: Path) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n" * 2000)
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        with pytest.raises(VcaConnectionError):
            await logs_in(Sshd(tmp_path, port=server.sockets[0].getsockname()[1]).target())


async def test_a_host_that_boots_is_waited_for(tmp_path: Path, start_sshd: Callable[..., Sshd]) -> None:
    port = free_port("127.0.0.1")
    target = Sshd(tmp_path / "later", port=port).target()

    async def visit() -> bool:
        async with ssh_session(target, limit=500, patience=500):
            return True

    visiting = asyncio.create_task(visit())
    # Let it meet the closed port first.
    await asyncio.wait([visiting], timeout=0.1)
    assert not visiting.done()
    start_sshd("later", port=port)
    assert await visiting


async def test_silence_ends_at_the_limit(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        target = Sshd(tmp_path, port=server.getsockname()[1]).target()
        with pytest.raises((VcaTimeoutError, VcaConnectionError), match="0.3 s|did not answer") as caught:
            async with ssh_session(target, limit=0.3):
                pass
    assert caught.value.retryable
    assert is_nothing_left()


async def test_a_login_that_is_cancelled_leaves_nothing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        target = Sshd(tmp_path, port=server.getsockname()[1]).target()
        visiting = asyncio.create_task(logs_in(target))
        peer, _ = await asyncio.get_running_loop().sock_accept(server)
        with peer:
            visiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await visiting
            assert is_nothing_left()
            peer.settimeout(300)
            while peer.recv(4096):  # until its end: the connection is closed
                pass


async def test_a_session_leaves_nothing(sshd: Sshd) -> None:
    assert await logs_in(sshd.target())
    assert is_nothing_left()


async def test_the_limit_holds_for_every_step(sshd: Sshd) -> None:
    begun = sshd.home / "begun"
    sshd.program("uname", f"touch {begun}; exec tail -f /dev/null")  # a host that hangs
    async with ssh_session(sshd.target(), limit=500) as session:
        reading = asyncio.create_task(session.facts())
        await until(begun.exists)
        let_pass(500)
        with pytest.raises(VcaTimeoutError, match="more than 500 s to read what") as caught:
            await reading
    assert (caught.value.kind, caught.value.limit) == ("total", 500)
    assert is_nothing_left()


async def test_a_host_that_goes_away_is_reported_and_a_retry_may_help(start_sshd: Callable[..., Sshd]) -> None:
    sshd = start_sshd()
    sshd.program("uname", "kill -9 $(ps -o ppid= -p $PPID)")  # of the session's sshd
    with pytest.raises(VcaConnectionError, match="was lost during: facts") as caught:
        async with ssh_session(sshd.target(), limit=500) as session:
            await session.facts()
    assert caught.value.retryable


async def test_a_connection_that_breaks_while_it_sends_is_reported(sshd: Sshd) -> None:
    begun = sshd.home / "begun"
    sshd.program("uname", f"touch {begun}; exec tail -f /dev/null")
    async with ssh_session(sshd.target(), limit=500) as session:
        reading = asyncio.create_task(session.facts())
        await until(begun.exists)
        connection = session._remote._connection
        connection.get_extra_info("socket").shutdown(socket.SHUT_WR)
        connection.send_debug("what cannot be sent any more")
        with pytest.raises(VcaConnectionError, match="was lost during: facts") as caught:
            await reading
    assert caught.value.retryable


@pytest.mark.defect("D80")
@pytest.mark.parametrize("right", [True, False])
async def test_a_password_logs_in_and_is_in_no_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, right: bool
) -> None:
    # An sshd takes only the passwords of this machine's users, so here another server speaks the protocol.
    class Server(asyncssh.SSHServer):
        def password_auth_supported(self) -> bool:
            return True

        def validate_password(self, username: str, password: str) -> bool:
            return password == (CANARY if right else "another")

    caplog.set_level(logging.DEBUG)
    logging.getLogger("asyncssh").setLevel(logging.DEBUG)
    asyncssh.set_debug_level(3)  # whole packets
    try:
        server = await asyncssh.create_server(Server, "127.0.0.1", 0, server_host_keys=[key(name="host")])
        async with server:
            target = Sshd(tmp_path, port=server.get_port()).target(private_key=None, password=CANARY)
            if right:
                async with ssh_session(target, limit=500):
                    pass
            else:
                with pytest.raises(VcaConnectionError, match="with this password") as caught:
                    await logs_in(target)
                assert CANARY not in f"{caught.value} {caught.value.__cause__}"
    finally:
        asyncssh.set_debug_level(1)
        logging.getLogger("asyncssh").setLevel(logging.WARNING)
    assert "Beginning auth for user" in caplog.text
    assert CANARY not in caplog.text + "".join(str(vars(record)) for record in caplog.records)
