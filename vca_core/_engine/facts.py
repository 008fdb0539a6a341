"""The facts of a request: what extensions see of it from its start."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from vca_core._engine.request import Request
from vca_core.extensions import OperationFacts

_REQUEST_ID: ContextVar[str | None] = ContextVar("vca_request_id", default=None)

_GIVEN_BY_NAME = ("params", "values", "config", "credentials")
"""The arguments of hooks whose values have names of the caller's."""


@contextmanager
def belonging_to(request_id: str) -> Iterator[None]:
    """Have what is called within belong to a request of the caller's, in tasks that are started within, too."""
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
    return OperationFacts(
        id=run,
        operation=request.call.hook,
        connector=connector,
        backend=backend,
        namespace=None if request.namespace is None else str(request.namespace),
        ee_id=None if request.ee_id is None else str(request.ee_id),
        primitive=given.get("primitive"),
        parameters=_names_in(given),
        num_units=given.get("num_units"),
        charm=None if artifact is None else artifact.reference,
        request_id=_REQUEST_ID.get(),
        actor=actor,
    )


def _names_in(given: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(name for argument in _GIVEN_BY_NAME for name in given.get(argument) or ())
