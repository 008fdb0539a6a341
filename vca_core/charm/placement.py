"""Where a new machine is to be, as Juju's command takes it: in a container, a zone, or wherever a cloud understands."""

from __future__ import annotations

import re
from typing import NamedTuple

CONTAINERS = ("lxd", "kvm")
"""What machines can be made within a machine."""

LONGEST = 1000
"""Characters of a placement."""

_MACHINE = re.compile(r"(?:0|[1-9][0-9]*)(?:/[a-z]+/(?:0|[1-9][0-9]*))*")


class Placement(NamedTuple):
    """Where a new machine is to be.

    Args:
        scope: what the directive is for: one of `CONTAINERS`, the name of a model; empty: the machine's own model.
        directive: of a container, the machine that it is on (empty: a new one); else what the cloud understands.
    """

    scope: str
    directive: str

    @property
    def is_container(self) -> bool:
        """Whether the machine is a container on another one."""
        return self.scope in CONTAINERS


def parse_placement(text: str) -> Placement:
    """Read a placement.

    Args:
        text: ``lxd``, ``lxd:0``, ``zone=a``.

    Raises:
        ValueError: it is none, or names a machine: nothing is made on one but containers.
    """
    if len(text) > LONGEST:
        raise ValueError(f"expected a placement of at most {LONGEST} characters, got {len(text)}")
    if text in CONTAINERS:
        return Placement(text, "")
    scope, colon, directive = text.partition(":") if ":" in text else ("", "", text)
    if _MACHINE.fullmatch(text) or scope == "#":
        raise ValueError(f"expected lxd:{directive} or zone=NAME, got {text!r}: a machine is not made on another one")
    if (colon and not scope) or not directive.strip():
        raise ValueError(f"expected a placement such as lxd:0 or zone=a, got {text!r}")
    if scope in CONTAINERS and not _MACHINE.fullmatch(directive):
        raise ValueError(f"expected the id of a machine behind {scope}:, such as {scope}:0, got {directive!r}")
    return Placement(scope, directive)


def check_placement(text: str) -> str:
    """Give back a placement that can be read.

    Raises:
        ValueError: it cannot be.
    """
    parse_placement(text)
    return text
