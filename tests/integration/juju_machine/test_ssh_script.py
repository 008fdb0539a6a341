from __future__ import annotations

import asyncio
import logging
import os
import shutil
import signal
import subprocess
import time
from collections.abc import AsyncIterator
from importlib import resources
from pathlib import Path

import asyncssh
import pytest
from support.fair_clock import let_pass
from support.sshd import USER, WILLING_SUDO, Sshd

from vca_core.errors import BackendError, BadArguments, VcaConnectionError, VcaError, VcaTimeoutError
from vca_juju_machine.provisioning import SshSession, ssh_session

CANARY = "s3cr3t-canary-0f6e"
REFUSING_SUDO = 'echo "sudo: a password is required" >&2; exit 1'


@pytest.fixture
async def session(sshd: Sshd) -> AsyncIterator[SshSession]:
    async with ssh_session(sshd.target(), limit=500) as session:
        yield session


def left_behind(sshd: Sshd) -> list[Path]:
    return list(sshd.temporary.iterdir())


def wait_seen(file: Path) -> None:
    """Wait, in a thread, until a file is there."""
    end = time.monotonic() + 300
    while not file.exists():
        assert time.monotonic() < end, f"{file} did not appear"
        time.sleep(0.01)


def pid_in(file: Path) -> int:
    return int(file.read_text())


def lives(pid: int) -> bool:
    state = Path(f"/proc/{pid}/stat")
    return state.exists() and state.read_text().rpartition(")")[2].split()[0] != "Z"


async def test_a_script_runs_as_root_with_bash_and_is_on_no_disk(sshd: Sshd, session: SshSession) -> None:
    await session.run_script('#!/bin/bash\n[[ $BASH ]] && ls "$TMPDIR" >"$HOME/listed" && id -u >"$HOME/uid"\n')
    assert (sshd.home / "listed").read_text() == ""
    assert left_behind(sshd) == []


async def test_a_script_runs_through_sudo_where_the_user_is_not_root(sshd: Sshd, session: SshSession) -> None:
    sshd.program("id", "echo 1000")
    sshd.program("sudo", WILLING_SUDO)
    await session.run_script("touch $HOME/ran")
    assert (sshd.home / "ran").exists()
    assert [call.split()[:3] for call in sshd.called() if "sudo" in call] == [
        ["sudo", "-n", "true"],
        ["sudo", "-n", "/bin/bash"],
    ]


@pytest.mark.parametrize(
    ("sudo", "says"),
    [(REFUSING_SUDO, "sudo says 'sudo: a password is required'"), (None, "there is no sudo")],
)
async def test_the_error_for_a_user_without_sudo_says_what_to_do(sshd: Sshd, sudo: str | None, says: str) -> None:
    sshd.program("id", "echo 1000")
    if sudo:
        sshd.program("sudo", sudo)
    elif not shutil.which("sudo"):
        (sshd.programs / "sudo").unlink(missing_ok=True)
    else:
        pytest.skip("there is a sudo here")
    async with ssh_session(sshd.target(), limit=500) as session:
        with pytest.raises(VcaConnectionError, match=says) as caught:
            await session.run_script("touch $HOME/ran")
    assert f"'{USER} ALL=(ALL) NOPASSWD:ALL'" in str(caught.value)
    assert not caught.value.retryable
    assert not (sshd.home / "ran").exists()


async def test_a_long_script_with_any_text_arrives_as_it_is(sshd: Sshd, session: SshSession) -> None:
    text = "".join(f"# {number} 'quoted' \"too\" $HOME `x` ü\n" for number in range(20_000))
    await session.run_script(f"\n{text}cat >$HOME/said <<'END'\nit's \"$HOME\" `x` ü\nEND")
    assert (sshd.home / "said").read_text() == 'it\'s "$HOME" `x` ü\n'


async def test_a_script_that_reads_gets_nothing(sshd: Sshd, session: SshSession) -> None:
    await session.run_script("cat >$HOME/read; echo done >>$HOME/read")
    assert (sshd.home / "read").read_text() == "done\n"


async def test_a_service_that_a_script_starts_holds_nothing_up(sshd: Sshd, session: SshSession) -> None:
    service = "ls -l /proc/self/fd >$HOME/new; mv $HOME/new $HOME/fds; exec tail -f /dev/null"
    await session.run_script(f"setsid sh -c '{service}' & echo $! >$HOME/pid; until [ -e $HOME/fds ]; do :; done")
    pid = pid_in(sshd.home / "pid")
    assert lives(pid)
    os.kill(pid, signal.SIGTERM)
    assert "/script" not in (sshd.home / "fds").read_text()


async def test_a_failed_script_gives_its_exit_code_and_end_of_output(sshd: Sshd, session: SshSession) -> None:
    with pytest.raises(BackendError, match=r"exit code 7: (.*\n)+line 5000$") as caught:
        await session.run_script("for n in $(seq 5000); do echo line $n; done\nexit 7")
    assert "line 4000\n" not in str(caught.value)
    assert left_behind(sshd) == []


