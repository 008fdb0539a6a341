"""Where operations of the fault table run: what is of one backend, and not of the other one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.faults.operations import OPERATIONS, Subject, charms
from support.faults.scene import NS

from vca_core.testing.subject import Charms


@dataclass(frozen=True)
class Place:
    """A backend on a simulated controller.

    Args:
        backend: its name.
        model: the name of the model of the NS.
        operations: what it can do, by hook.
        charms: writes the charms that are installed.
        options: of its connectors, beside where the controller is.
    """

    backend: str
    model: str
    operations: Mapping[str, Subject]
    charms: Callable[[Path], Charms]
    options: Mapping[str, Any] = field(default_factory=dict)


MACHINES = Place("juju-machine", NS, OPERATIONS, charms)
