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
        self._locks: dict[str, dict[str, asyncio.Lock]] = {}
        self._urls: dict[str, dict[str, str]] = {}

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
            key = f"{digest} {base}"
            async with self._locks.setdefault(model.uuid, {}).setdefault(key, asyncio.Lock()):
                url = self._urls.get(model.uuid, {}).get(key)
                if url is None:
                    if archive is None:
                        archive = await _rendered(path)
                    url = await upload_charm(model, archive, SERIES.get(base or ""), arch, progress)
                    self._urls.setdefault(model.uuid, {})[key] = url
                return url
        finally:
            if archive is not None:
                archive.close()

    def forget(self, uuid: str, charm_url: str) -> None:
        """A charm is not in a model any more: the controller drops those that nothing uses."""
        urls = self._urls.get(uuid, {})
        for key in [key for key, url in urls.items() if url == charm_url]:
            del urls[key]

    def forget_model(self, uuid: str) -> None:
        """A model is gone."""
        self._locks.pop(uuid, None)
        self._urls.pop(uuid, None)


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
