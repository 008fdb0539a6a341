"""Operations that only read: they take no lock and create nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

from vca_core._engine.answers import aside_if_heavy, check_listing
from vca_core._engine.operation import RunningOperation
from vca_core._engine.request import Call, Request, read_call
from vca_core.arguments import Seconds
from vca_core.backend import ExecutionEnvironment
from vca_core.connector.base import ConnectorBase, plain_mapping
from vca_core.connector.descriptions import check_description, mask, scrub_details
from vca_core.description import Description
from vca_core.errors import NotFound, VcaError
from vca_core.hookspecs import BackendHooks
from vca_core.naming import EeId, Namespace
from vca_core.secrets import scrub_plain
from vca_core.status import DeploymentStatus, aggregate

R = TypeVar("R")


class ReadOperations(ConnectorBase):
    """Operations that only read: they take no lock and create nothing."""

    async def list_execution_environments(
        self, namespace: str | Namespace | None = None, *, total_timeout: Seconds = None
    ) -> list[ExecutionEnvironment]:
        """List the execution environments that the backend's system has.

        Args:
            namespace: only those at or below it; None: all.
            total_timeout: seconds in all.

        Returns:
            The records, sorted by ee_id.
        """
        wanted = None if namespace is None else Namespace.parse(namespace)
        call = read_call(BackendHooks.list_execution_environments)(namespace=wanted)
        listed = await self._read(call, partial(_within, wanted), total_timeout, wanted, speaks_of=_with_details)
        scrub = self._engine.session.secrets.scrub_foreign
        return await aside_if_heavy(listed, lambda: [scrub_details(record, scrub) for record in listed])

    async def refresh_status(self, ee_id: str | EeId, *, total_timeout: Seconds = None) -> DeploymentStatus:
        """Bring the home of an EE up to date with what the backend lists now.

        Args:
            ee_id: which one.
            total_timeout: seconds in all.

        Returns:
            Its aggregate status.

        Raises:
            NotFound: the backend does not list it.
        """
        parsed = EeId.parse(ee_id)
        call = read_call(BackendHooks.list_execution_environments)(namespace=None)
        answer = _with_run(partial(_find, parsed))
        record, run = await self._read(call, answer, total_timeout, None, parsed, speaks_of=lambda _: [parsed])
        with _as_part_of(run):
            await self._engine.refresh(parsed, () if record is None else record.entities)
            if record is None:
                raise NotFound(f"the backend does not list the execution environment {parsed}", ee_id=str(parsed))
        worst = aggregate(record.entities)
        return DeploymentStatus.UNKNOWN if worst is None else worst.meaning

    async def describe(self, ee_id: str | EeId, *, total_timeout: Seconds = None) -> Description:
        """Describe an EE as it is now: its charm, options, units and relations.

        Args:
            ee_id: which one.
            total_timeout: seconds in all.

        Returns:
            The description. Values of options that the charm declares secret, or that are named like a secret, are
            ``***``, and so are secrets that the core knows in all other texts.

        Raises:
            NotFound: the EE is gone.
            StoreError: the store cannot say which options are secret.
        """
        parsed = EeId.parse(ee_id)
        call = read_call(BackendHooks.describe_execution_environment)(ee_id=parsed)
        answer = _with_run(partial(check_description, parsed))
        described, run = await self._engine.run(Request(call, answer, ee_id=parsed, total=total_timeout))
        with _as_part_of(run):
            names = await self._engine.take_secrets(described)
        scrub = self._engine.session.secrets.scrub
        return await aside_if_heavy(described, lambda: mask(described, names, scrub))

    async def get_status(self, namespace: str | Namespace, *, total_timeout: Seconds = None) -> dict[str, Any]:
        """Return the native status of a namespace as plain data. Reading creates nothing.

        Args:
            namespace: which one.
            total_timeout: seconds in all.

        Raises:
            NotFound: the backend's system has nothing of this namespace.
        """
        parsed = Namespace.parse(namespace)
        call = read_call(BackendHooks.get_status)(namespace=parsed)
        return await self._read(call, partial(self._plain, "get_status"), total_timeout, parsed, recalls=True)

    async def get_metrics(self, namespace: str | Namespace, *, total_timeout: Seconds = None) -> dict[str, Any]:
        """Return the metrics of a namespace's units as plain data, by unit name.

        Args:
            namespace: which one.
            total_timeout: seconds in all.

        Raises:
            NotFound: the backend's system has nothing of this namespace.
        """
        parsed = Namespace.parse(namespace)
        call = read_call(BackendHooks.get_metrics)(namespace=parsed)
        return await self._read(call, partial(self._plain, "get_metrics"), total_timeout, parsed, recalls=True)

    def scrub(self, value: Any) -> Any:
        """Take the secrets that the core knows out of plain data, before it is shown or logged.

        Outputs of primitives come from the charm, unchanged: they may repeat the configuration of their EE.

        Args:
            value: plain data, such as an output.

        Returns:
            A copy, with ``***`` for each secret: the credentials of this connector, and the secret options of the EEs
            that this process has worked on.
        """
        return scrub_plain(value, self._engine.session.secrets.scrub)

    async def health(self, *, total_timeout: Seconds = None) -> dict[str, Any]:
        """Ask the backend's system whether it answers, over the connection that operations use.

        Args:
            total_timeout: seconds in all.

        Returns:
            Plain data about it.

        Raises:
            VcaConnectionError: it does not answer.
        """
        call = read_call(BackendHooks.health)()
        found = await self._read(call, _health_of, total_timeout, None, speaks_of=_ees_in_health)
        scrubbed: dict[str, Any] = await aside_if_heavy(
            found, lambda: scrub_plain(found, self._engine.session.secrets.scrub_foreign)
        )
        return scrubbed

    async def _read(
        self,
        call: Call[Any],
        answer: Callable[[Any, RunningOperation], R],
        total: Seconds,
        namespace: Namespace | None,
        ee_id: EeId | None = None,
        *,
        recalls: bool = False,
        speaks_of: Callable[[R], Iterable[EeId] | None] | None = None,
    ) -> R:
        request = Request(
            call, answer, namespace=namespace, ee_id=ee_id, total=total, recalls=recalls, speaks_of=speaks_of
        )
        return await self._engine.run(request)

    def _plain(self, hook: str, value: object, _op: RunningOperation) -> dict[str, Any]:
        """Check what a hook returned; a unit may say what its charm was configured with."""
        scrubbed: dict[str, Any] = scrub_plain(plain_mapping(value, hook), self._engine.session.secrets.scrub_foreign)
        return scrubbed


def _within(
    wanted: Namespace | None, listed: Iterable[object] | None, _op: RunningOperation
) -> list[ExecutionEnvironment]:
    within = [
        record
        for record in check_listing(listed)
        if wanted is None or (record.namespace is not None and wanted.contains(record.namespace))
    ]
    return sorted(within, key=lambda record: str(record.ee_id))


def _find(wanted: EeId, listed: Iterable[object] | None, _op: RunningOperation) -> ExecutionEnvironment | None:
    return next((record for record in check_listing(listed) if record.ee_id == wanted), None)


def _with_details(listed: Iterable[ExecutionEnvironment]) -> list[EeId]:
    """The EEs whose entities say more than their states."""
    return [record.ee_id for record in listed if any(state.detail for state in record.entities)]


def _health_of(value: object, _op: RunningOperation) -> dict[str, Any]:
    return plain_mapping(value, "health")


def _ees_in_health(found: dict[str, Any]) -> list[EeId] | None:
    """Names and numbers speak of no EE; whole sentences may repeat what a unit says, of any."""
    return None if _has_sentence(found) else []


def _has_sentence(value: Any) -> bool:
    if isinstance(value, Mapping | list):
        return any(map(_has_sentence, value.values() if isinstance(value, Mapping) else value))
    return isinstance(value, str) and any(map(str.isspace, value.strip()))


def _with_run(answer: Callable[[Any, RunningOperation], R]) -> Callable[[Any, RunningOperation], tuple[R, str]]:
    """Have an answer come with the id of the operation that gave it."""
    return lambda value, op: (answer(value, op), op.trail.id)


@contextmanager
def _as_part_of(run: str) -> Iterator[None]:
    """Count what fails here as part of an operation: extensions have seen it, so it is not a call that never began."""
    try:
        yield
    except VcaError as error:
        error.locate(operation_id=run)
        raise
