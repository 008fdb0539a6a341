"""Uploads of charms and resources, over HTTPS, streamed, so that the event loop is never blocked."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import json
from collections.abc import AsyncIterator
from typing import IO, Any

from vca_core.errors import VcaConnectionError
from vca_core.tasks import in_thread
from vca_juju_common.client.errors import ApiError, NoAccess, reason_of, wrong_password
from vca_juju_common.client.explaining import explain
from vca_juju_common.client.holding import check_held
from vca_juju_common.client.requests.target import Target
from vca_juju_common.client.retries import pauses
from vca_juju_common.client.values import Progress

CHUNK = 256 * 1024
_TRIES = 4
"""How often an upload may fail while the model's own connection stays, unless the controller is being upgraded."""

_UNAVAILABLE = frozenset({502, 503, 504})
"""Statuses of a controller, or of a proxy before it, that takes no requests for now."""

_WORDS = 200
"""Characters of an answer in plain text that an error shows."""


async def upload_charm(model: Target, file: IO[bytes], size: int, progress: Progress) -> str:
    """Upload a charm into a model. What it runs on is said when it is deployed.

    Args:
        model: where.
        file: the charm, as an archive.
        size: how many bytes it has.
        progress: called with how far it is.

    Returns:
        The charm's URL there.

    Raises:
        ApiError: the controller refuses it.
        VcaConnectionError: it does not get there.
    """
    # Neither series nor arch: Juju makes a URL of them, which it then does not take where there are both.
    query = {"schema": "local"}
    path = f"/model/{model.uuid}/charms"
    headers = {"Content-Type": "application/zip"}
    reply = await _upload(model, "POST", path, query, headers, file, size, progress)
    return str(reply["charm-url"])


async def upload_resource(
    model: Target, application: str, name: str, pending_id: str, file: IO[bytes], filename: str, progress: Progress
) -> None:
    """Upload a file resource of an application that is about to be deployed.

    Args:
        model: where.
        application: its name.
        name: of the resource.
        pending_id: what the controller gave for it.
        file: its bytes.
        filename: what the charm declares for it.
        progress: called with how far it is.
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
    model: Target,
    method: str,
    path: str,
    query: dict[str, str],
    headers: dict[str, str],
    file: IO[bytes],
    size: int,
    progress: Progress,
) -> dict[str, Any]:
    from aiohttp import ClientError  # what only open() needs is loaded there

    dialer = model.dialer
    wire = await model.resync()
    waits, tried, failed = pauses(0.5), 0, 0
    clock = asyncio.get_running_loop().time
    upgrading_since: float | None = None
    broke_off: VcaConnectionError | None = None
    with explain(lambda: broke_off and broke_off.duplicate(), at_last=True):
        while True:
            endpoints = dialer.endpoints.all
            endpoint = endpoints[tried % len(endpoints)]
            login = f"user-{dialer.account.username}:{await dialer.account.secret()}"
            basic = base64.b64encode(login.encode()).decode()
            sent = headers | {"Content-Length": str(size), "Authorization": f"Basic {basic}"}
            cause: Exception
            await check_held()
            try:
                answer = await dialer.http.upload(method, endpoint, path, query, sent, _chunks(file, size, progress))
                return _read_answer(*answer, str(endpoint), model)
            except ApiError as error:
                if not error.is_upgrade:
                    raise
                upgrading_since = clock() if upgrading_since is None else upgrading_since
                is_over = clock() - upgrading_since >= model.outage
                reason, cause = "the controller is being upgraded", error
            except (ClientError, OSError) as error:  # a time-out is an OSError, too
                upgrading_since, failed = None, failed + 1
                is_over = failed == _TRIES
                reason, cause = reason_of(error), error
            tried += 1
            broke_off = VcaConnectionError(f"{endpoint}: the upload broke off: {reason}", str(endpoint))
            if is_over:
                raise broke_off from cause
            await asyncio.sleep(next(waits))
            renewed = await model.resync()  # however long the controller is away
            if renewed is not wire:
                wire, waits, tried, failed = renewed, pauses(0.5), 0, 0


def _read_answer(status: int, text: str, endpoint: str, model: Target) -> dict[str, Any]:
    """Read the answer to an upload.

    A controller answers with JSON, but in plain text where it does not know the user, or the user may not write. A
    proxy before it answers with whatever it likes.

    Returns:
        The answer's body.

    Raises:
        ApiError: the upload is refused.
        OSError: no uploads are taken for now.
        VcaConnectionError: this user may not upload anything: trying again does not help.
    """
    if status in _UNAVAILABLE:
        raise OSError(f"status {status}")
    try:
        body = json.loads(text)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        body = {"error": _words_in(text) or f"status {status}, without a JSON object"}
    error = body.get("error")
    if status == 200 and not error:
        return body
    reason = str((error.get("message") if isinstance(error, dict) else error) or f"status {status}")
    user = model.dialer.account.username
    if status == 403 or (status == 401 and "permission denied" in reason):
        raise NoAccess(f"{endpoint}: user {user} may not write to model {model.name}: {reason}", endpoint)
    if status == 401:
        raise wrong_password(endpoint, user, reason)
    code = str(error.get("code") or "") if isinstance(error, dict) else str(body.get("error-code") or "")
    raise ApiError(f"the upload was refused: {reason}", code)


def _words_in(text: str) -> str:
    """The first line of a plain text; empty: it is a page for browsers, or not for people."""
    line = text.strip().partition("\n")[0].strip()
    return line[:_WORDS] if line.isprintable() and not line.startswith("<") else ""


async def _chunks(file: IO[bytes], size: int, progress: Progress) -> AsyncIterator[bytes]:
    sent = 0
    file.seek(0)
    in_memory = isinstance(file, io.BytesIO)
    while sent < size:
        chunk = file.read(CHUNK) if in_memory else await in_thread(lambda: file.read(CHUNK))
        if not chunk:
            raise OSError(f"it ended after {sent} of {size} bytes: it changed meanwhile")
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
