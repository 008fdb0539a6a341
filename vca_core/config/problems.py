"""What is wrong with given values, said without showing any that may be secret."""

from __future__ import annotations

import types
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import AliasChoices, BaseModel, Secret, SecretBytes, SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_core.core_schema import ErrorType

from vca_core.config.expectations import expectation, what_came
from vca_core.errors import BadArguments, Cause, PluginError
from vca_core.plain import kind_of
from vca_core.secrets import SecretValues, is_secret_name, scrub_cause, secret_strings, secrets_in
from vca_core.suggestions import instead

M = TypeVar("M", bound=BaseModel)
KeyPath = tuple[Any, ...]
"""Where a value stands: keys and positions from the root down, such as ``("connectors", "edge", "backend")``."""


MOST_TOLD = 20
"""How many problems are listed one by one."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    Args:
        path: where.
        text: what is wrong there, and what to do; with `got`, what is expected: ``a mapping``.
        got: what was given instead: ``a list``.
    """

    path: KeyPath
    text: str
    got: str | None = None

    @property
    def key(self) -> str:
        """The path with dots; empty for the whole."""
        return ".".join(str(part) for part in self.path)


def refusal(problems: Iterable[Problem], place_of: Callable[[KeyPath], str] = lambda _: "") -> BadArguments:
    """Make one error of several problems, one a line.

    Args:
        problems: at least one.
        place_of: says where a path stands, such as ``vca.yaml:5:3: ``; empty where nothing is known.
    """
    by_key: dict[str, list[Problem]] = {}
    for problem in problems:
        by_key.setdefault(problem.key, []).append(problem)
    lines = []
    for key, same in by_key.items():
        texts = _text_of(same)
        lines.append(f"{place_of(same[0].path)}{key}: {texts}" if key else f"{place_of(())}{texts}")
    return BadArguments("\n".join(lines), [key for key in by_key if key])


def _text_of(same: Sequence[Problem]) -> str:
    """Say what is wrong at one key; a union has one problem for each member."""
    expected = " or ".join(dict.fromkeys(problem.text for problem in same if problem.got is not None))
    others = dict.fromkeys(problem.text for problem in same if problem.got is None)
    if not expected:
        return " or ".join(others)
    got = next((problem.got for problem in same if problem.got), "")
    return " or ".join([f"expected {expected}{f', got {got}' if got else ''}", *others])


def validate_model(model: type[M], values: Mapping[str, Any], where: str = "") -> M:
    """Check given values against a pydantic model, as options of a backend or of an operation.

    Args:
        model: what is expected; keys that it does not have should be refused by it (``extra="forbid"``).
        values: what was given.
        where: name of the argument: ``options``.

    Returns:
        The model's object.

    Raises:
        BadArguments: every problem in a line of its own: its key, what is expected, what may have been meant. Given
            values are never shown, they may be secret.
        PluginError: a validator of the model is broken: it raised what pydantic does not collect.
    """
    root = (where,) if where else ()
    if not isinstance(values, Mapping):
        raise refusal([Problem(root, "a mapping of names to values", kind_of(values))])
    found = validate_safely(lambda: model.model_validate(dict(values)), model, values)
    if isinstance(found, list):
        raise refusal([replace(problem, path=(*root, *problem.path)) for problem in found])
    if isinstance(found, Cause):
        raise PluginError(f"{model.__qualname__}, the model of {where or 'these values'}, is broken") from found
    return found


def validate_safely(
    validate: Callable[[], M],
    model: type[BaseModel],
    values: Any,
    may_show: Callable[[KeyPath], bool] = lambda _: False,
    *,
    own: bool = False,
) -> M | list[Problem] | Cause:
    """Validate; give what is wrong as a result, since an error raised here would keep pydantic's, with its inputs.

    Args:
        validate: makes the object.
        model: its class.
        values: what it is made of.
        may_show: says whether the value at a path may be shown.
        own: whether the validators are ours, which quote names only.
    """
    try:
        return validate()
    except ValidationError as error:
        details = error.errors(include_url=False)
        problems = [_problem(model, values, detail, may_show, own=own) for detail in details[:MOST_TOLD]]
        rest = len(details) - len(problems)
        return [*problems, Problem((), f"there are {rest} more problems")] if rest else problems
    except Exception as error:  # noqa: BLE001 - a validator may raise anything
        return scrub_cause(error, SecretValues(secret_strings(values)).scrub)


