"""Parameters for a charm's primitives: checked for backends, and never shown (they may be passwords)."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from vca_core import arguments
from vca_core.charm.model import Action
from vca_core.charm.texts import convert_texts
from vca_core.errors import BadArguments
from vca_core.plain import flaws, kind_of, printable, weight
from vca_core.secrets.frames import without_frames
from vca_core.suggestions import instead
from vca_core.tasks import compute_in_thread
from vca_core.written import texts_of

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError


_MOST_FLAWS = 20
"""How many problems are reported; a list that contains itself twice has no end of them."""

_MOST_HINTS = 10
"""For how many unknown names another one is suggested: to find it takes time."""

_LIGHT = 2_000
"""Up to which weight of a schema times that of the parameters a check takes a few milliseconds at most."""

_MOST_SHOWN = 20
_LONGEST_SHOWN = 200


@without_frames
def check_params(action: Action, params: Mapping[str, Any], *, fill: bool = True) -> dict[str, Any]:
    """Check parameters against an action's schema, then add the defaults of those that were not given.

    In this order, as Juju does it: a required parameter has to be given even if it has a default, and a default is not
    checked. An object is taken only where the schema declares ``properties`` of it, be they none. Values are those of
    JSON; tuples count as lists. They get the type that the schema asks for, as values of options do: ``"7"`` and
    ``7.0`` for an integer, ``"true"`` for a boolean, YAML for an object or a list, the text of a number for text; where
    text is declared, or no type, text stays text. ``allOf`` and ``patternProperties`` count as well, and ``anyOf`` and
    ``oneOf`` as far as their branches agree. A parameter that is not declared is refused only where the schema says
    ``additionalProperties: false`` (Juju 3 takes it otherwise).

    Args:
        action: the primitive.
        params: by name, as the caller gave them.
        fill: whether the defaults are added; a system that does so itself is given what was asked for.

    Returns:
        The parameters in their types with the defaults filled in, also in nested objects.

    Raises:
        BadArguments: they do not fit; the error lists everything that is wrong, by name (``params_dict.<name>``),
            without the values.
    """
    given = arguments.mapping(params, "params_dict")
    _ = action.validator  # what is no schema is refused first: nothing else can be made of it
    problems = list(itertools.islice(flaws(given), _MOST_FLAWS))
    if not problems:
        given = _convert(action, given)
        problems = list(itertools.islice(flaws(given), _MOST_FLAWS)) or _misfits(action, given)
    if problems:
        texts = dict.fromkeys(printable(f"{'.'.join(('params_dict', *path))}: {text}") for path, text in problems)
        names = dict.fromkeys(".".join(("params_dict", *path[:1])) for path, _ in problems)
        raise BadArguments(f"{'; '.join(texts)} (primitive {action.name})", names, shows_values=False)
    return _with_defaults(action.schema, given) if fill else dict(given)


async def check_params_aside(action: Action, params: Mapping[str, Any], *, fill: bool = True) -> dict[str, Any]:
    """Check parameters as `check_params` does, without stopping the event loop for long.

    Where a schema or parameters are large, the check takes long, and is done in a thread. A charm's schema is not to be
    trusted.

    Args:
        action: the primitive.
        params: by name, as the caller gave them.
        fill: whether the defaults are added.

    Returns:
        The parameters with the defaults filled in.

    Raises:
        BadArguments: they do not fit.
    """
    is_ready = "validator" in vars(action)  # else it is made now, and that alone may take a while
    # Texts are read as YAML where the charm wants no text, which takes a thousand times longer than to check them.
    if is_ready and action.weight * weight(params, 1000, characters=20) <= _LIGHT:
        return check_params(action, params, fill=fill)
    return await compute_in_thread(lambda: check_params(action, params, fill=fill))


def _convert(action: Action, given: Mapping[str, Any]) -> dict[str, Any]:
    with _count_steps(action):
        converted: dict[str, Any] = convert_texts(action.schema, given, texts_of(given))
        return converted


def _misfits(action: Action, given: Mapping[str, Any]) -> list[tuple[tuple[str, ...], str]]:
    with _count_steps(action):
        problems = (problem for error in action.validator.iter_errors(given) for problem in _explanations(error))
        return list(itertools.islice(itertools.chain(problems, _closed_objects(action.schema, given)), _MOST_FLAWS))


@contextmanager
def _count_steps(action: Action) -> Iterator[None]:
    """Give the check of parameters a budget of steps."""
    # It loads jsonschema, by the one way that all threads share: modules of it that import each other in two threads
    # fail. What is imported after it is loaded already.
    _ = action.validator
    from vca_core.charm.keywords import count_steps

    with count_steps("params_dict", ["params_dict"]):
        yield


def _closed_objects(
    schema: Mapping[str, Any], given: Mapping[str, Any], path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Objects into which Juju would fill defaults, and fails: their schemas say nothing of what is in them."""
    for name, param in (schema.get("properties") or {}).items():
        if not isinstance(param, Mapping) or not isinstance(given.get(name), Mapping):
            continue
        if isinstance(param.get("properties"), Mapping):
            yield from _closed_objects(param, given[name], (*path, name))
        else:
            yield (
                (*path, name),
                "Juju takes a mapping there only where the charm's schema declares its properties, be they none",
            )


_KINDS = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "nothing",
    "number": "a number",
    "object": "a mapping",
    "string": "text",
}


def _explanations(error: ValidationError) -> Iterator[tuple[tuple[str, ...], str]]:
    """Say where parameters do not fit and why, from the schema's side only: jsonschema's own texts show the values."""
    path = tuple(map(str, error.absolute_path))
    said: Any = error.validator_value  # the schema's side, of the kind that its keyword takes
    schema: Any = error.schema
    given: Any = error.instance
    match error.validator:
        case "required":
            for name in said:
                if name not in given:
                    yield (*path, name), "expected a value, which the primitive requires, got nothing"
        case "additionalProperties" if said is False:
            from vca_core.charm.keywords import unknown_names

            known = list(schema.get("properties", {}))
            for number, name in enumerate(unknown_names(given, schema)):
                yield (*path, name), f"there is no such parameter{instead(name, known) if number < _MOST_HINTS else ''}"
        case "type":
            if "integer" in said and isinstance(given, int) and not isinstance(given, bool):
                yield path, "expected a whole number of at most 53 bits, as Juju has them, got a larger one"
                return
            kinds = [_KINDS.get(kind, kind) for kind in ([said] if isinstance(said, str) else said)]
            yield path, f"expected {' or '.join(kinds)}, got {kind_of(given)}"
        case "enum":
            yield path, f"expected one of {', '.join(map(_shorten, said[:_MOST_SHOWN]))}"
        case "anyOf" | "oneOf" | "allOf" | "not" | "if" | "dependencies" | "dependentRequired" | "contains" | "items":
            yield path, f"does not fit what the charm's schema asks for with {error.validator}"
        case _:
            yield path, f"{kind_of(given)} that does not fit the charm's schema: {error.validator} is {_shorten(said)}"


def _shorten(said: object) -> str:
    if isinstance(said, int) and abs(said) >= 10**20:
        return "a huge number"
    text = str(said)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def _with_defaults(schema: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    filled = dict(given)
    for name, param in (schema.get("properties") or {}).items():
        if not isinstance(param, Mapping):
            continue
        if isinstance(filled.get(name), Mapping):
            filled[name] = _with_defaults(param, filled[name])
        elif name not in filled and "default" in param:
            filled[name] = copy.deepcopy(param["default"])
        elif name not in filled and (made := _with_defaults(param, {})):
            filled[name] = made  # Juju makes the object where there are defaults in it
    return filled
