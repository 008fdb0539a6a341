"""Uploads that are refused in plain text, as Juju does where it does not know the user, and proxies for any reason."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from support.juju import NS, connected, installed, machine, proxy_charm

from vca_core import BackendError, VcaConnectionError
from vca_core.errors import VcaError
from vca_jujusim import SimulatedController, uploads


async def refusal(controller: SimulatedController, folder: Path, error: type[VcaError]) -> VcaError:
    """How an install fails whose charm is not taken; nothing is tried twice, and another one may follow."""
    async with connected(controller, folder) as edge:
        ee_id = await machine(edge)
        with pytest.raises(error) as caught:
            await edge.install_configuration_sw(ee_id, "proxy")
    assert controller.counts.requests["charms.upload"] == 1
    assert not controller.model(NS[1:]).applications
    assert not caught.value.retryable
    return caught.value


async def test_a_wrong_password_is_told_at_an_upload_too(controller: SimulatedController, tmp_path: Path) -> None:
    proxy_charm(tmp_path)
    async with connected(controller, tmp_path) as edge:
        ee_id = await machine(edge)
        controller.world.users[controller.username].password = "changed-by-an-operator"
        with pytest.raises(VcaConnectionError) as caught:
            await edge.install_configuration_sw(ee_id, "proxy")
        assert not caught.value.retryable
        assert "refuses the login of user admin: look at username and secret" in caught.value.message
        assert "(authentication failed: invalid entity name or password)" in caught.value.message
        assert controller.counts.requests["charms.upload"] == 1
        controller.world.users[controller.username].password = controller.password
        await installed(edge, "proxy", ".ns2.vnf1")


async def test_a_user_who_may_only_read_a_model_is_told_at_the_upload(
    controller: SimulatedController, tmp_path: Path
) -> None:
    proxy_charm(tmp_path)
    controller.add_user("osm", "osm-password", "add-model")
    osm: dict[str, Any] = {"username": "osm", "secret": "osm-password", "cloud": "localhost", "credential": "default"}
    async with connected(controller, tmp_path, **osm) as edge:
        ee_id = await machine(edge)
        controller.model(NS[1:]).record.access["osm"] = "read"
        with pytest.raises(VcaConnectionError, match="user osm may not write to model ns1: .*permission") as caught:
            await edge.install_configuration_sw(ee_id, "proxy")
        assert not caught.value.retryable
        controller.model(NS[1:]).record.access["osm"] = "admin"
        await edge.install_configuration_sw(ee_id, "proxy")


@pytest.mark.parametrize(
    ("status", "text", "error", "told"),
    [
        (401, "Authorization Required\nby the proxy", VcaConnectionError, r"secret \(Authorization Required\)$"),
        (401, "<html>who are you</html>", VcaConnectionError, r"secret \(status 401, without a JSON object\)$"),
        (401, '{"error": "who are you"}', VcaConnectionError, r"secret \(who are you\)$"),
        (401, '{"error": "permission denied"}', VcaConnectionError, "user admin may not write to model ns1"),
        (403, "", VcaConnectionError, "may not write to model ns1: status 403, without a JSON object$"),
        (413, "Request Entity Too Large\r\n", BackendError, "the upload was refused: Request Entity Too Large$"),
        (200, "<html>log in first</html>", BackendError, "refused: status 200, without a JSON object$"),
        (400, "x" * 5000, BackendError, "refused: x{200}$"),
        (400, "\x07\x07", BackendError, "refused: status 400, without a JSON object$"),
    ],
)
async def test_what_refuses_an_upload_in_plain_text_is_told(
    controller: SimulatedController,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    text: str,
    error: type[VcaError],
    told: str,
) -> None:
    proxy_charm(tmp_path)
    answer = web.Response(status=status, text=text)
    monkeypatch.setattr(uploads, "_check_sender", lambda *_: answer)
    refused = await refusal(controller, tmp_path, error)
    assert re.search(told, refused.message)
