"""A status store of SQLite is refused on a file system that several kernels share."""

from __future__ import annotations

from pathlib import Path

import pytest

from vca_core.errors import StoreError
from vca_core.stores import filesystems
from vca_core.stores.filesystems import shared_filesystem, virtual_filesystem
from vca_core.stores.sqlite import SqliteStore


def line(point: str, kind: str) -> str:
    return f"36 35 98:0 / {point} rw,noatime master:1 - {kind} source rw,errors=continue"


@pytest.fixture
def mounts(tmp_path: Path) -> Path:
    return tmp_path / "mountinfo"


@pytest.mark.parametrize(
    ("kind", "name"),
    [("nfs", "NFS"), ("nfs4", "NFS"), ("cifs", "SMB"), ("smb3", "SMB"), ("9p", "9p"), ("virtiofs", "virtiofs"),
     ("fuse.sshfs", "SSHFS"), ("ceph", "CephFS"), ("fuse.glusterfs", "GlusterFS")],
)  # fmt: skip
async def test_a_file_on_a_shared_file_system_is_refused(
    tmp_path: Path, mounts: Path, kind: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounts.write_text("\n".join([line("/", "ext4"), line(str(tmp_path), kind), "", "garbage"]))
    monkeypatch.setattr(filesystems, "_MOUNTS", mounts)
    store = SqliteStore(tmp_path / "status.db")
    with pytest.raises(StoreError, match=f"is on {name}.*use a local disk") as refused:
        await store.open()
    assert not refused.value.retryable
    assert not (tmp_path / "status.db").exists()


def test_the_innermost_mount_counts_and_the_last_one_there(tmp_path: Path, mounts: Path) -> None:
    local = tmp_path / "a folder"
    local.mkdir()
    escaped = str(local).replace(" ", r"\040")
    mounts.write_text("\n".join([line(escaped, "nfs"), line(escaped, "ext4"), line(str(tmp_path), "nfs4")]))
    assert shared_filesystem(local / "status.db", mounts) is None
    assert shared_filesystem(tmp_path / "status.db", mounts) == "NFS"


def test_a_link_counts_where_it_leads_to(tmp_path: Path, mounts: Path) -> None:
    remote = tmp_path / "remote"
    remote.mkdir()
    mounts.write_text("\n".join([line("/", "ext4"), line(str(remote), "nfs4")]))
    (remote / "status.db").write_text("")
    (tmp_path / "linked.db").symlink_to(remote / "status.db")
    (tmp_path / "new.db").symlink_to(remote / "new.db")
    assert [shared_filesystem(tmp_path / name, mounts) for name in ("linked.db", "new.db")] == ["NFS", "NFS"]


def test_a_file_that_is_mounted_by_itself_counts(tmp_path: Path, mounts: Path) -> None:
    mounts.write_text("\n".join([line("/", "ext4"), line(str(tmp_path / "bound.db"), "nfs4")]))
    assert shared_filesystem(tmp_path / "bound.db", mounts) == "NFS"
    assert shared_filesystem(tmp_path / "other.db", mounts) is None


def test_without_a_table_of_mounts_nothing_is_refused(tmp_path: Path) -> None:
    assert shared_filesystem(tmp_path / "status.db", tmp_path / "nothing") is None


@pytest.mark.parametrize(("kind", "word"), [("proc", "proc"), ("sysfs", "sysfs"), ("tmpfs", None), ("nfs4", None)])
def test_a_file_system_of_the_kernel_keeps_no_files(tmp_path: Path, mounts: Path, kind: str, word: str | None) -> None:
    mounts.write_text("\n".join([line("/", "ext4"), line(str(tmp_path), kind)]))
    assert virtual_filesystem(tmp_path / "spill", mounts) == word
