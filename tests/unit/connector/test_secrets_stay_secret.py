"""A canary in parameters, credentials and options is nowhere to be read."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from support.backends import MACHINE, Plain
from support.making import MakeVca

from vca_core.backend import Operation, Options
from vca_core.errors import BackendError, ExecutionError, VcaError
from vca_core.hookspecs import hookimpl
from vca_core.naming import Namespace
from vca_core.secrets import scrub_cause
from vca_core.stores import MemoryStore

CANARY = "c4n4ry-\n-s3cr3t"
OPTION_CANARY = "0pt10n-c4n4ry"


class LeakyOptions(Options):
    secret: SecretStr = SecretStr("")


class ForeignError(Exception):
    """Of a client library: prints what it was given, and is chained to others that do."""


class Leaky(Plain):
    """Does with secrets all that a careless backend would do."""

    Options = LeakyOptions

    def _leak(self, op: Operation, secret: str) -> None:
        option = self.host.options.secret.get_secret_value()  # type: ignore[attr-defined]  # of LeakyOptions
        op.report(MACHINE, "pending", f"logging in with {secret!r} and {option}")
        for level in ("debug", "info", "warning", "error"):
            getattr(self.host.log, level)("%s with %s and %s", level, secret, option)
        try:
            try:
                raise KeyError(secret)
            except KeyError as error:
                raise ForeignError(f"login with {secret} and {option} refused") from error
        except ForeignError:
            self.host.log.exception("cannot log in with %s", secret)
            raise

    @hookimpl
    async def exec_primitive(self, op: Operation, primitive: str, params: Mapping[str, Any]) -> dict[str, Any]:
        if primitive == "own-error":
            raise ExecutionError(f"failed with {params['password']}", primitive, {"raw": params["password"]})
        self._leak(op, params["password"])
        return {}

    @hookimpl
    async def register_execution_environment(
        self, op: Operation, namespace: Namespace, credentials: Mapping[str, Any]
    ) -> None:
        self._leak(op, credentials["private_key"])

    @hookimpl
    async def configure(self, op: Operation, values: Mapping[str, Any]) -> None:
        self._leak(op, values["nested"]["api-key"])


def shown(error: BaseException) -> str:
    """All that a formatted traceback, with its chain and its locals, shows of an error."""
    formatted = traceback.TracebackException.from_exception(error, capture_locals=False)
    return "\n".join([*formatted.format(), str(error), repr(error), repr(getattr(error, "__cause__", None))])


@pytest.mark.defect("D78")
@pytest.mark.defect("D79")
@pytest.mark.defect("D80")
async def test_no_secret_in_errors_logs_statuses_or_reprs(make_vca: MakeVca, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    asyncio.get_running_loop().set_debug(True)
    store = MemoryStore()
    updates: list[str] = []
    vca = make_vca(
        Leaky, store=store, options={"secret": OPTION_CANARY}, on_update_db=lambda *change: updates.append(repr(change))
    )
    connector = vca.connector()
    ee_id, _ = await connector.create_execution_environment(".ns.vnf")
    errors: list[VcaError] = []
    calls: list[Callable[[], Awaitable[object]]] = [
        lambda: connector.exec_primitive(ee_id, "p", {"password": CANARY}),
        lambda: connector.exec_primitive(ee_id, "config", {"nested": {"api-key": CANARY}}),
        lambda: connector.register_execution_environment(
            ".ns.other", {"hostname": "h", "username": "u", "private_key": CANARY}
        ),
    ]
    for call in calls:
        with pytest.raises(BackendError) as caught:
            await call()
        errors.append(caught.value)
    with pytest.raises(ExecutionError) as failed:
        await connector.exec_primitive(ee_id, "own-error", {"password": CANARY})
    errors.append(failed.value)
    await vca.flush(1.0)
    assert failed.value.output == {"raw": CANARY}, "raw output is in error.output only"
    documents = [await store.find(table) for table in ("vca_execution_environments",)]
    places = {
        "errors": "\n".join(shown(error) for error in errors),
        "log": "\n".join(f"{record.getMessage()} {record.exc_text} {record.args}" for record in caplog.records),
        "formatted log": caplog.text,
        "store": repr(documents),
        "callbacks": "\n".join(updates),
        "reprs": f"{vca!r} {connector!r} {vca.config!r}",
    }
    for place, text in places.items():
        for secret in (CANARY, repr(CANARY)[1:-1], OPTION_CANARY):
            assert secret not in text, place
    assert "logging in with" in places["store"] + places["callbacks"], "what is not secret is told"
    assert "ForeignError" in places["errors"]
    assert "KeyError" in places["errors"], "the chain of causes is kept"


NUMBER = 40_961


class ShowsWhatItWasGiven(Plain):
    """Fails with errors that show parameters: of a client's, and of the tree for want of one."""

    @hookimpl
    async def exec_primitive(self, primitive: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        error = ForeignError(f"cannot write {params!r}")
        if primitive == "foreign":
            raise error
        raise ExecutionError("it failed", primitive) from scrub_cause(error, str)


@pytest.mark.parametrize("primitive", ["foreign", "own"])
async def test_causes_show_no_value_that_the_caller_gave(make_vca: MakeVca, primitive: str) -> None:
    connector = make_vca(ShowsWhatItWasGiven).connector()
    ee_id, _ = await connector.create_execution_environment(".ns.vnf")
    with pytest.raises(VcaError) as caught:
        await connector.exec_primitive(ee_id, primitive, {"note": CANARY, "deep": [{"number": NUMBER}]})
    text = shown(caught.value)
    assert "cannot write {'note': " in text
    assert CANARY not in text
    assert str(NUMBER) not in text
    assert "test_secrets_stay_secret.py" in text, "frames are told as they are"


class Unreachable(Plain):
    """Tells which host it cannot reach, and with what."""

    @hookimpl
    async def register_execution_environment(self, namespace: Namespace, credentials: Mapping[str, Any]) -> None:
        raise BackendError(" ".join(f"{name}={value}" for name, value in credentials.items()))


async def test_the_address_of_a_host_and_its_key_file_are_shown(make_vca: MakeVca) -> None:
    plain = {"hostname": "127.22.0.1", "username": "u22", "port": 22, "private_key_path": "/keys/id"}
    secret = {"password": CANARY, "passphrase": CANARY, "anything": CANARY}
    with pytest.raises(BackendError) as caught:
        await make_vca(Unreachable).connector().register_execution_environment(".ns.vnf", {**plain, **secret})
    pairs = " ".join(f"{name}={value}" for name, value in plain.items())
    assert caught.value.message == f"{pairs} password=*** passphrase=*** anything=***"


async def test_what_a_backend_adds_is_secret_until_it_takes_it_back(
    make_vca: MakeVca, caplog: pytest.LogCaptureFixture
) -> None:
    connector = make_vca(Plain).connector()
    host: Any = connector._engine.session.backend.host  # type: ignore[attr-defined]  # of a plugin
    forget = host.add_secrets([CANARY])
    with caplog.at_level(logging.INFO, logger="vca.backend"):
        host.log.info("read %s", CANARY)
        forget()
        host.log.info("read %s", CANARY)
    assert [record.getMessage() for record in caplog.records] == ["read ***", f"read {CANARY}"]


@pytest.mark.defect("D81")
async def test_a_backends_log_is_a_standard_logger(make_vca: MakeVca, caplog: pytest.LogCaptureFixture) -> None:
    connector = make_vca(Plain).connector()
    backend: Any = connector._engine.session.backend
    with caplog.at_level(logging.INFO, logger="vca.backend"):
        backend.host.log.info("hello %s", "there")
    assert [(record.name, record.getMessage()) for record in caplog.records] == [("vca.backend.test0", "hello there")]


class Echoing(Plain):
    """Installs anything; its actions fail with what they were given."""

    @hookimpl
    async def install_configuration_sw(self) -> None:
        pass

    @hookimpl
    async def exec_primitive(self, primitive: str, params: Mapping[str, Any]) -> dict[str, Any]:
        raise ExecutionError(f"it failed with {params}", primitive)


async def test_what_a_charm_declares_secret_stays_so_later(make_vca: MakeVca, tmp_path: Path) -> None:
    charm = tmp_path / "charm"
    charm.mkdir()
    (charm / "metadata.yaml").write_text("name: charm\nsummary: s\ndescription: d\n")
    (charm / "actions.yaml").write_text("arm: {params: {number: {type: string, format: password}}}\n")
    store = MemoryStore()
    first = make_vca(Echoing, store=store, artifacts=str(tmp_path)).connector()
    ee_id, _ = await first.create_execution_environment(".ns.vnf")
    await first.install_configuration_sw(ee_id, "charm")
    await first.disconnect()
    later = make_vca(Echoing, store=store).connector()
    for connector in (first, later):
        with pytest.raises(ExecutionError) as caught:
            await connector.exec_primitive(ee_id, "arm", {"number": CANARY, "other": "shown"})
        assert CANARY not in "".join(traceback.format_exception(caught.value))
        assert "shown" in str(caught.value)


_OF_OBJECTS = """
log-in:
  params:
    conf: {type: object, properties: {login: {type: object, properties: {pin: {type: string, writeOnly: true}}}}}
    credentials: {type: object, properties: {of: {type: string}}}
    note: {type: string}
"""


@pytest.mark.parametrize(
    "given",
    [
        {"conf": '{"login": {"pin": "c4n4ry"}}'},
        {"conf": "login:\n  pin: c4n4ry\n"},
        {"conf": "{login: {user: u, pin: c4n4ry}}"},
        {"conf": {"login": "{pin: c4n4ry}"}},
        {"conf": '{"login": "{\\"pin\\": \\"c4n4ry\\"}"}'},
        {"conf": '{"login": {"p\\u0069n": "c4n4ry"}}'},
        {"note": '{"password": "c4n4ry", "to": "x"}'},
        {"note": "user: x\npassword: c4n4ry"},
        {"credentials": '{"of": "c4n4ry"}'},
    ],
)
async def test_secrets_in_objects_that_are_given_as_text_are_found(
    make_vca: MakeVca, tmp_path: Path, given: dict[str, Any]
) -> None:
    charm = tmp_path / "charm"
    charm.mkdir()
    (charm / "metadata.yaml").write_text("name: charm\nsummary: s\ndescription: d\n")
    (charm / "actions.yaml").write_text(_OF_OBJECTS)
    connector = make_vca(Echoing, artifacts=str(tmp_path)).connector()
    ee_id, _ = await connector.create_execution_environment(".ns.vnf")
    await connector.install_configuration_sw(ee_id, "charm")
    with pytest.raises(ExecutionError) as caught:
        await connector.exec_primitive(ee_id, "log-in", {**given, "other": "shown: {a: b}"})
    assert "c4n4ry" not in "".join(traceback.format_exception(caught.value))
    assert "shown: {a: b}" in str(caught.value)


@pytest.mark.parametrize("primitive", ["own-error", "foreign-error", "config"])
async def test_no_frame_of_an_error_holds_a_parameter(make_vca: MakeVca, primitive: str) -> None:
    connector = make_vca(Leaky).connector()
    ee_id, _ = await connector.create_execution_environment(".ns.vnf")

    async def locals_of_error() -> str:
        given = {"password": CANARY, "params": {"password": CANARY}}
        call = connector.exec_primitive(ee_id, primitive, given)
        del given
        try:
            await call
        except VcaError as error:
            del call
            shown = traceback.TracebackException.from_exception(error, capture_locals=True)
            return "".join(shown.format())
        return ""

    text = await locals_of_error()
    assert repr(CANARY)[1:-1] not in text
    assert CANARY not in text
    assert "Traceback" in text


async def test_no_frame_of_a_relations_error_holds_its_ends(make_vca: MakeVca) -> None:
    vca = make_vca(Leaky)
    connector = vca.connector()
    ee_id, _ = await connector.create_execution_environment(".ns.vnf")
    for relate in (vca.add_relation, vca.remove_relation):
        with pytest.raises(VcaError) as caught:
            await relate((connector, ee_id, CANARY), (connector, ee_id, CANARY))
        caught.value.__traceback__ = caught.value.__traceback__.tb_next  # type: ignore[union-attr]  # without this test's own frame
        shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
        assert not [frame.locals for frame in shown.stack if CANARY in str(frame.locals)]
        assert shown.stack[-1].name == "call"
