"""Uploads of charms and resources, over HTTPS, streamed; the event loop goes on meanwhile (28)."""

from __future__ import annotations

import asyncio
import hashlib
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
    import httpx  # noqa: PLC0415 - only uploads need it

    dialer = model.dialer
    context = await dialer.tls.context()
    waits = pauses(0.5)
    for attempt in range(_TRIES):
        endpoints = dialer.endpoints.all
        endpoint = endpoints[attempt % len(endpoints)]
        auth = httpx.BasicAuth(f"user-{dialer.account.username}", await dialer.account.secret())
        try:
            async with httpx.AsyncClient(
                verify=context, trust_env=False, proxy=dialer.proxy, timeout=httpx.Timeout(dialer.request_limit)
            ) as client:
                response = await client.request(
                    method,
                    f"https://{endpoint}{path}",
                    params=query,
                    headers=headers | {"Content-Length": str(size)},
                    content=_chunks(file, size, progress),
                    auth=auth,
                    extensions={"sni_hostname": dialer.tls.hostname_for(endpoint.host)},
                )
        except httpx.TransportError as error:
            if attempt == _TRIES - 1:
                raise VcaConnectionError(f"{endpoint}: the upload broke off: {error!r}", str(endpoint)) from error
            await asyncio.sleep(next(waits))
        else:
            return _answer(response)
    raise AssertionError("the last try returns or raises")


def _answer(response: Any) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError:
        body = {}
    if not isinstance(body, dict):
        body = {}
    error = body.get("error")
    if response.status_code != 200 or error:
        text = error.get("message") if isinstance(error, dict) else error
        code = str(error.get("code") or "") if isinstance(error, dict) else str(body.get("error-code") or "")
        raise ApiError(f"the upload was refused: {text or f'status {response.status_code}'}", code)
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
