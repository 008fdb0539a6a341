from __future__ import annotations

import asyncio
import os
import platform
import re
import stat
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from support.sshd import Sshd, key

from vca_core.errors import BackendError, BadArguments, NotSupported, VcaError
from vca_juju_machine.places import Places
from vca_juju_machine.provisioning import SshSession, ssh_session
from vca_juju_machine.provisioning.facts import HostFacts


def line(name: str, comment: str = "me@home") -> str:
    return f"{key(name=name).export_public_key().decode().strip().rpartition(' ')[0]} {comment}"


MARK = "vca-0f6e"
OWNER, OTHER, VCA = line("owner", "owner"), line("other"), line("vca", "vca key")


def places_of(sshd: Sshd) -> Places:
    etc = sshd.folder / "etc"
    return Places(str(etc / "vca"), str(etc / "systemd"), str(etc / "sudoers.d"), str(etc / "juju"))


@pytest.fixture
def sshd(start_sshd: Callable[..., Sshd]) -> Sshd:
    """A host with folders and users of its own: what makes users only notes its calls."""
    sshd = start_sshd()
    for folder in (places_of(sshd).sudo, places_of(sshd).units):
        Path(folder).mkdir(parents=True)
    sshd.program("id", "echo 0")
    # su -s SHELL -c PROGRAM USER NAME ARGUMENT, but as whoever this is
    sshd.program("su", 'program=$4; shift 5; exec /bin/sh -c "$program" "$@"')
    for name in ("useradd", "userdel", "getent", "systemctl"):
        sshd.program(name)
    return sshd


@asynccontextmanager
async def log_in(sshd: Sshd) -> AsyncIterator[SshSession]:
    async with ssh_session(sshd.target(), limit=500, places=places_of(sshd)) as session:
        yield session


async def facts_of(sshd: Sshd) -> HostFacts:
    async with ssh_session(sshd.target(), limit=500) as session:
        return await session.facts()


async def authorize(sshd: Sshd, text: str = VCA, mark: str = MARK) -> None:
    async with log_in(sshd) as session:
        await session.ensure_user(text, mark)


def keys_file(sshd: Sshd, text: str | None = None) -> Path:
    file = sshd.home / ".ssh" / "authorized_keys"
    if text is not None:
        file.parent.mkdir()
        file.write_text(text)
    return file


async def test_a_host_says_what_it_is(sshd: Sshd) -> None:
    system = dict(line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if "=" in line)
    facts = await facts_of(sshd)
    assert facts.base == f"{system['ID']}@{system['VERSION_ID']}".replace('"', "")
    assert facts.cores == len(os.sched_getaffinity(0))
    assert facts.memory_mib == os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**20
    if platform.machine() == "x86_64":
        assert facts.architecture == "amd64"


async def test_a_host_of_another_kind_is_reported_by_its_own_words(sshd: Sshd) -> None:
    sshd.program("uname", "echo aarch64")
    sshd.program("nproc", "echo 64")
    sshd.program("ip", "exit 1")
    sshd.program("hostname", 'echo "10.9.8.7 2001:db8::7 "')
    facts = await facts_of(sshd)
    assert (facts.architecture, facts.cores, facts.addresses) == ("arm64", 64, ("10.9.8.7", "2001:db8::7"))
    assert not any(call.startswith("lsb_release") for call in sshd.called())


async def test_a_host_without_agents_is_refused(sshd: Sshd) -> None:
    sshd.program("uname", "echo mips64")
    with pytest.raises(NotSupported, match="mips64"):
        await facts_of(sshd)


async def test_a_key_is_authorized_where_there_is_no_file(sshd: Sshd) -> None:
    await authorize(sshd, f"{VCA}\n")
    file = keys_file(sshd)
    assert file.read_text() == f"{VCA} {MARK}\n"
    assert [stat.S_IMODE(one.stat().st_mode) for one in (file.parent, file)] == [0o700, 0o600]


async def test_keys_of_the_owner_stay(sshd: Sshd) -> None:
    old = f"# mine\n{OWNER}\nno-pty {OTHER}"  # the last line has no end
    file = keys_file(sshd, old)
    file.chmod(0o666)
    file.parent.chmod(0o777)
    await authorize(sshd)
    assert file.read_text() == f"{old}\n{VCA} {MARK}\n"
    assert [stat.S_IMODE(one.stat().st_mode) for one in (file.parent, file)] == [0o700, 0o600]


