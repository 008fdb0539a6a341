"""The faults of Juju on machines: what is done, which operations it can meet, what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from support.faults.operations import OPERATIONS
from support.faults.scene import Scene

DONE = "done"
UNREACHABLE = "VcaConnectionError, retry"
REFUSED = "VcaConnectionError"
FAILED = "BackendError"
GONE = "NotFound"
LATE = "VcaTimeoutError, retry"
NOT_RUN = "ExecutionError"

CREATE, REGISTER, INSTALL = (
    "create_execution_environment",
    "register_execution_environment",
    "install_configuration_sw",
)
DELETE, DEREGISTER = "delete_execution_environment", "deregister_execution_environment"
ALL = tuple(OPERATIONS)
READS = ("list_execution_environments", "get_status", "get_metrics", "health")
OF_MODELS = tuple(name for name in ALL if name != "health")


@dataclass(frozen=True)
class Fault:
    """A row of the table.

    Args:
        name: what goes wrong.
        family: its part of the table.
        do: makes it go wrong, once everything is prepared for the operation.
        concerns: the operations that it can meet.
        outcome: what comes of it.
        but: where something else does.
        turns: whether each request of the operation has its turn, in a run of its own: ``all``, ``changes`` (those
            that change something), ``results`` (those that do so and have results).
        options: of the connector.
        limit: the operation's own total limit, in seconds.
        warm: whether the connector has made the setting, too, and is connected; else it is a new one.
        controller: how the controller is made.
        lasting: whether the same call cannot succeed when nothing goes wrong any more.
        extra: whether it leaves more in the model than the operation itself, as a run that was cancelled.
    """

    name: str
    family: str
    do: Callable[[Scene], Any]
    concerns: tuple[str, ...] = ALL
    outcome: str = DONE
    but: Mapping[str, str] = field(default_factory=dict)
    turns: Literal["", "all", "changes", "results"] = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    limit: float = 20.0
    warm: bool = False
    controller: Mapping[str, Any] = field(default_factory=dict)
    lasting: bool = False
    extra: bool = False

    def expected(self, operation: str) -> str:
        """What comes of an operation."""
        return self.but.get(operation, self.outcome)


def _wrong_password(scene: Scene) -> None:
    scene.controller.world.users[scene.controller.username].password = "another one"


def _login(trouble: Any, of: Any = "any") -> Callable[[Scene], None]:
    def do(scene: Scene) -> None:
        scene.controller.faults.login, scene.controller.faults.login_of = trouble, of

    return do


def _drop(when: Literal["before", "after"]) -> Callable[[Scene], None]:
    return lambda scene: scene.rules.append(scene.controller.faults.drop(scene.request, when, nth=scene.nth))


_LOGIN, _CONNECTION = "Logins", "Connections"

FAULTS = {
    fault.name: fault
    for fault in (
        Fault("wrong password", _LOGIN, _wrong_password, outcome=REFUSED),
        Fault("redirect to another controller", _LOGIN, _login("redirect"), outcome=REFUSED),
        Fault("login by macaroon wanted", _LOGIN, _login("discharge"), outcome=REFUSED),
        Fault("model is being migrated", _LOGIN, _login("migrating", "model"), concerns=OF_MODELS, outcome=REFUSED),
        Fault("connection dropped at any request, before it took effect", _CONNECTION, _drop("before"), turns="all"),
        Fault("connection dropped at any request, after it took effect", _CONNECTION, _drop("after"), turns="all"),
    )
}
"""By name, in the order of the rows."""
