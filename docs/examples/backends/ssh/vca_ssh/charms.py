"""A charm as it is sent to the host."""

from __future__ import annotations

import base64
import io
import os
import stat
import tarfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vca_core import refusals
from vca_core.artifacts import Artifact
from vca_core.charm import Action, Charm, Option
from vca_core.errors import NotSupported
from vca_core.tasks import in_thread


@dataclass(frozen=True)
class Facts:
    """What the host keeps of a charm beside its files, so that other processes need not have it.

    Args:
        name: of the charm.
        digest: of what was sent.
        options: what can be configured, by name.
        actions: its primitives, by name.
    """

    name: str
    digest: str
    options: Mapping[str, Option]
    actions: Mapping[str, Action]

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Facts:
        """Read what the host gives."""
        options = {name: Option(name, one["type"], one["default"]) for name, one in data["options"].items()}
        actions = {name: Action(name, schema) for name, schema in data["actions"].items()}
        return cls(data["name"], data["digest"], options, actions)

    def as_data(self) -> dict[str, Any]:
        """Give it the form that the host keeps."""
        return {
            "name": self.name,
            "digest": self.digest,
            "options": {one.name: {"type": one.type, "default": one.default} for one in self.options.values()},
            "actions": {one.name: dict(one.schema) for one in self.actions.values()},
        }


async def read(artifact: Artifact) -> Facts:
    """Read a charm, and see whether it can be installed here.

    Raises:
        BadArguments: it is not a charm, or is made for another kind of backend.
        NotSupported: it is not a charm of ours to send.
    """
    charm = await artifact.read()
    digest = await artifact.digest()
    if digest is None:
        raise NotSupported(f"{artifact.reference}: only charms from files can be installed here")
    _check(charm)
    return Facts(charm.name, digest, charm.options, charm.actions)


def _check(charm: Charm) -> None:
    if charm.subordinate:
        raise refusals.subordinate_charm(charm.name)
    if charm.is_kubernetes:
        raise refusals.wrong_substrate(charm.name, is_kubernetes=True)
    if charm.obstacles:
        raise refusals.not_installable(charm.name, charm.obstacles)


async def pack(artifact: Artifact) -> str:
    """Make one text of all files of a charm that was read."""
    path = artifact.path
    assert path is not None  # noqa: S101 - `read` refused it
    return await in_thread(lambda: _pack(path))


def _pack(path: Path) -> str:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        if path.is_dir():
            tar.add(path, ".")
        else:
            with zipfile.ZipFile(path) as archive:
                for member in archive.infolist():
                    entry, mode = tarfile.TarInfo(member.filename), member.external_attr >> 16
                    if member.is_dir():
                        entry.type, entry.mode = tarfile.DIRTYPE, 0o755
                        tar.addfile(entry)
                        continue
                    entry.mode = mode & 0o777 or 0o644
                    content = archive.read(member)
                    if stat.S_ISLNK(mode):
                        entry.type, entry.linkname = tarfile.SYMTYPE, os.fsdecode(content)
                        tar.addfile(entry)
                    else:
                        entry.size = len(content)
                        tar.addfile(entry, io.BytesIO(content))
    return base64.b64encode(packed.getvalue()).decode()
