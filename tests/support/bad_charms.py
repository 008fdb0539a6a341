"""Charms that Juju refuses, each for one reason, and what it says: those of ``bad_charms.yaml``."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import yaml

GOOD = {
    "metadata.yaml": "name: web\nsummary: s\ndescription: d\n",
    "manifest.yaml": "bases: [{name: ubuntu, channel: '22.04', architectures: [amd64]}]\n",
    "hooks/install": "#!/bin/sh\n",
}
"""The files of a charm that it takes."""


class BadCharm(NamedTuple):
    """A charm that Juju refuses.

    Args:
        files: of it, by name.
        says: what Juju says.
    """

    files: Mapping[str, str]
    says: str


def _read(entry: Mapping[str, str | None]) -> BadCharm:
    files = {**GOOD, **entry}
    says, more = files.pop("says") or "", files.pop("more", "")
    files["metadata.yaml"] = f"{files['metadata.yaml']}{more}"
    return BadCharm({name: text for name, text in files.items() if text is not None}, says)


BAD_CHARMS: dict[str, BadCharm] = {
    name: _read(entry)
    for name, entry in yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8")).items()
}
"""By what is wrong."""


def archive_of(files: Mapping[str, str]) -> bytes:
    """Pack the files of a charm."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return data.getvalue()


def write_files(folder: Path, files: Mapping[str, str]) -> Path:
    """Write the files of a charm into a folder."""
    for name, text in files.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    return folder
