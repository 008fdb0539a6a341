"""Charm archives and resources, sent over HTTPS to the port of the websockets."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import yaml
from aiohttp import web

from vca_jujusim.archives import read_archive
from vca_jujusim.charms import SERIES, Charm
from vca_jujusim.problems import BAD_REQUEST, NOT_FOUND, UNAUTHORIZED, UPGRADING, Refusal, not_found
from vca_jujusim.world.entities import now
from vca_jujusim.world.model import Model
from vca_jujusim.world.pods import check_image

if TYPE_CHECKING:
    from vca_jujusim.controller import SimulatedController

MAX_UPLOAD = 128 * 1024 * 1024
_STATUS = {UNAUTHORIZED: 401, NOT_FOUND: 404, "model not found": 404, "retry": 503, UPGRADING: 500}


async def upload_charm(
    sim: SimulatedController, request: web.BaseRequest, uuid: str, name: str | None
) -> web.StreamResponse:
    """A local charm: POST names a series, PUT names the charm, its revision and digest."""

    def take(model: Model, data: bytes) -> dict[str, object]:
        if not request.headers.get("Content-Type", "").startswith("application/zip"):
            given = request.headers.get("Content-Type", "")
            raise Refusal(f"expected Content-Type: application/zip, got: {given}", BAD_REQUEST)
        try:
            charm = read_archive(data)
        except Refusal as refusal:
            raise Refusal(f"cannot upload charm: invalid charm archive: {refusal.message}", refusal.code) from None
        if name is None:
            series = request.query.get("series", "")
            if series and series not in SERIES:
                raise Refusal(f'series "{series}" not valid', BAD_REQUEST)
            arch = request.query.get("arch", "")
            middle = "".join(f"{part}/" for part in (arch, series) if part)
            if middle.count("/") > 1:
                raise Refusal(f'charm or bundle URL has invalid form: "local:{middle}{charm.name}-0"', BAD_REQUEST)
        else:
            middle = ""
            _check_put(request, charm, name)
        sim.counts.uploads[model.record.uuid, "charm", charm.sha256] += 1
        prefix = f"local:{middle}{charm.name}"
        charm.revision = model.next_number(f"charm-{prefix}")
        charm.url = f"{prefix}-{charm.revision}"
        if model.world.programs is not None:
            model.world.programs.keep(charm, data)
        model.put("charm", charm.url, charm)
        return {"charm-url": charm.url}

    if request.method not in {"POST", "PUT"}:
        return web.Response(status=405)
    return await _receive(sim, request, uuid, "charms.upload", take)


def _check_put(request: web.BaseRequest, charm: Charm, name: str) -> None:
    curl = request.headers.get("Juju-Curl", "")
    if not re.fullmatch(rf"local:(?:[a-z]+/)?{re.escape(charm.name)}-\d+", curl):
        raise Refusal(f'"{curl}" is not a valid charm url', BAD_REQUEST)
    if name.rpartition("-")[2] != charm.sha256[:7]:
        raise Refusal(f"mismatched charm hash, expected {charm.sha256[:7]}", BAD_REQUEST)


async def upload_resource(
    sim: SimulatedController, request: web.BaseRequest, uuid: str, application: str, name: str
) -> web.StreamResponse:
    """A file for a charm: announced before, or of an application that is there."""

    def take(model: Model, data: bytes) -> dict[str, object]:
        digest = hashlib.sha384(data).hexdigest()
        if request.headers.get("Content-Sha384") != digest:
            raise Refusal("resource fingerprint does not match the content", BAD_REQUEST)
        pending = request.query.get("pendingid")
        found = model.pending_resources.get(pending) if pending else None
        if pending and (found is None or found["name"] != name or found["application"] != application):
            raise not_found("resource", f"{application}/{name}")
        if found is None:
            held = model.application(application)
            declared = (model.charm_of(held).meta.get("resources") or {}).get(name)
            if declared is None:
                raise not_found("resource", name)
            number = int(held.resources.get(name, {}).get("revision", 0)) + 1
            found = held.resources[name] = {
                "name": name,
                "application": application,
                "origin": "upload",
                "path": str(declared.get("filename", "")),
                "type": str(declared.get("type", "file")),
                "revision": number,
                "username": "",
            }
            model.note_change("application", application)
        if found["type"] == "oci-image":
            found |= read_image(data)
        fingerprint = base64.b64encode(bytes.fromhex(digest)).decode()
        found |= {"fingerprint": fingerprint, "size": len(data), "timestamp": now()}
        sim.counts.uploads[uuid, f"resource {name}", hashlib.sha256(data).hexdigest()] += 1
        model.world.keep(model, "pending", "")
        return {"id": f"{application}/{name}", "timestamp": found["timestamp"]}

    if request.method != "PUT":
        return web.Response(status=405)
    return await _receive(sim, request, uuid, "resources.upload", take)


def read_image(data: bytes) -> dict[str, str]:
    """The image that an uploaded document names. JSON is tried first, and has keys of its own.

    Raises:
        Refusal: it names none.
    """
    try:
        document = json.loads(data)
        keys = ("ImageName", "Username", "Password")
    except ValueError:
        keys = ("registrypath", "username", "password")
        try:
            document = yaml.safe_load(data)
        except yaml.YAMLError as error:
            raise Refusal("docker resource: yaml: not valid", BAD_REQUEST) from error
    fields = {str(key).lower(): value for key, value in document.items()} if isinstance(document, dict) else {}
    image, username, password = (str(fields.get(key.lower()) or "") for key in keys)
    check_image(image)
    return {"image": image, "image-user": username, "image-password": password}


async def _receive(
    sim: SimulatedController, request: web.BaseRequest, uuid: str, name: str, take: Callable[[Model, bytes], Any]
) -> web.Response:
    """Check who sends, read it within limits, take it, and let happen what should go wrong."""
    sim.counts.requests[name] += 1
    try:
        model = sim.world.model(uuid)
        if (denial := _check_sender(sim, request, model)) is not None:
            return denial
        effects = {fault.effect: fault for fault in sim.faults.wire.take(name, model.record.name)}
        if "drop-before" in effects:
            return _cut(request)
        if "redirect" in effects:
            target = effects["redirect"]
            return web.Response(status=target.status, headers={"Location": target.location})
        if "refuse" in effects and effects["refuse"].error is not None:
            raise effects["refuse"].error
        data = bytearray()
        async for chunk in request.content.iter_chunked(1 << 16):
            data += chunk
            if len(data) > MAX_UPLOAD:
                raise Refusal("request body too large", BAD_REQUEST)  # noqa: TRY301 - answered as all refusals below
        if "hang-before" in effects:
            await sim.closing.wait()
        answer = take(model, bytes(data))
        sim.persist()
        if "drop-after" in effects:
            return _cut(request)
        if "hang-after" in effects:
            await sim.closing.wait()
        return web.json_response(answer)
    except Refusal as refusal:
        body = {"error": refusal.message, "error-code": refusal.code}
        return web.json_response(body, status=_STATUS.get(refusal.code, 400))


def _cut(request: web.BaseRequest) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


def _check_sender(sim: SimulatedController, request: web.BaseRequest, model: Model) -> web.Response | None:
    """Refuse who may not upload, in plain text: Juju looks at that before whatever answers in JSON."""
    kind, _, encoded = request.headers.get("Authorization", "").partition(" ")
    try:
        tag, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        tag, password = "", ""
    user = sim.world.users.get(tag.removeprefix("user-"))
    good = user is not None and hmac.compare_digest(user.password.encode(), password.encode())
    if kind != "Basic" or user is None or user.disabled or not good:
        sim.counts.failed_logins += 1
        return web.Response(status=401, text="authentication failed: invalid entity name or password\n")
    try:
        model.check_access(user.name, "write")
    except Refusal as refusal:
        return web.Response(status=403, text=f"authorization failed: {refusal.message}\n")
    return None
