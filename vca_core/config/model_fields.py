"""The fields that a pydantic model has: their names, which of them are secret, and what belongs where."""

from __future__ import annotations

import types
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import AliasChoices, BaseModel, Secret, SecretBytes, SecretStr

_KINDS: tuple[tuple[tuple[type, ...], str], ...] = (
    ((str, SecretStr), "text"),
    ((bool,), "true or false"),
    ((int,), "a whole number"),
    ((float,), "a number"),
    ((PurePath,), "a path"),
    ((BaseModel, Mapping), "a mapping"),
    ((Collection,), "a list"),
)


def secret_names(model: type[BaseModel], above: frozenset[type[BaseModel]] = frozenset()) -> set[str]:
    """The names of all fields of a model, and of the models in it, that have one of pydantic's secret types."""
    found: set[str] = set()
    for name, field in model.model_fields.items():
        for one in _types_in(field.annotation):
            if issubclass(one, Secret | SecretStr | SecretBytes):
                aliases = field.validation_alias
                choices = aliases.choices if isinstance(aliases, AliasChoices) else [aliases]
                found |= {name, *(str(alias) for alias in choices if alias is not None)}
            elif issubclass(one, BaseModel) and one not in above:
                found |= secret_names(one, above | {model})
    return found


def _types_in(annotation: Any) -> Iterator[type]:
    origin = get_origin(annotation)
    if isinstance(origin, type):
        yield origin
    elif isinstance(annotation, type):
        yield annotation
    for argument in get_args(annotation):
        yield from _types_in(argument)


def names_at(model: type[BaseModel], loc: Sequence[int | str]) -> set[str]:
    """The names that fields have in the model at a location; none where the annotations do not say."""
    here: Collection[Any] = [model]
    for part in loc:  # the name of a member of a union leads nowhere
        here = [below for annotation in here for below in _below(annotation, part)] or here
    return {
        alias if isinstance(alias := field.validation_alias, str) else name
        for annotation in here
        for one in _members(annotation)
        if isinstance(one, type) and issubclass(one, BaseModel)
        for name, field in one.model_fields.items()
    }


def kind_at(model: type[BaseModel], loc: Sequence[int | str]) -> str:
    """Say what kind of value belongs at a location, in the words of all errors: ``a mapping``."""
    here: Collection[Any] = [model]
    for part in loc:
        found = [below for annotation in here for below in _below(annotation, part)]
        here = found or ([] if part == loc[-1] else here)
    kinds = [_kind(one) for annotation in here for one in _members(annotation)]
    return " or ".join(dict.fromkeys(kinds)) or "a value"


def _kind(annotation: Any) -> str:
    origin = get_origin(annotation)
    if origin is Literal:
        return " or ".join(map(repr, get_args(annotation)))
    one = origin if isinstance(origin, type) else annotation
    if isinstance(one, type):
        for types, words in _KINDS:
            if issubclass(one, types):
                return words
    return "a value"


def _members(annotation: Any) -> Iterator[Any]:
    if get_origin(annotation) is Annotated:
        yield from _members(get_args(annotation)[0])
    elif get_origin(annotation) in (Union, types.UnionType):
        for member in get_args(annotation):
            yield from _members(member)
    else:
        yield annotation


def _below(annotation: Any, part: int | str) -> Iterator[Any]:
    for one in _members(annotation):
        origin, args = get_origin(one), get_args(one)
        if isinstance(one, type) and issubclass(one, BaseModel):
            for name, field in one.model_fields.items():
                if part in (name, field.validation_alias):
                    yield field.annotation
        elif isinstance(origin, type) and issubclass(origin, Mapping) and args:
            yield args[1]
        elif isinstance(origin, type) and issubclass(origin, Collection) and args and isinstance(part, int):
            yield args[0]
