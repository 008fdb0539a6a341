"""The primitives of a charm: ``actions.yaml``, or ``actions`` of ``charmcraft.yaml``."""

from __future__ import annotations

import re
from typing import Any

from vca_core.charm.fields import Field
from vca_core.charm.model import Action
from vca_core.charm.schema_places import without_nothings

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")

_ABOUT_THE_ACTION = ("params", "description", "parallel", "execution-group")
"""The keys that are not the schema's; Juju takes every other one for a part of it."""


def read_actions(actions: Field, charm: str) -> dict[str, Action]:
    """Read the actions of a charm.

    Args:
        actions: by name.
        charm: its name: only charms of Juju itself may call their actions ``juju-…``.

    Raises:
        BadArguments: they are malformed, or a name is not that of an action, or is reserved by Juju.
    """
    from vca_core.charm.expressions import count_instructions  # RE2 is loaded for charms that have actions

    with count_instructions():
        return {str(name): _action(str(name), field, charm) for name, field in actions.mapping(empty=True).items()}


def _action(name: str, field: Field, charm: str) -> Action:
    if not _NAME.fullmatch(name):
        raise field.error("expected a name of lower-case letters, digits and inner dashes, such as get-ssh-public-key")
    if (name == "juju" or name.startswith("juju-")) and not charm.startswith("juju-"):
        raise field.error("names that begin with juju are reserved; give the action another name")
    parts = field.mapping()
    description = parts.get("description")
    parallel = parts.get("parallel")
    group = parts.get("execution-group")
    action = Action(
        name,
        _schema(parts),
        description.text() if description else "",
        parallel=parallel.flag() if parallel else False,
        execution_group=group.text() if group else "",
    )
    from vca_core.charm.schemas import validator  # jsonschema is loaded for charms that have actions

    vars(action)["validator"] = validator(action.schema, str(field))  # so that it is not made a second time
    _ = action.secret_names  # found here, and kept: charms are read in threads
    return action


def _schema(parts: dict[str, Field]) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object"}
    schema |= {key: part.value for key, part in parts.items() if key not in _ABOUT_THE_ACTION}
    if schema["type"] != "object":
        raise parts["type"].error("expected the type object, as for the parameters of all actions; leave the type out")
    params = parts.get("params") or parts.get("properties")
    schema["properties"] = {}
    if params is not None:
        for name, param in params.mapping(empty=True).items():
            param.mapping()
            schema["properties"][name] = {} if param.value is None else param.value
    if "required" in parts:  # last, so that what is said of a parameter that is given is said first
        del schema["required"]
        schema["required"] = [item.name() for item in parts["required"].items()]
    plain: dict[str, Any] = _as_json(without_nothings(schema))
    return plain


def _as_json(value: Any) -> Any:
    """The same as Juju keeps it, in JSON: keys are text, and 2.0 is 2."""
    if isinstance(value, dict):
        return {str(key): _as_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_as_json(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value