# Their texts are made of what the model expects. Those of others may quote what was given.
_OWN_WORDS = (frozenset(get_args(ErrorType)) | {"path_type"}) - {
    "assertion_error",
    "import_error",
    "union_tag_invalid",
    "value_error",
}


def _problem(
    model: type[BaseModel], values: Any, detail: ErrorDetails, may_show: Callable[[KeyPath], bool], *, own: bool
) -> Problem:
    kind, loc, given = detail["type"], detail["loc"], detail["input"]
    path = tuple(_steps(loc, values, missing=kind == "missing"))
    if kind == "missing":
        return Problem(path, "is required")
    if kind == "extra_forbidden":
        return Problem(path, f"unknown key{instead(str(loc[-1]), _names_at(model, loc[:-1]))}")
    if kind == "invalid_key" or (loc[-1:] == ("[key]",) and not isinstance(given, str)):
        return Problem(path, "expected text as a key; put it in quotes")
    if kind in _OWN_WORDS and (expected := expectation(detail)) is not None:
        return Problem(path, expected, what_came(detail, may_show=may_show(path)))
    text = detail["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    if not own and kind not in _OWN_WORDS:
        text = SecretValues(_secrets_at(model, path, given)).scrub_own(text)
    if kind in _OWN_WORDS:
        text = text[:1].lower() + text[1:]
    if may_show(path) and isinstance(given, str | int | float):
        text += f", got {given!r}"
    return Problem(path, text)


def _secrets_at(model: type[BaseModel], path: KeyPath, given: Any) -> Iterable[str]:
    """What can be secret of a value: all of it below a secret name or of a secret type, else what is so within it."""
    declared = _secret_fields(model, frozenset())
    if any(str(part) in declared or is_secret_name(str(part)) for part in path):
        return secret_strings(given)
    return secrets_in(given, declared)


def _secret_fields(model: type[BaseModel], above: frozenset[type[BaseModel]]) -> set[str]:
    """The names of all fields of a model, and of the models in it, that have one of pydantic's secret types."""
    found: set[str] = set()
    for name, field in model.model_fields.items():
        for one in _types_in(field.annotation):
            if issubclass(one, Secret | SecretStr | SecretBytes):
                aliases = field.validation_alias
                choices = aliases.choices if isinstance(aliases, AliasChoices) else [aliases]
                found |= {name, *(str(alias) for alias in choices if alias is not None)}
            elif issubclass(one, BaseModel) and one not in above:
                found |= _secret_fields(one, above | {model})
    return found


def _types_in(annotation: Any) -> Iterator[type]:
    origin = get_origin(annotation)
    if isinstance(origin, type):
        yield origin
    elif isinstance(annotation, type):
        yield annotation
    for argument in get_args(annotation):
        yield from _types_in(argument)


def _steps(loc: Sequence[int | str], values: Any, *, missing: bool) -> Iterator[Any]:
    """The parts of pydantic's location that are keys or positions of the values: unions put their members' names in."""
    for number, part in enumerate(loc, start=1):
        if isinstance(values, Mapping) and part in values:
            values = values[part]
        elif isinstance(values, Mapping) and str(part) in map(str, values):
            values = None  # a key that is not text
        elif isinstance(values, Sequence) and isinstance(part, int) and part < len(values):
            values = values[part]
        elif not (missing and number == len(loc)):
            continue
        yield part


def _names_at(model: type[BaseModel], loc: Sequence[int | str]) -> set[str]:
    """The names that fields have in the model at a location; none where the annotations do not say."""
    here: Collection[Any] = [model]
    for part in loc:
        here = [below for annotation in here for below in _below(annotation, part)] or here
    return {
        alias if isinstance(alias := field.validation_alias, str) else name
        for annotation in here
        for one in _members(annotation)
        if isinstance(one, type) and issubclass(one, BaseModel)
        for name, field in one.model_fields.items()
    }


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
