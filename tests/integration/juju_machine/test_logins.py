"""Logins to a controller: what it refuses, certificates, rights, and secrets that nobody logs."""

from __future__ import annotations

import asyncio
import base64
import logging
import os
from pathlib import Path
from typing import Any

import pytest
from support.juju import NS, client_of, connected, installed, machine, until

from vca_core import BadArguments, NotFound, VcaConnectionError
from vca_core.errors import InvalidCertificate
from vca_juju_common.client.transport import connection
from vca_jujusim.controller import SimulatedController
from vca_jujusim.facades import admin

CANARY = "canary-5d1f-secret"


async def refusal(controller: SimulatedController, **options: Any) -> VcaConnectionError:
    async with connected(controller, **options) as edge:
        with pytest.raises(VcaConnectionError) as caught:
            await edge.health()
    assert controller.counts.open == 0
    return caught.value


@pytest.mark.defect("D70")
async def test_a_wrong_password_is_not_shown_and_tried_only_once(controller: SimulatedController) -> None:
    error = await refusal(controller, secret=CANARY)
    assert not error.retryable
    assert "refuses the login of user admin" in str(error)
    assert CANARY not in f"{error!r} {error} {error.__cause__}"
    assert controller.counts.failed_logins == 1


@pytest.mark.parametrize(
    ("trouble", "message"),
    [
        ("redirect", "another one"),
        ("redirect-info", "another one"),
        ("discharge", "identity"),
    ],
)
async def test_what_no_retry_helps_against_is_reported(
    controller: SimulatedController, trouble: Any, message: str
) -> None:
    controller.faults.login = trouble
    error = await refusal(controller)
    assert (error.retryable, message in str(error)) == (False, True), error


