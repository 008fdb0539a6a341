"""What is wrong with given values, said without showing any that may be secret."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from pydantic_core.core_schema import ErrorType

from vca_core.config.expectations import expectation, is_of_another_kind, what_came
from vca_core.config.model_fields import kind_at, names_at, secret_names
from vca_core.errors import BadArguments, Cause, PluginError
from vca_core.plain import kind_of, weight
from vca_core.secrets import MASK, SecretValues, is_secret_name, scrub_cause, secret_strings, secrets_in
from vca_core.secrets.own_words import is_own_word
from vca_core.suggestions import instead

M = TypeVar("M", bound=BaseModel)
KeyPath = tuple[Any, ...]
"""Where a value stands: keys and positions from the root down, such as ``("connectors", "edge", "backend")``."""


MOST_TOLD = 20
"""How many problems are listed one by one."""

_HEAVY = 1000
"""From which weight (`vca_core.plain.weight`) on a value is not searched for secrets."""

_LONGEST_TOLD = 300
"""Characters that are told of what is said of such a value."""

_UNKNOWN = ("extra_forbidden", "invalid_key")
"""What pydantic calls a key that a model does not have, and one that is not even text."""


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


def validate_model(
    model: type[M], values: Mapping[str, Any], where: str = "", place_of: Callable[[KeyPath], str] = lambda _: ""
) -> M:
    """Check given values against a pydantic model, as options of a backend or of an operation.

    Args:
        model: what is expected; keys that it does not have should be refused by it (``extra="forbid"``).
        values: what was given.
        where: name of the argument: ``options``.
        place_of: says where the value at a path stands, such as ``vca.yaml:5:3: ``; empty where nothing is known.

    Returns:
        The model's object.

    Raises:
        BadArguments: every problem in a line of its own: its key, what is expected, what may have been meant. Given
            values are never shown, they may be secret.
        PluginError: a validator of the model is broken: it raised what pydantic does not collect.
    """
    root = (where,) if where else ()
    if not isinstance(values, Mapping):
        raise refusal([Problem(root, "a mapping of names to values", kind_of(values))], lambda _: place_of(()))
    found = validate_safely(lambda: model.model_validate(dict(values)), model, values)
    if isinstance(found, list):
        told = [replace(problem, path=(*root, *problem.path)) for problem in found]
        raise refusal(told, lambda path: place_of(path[len(root) :]))
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
        shown = details[:MOST_TOLD]
        found = [
            _unknown_key(model, values, detail, details)
            if detail["type"] in _UNKNOWN
            else _problem(model, values, detail, may_show, own=own)
            for detail in shown
        ]
        problems = _one_a_mistake(list(zip(found, shown, strict=True)))
        rest = len(details) - len(shown)
        return [*problems, Problem((), f"there are {rest} more problems")] if rest else problems
    except Exception as error:  # noqa: BLE001 - a validator may raise anything
        return scrub_cause(error, SecretValues(secret_strings(values)).scrub)


def _one_a_mistake(found: Sequence[tuple[Problem, ErrorDetails]]) -> list[Problem]:
    """Leave out what only follows from another problem.

    Of a union, each member complains: those of which the value is of another kind altogether say nothing where a member
    of the same kind says what is wrong in it. A key that is misspelt is unknown, and missing by its right name.
    """
    within = [problem.path for problem, detail in found if not is_of_another_kind(detail)]
    unknown = [problem for problem, detail in found if detail["type"] in _UNKNOWN]
    return [
        problem
        for problem, detail in found
        if not (is_of_another_kind(detail) and any(path[: len(problem.path)] == problem.path for path in within))
        and not (detail["type"] == "missing" and any(_is_meant(problem.path, one) for one in unknown))
    ]


def _is_meant(path: KeyPath, unknown: Problem) -> bool:
    """Ask whether an unknown key stands for a missing one."""
    return path[:-1] == unknown.path[:-1] and f"did you mean {path[-1]!r}?" in unknown.text


def _unknown_key(model: type[BaseModel], values: Any, detail: ErrorDetails, details: Sequence[ErrorDetails]) -> Problem:
    *above, key = detail["loc"]
    if not isinstance(key, str):  # nothing is spelt like it: perhaps it stands for the one that is missing
        missing = [one["loc"][-1] for one in details if one["type"] == "missing" and [*one["loc"][:-1]] == above]
        key = missing[0] if len(missing) == 1 else ""
    return Problem(
        tuple(_steps(detail["loc"], values, missing=False)), f"unknown key{instead(str(key), names_at(model, above))}"
    )


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
        return Problem(path, kind_at(model, loc), "nothing")
    if loc[-1:] == ("[key]",) and not isinstance(given, str):
        return Problem(path, f"expected text as a key, got {kind_of(given)}; put it in quotes")
    if kind in _OWN_WORDS and (expected := expectation(detail)) is not None:
        return Problem(path, expected, what_came(detail, may_show=may_show(path)))
    text = detail["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    if not own and kind not in _OWN_WORDS:
        heavy = weight((given,), _HEAVY, characters=10) >= _HEAVY
        text = _own_words_of(text) if heavy else SecretValues(_secrets_at(model, path, given)).scrub_own(text)
    if kind in _OWN_WORDS:
        text = text[:1].lower() + text[1:]
    if may_show(path) and isinstance(given, str | int | float) and repr(given) not in text:
        text += f", got {given!r}"
    return Problem(path, text)


def _own_words_of(text: str) -> str:
    """What is said of a large value, in words that are none of its own: to find its secrets takes too long."""
    return re.sub(r"\w{4,}", lambda word: word[0] if is_own_word(word[0]) else MASK, text[:_LONGEST_TOLD])


def _secrets_at(model: type[BaseModel], path: KeyPath, given: Any) -> Iterable[str]:
    """What can be secret of a value: all of it below a secret name or of a secret type, else what is so within it."""
    declared = secret_names(model)
    if any(str(part) in declared or is_secret_name(str(part)) for part in path):
        return secret_strings(given)
    return secrets_in(given, declared)


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
