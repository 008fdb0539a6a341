"""The facts of a request: what extensions see of it from its start."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from vca_core._engine.request import Request
from vca_core.backend import RelationEnd
from vca_core.errors import BadArguments
from vca_core.extensions import OperationFacts
from vca_core.naming import EeId, Namespace

_REQUEST_ID: ContextVar[str | None] = ContextVar("vca_request_id", default=None)

_GIVEN_BY_NAME = frozenset({"params", "params_dict", "values", "config", "credentials"})
"""The arguments, of hooks and of calls, whose values have names of the caller's."""

_EE_IDS = ("ee_id", "ee_id_1", "reuse_ee_id")
_LONGEST = 200


@contextmanager
def request_context(request_id: str) -> Iterator[None]:
    """Mark calls made within the block, and in tasks started within it, as part of a request of the caller's."""
    token = _REQUEST_ID.set(request_id)
    try:
        yield
    finally:
        _REQUEST_ID.reset(token)


def facts_of(request: Request[Any], run: str, connector: str, backend: str, actor: str | None) -> OperationFacts:
    """Take the facts of a request.

    Args:
        request: what is asked for.
        run: names this run of it.
        connector: the connector's name.
        backend: how errors name the connector and its backend.
        actor: who asks.
    """
    given, artifact = request.call.arguments, request.artifact
    second: RelationEnd | None = given.get("end_2")
    return OperationFacts(
        id=run,
        operation=request.call.hook,
        connector=connector,
        backend=backend,
        namespace=None if request.namespace is None else str(request.namespace),
        ee_id=None if request.ee_id is None else str(request.ee_id),
        ee_id_2=None if second is None else str(second.ee_id),
        connector_2=None if second is None else second.connector,
        primitive=given.get("primitive"),
        parameters=_names_in(given),
        num_units=given.get("num_units"),
        charm=None if artifact is None else artifact.reference,
        request_id=_REQUEST_ID.get(),
        actor=actor,
    )


def facts_of_call(
    operation: str, given: Mapping[str, Any], run: str, connector: str, backend: str, actor: str | None
) -> OperationFacts:
    """Take the facts of a call that was refused before there was a request, as far as its arguments make sense.

    Args:
        operation: the hook that it asks for.
        given: its arguments, unchecked.
        run: names this run of it.
        connector: the connector's name.
        backend: how errors name the connector and its backend.
        actor: who asks.
    """
    units = given.get("num_units")
    return OperationFacts(
        id=run,
        operation=operation,
        connector=connector,
        backend=backend,
        namespace=_text(given.get("namespace"), Namespace),
        ee_id_2=_ee_id(given.get("ee_id_2")),
        connector_2=_text(given.get("connector_2")),
        ee_id=next((text for name in _EE_IDS if (text := _ee_id(given.get(name))) is not None), None),
        primitive=_text(given.get("primitive_name")),
        parameters=_names_in(given),
        num_units=units if isinstance(units, int) and not isinstance(units, bool) else None,
        charm=_text(given.get("artifact_path")),
        request_id=_REQUEST_ID.get(),
        actor=actor,
    )


def _text(value: object, *kinds: type) -> str | None:
    return str(value)[:_LONGEST] if isinstance(value, (str, *kinds)) else None


def _ee_id(value: object) -> str | None:
    try:
        return str(EeId.parse(value)) if isinstance(value, (str, EeId)) else None
    except BadArguments:
        return None


def _names_in(given: Mapping[str, Any]) -> tuple[str, ...]:
    names: list[str] = []
    for argument, value in given.items():  # a plain loop: every operation comes through here
        if argument in _GIVEN_BY_NAME and isinstance(value, Mapping):
            names += [name for name in value if isinstance(name, str)]
    return tuple(names)