@pytest.mark.parametrize(
    "old",
    [VCA, VCA.replace("vca key", "another comment"), f'from="10.0.0.*" {VCA}'],
    ids=["as it is", "with another comment", "with options"],
)
async def test_a_key_that_is_authorized_is_not_added_again(sshd: Sshd, old: str) -> None:
    file = keys_file(sshd, f"{OWNER}\n{old}\n")
    await authorize(sshd)
    assert file.read_text() == f"{OWNER}\n{old}\n"


async def test_a_key_that_is_commented_out_is_none(sshd: Sshd) -> None:
    file = keys_file(sshd, f"#{VCA}\n # {VCA}\n")
    await authorize(sshd)
    assert file.read_text().endswith(f"\n{VCA} {MARK}\n")


async def test_a_key_is_added_once_however_many_add_it(sshd: Sshd) -> None:
    async with log_in(sshd) as session:
        await asyncio.gather(*(session.ensure_user(VCA, MARK) for _ in range(6)))
    assert keys_file(sshd).read_text() == f"{VCA} {MARK}\n"


async def test_the_key_that_was_added_is_taken_back_and_no_other(sshd: Sshd) -> None:
    file = keys_file(sshd, f"{OWNER}\n# {VCA}\n")
    inode = file.stat().st_ino
    await authorize(sshd)
    file.write_text(f"{file.read_text()}{OTHER}\n")
    async with log_in(sshd) as session:
        await session.undo("vca-another")
        assert VCA in file.read_text()
        await session.undo(MARK)
    assert file.read_text() == f"{OWNER}\n# {VCA}\n{OTHER}\n"
    assert file.stat().st_ino == inode
    assert list(sshd.temporary.iterdir()) == []


async def test_nothing_is_undone_for_a_mark_that_any_file_may_hold(sshd: Sshd) -> None:
    file = keys_file(sshd, f"{OWNER}\n")
    await authorize(sshd)
    before = file.read_text()
    async with log_in(sshd) as session:
        for mark in ("", "vca-"):
            with pytest.raises(VcaError):
                await session.undo(mark)
    assert file.read_text() == before


async def test_a_key_that_was_there_before_stays(sshd: Sshd) -> None:
    file = keys_file(sshd, f"{VCA}\n")
    await authorize(sshd)
    async with log_in(sshd) as session:
        await session.undo(MARK)
    assert file.read_text() == f"{VCA}\n"


async def test_to_undo_where_nothing_was_done_makes_nothing(sshd: Sshd) -> None:
    async with log_in(sshd) as session:
        await session.undo(MARK)
    assert not keys_file(sshd).parent.exists()


async def test_an_authorized_key_logs_in(sshd: Sshd) -> None:
    sshd.allowed.unlink()
    sshd.allowed.symlink_to(keys_file(sshd, sshd.client_key.export_public_key().decode()))
    await authorize(sshd, VCA)
    async with ssh_session(sshd.target(private_key=key(name="vca").export_private_key().decode()), limit=500):
        pass


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ssh-ed25519 AAAA",
        f"{VCA}\n{OTHER}",
        f'command="x" {VCA}',
        VCA.split(" ", 1)[1],
        f"{VCA}\x1b[0m",
        "nonsense; reboot",
    ],
    ids=["nothing", "cut off", "two keys", "with options", "without its type", "with a control character", "nonsense"],
)
async def test_what_is_no_public_key_is_refused(sshd: Sshd, text: str) -> None:
    with pytest.raises(BadArguments) as caught:
        await authorize(sshd, text)
    assert caught.value.bad_args == ["public_key"]
    assert not keys_file(sshd).parent.exists()


async def test_the_user_that_juju_expects_is_made(sshd: Sshd) -> None:
    sshd.program("id", "[ $# = 1 ] && echo 0")  # id -u: root; id -u ubuntu: there is none
    await authorize(sshd)
    assert f"useradd --create-home --shell /bin/bash --comment {MARK} ubuntu" in sshd.called()
    [rights] = Path(places_of(sshd).sudo).iterdir()
    assert (rights.name, rights.read_text()) == ("90-vca-ubuntu", f"# {MARK}\nubuntu ALL=(ALL) NOPASSWD:ALL\n")
    assert stat.S_IMODE(rights.stat().st_mode) == 0o440
    assert keys_file(sshd).read_text() == f"{VCA} {MARK}\n"