async def test_a_script_that_a_signal_ends_has_failed(session: SshSession) -> None:
    with pytest.raises(BackendError, match="exit code 137"):
        await session.run_script("kill -9 $$")


@pytest.mark.parametrize("script", ["", " \n", "echo\0"])
async def test_a_script_that_is_none_is_refused(session: SshSession, script: str) -> None:
    with pytest.raises(BadArguments) as caught:
        await session.run_script(script)
    assert caught.value.bad_args == ["script"]


@pytest.mark.defect("D80")
async def test_nothing_of_a_script_is_in_logs_errors_or_command_lines(
    sshd: Sshd, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("asyncssh").setLevel(logging.DEBUG)
    asyncssh.set_debug_level(3)  # whole packets
    script = f"""
        set -x
        password={CANARY} printenv HOME
        tr '\\0' ' ' </proc/$PPID/cmdline >$HOME/command
        echo 'the password is "{CANARY}"' >&2
        echo {CANARY}; unknown-command-{CANARY}
        exit 3
    """
    try:
        async with ssh_session(sshd.target(), limit=500) as session:
            with pytest.raises(BackendError, match="exit code 3") as caught:
                await session.run_script(script)
    finally:
        asyncssh.set_debug_level(1)
        logging.getLogger("asyncssh").setLevel(logging.WARNING)
    assert "***" in str(caught.value)
    error: BaseException | None = caught.value
    while error is not None:
        assert CANARY not in repr(error) + str(error)
        error = error.__cause__ or error.__context__
    assert CANARY not in (sshd.home / "command").read_text()
    logged = caplog.text + "".join(str(vars(record)) for record in caplog.records)
    assert "Sent MSG_CHANNEL_DATA" not in logged
    assert "Auth for user" in logged
    assert "OPENSSH PRIVATE" not in logged
    assert CANARY not in logged


@pytest.mark.parametrize("how", ["cancelled", "limit"])
async def test_a_script_that_is_given_up_is_stopped_and_leaves_no_file(sshd: Sshd, how: str) -> None:
    started = sshd.home / "pid"
    # What it starts is stopped too, also where it does not listen to a polite signal.
    deaf = "trap '' TERM" if how == "cancelled" else ""
    script = f"""{deaf}
        bash -c 'echo $$ >$HOME/child; tail -f /dev/null' &
        until [ -s $HOME/child ]; do :; done
        echo $$ >$HOME/new
        mv $HOME/new $HOME/pid
        wait
    """

    async def run() -> None:
        async with ssh_session(sshd.target(), limit=500) as session:
            await session.run_script(script)

    running = asyncio.create_task(run())
    await asyncio.to_thread(wait_seen, started)
    pids = [pid_in(started), pid_in(sshd.home / "child")]
    assert all(map(lives, pids))
    assert left_behind(sshd) == []  # gone before it began
    if how == "cancelled":
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    else:
        let_pass(500)
        with pytest.raises(VcaTimeoutError, match="more than 500 s to run the provisioning script"):
            await running
    assert not any(map(lives, pids))
    assert left_behind(sshd) == []
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_script_is_stopped_when_the_connection_breaks(sshd: Sshd) -> None:
    started = sshd.home / "pid"

    async def run() -> None:
        async with ssh_session(sshd.target(), limit=500) as session:
            running = asyncio.create_task(
                session.run_script("echo $$ >$HOME/new; mv $HOME/new $HOME/pid; tail -f /dev/null")
            )
            await asyncio.to_thread(wait_seen, started)
            session._remote._connection.abort()
            await running

    with pytest.raises(VcaConnectionError, match="was lost during: run script") as caught:
        await run()
    assert caught.value.retryable
    assert left_behind(sshd) == []
    pid = pid_in(started)
    await asyncio.to_thread(wait_gone, pid)


def wait_gone(pid: int) -> None:
    """Wait, in a thread, until a process is gone."""
    end = time.monotonic() + 300
    while lives(pid):
        assert time.monotonic() < end, f"{pid} still lives"
        time.sleep(0.01)


def test_a_script_that_arrives_in_part_is_not_run(tmp_path: Path) -> None:
    program = (resources.files("vca_juju_machine.provisioning") / "shell" / "run_script.sh").read_text()
    # What the host sees of a connection that breaks during the upload.
    env = {"TMPDIR": str(tmp_path), "PATH": "/usr/bin:/bin"}
    run = subprocess.run(
        ["/bin/bash", "-c", program, "run_script", "100"],
        input=b"touch $TMPDIR/ran\n",
        capture_output=True,
        env=env,
        check=False,
    )
    assert run.returncode == 90
    assert b"did not arrive as a whole" in run.stdout
    assert list(tmp_path.iterdir()) == []


async def test_every_step_of_one_session_uses_one_login(sshd: Sshd) -> None:
    async with ssh_session(sshd.target(), limit=500) as session:
        await asyncio.gather(session.facts(), session.run_script("true"), session.facts())
    with pytest.raises(VcaError):
        await session.facts()  # it is over