async def test_a_model_that_is_migrated_is_reported(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        await machine(edge)
    controller.faults.login, controller.faults.login_of = "migrating", "model"
    async with connected(controller) as edge:
        with pytest.raises(VcaConnectionError, match="migrated") as caught:
            await edge.list_execution_environments(NS)
        assert not caught.value.retryable
        await edge.health()


async def test_a_migration_that_begins_while_connected_is_reported(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        await machine(edge)
        for session in controller.server.sessions:
            session.migrating = session.is_on_model
        with pytest.raises(VcaConnectionError, match="migrated") as caught:
            await edge.create_execution_environment(f"{NS}.vnf2")
        assert not caught.value.retryable


async def test_a_certificate_of_another_authority_is_refused(controller: SimulatedController) -> None:
    async with SimulatedController() as other:
        error = await refusal(controller, ca_cert=other.ca_cert)
    assert not error.retryable
    assert "certificate cannot be trusted" in str(error)
    assert "certificate cannot be trusted" in str(await refusal(controller, ca_cert=None))
    assert "certificate cannot be trusted" in str(await refusal(controller, tls_hostname="other"))


async def test_certificates_of_every_form_and_verification_turned_off(
    controller: SimulatedController, tmp_path: Path
) -> None:
    packed = base64.b64encode(controller.ca_cert.encode()).decode()
    file = tmp_path / "ca.pem"
    file.write_text(controller.ca_cert)
    for ca_cert in (packed, str(file)):
        async with connected(controller, ca_cert=ca_cert) as edge:
            await edge.health()
    async with connected(controller, ca_cert=None, insecure_skip_tls_verification=True) as edge:
        await edge.health()
    async with connected(controller, ca_cert=base64.b64encode(b"-----BEGIN nonsense").decode()) as edge:
        with pytest.raises(InvalidCertificate):
            await edge.health()


async def test_files_of_secret_and_certificate_are_read_at_each_login(
    controller: SimulatedController, tmp_path: Path
) -> None:
    secret, ca_cert = tmp_path / "secret", tmp_path / "ca.pem"
    ca_cert.write_text(controller.ca_cert)
    options: dict[str, Any] = {"secret": None, "secret_file": str(secret), "ca_cert": str(ca_cert)}
    async with connected(controller, **options) as edge:
        with pytest.raises(BadArguments, match=r"secret_file: .*: there is no such file"):
            await edge.health()
        os.mkfifo(secret)
        with pytest.raises(BadArguments, match=r"secret_file: .*: expected a regular file"):
            await edge.health()
        secret.unlink()
        secret.write_text("\n")
        with pytest.raises(BadArguments, match=r"secret_file: .* is empty"):
            await edge.health()
        secret.write_text(controller.password + "\n")
        await edge.health()
        controller.world.users["admin"].password = "rotated"
        secret.write_text("rotated\n")
        controller.cut()
        await edge.health()
    assert controller.counts.failed_logins == 0


async def test_a_user_without_the_right_to_add_models_is_reported(controller: SimulatedController) -> None:
    controller.add_user("guest", "guest-password")
    async with connected(controller, username="guest", secret="guest-password") as edge:
        with pytest.raises(Exception, match="permission denied"):
            await machine(edge)


async def test_a_user_who_may_add_models_needs_no_more(controller: SimulatedController) -> None:
    controller.add_user("osm", "osm-password", "add-model")
    async with connected(controller, username="osm", secret="osm-password") as edge:
        with pytest.raises(BadArguments, match="no credential specified; see the options cloud and credential"):
            await machine(edge)
    controller.world.credentials["localhost/osm/mine"] = {"auth-type": "certificate", "attrs": {}}
    options: dict[str, Any] = {"cloud": "localhost", "region": "default", "credential": "mine"}
    async with connected(controller, username="osm", secret="osm-password", **options) as edge:
        ee_id = await installed(edge)
        await edge.exec_primitive(ee_id, "touch", {"filename": "/x"})
        await edge.delete_execution_environment(ee_id)
        await edge.delete_namespace(NS)


@pytest.mark.defect("D78")
@pytest.mark.defect("D79")
@pytest.mark.defect("D80")
async def test_nothing_secret_is_logged_by_anybody(
    controller: SimulatedController, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in list(logging.root.manager.loggerDict):
        logging.getLogger(name).setLevel(logging.NOTSET)
    async with connected(controller) as edge:
        ee_id = await installed(edge, config={"admin-password": CANARY})
        await edge.exec_primitive(ee_id, "touch", {"filename": CANARY})
        controller.cut()
        await edge.exec_primitive(ee_id, "config", {"admin-password": CANARY + "2"})
    mine = [record for record in caplog.records if not record.name.startswith(("vca_jujusim", "aiohttp"))]
    text = "\n".join(record.getMessage() for record in mine)
    assert controller.password not in text
    assert base64.b64encode(f"user-admin:{controller.password}".encode()).decode() not in text
    assert CANARY not in text


async def test_another_generation_of_juju_is_reported(
    controller: SimulatedController, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin, "AGENT_VERSION", "4.0.1")
    error = await refusal(controller)
    assert not error.retryable
    assert "is Juju 4.0.1; this backend speaks to Juju 3" in str(error)


async def test_watching_resumes_once_the_secret_is_right_again(
    controller: SimulatedController, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "SLOWLY", 0.05)
    secret = tmp_path / "secret"
    secret.write_text(controller.password)
    async with connected(controller, secret=None, secret_file=str(secret)) as edge:
        ee_id = await machine(edge)
        secret.write_text("an old one")
        controller.cut()
        await until(lambda: controller.counts.failed_logins)
        secret.write_text(controller.password)
        controller.model("ns1").machines["0"].instance.message = "another host"
        controller.model("ns1").note_change("machine", "0")
        model = client_of(edge)._models["ns1"]
        await until(lambda: model.state.machines["0"].instance.message == "another host")
        await edge.delete_execution_environment(ee_id)


def osm_user(controller: SimulatedController) -> dict[str, Any]:
    """A user who may add models and no more; the options to log in with."""
    controller.add_user("osm", "osm-password", "add-model")
    controller.world.credentials["localhost/osm/mine"] = {"auth-type": "certificate", "attrs": {}}
    return {"username": "osm", "secret": "osm-password", "cloud": "localhost", "credential": "mine"}


async def test_a_model_without_access_to_it_is_no_wrong_password(controller: SimulatedController) -> None:
    async with connected(controller, **osm_user(controller)) as edge:
        ee_id = await machine(edge)
        controller.faults.refuse("Admin.Login", "permission denied", "unauthorized access", times=None, model=NS[1:])
        controller.cut()
        with pytest.raises(VcaConnectionError, match="user osm has no access to model ns1") as caught:
            await edge.install_configuration_sw(ee_id, "simple-router")
    assert not caught.value.retryable
    assert caught.value.as_data()["class"] == "VcaConnectionError"


async def test_permission_denied_of_a_model_unlisted_is_not_believed(controller: SimulatedController) -> None:
    async with connected(controller, **osm_user(controller)) as edge:
        ee_id = await machine(edge)
        controller.faults.freeze("unit")
        installing = asyncio.create_task(edge.install_configuration_sw(ee_id, "simple-router"))
        await until(lambda: controller.counts.requests["Annotations.Set"] == 2)
        model = controller.model("ns1")
        await controller.restart(model.record.access.clear)
        with pytest.raises(NotFound, match="user osm has no access to model ns1, or it is gone"):
            await installing
        await edge.delete_execution_environment(ee_id)


async def test_a_model_that_has_been_removed_is_told_as_gone(controller: SimulatedController) -> None:
    async with connected(controller, **osm_user(controller)) as edge:
        ee_id = await machine(edge)
        controller.faults.freeze("unit")
        installing = asyncio.create_task(edge.install_configuration_sw(ee_id, "simple-router"))
        await until(lambda: controller.counts.requests["Annotations.Set"] == 2)
        await controller.restart(lambda: controller.world.remove_model(controller.model("ns1")))
        with pytest.raises(NotFound, match="has been removed|was removed"):
            await installing
        await edge.delete_execution_environment(ee_id)


async def test_a_delete_of_a_model_that_went_meanwhile_succeeds(controller: SimulatedController) -> None:
    async with connected(controller, **osm_user(controller)) as edge:
        await machine(edge)
        controller.faults.freeze("model")
        deleting = asyncio.create_task(edge.delete_namespace(NS))
        await until(lambda: controller.counts.requests["ModelManager.DestroyModels"])
        await controller.restart(lambda: controller.world.remove_model(controller.model("ns1")))
        await deleting
    assert controller.counts.failed_logins == 0
