"""Uploads of charms and resources, over HTTPS, streamed; the event loop goes on meanwhile (28)."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from typing import IO, Any

from vca_core.errors import VcaConnectionError
from vca_core.tasks import in_thread
from vca_juju_common.archive import Archive
from vca_juju_common.client.connection import pauses
from vca_juju_common.client.errors import ApiError
from vca_juju_common.client.model import Model

CHUNK = 256 * 1024
_TRIES = 4

Progress = Callable[[int, int], None]
"""Told how many bytes of how many are sent."""


async def upload_charm(model: Model, archive: Archive, series: str | None, arch: str, progress: Progress) -> str:
    """Upload a charm into a model.

    Args:
        model: where.
        archive: the charm.
        series: Juju's word for the base's release; None: it has none.
        arch: as Juju names it.
        progress: told how far it is.

    Returns:
        The charm's URL there.

    Raises:
        ApiError: the controller refuses it.
        VcaConnectionError: it does not get there.
    """
    query = {"schema": "local", "arch": arch}
    if series is not None:
        query["series"] = series
    path = f"/model/{model.uuid}/charms"
    headers = {"Content-Type": "application/zip"}
    reply = await _upload(model, "POST", path, query, headers, archive.file, archive.size, progress)
    return str(reply["charm-url"])


async def upload_resource(
    model: Model, application: str, name: str, pending_id: str, file: IO[bytes], filename: str, progress: Progress
) -> None:
    """Upload a file resource of an application that is about to be deployed.

    Args:
        model: where.
        application: its name.
        name: of the resource.
        pending_id: what the controller gave for it.
        file: its bytes.
        filename: what the charm declares for it.
        progress: told how far it is.
    """
    size, digest = await in_thread(lambda: _sha384(file))
    headers = {
        "Content-Type": "application/octet-stream",
        "Content-Sha384": digest,
        "Content-Disposition": f'form-data; filename="{filename}"',
    }
    path = f"/model/{model.uuid}/applications/{application}/resources/{name}"
    await _upload(model, "PUT", path, {"pendingid": pending_id}, headers, file, size, progress)


async def _upload(
    model: Model,
    method: str,
    path: str,
    query: dict[str, str],
    headers: dict[str, str],
    file: IO[bytes],
    size: int,
    progress: Progress,
) -> dict[str, Any]:
    import aiohttp  # noqa: PLC0415 - only uploads need it

    dialer = model.dialer
    context = await dialer.tls.context()
    limits = aiohttp.ClientTimeout(
        total=None, sock_connect=dialer.connect_limit, sock_read=dialer.request_limit, ceil_threshold=float("inf")
    )
    waits = pauses(0.5)
    for attempt in range(_TRIES):
        endpoints = dialer.endpoints.all
        endpoint = endpoints[attempt % len(endpoints)]
        login = f"user-{dialer.account.username}:{await dialer.account.secret()}"
        basic = base64.b64encode(login.encode()).decode()
        proxied, connector = _way(dialer.proxy)
        try:
            async with (
                aiohttp.ClientSession(connector=connector, timeout=limits, trust_env=False) as client,
                client.request(
                    method,
                    f"https://{endpoint}{path}",
                    params=query,
                    headers=headers | {"Content-Length": str(size), "Authorization": f"Basic {basic}"},
                    data=_chunks(file, size, progress),
                    proxy=proxied,
                    ssl=context,
                    server_hostname=dialer.tls.hostname_for(endpoint.host),
                ) as response,
            ):
                return _answer(response.status, await response.text())
        except (aiohttp.ClientError, OSError) as error:  # a time-out is an OSError, too
            if attempt == _TRIES - 1:
                raise VcaConnectionError(f"{endpoint}: the upload broke off: {error!r}", str(endpoint)) from error
            await asyncio.sleep(next(waits))
    raise AssertionError("the last try returns or raises")


def _way(proxy: str | None) -> tuple[str | None, Any]:
    """How a proxy is told to aiohttp: by its URL, or, for SOCKS, by a connector; None: the default one."""
    if proxy is not None and proxy.startswith("socks"):
        from aiohttp_socks import ProxyConnector  # noqa: PLC0415 - as above

        return None, ProxyConnector.from_url(proxy)
    return proxy, None


def _answer(status: int, text: str) -> dict[str, Any]:
    try:
        body = json.loads(text)
    except ValueError:
        body = {}
    if not isinstance(body, dict):
        body = {}
    error = body.get("error")
    if status != 200 or error:
        told = error.get("message") if isinstance(error, dict) else error
        code = str(error.get("code") or "") if isinstance(error, dict) else str(body.get("error-code") or "")
        raise ApiError(f"the upload was refused: {told or f'status {status}'}", code)
    return body


async def _chunks(file: IO[bytes], size: int, progress: Progress) -> AsyncIterator[bytes]:
    sent = 0
    file.seek(0)
    while chunk := await in_thread(lambda: file.read(CHUNK)):
        yield chunk
        sent += len(chunk)
        progress(sent, size)


def _sha384(file: IO[bytes]) -> tuple[int, str]:
    digest = hashlib.sha384()
    size = 0
    file.seek(0)
    while chunk := file.read(CHUNK):
        digest.update(chunk)
        size += len(chunk)
    return size, digest.hexdigest()
