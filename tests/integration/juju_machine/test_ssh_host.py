from __future__ import annotations

import asyncio
import os
import platform
import re
import stat
import subprocess
from pathlib import Path

import pytest
from support.sshd import Sshd, key

from vca_core.errors import BadArguments, NotSupported
from vca_juju_machine.provisioning import Places, ssh_session
from vca_juju_machine.provisioning.facts import HostFacts


def line(name: str, comment: str = "me@home") -> str:
    return f"{key(name=name).export_public_key().decode().strip().rpartition(' ')[0]} {comment}"


OWNER, OTHER, VCA = line("owner", "owner"), line("other"), line("vca", "vca key")


async def facts_of(sshd: Sshd) -> HostFacts:
    async with ssh_session(sshd.target(), limit=20) as session:
        return await session.facts()


async def authorize(sshd: Sshd, text: str = VCA) -> bool:
    async with ssh_session(sshd.target(), limit=20) as session:
        return await session.authorize(text)


def authorized(sshd: Sshd, text: str | None = None) -> Path:
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


async def test_a_host_of_another_kind_is_told_by_its_own_words(sshd: Sshd) -> None:
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
    assert await authorize(sshd, f"{VCA}\n")
    file = authorized(sshd)
    assert file.read_text() == f"{VCA}\n"
    assert [stat.S_IMODE(one.stat().st_mode) for one in (file.parent, file)] == [0o700, 0o600]


async def test_keys_of_the_owner_stay(sshd: Sshd) -> None:
    old = f"# mine\n{OWNER}\nno-pty {OTHER}"  # the last line has no end
    file = authorized(sshd, old)
    file.chmod(0o666)
    file.parent.chmod(0o777)
    assert await authorize(sshd)
    assert file.read_text() == f"{old}\n{VCA}\n"
    assert [stat.S_IMODE(one.stat().st_mode) for one in (file.parent, file)] == [0o700, 0o600]


@pytest.mark.parametrize(
    "old",
    [VCA, VCA.replace("vca key", "another comment"), f'from="10.0.0.*" {VCA}'],
    ids=["as it is", "with another comment", "with options"],
)
async def test_a_key_that_is_authorized_is_not_added_again(sshd: Sshd, old: str) -> None:
    file = authorized(sshd, f"{OWNER}\n{old}\n")
    assert not await authorize(sshd)
    assert file.read_text() == f"{OWNER}\n{old}\n"


async def test_a_key_that_is_commented_out_is_none(sshd: Sshd) -> None:
    authorized(sshd, f"#{VCA}\n # {VCA}\n")
    assert await authorize(sshd)


async def test_a_key_is_added_once_however_many_add_it(sshd: Sshd) -> None:
    async with ssh_session(sshd.target(), limit=20) as session:
        added = await asyncio.gather(*(session.authorize(VCA) for _ in range(6)))
    assert sorted(added) == [False] * 5 + [True]
    assert authorized(sshd).read_text() == f"{VCA}\n"


async def test_an_authorization_is_withdrawn_and_no_other(sshd: Sshd) -> None:
    file = authorized(sshd, f"{OWNER}\nno-pty {VCA}\n# {VCA}\n{VCA}\n{OTHER}\n")
    inode = file.stat().st_ino
    async with ssh_session(sshd.target(), limit=20) as session:
        await session.unauthorize(VCA)
        await session.unauthorize(line("never seen"))
    assert file.read_text() == f"{OWNER}\nno-pty {VCA}\n# {VCA}\n{OTHER}\n"
    assert file.stat().st_ino == inode
    assert list(sshd.temporary.iterdir()) == []


async def test_a_withdrawal_where_nothing_was_authorized_makes_nothing(sshd: Sshd) -> None:
    async with ssh_session(sshd.target(), limit=20) as session:
        await session.unauthorize(VCA)
    assert not authorized(sshd).parent.exists()


async def test_an_authorized_key_logs_in(sshd: Sshd) -> None:
    sshd.allowed.unlink()
    sshd.allowed.symlink_to(authorized(sshd, sshd.client_key.export_public_key().decode()))
    assert await authorize(sshd, VCA)
    async with ssh_session(sshd.target(private_key=key(name="vca").export_private_key().decode()), limit=20):
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
    assert not authorized(sshd).parent.exists()


@pytest.fixture
def places(sshd: Sshd) -> Places:
    sudo = sshd.folder / "etc" / "sudoers.d"
    sudo.mkdir(parents=True)
    # su -s SHELL -c PROGRAM USER NAME ARGUMENT, but as whoever this is
    sshd.program("su", 'program=$4; shift 5; exec /bin/sh -c "$program" "$@"')
    sshd.program("useradd")
    return Places(sudo=str(sudo))


async def test_the_user_that_juju_expects_is_made(sshd: Sshd, places: Places) -> None:
    sshd.program("id", "[ $# = 1 ] && echo 0")  # id -u: root; id -u ubuntu: there is none
    async with ssh_session(sshd.target(), limit=20) as session:
        assert await session.ensure_user(VCA, places=places)
    assert "useradd --create-home --shell /bin/bash ubuntu" in sshd.called()
    [rights] = Path(places.sudo).iterdir()
    assert (rights.name, rights.read_text()) == ("90-vca-ubuntu", "ubuntu ALL=(ALL) NOPASSWD:ALL\n")
    assert stat.S_IMODE(rights.stat().st_mode) == 0o440
    assert authorized(sshd).read_text() == f"{VCA}\n"


async def test_a_user_who_is_there_stays_as_it_is(sshd: Sshd, places: Places) -> None:
    sshd.program("id", "echo 0")
    authorized(sshd, f"{OWNER}\n")
    async with ssh_session(sshd.target(), limit=20) as session:
        assert await session.ensure_user(VCA, places=places)
        assert not await session.ensure_user(VCA, places=places)
    assert not [call for call in sshd.called() if call.startswith("useradd")]
    assert list(Path(places.sudo).iterdir()) == []
    assert authorized(sshd).read_text() == f"{OWNER}\n{VCA}\n"


async def test_a_name_that_no_user_can_have_is_refused(sshd: Sshd, places: Places) -> None:
    async with ssh_session(sshd.target(), limit=20) as session:
        with pytest.raises(BadArguments) as caught:
            await session.ensure_user(VCA, user="../x", places=places)
    assert caught.value.bad_args == ["user"]
    assert sshd.called() == []


def test_programs_for_hosts_are_plain_shell() -> None:
    folder = Path(__file__).parents[3] / "plugins/juju_machine/vca_juju_machine/provisioning"
    files = sorted(folder.glob("*/*.sh"))
    assert len(files) == 10
    for file in files:
        shell = "bash" if file.name == "run_script.sh" else "sh"
        subprocess.run([shell, "-n", file], check=True)
        assert re.match(r"#(!/bin/sh\n#)? ", file.read_text()), f"{file} does not say what it is for"
