"""Checks of requests and answers, derived from the facade classes of the `juju` package.

The package is generated from the schemas of Juju; each of its methods and types has, in its docstring, its fields
and their types. Go takes null for anything and ignores unknown fields in a request, so requests are held to the types
only. An answer must have no field that Juju does not know.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import re
import warnings
from collections.abc import Callable
from typing import Any

import fastjsonschema

Json = dict[str, Any]
Validator = Callable[[Any], Any]

_FIELD = re.compile(r"^(\w+) : (.+)$", re.MULTILINE)
_TIMES = {"since", "last-connection", "start", "end", "started", "completed", "enqueued", "default"}

# Where the generated types differ from what Juju sends: values with a JSON form of their own, and lists of lists.
_OWN_FORM: dict[str, Json] = {
    "Number": {"type": "string"},
    "Macaroon": {"type": ["object", "null"]},
    "Delta": {
        "type": "array",
        "items": [{"type": "string"}, {"enum": ["change", "remove"]}, {"type": "object"}],
        "minItems": 3,
        "maxItems": 3,
    },
    "FacadeVersions": {
        "type": "object",
        "properties": {"name": {"type": "string"}, "versions": {"type": "array", "items": {"type": "integer"}}},
        "required": ["name", "versions"],
    },
}
_LISTS_OF_LISTS = {
    ("LoginResult", "servers"): "HostPort",
    ("RedirectInfoResult", "servers"): "HostPort",
    ("CharmResourcesResults", "results"): "CharmResourceResult",
}


class SchemaError(AssertionError):
    """The simulator gave an answer that Juju would not give: a defect of the simulator."""


def _juju(module: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # juju uses the old name of a class of websockets
        return importlib.import_module(f"juju.client.{module}")


@functools.cache
def method_names(facade: str, version: int) -> frozenset[str]:
    """What a facade has, as the client knows it."""
    found = getattr(_juju(f"_client{version}"), f"{facade}Facade", None)
    return frozenset() if found is None else frozenset(name for name in vars(found) if name[0].isupper())


@functools.cache
def validators(facade: str, version: int, method: str) -> tuple[Validator, Validator]:
    """The compiled checks of a method's request and of its answer."""
    function = getattr(getattr(_juju(f"_client{version}"), f"{facade}Facade"), method)
    doc = inspect.getdoc(function) or ""
    wire = {py: name for name, py in re.findall(r'_params\["([^"]+)"\] = (\w+)', inspect.getsource(function))}
    properties: Json = {}
    used: set[str] = set()
    for py, kind in _FIELD.findall(doc):
        if py in wire:
            properties[wire[py]] = _type(kind, used, answer=False)
    request: Json = {"type": "object", "properties": properties}
    _define(request, used, answer=False)
    used = set()
    returns = re.search(r"Returns -> (\S+)", doc)
    answer: Json = {"type": "object"}
    if returns and returns.group(1) != "None":
        answer = {"allOf": [_type(f"~{returns.group(1)}", used, answer=True), {"type": "object"}]}
        _define(answer, used, answer=True)
    return _compile(request), _compile(answer)


def check_request(facade: str, version: int, method: str, params: Json) -> str | None:
    """What is wrong with a request; None: nothing."""
    try:
        validators(facade, version, method)[0](params)
    except fastjsonschema.JsonSchemaValueException as error:
        return f"json: cannot unmarshal {(error.name or '').replace('data', method, 1)}: {error.message}"
    return None


def check_answer(facade: str, version: int, method: str, answer: Json) -> None:
    """Hold an answer to the schema.

    Raises:
        SchemaError: it is not what Juju would say.
    """
    try:
        validators(facade, version, method)[1](answer)
    except fastjsonschema.JsonSchemaValueException as error:
        raise SchemaError(f"{facade}({version}).{method} answers {answer!r}: {error.message}") from error


def _compile(schema: Json) -> Validator:
    checked: Validator = fastjsonschema.compile(schema)
    return checked


def _define(schema: Json, used: set[str], *, answer: bool) -> None:
    """Add the definitions of all types that are used, and of those that these use."""
    definitions: Json = {}
    while missing := used - definitions.keys():
        for name in missing:
            definitions[name] = _definition(name, used, answer=answer)
    schema["definitions"] = definitions


def _definition(name: str, used: set[str], *, answer: bool) -> Json:
    if name in _OWN_FORM:
        return _OWN_FORM[name]
    cls = getattr(_juju("_definitions"), name, None)
    if cls is None:
        return {}
    doc = inspect.getdoc(cls.__init__) or ""
    properties: Json = {}
    for given, kind in _FIELD.findall(doc):
        py = given if given in cls._toSchema else given[:1].lower() + given[1:]  # a formatter raised the first letter
        wire = cls._toSchema.get(py)
        if wire is None:
            continue
        if kind.lstrip("~") == wire:  # embedded: its fields are this one's
            properties |= _definition(wire, used, answer=answer).get("properties", {})
        nested = _LISTS_OF_LISTS.get((name, wire))
        full = f"Sequence[Sequence[~{nested}]]" if nested else kind
        properties[wire] = _type(full, used, answer=answer and wire not in _TIMES)
    if not properties:
        return {}
    return {"type": ["object", "null"], "properties": properties, **({"additionalProperties": False} if answer else {})}


def _type(kind: str, used: set[str], *, answer: bool) -> Json:
    """A type of a docstring as JSON schema. In an answer only lists, mappings and structures may be null."""
    kind = kind.strip().replace("typing.", "")
    scalar = {"str": "string", "int": "integer", "bool": "boolean", "float": "number"}.get(kind)
    if scalar:
        return {"type": scalar if answer else [scalar, "null"]}
    if kind in {"Any", "~Any"} or not kind:
        return {}
    if kind == "Sequence[int]":  # bytes of Go, base64 in JSON
        return {"type": ["array", "string", "null"]}
    if kind.startswith("Sequence["):
        return {"type": ["array", "null"], "items": _type(kind[9:-1], used, answer=answer)}
    if kind.startswith("Mapping["):
        values = kind[8:-1].partition(",")[2]
        return {"type": ["object", "null"], "additionalProperties": _type(values, used, answer=answer)}
    name = kind.lstrip("~")
    used.add(name)
    return {"$ref": f"#/definitions/{name}"}
