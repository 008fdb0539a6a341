"""How all our files are opened and checked: one error that has everything that is wrong, each with its line."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from pydantic import BaseModel

from vca_core.config.files import Document, check_plain, check_size, read_document
from vca_core.config.problems import KeyPath, Problem, refusal, validate_safely
from vca_core.errors import BadArguments, Cause, PluginError
from vca_core.plain import copy_plain, kind_of

M = TypeVar("M", bound=BaseModel)


def open_document(source: object, what: str, needed: str, model: type[BaseModel]) -> Document:
    """Read a file, or take a mapping of the same form; the values are copied, and may be changed.

    Args:
        source: the path of a YAML or TOML file, or a mapping.
        what: how errors call it: ``a configuration``.
        needed: the key that it has at least.
        model: what will be made of it.

    Raises:
        BadArguments: it is neither, the file cannot be read, or it has too much in it: with line and column.
    """
    if isinstance(source, Mapping):
        given = Document(source, Path.cwd())  # type: ignore[arg-type]  # until it is copied
        check_size(given)
        return Document(copy_plain(source), Path.cwd())
    if not isinstance(source, str | os.PathLike):
        raise BadArguments(
            f"{what}: expected a path, a mapping or a {model.__name__}, got {kind_of(source)}", ["source"]
        )
    document = read_document(Path(source), needed)
    check_size(document)
    check_plain(document)
    document.values = copy_plain(document.values)  # a YAML alias is one object in two places
    return document


def check_document(
    document: Document,
    model: type[M],
    problems: list[Problem],
    may_show: Callable[[KeyPath], bool],
    what: str,
    context: Mapping[str, object] = MappingProxyType({}),
) -> M:
    """Make a model of a document.

    Args:
        document: what was read.
        model: what to make of it; its validators find the document's folder in their context.
        problems: what is known to be wrong already.
        may_show: says whether the value at a path cannot be secret, and may be shown.
        what: how errors call it: ``the configuration``.
        context: what else the validators find there.

    Raises:
        BadArguments: all that is wrong, one a line, with file, line and column.
        PluginError: a validator of the model is broken.
    """
    given = {**context, "folder": document.folder}
    found = validate_safely(
        lambda: model.model_validate(document.values, context=given), model, document.values, may_show, own=True
    )
    if isinstance(found, Cause):
        raise PluginError(f"{what} cannot be checked") from found
    if isinstance(found, list):
        raise refusal([*problems, *found], document.place_of)
    if problems:
        raise refusal(problems, document.place_of)
    return found