async def test_a_user_that_was_made_goes_and_one_of_the_owner_does_not(sshd: Sshd) -> None:
    sshd.program("id", "[ $# = 1 ] && echo 0")
    await authorize(sshd)
    sshd.program("getent", f"echo 'ubuntu:x:1000:1000:{MARK}:/home/ubuntu:/bin/bash'")
    async with log_in(sshd) as session:
        await session.undo("vca-another")
        assert [one.name for one in Path(places_of(sshd).sudo).iterdir()] == ["90-vca-ubuntu"]
        assert not [call for call in sshd.called() if call.startswith("userdel")]
        await session.undo(MARK)
    assert list(Path(places_of(sshd).sudo).iterdir()) == []
    assert "userdel --remove ubuntu" in sshd.called()


async def test_a_user_who_is_there_stays_as_it_is(sshd: Sshd) -> None:
    keys_file(sshd, f"{OWNER}\n")
    await authorize(sshd)
    await authorize(sshd, mark="vca-another")
    assert not [call for call in sshd.called() if call.startswith("useradd")]
    assert list(Path(places_of(sshd).sudo).iterdir()) == []
    assert keys_file(sshd).read_text() == f"{OWNER}\n{VCA} {MARK}\n"


async def test_all_agents_of_a_host_are_found_whatever_they_are(sshd: Sshd) -> None:
    units = Path(places_of(sshd).units)
    (units / "jujud-machine-3.service").touch()
    (units / "jujud-machine-12-lxd-0.service").symlink_to("/lib/systemd/system/nowhere")  # as Juju 2 did
    (units / "jujud-machine-3-exec-start.sh").touch()
    async with log_in(sshd) as session:
        assert (await session.facts()).agents == ("jujud-machine-12-lxd-0", "jujud-machine-3")


async def test_an_agent_of_the_registration_goes_and_no_other(sshd: Sshd) -> None:
    places = places_of(sshd)
    for number, nonce in enumerate((MARK, "vca-another")):
        folder = Path(places.juju, "agents", f"machine-{number}")
        folder.mkdir(parents=True)
        (folder / "agent.conf").write_text(f"tag: machine-{number}\nnonce: manual:10.0.0.1:{nonce}\n")
        Path(places.units, f"jujud-machine-{number}.service").touch()
        Path(places.units, f"jujud-machine-{number}-exec-start.sh").touch()
    async with log_in(sshd) as session:
        await session.undo(MARK)
    assert "systemctl disable --now jujud-machine-0.service" in sshd.called()
    assert sorted(one.name for one in Path(places.units).iterdir()) == [
        "jujud-machine-1-exec-start.sh",
        "jujud-machine-1.service",
    ]
    assert [one.name for one in Path(places.juju, "agents").iterdir()] == ["machine-1"]


async def test_what_cannot_be_undone_is_named_and_the_rest_undone(sshd: Sshd) -> None:
    sshd.program("id", "[ $# = 1 ] && echo 0")
    await authorize(sshd)
    sshd.program("getent", f"echo 'ubuntu:x:1000:1000:{MARK}:/home/ubuntu:/bin/bash'")
    sshd.program("userdel", "echo 'userdel: user ubuntu is currently used by process 7' >&2; exit 8")
    async with log_in(sshd) as session:
        with pytest.raises(BackendError, match="undo failed .*used by process 7"):
            await session.undo(MARK)
    assert list(Path(places_of(sshd).sudo).iterdir()) == []


def test_programs_for_hosts_are_plain_shell() -> None:
    folder = Path(__file__).parents[3] / "plugins/juju_machine/vca_juju_machine/provisioning"
    files = sorted(folder.glob("*/*.sh"))
    assert len(files) == 10
    for file in files:
        shell = "bash" if file.name == "run_script.sh" else "sh"
        subprocess.run([shell, "-n", file], check=True)
        assert re.match(r"#(!/bin/sh\n#)? ", file.read_text()), f"{file} does not say what it is for"
