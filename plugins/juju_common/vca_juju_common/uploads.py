"""Charms in models: each one is uploaded once, however many ask for it."""

from __future__ import annotations

import asyncio
import io
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from vca_core.charm.contents import Stamp, size_in, stamp_of
from vca_core.tasks import compute_in_thread, in_thread
from vca_juju_common.archive import UPLOAD_LIMIT, Archive, check_limit, render
from vca_juju_common.client.interface import Model
from vca_juju_common.client.values import Progress

SMALL = 1024 * 1024
"""Bytes up to which a rendered charm is kept: an orchestrator installs the same ones in one model after another."""

KEPT = 16
"""How many charms are remembered as they were rendered."""


@dataclass(frozen=True, slots=True)
class _Rendered:
    """A charm as it was rendered: its digest, and its bytes if they are few."""

    digest: str
    content: bytes | None

    def archive(self) -> Archive | None:
        return None if self.content is None else Archive(io.BytesIO(self.content), len(self.content), self.digest)


class Uploads:
    """Remembers which charm is in which model.

    Args:
        limit: how many bytes of a charm are uploaded.
    """

    def __init__(self, limit: int = UPLOAD_LIMIT) -> None:
        self._limit = limit
        self._rendered: OrderedDict[tuple[object, ...], _Rendered] = OrderedDict()
        self._rendering: dict[Path, asyncio.Lock] = {}
        self._locks: dict[str, dict[str, asyncio.Lock]] = {}
        self._urls: dict[str, dict[str, str]] = {}

    async def close(self) -> None:
        """Forget everything."""
        self._rendered.clear()
        self._rendering.clear()
        self._urls.clear()

    async def check_limit(self, path: Path, stamp: Stamp | None = None) -> None:
        """Refuse a charm that is too large to be uploaded, by the sizes of its files.

        Args:
            path: the charm's folder or file.
            stamp: of its files, if they were just looked at.

        Raises:
            BadArguments: it is.
        """
        if stamp is not None and size_in(stamp) <= self._limit:
            return
        await compute_in_thread(lambda: check_limit(path, self._limit))

    async def upload(self, model: Model, path: Path, progress: Progress, stamp: Stamp | None = None) -> str:
        """Upload a charm into a model, once.

        Args:
            model: where.
            path: the charm's folder or file.
            progress: called with how far the upload is, where one is needed.
            stamp: of its files, if they were just looked at.

        Returns:
            Its URL in the model.

        Raises:
            BadArguments: it cannot be rendered.
        """
        known, archive = (None if stamp is None else self._rendered.get(stamp)), None
        if known is None:
            known, archive = await self._know(path)
        digest = known.digest
        try:
            async with self._locks.setdefault(model.uuid, {}).setdefault(digest, asyncio.Lock()):
                url = self._urls.get(model.uuid, {}).get(digest)
                if url is None:
                    archive = archive or known.archive() or await _render(path, self._limit)
                    url = await model.upload_charm(archive.file, archive.size, progress)
                    self._urls.setdefault(model.uuid, {})[digest] = url
                return url
        finally:
            if archive is not None:
                archive.close()

    async def _know(self, path: Path) -> tuple[_Rendered, Archive | None]:
        """What is known of a charm; and its archive, which the caller closes, if it was rendered for that."""
        mark = await compute_in_thread(lambda: stamp_of(path))
        async with self._rendering.setdefault(path, asyncio.Lock()):
            known = self._rendered.get(mark)
            if known is not None:
                return known, None
            archive = await _render(path, self._limit)
            return self._keep(mark, archive), archive

    def _keep(self, mark: tuple[object, ...], archive: Archive) -> _Rendered:
        content = None
        if archive.size <= SMALL:
            content = archive.file.read()
        self._rendered[mark] = known = _Rendered(archive.digest, content)
        while len(self._rendered) > KEPT:
            self._rendered.popitem(last=False)
        return known

    def forget(self, uuid: str, charm_url: str) -> None:
        """A charm is not in a model any more: the controller drops those that nothing uses."""
        urls = self._urls.get(uuid, {})
        for key in [key for key, url in urls.items() if url == charm_url]:
            del urls[key]

    def forget_model(self, uuid: str) -> None:
        """A model is gone."""
        self._locks.pop(uuid, None)
        self._urls.pop(uuid, None)


async def _render(path: Path, limit: int) -> Archive:
    """Render a charm in a thread; what it made is not lost when the caller is cancelled."""
    kept: list[Archive] = []
    work: Callable[[], None] = lambda: kept.append(render(path, limit))  # noqa: E731 - runs in a thread
    try:
        await in_thread(work)
    except BaseException:
        for archive in kept:
            archive.close()
        raise
    return kept[0]
