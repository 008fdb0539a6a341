"""Which file system a file is on: some are shared between kernels, and SQLite's memory is not."""

from __future__ import annotations

import re
from pathlib import Path

_MOUNTS = Path("/proc/self/mountinfo")
_ESCAPED = re.compile(r"\\([0-7]{3})")

_SHARED = {
    "nfs": "NFS",
    "nfs4": "NFS",
    "cifs": "SMB",
    "smb3": "SMB",
    "smbfs": "SMB",
    "9p": "9p",
    "virtiofs": "virtiofs",
    "fuse.sshfs": "SSHFS",
    "ceph": "CephFS",
    "fuse.ceph": "CephFS",
    "fuse.ceph-fuse": "CephFS",
    "glusterfs": "GlusterFS",
    "fuse.glusterfs": "GlusterFS",
    "lustre": "Lustre",
    "beegfs": "BeeGFS",
    "gpfs": "GPFS",
    "gfs2": "GFS2",
    "ocfs2": "OCFS2",
    "afs": "AFS",
    "fuse.s3fs": "S3",
    "fuse.rclone": "rclone",
}
"""File systems whose other users may be under another kernel, by the kernel's word for them."""


_VIRTUAL = frozenset({
    *("binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devpts", "efivarfs", "fusectl", "mqueue"),
    *("proc", "pstore", "rpc_pipefs", "securityfs", "selinuxfs", "sysfs", "tracefs"),
})  # fmt: skip
"""File systems in which the kernel shows what it knows, and keeps no files of others."""


def shared_filesystem(path: Path, mounts: Path | None = None) -> str | None:
    """Return which shared file system a file is on; None if it is local.

    Args:
        path: the file, there or not; where it is a link, or mounted by itself, that counts.
        mounts: Linux's table of mounts; None: this process's.

    Returns:
        Its name: ``NFS``; None: it is on none, or there is no such table to look at.
    """
    kind = _kind_of(path, mounts)
    return None if kind is None else _SHARED.get(kind)


def virtual_filesystem(path: Path, mounts: Path | None = None) -> str | None:
    """Return which file system of the kernel a path is in, where no files can be made, whatever the rights say.

    Args:
        path: the path, there or not.
        mounts: Linux's table of mounts; None: this process's.

    Returns:
        The kernel's word for it: ``proc``; None: it is in none.
    """
    kind = _kind_of(path, mounts)
    return kind if kind in _VIRTUAL else None


def _kind_of(path: Path, mounts: Path | None) -> str | None:
    """The kernel's word for the file system that a path is on; None: there is no table to look at."""
    try:
        lines = (mounts or _MOUNTS).read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return None
    place = path.resolve()
    found: tuple[int, str] | None = None
    for line in lines:
        before, _, after = line.partition(" - ")
        fields = before.split(" ")
        kind = after.partition(" ")[0]
        if len(fields) < 5 or not kind:
            continue
        point = Path(_ESCAPED.sub(lambda octal: chr(int(octal[1], 8)), fields[4]))
        # The last one of those at the same point lies on top.
        if place.is_relative_to(point) and (found is None or len(point.parts) >= found[0]):
            found = (len(point.parts), kind)
    return None if found is None else found[1]
