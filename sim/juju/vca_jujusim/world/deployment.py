"""What is asked for when an application is deployed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from vca_jujusim.charms import Charm
from vca_jujusim.world.entities import Base


@dataclass(slots=True)
class Deployment:
    """An application, the charm that it is made of, and how."""

    application: str
    charm: Charm
    origin: dict[str, Any]
    base: Base
    num_units: int = 1
    placement: list[dict[str, Any]] = field(default_factory=list)
    config: dict[str, Any] = field(default_factory=dict)
    trust: bool = False
    constraints: dict[str, Any] = field(default_factory=dict)
    bindings: dict[str, str] = field(default_factory=dict)
    resources: dict[str, dict[str, Any]] = field(default_factory=dict)
    storage: dict[str, dict[str, Any]] = field(default_factory=dict)
    attach_storage: list[str] = field(default_factory=list)
    force: bool = False
