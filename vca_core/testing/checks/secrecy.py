"""Nothing secret is logged, reported, stored, or shown in an error."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import threading
import warnings
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

from vca_core.connector.inspection import Inspection
from vca_core.errors import VcaError
from vca_core.secrets import secrets_in
from vca_core.testing.kit import Kit
from vca_core.testing.scenarios import do_everything, read_everything
from vca_core.testing.suite import Suite, skip_unless, with_faults

CANARY = "canary-b81d40e6"
PARAMETER = "canary-5f72ac19"
"""The value of a parameter, and of no option: what is known to be a secret option is masked wherever it is read."""
_LINKS = 20


class SecrecyChecks(Suite, suite=True):
    """Nothing secret gets out."""

    async def test_secrets_of_options_are_nowhere_to_be_read(self, kit: Kit) -> None:
        """Neither in logs, at any level, nor in what is reported or stored, nor in errors."""
        secrets = secrets_in(Inspection(kit.connector).options)
        skip_unless(secrets, "the subject's options hold no secret")
        with _collect_logs() as lines:
            texts = await _life(kit)
            await do_everything(kit, "all")
        for secret in secrets:
            _check_absent(secret, [*lines, *texts])

    @with_faults
    async def test_a_lost_connection_shows_no_secret(self, kit: Kit) -> None:
        """Who reports a failed login or request is tempted to say what was sent."""
        secrets = secrets_in(Inspection(kit.connector).options)
        ee_id = await kit.create_ready(kit.namespace())
        texts = []
        with _collect_logs() as lines:
            async with kit.faults.disconnect():
                calls: list[Callable[..., Awaitable[object]]] = [kit.connector.list_execution_environments]
                if kit.subject.works is not None and "exec_primitive" in kit.capabilities:
                    primitive, params = kit.subject.works
                    calls.append(functools.partial(kit.connector.exec_primitive, ee_id, primitive, _secret(params)))
                for call in calls:
                    try:
                        await call(total_timeout=kit.limit(0.4))
                    except VcaError as error:
                        texts += texts_of(error)
            await kit.record(ee_id)
        for secret in [*secrets, PARAMETER]:
            _check_absent(secret, [*lines, *texts])

    async def test_the_credentials_of_a_host_are_nowhere_to_be_read(self, kit: Kit) -> None:
        """Those that the subject's host is registered with: neither in what is told, nor in what can be read."""
        secrets = secrets_in(kit.subject.credentials or {})
        skip_unless(
            secrets and "register_execution_environment" in kit.capabilities, "no host is registered with a secret"
        )
        with _collect_logs() as lines:
            db_dict = await kit.make_home()
            ee_id = await kit.register(kit.namespace(), db_dict)
            answers = await read_everything(kit, kit.namespace())
            await kit.check_delete(ee_id)
            await kit.settle()
        for secret in secrets:
            _check_absent(secret, [*lines, *map(repr, [*answers, *kit.statuses, *kit.watching.reports])])

    async def test_values_of_parameters_are_nowhere_to_be_read(self, kit: Kit) -> None:
        """Any of them may be a secret: logs, warnings, errors, statuses and names of tasks and threads have none."""
        names: set[str] = set()
        kit.watching.when_waiting = lambda: names.update(_names_at_work())
        with _collect_logs() as lines:
            texts = await _life(kit)
        for secret in (CANARY, PARAMETER):
            _check_absent(secret, [*lines, *texts, *names])


async def _life(kit: Kit) -> list[str]:
    """Live through everything with secret values; the texts that can be read afterwards."""
    texts: list[str] = []
    ee_id = await kit.create(kit.namespace())
    connector = kit.connector
    calls: list[Callable[[], Awaitable[object]]] = []
    if "install_configuration_sw" in kit.capabilities:
        secret: dict[str, Any] = (
            {"config": {"token": CANARY, "label": f"{CANARY}-label"}} if kit.subject.charms is None else {}
        )
        await kit.install(ee_id, **secret)
        if kit.subject.charms is None and "configure" in kit.capabilities:
            calls += [
                lambda: connector.exec_primitive(ee_id, "config", {"token": CANARY, "label": f"{CANARY}-label"}),
                lambda: connector.exec_primitive(ee_id, "config", {"count": f"{CANARY}-wrong"}),
            ]
        if kit.subject.charms is None and "upgrade" in kit.capabilities:
            calls.append(functools.partial(kit.upgrade, ee_id, **secret))
    if "exec_primitive" in kit.capabilities:
        for primitive, params in filter(None, (kit.subject.works, kit.subject.fails, ("no-such-primitive", {}))):
            calls.append(functools.partial(connector.exec_primitive, ee_id, primitive, _secret(params)))
    calls += [functools.partial(_read, kit, read, texts) for read in ("get_status", "get_metrics", "health")]
    for call in calls:
        try:
            await call()
        except VcaError as error:
            texts += texts_of(error)
    await kit.check_delete(ee_id)
    await kit.settle()
    texts += [repr(report.state) for report in kit.watching.reports]
    return [*texts, *(repr(stored) for stored in kit.statuses)]


async def _read(kit: Kit, read: str, texts: list[str]) -> None:
    """Read what is said of the NS, or of the system."""
    if read in kit.capabilities:
        asked = [] if read == "health" else [kit.namespace(None)]
        texts.append(repr(await getattr(kit.connector, read)(*asked)))


def _secret(params: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters whose texts are secret, under whatever names; names that sound secret are masked anyway."""
    texts = {name: PARAMETER if isinstance(value, str) else value for name, value in params.items()}
    return texts or {"note": PARAMETER}


def texts_of(error: BaseException) -> list[str]:
    """What an error and all that led to it say."""
    texts, link = [repr(error)], error.__cause__ or error.__context__
    while link is not None and len(texts) < _LINKS:
        texts.append(f"{link!r} {link}")
        link = link.__cause__ or link.__context__
    return texts


def _names_at_work() -> Iterator[str]:
    """The names of what runs in the process; the event loop and logs show them."""
    yield from (task.get_name() for task in asyncio.all_tasks())
    yield from (thread.name for thread in threading.enumerate())


def _check_absent(secret: str, texts: list[str]) -> None:
    for text in texts:
        assert secret not in text, f"a secret stands in: {text.replace(secret, '***')}"


class _Kept(logging.Handler):
    def __init__(self, lines: list[str]) -> None:
        super().__init__(logging.DEBUG)
        self._lines = lines
        self.setFormatter(logging.Formatter("%(name)s: %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(self.format(record))


@contextlib.contextmanager
def _collect_logs() -> Iterator[list[str]]:
    """Keep what is warned of, and what every logger says whose level was not set; who set one may mean secrets."""
    lines: list[str] = []
    handler, root = _Kept(lines), logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            yield lines
        lines += [str(one.message) for one in warned]
    finally:
        root.setLevel(before)
        root.removeHandler(handler)
