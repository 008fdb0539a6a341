"""The layout of the core's own documents, which processes of several releases may share."""

from __future__ import annotations

import functools
import importlib.metadata
from collections.abc import Mapping
from typing import Any

from vca_core.errors import StoreError

SCHEMA = 1
"""The layout that this release writes; documents that do not say are of the first one."""


def schema_fields() -> dict[str, Any]:
    """What a document says of its layout: its number, and the release that wrote it."""
    return {"schema": SCHEMA, "release": _release()}


def version_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """What a filter names, beside the ``_id``, so that it matches this document and no later one of the name.

    A damaged document may have there what no filter can name; that is left out.
    """
    fields = {name: document.get(name) for name in ("generation", "schema")}
    return {name: value for name, value in fields.items() if isinstance(value, str | int | None)}


class NewerRecordError(StoreError):
    """A newer release keeps the document. Unlike a store that does not answer, this stops a delete."""


def newer_error(document: Mapping[str, Any]) -> NewerRecordError | None:
    """Make the error for a document that a newer release wrote, so that this one must not operate on its subject.

    Returns:
        An error that names both releases; None: it may.
    """
    schema = document.get("schema", SCHEMA)
    if not isinstance(schema, int) or schema <= SCHEMA:
        return None
    return NewerRecordError(
        f"vca-core {document.get('release') or 'of a newer release'} wrote the record {document.get('_id')!r} with "
        f"schema {schema}; this is vca-core {_release()}, which knows {SCHEMA}: use the newer one on it",
        retryable=False,
    )


@functools.cache
def _release() -> str:
    return importlib.metadata.version("vca-core")
