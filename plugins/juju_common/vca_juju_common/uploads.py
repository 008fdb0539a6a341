"""Charms in models: each one uploaded once, whoever asks for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from vca_core.tasks import in_thread
from vca_juju_common.archive import Archive, render, stamp
from vca_juju_common.client.model import Model
from vca_juju_common.client.upload import Progress, upload_charm

SERIES = {
    "ubuntu@14.04": "trusty",
    "ubuntu@16.04": "xenial",
    "ubuntu@18.04": "bionic",
    "ubuntu@20.04": "focal",
    "ubuntu@22.04": "jammy",
    "ubuntu@24.04": "noble",
}
"""Juju's word for the release of a base: an upload names it."""


class Uploads:
    """Remembers which charm is in which model."""

    def __init__(self) -> None:
        self._digests: dict[tuple[object, ...], str] = {}
        self._locks: dict[tuple[str, str], asyncio.Lock] = {}
        self._urls: dict[tuple[str, str], str] = {}

    async def close(self) -> None:
        """Forget everything."""
        self._digests.clear()
        self._urls.clear()

    async def charm(self, model: Model, path: Path, base: str | None, arch: str, progress: Progress) -> str:
        """Have a charm in a model.

        Args:
            model: where.
            path: the charm's folder or file.
            base: that it will run on.
            arch: that it will run on.
            progress: told how far the upload is, where one is needed.

        Returns:
            Its URL in the model.

        Raises:
            BadArguments: it cannot be rendered.
        """
        mark = await in_thread(lambda: stamp(path))
        archive: Archive | None = None
        try:
            digest = self._digests.get(mark)
            if digest is None:
                archive = await _rendered(path)
                digest = self._digests[mark] = archive.digest
            key = (model.uuid, f"{digest} {base}")
            async with self._locks.setdefault(key, asyncio.Lock()):
                if key not in self._urls:
                    if archive is None:
                        archive = await _rendered(path)
                    self._urls[key] = await upload_charm(model, archive, SERIES.get(base or ""), arch, progress)
                return self._urls[key]
        finally:
            if archive is not None:
                archive.close()

    def forget(self, uuid: str, charm_url: str) -> None:
        """A charm is not in a model any more: the controller drops those that nothing uses."""
        for key in [key for key, url in self._urls.items() if key[0] == uuid and url == charm_url]:
            del self._urls[key]

    def forget_model(self, uuid: str) -> None:
        """A model is gone."""
        for key in [key for key in self._locks if key[0] == uuid]:
            del self._locks[key]
            self._urls.pop(key, None)


async def _rendered(path: Path) -> Archive:
    """Render a charm in a thread; what it made is not lost when the caller is cancelled."""
    kept: list[Archive] = []
    work: Callable[[], None] = lambda: kept.append(render(path))  # noqa: E731 - runs in a thread
    try:
        await in_thread(work)
    except BaseException:
        for archive in kept:
            archive.close()
        raise
    return kept[0]
