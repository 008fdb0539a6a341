"""The primitive `look` of the kit's own charm: what a unit sees of what was done to it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PROGRAM = r"""#!/bin/sh
# Tell what this unit sees.
#
# Where hook tools are found, they are asked, as in a charm. Else it is a plain program: it reads an object with
# `unit`, `leader`, `options`, `params` and `relations` (ids, by endpoint) from its standard input, and writes one with
# `seen` to its standard output. What it keeps is in its working directory, which is the unit's own.
set -e

look() {
    python3 -S -E -c '
import json
import os
import sys

given = json.load(sys.stdin)
charm = os.path.dirname(os.path.dirname(os.path.abspath(sys.argv[1])))
params, relations = given.get("params") or {}, given.get("relations") or {}
with open(".vca-conformance-looks", "a+", encoding="utf-8") as kept:
    kept.write(str(params.get("mark", "")) + "\n")
    kept.seek(0)
    marks = kept.read().splitlines()
seen = {
    "unit": given["unit"],
    "leader": given.get("leader"),
    "charm": "@CHARM@",
    "options": given.get("options") or {},
    "params": params,
    "relations": {endpoint: len(relations.get(endpoint) or ()) for endpoint in ("out", "into", "about")},
    "marks": marks,
    "environment": sorted(os.environ),
    "folders": sorted(name for name in os.listdir(charm) if os.path.isdir(os.path.join(charm, name))),
}
json.dump(seen, sys.stdout)
' "$0"
}

if command -v action-get >/dev/null; then
    leader=$(is-leader --format=json)
    options=$(config-get --format=json)
    params=$(action-get --format=json)
    out=$(relation-ids out --format=json)
    into=$(relation-ids into --format=json)
    about=$(relation-ids about --format=json)
    relations=$(printf '{"out": %s, "into": %s, "about": %s}' "${out:-null}" "${into:-null}" "${about:-null}")
    seen=$(
        printf '{"unit": "%s", "leader": %s, "options": %s, "params": %s, "relations": %s}' \
            "$JUJU_UNIT_NAME" "${leader:-null}" "${options:-null}" "${params:-null}" "$relations" |
            look
    )
    exec action-set seen="$seen"
fi
seen=$(look)
printf '{"seen": %s}' "$seen"
"""
"""The program of the primitive. It knows the version of its own charm: ``@CHARM@`` stands for it."""

SCHEMA: dict[str, Any] = {
    "description": "Tell what this unit sees: options, parameters, relations, and what it was asked before.",
    "params": {
        "mark": {"type": "string", "description": "Tells this call apart from all others."},
        "text": {"type": "string", "description": "A text."},
        "number": {"type": "integer", "description": "A whole number."},
        "share": {"type": "number", "description": "A number."},
        "flag": {"type": "boolean", "description": "On or off."},
        "deep": {"type": "object", "properties": {}, "description": "Whatever lies in it."},
    },
    "required": ["mark"],
    "additionalProperties": False,
}

ABOUT = "about"
"""An endpoint of the charm that requires what every charm provides."""


@dataclass(frozen=True)
class Sight:
    """What a unit sees.

    Args:
        unit: its name.
        leader: whether it is the leader; None: the system has no leaders.
        charm: which version of the kit's charm it runs: ``first`` or ``second``.
        options: the charm's options with their values; without those that have none.
        params: the parameters that it was given.
        relations: how many there are, by endpoint.
        marks: those of all calls that this unit ever ran, oldest first, this one included.
        environment: the names of the variables in the program's environment.
        folders: the folders of the charm.
    """

    unit: str
    leader: bool | None
    charm: str
    options: Mapping[str, Any]
    params: Mapping[str, Any]
    relations: Mapping[str, int]
    marks: tuple[str, ...]
    environment: frozenset[str] = frozenset()
    folders: frozenset[str] = frozenset()


def sight_of(output: object) -> Sight:
    """Read what a call of the primitive gave back.

    Args:
        output: the output; ``seen`` is an object, or its text in JSON, as hook tools can give it.
    """
    seen = output.get("seen") if isinstance(output, Mapping) else None
    if isinstance(seen, str):
        try:
            seen = json.loads(seen)
        except ValueError:
            seen = None
    assert isinstance(seen, Mapping), f"`look` of the kit's charm gave no `seen`; its output was {_keys(output)}"
    return Sight(
        unit=str(seen["unit"]),
        leader=seen["leader"],
        charm=str(seen["charm"]),
        options=seen["options"],
        params=seen["params"],
        relations=seen["relations"],
        marks=tuple(seen["marks"]),
        environment=frozenset(seen.get("environment", ())),
        folders=frozenset(seen.get("folders", ())),
    )


def _keys(output: object) -> str:
    return f"an object with {', '.join(map(repr, output)) or 'nothing'}" if isinstance(output, Mapping) else "no object"
