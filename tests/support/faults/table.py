"""The faults of Juju on machines: what is done, which operations it can meet, what comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from support.faults import acts
from support.faults.operations import (
    ALL,
    CHANGES,
    CONFIGURE,
    CREATE,
    DELETE,
    DELETE_NS,
    DEREGISTER,
    INSTALL,
    OF_MODELS,
    PRIMITIVE,
    READS,
    REGISTER,
    REMOVES,
    SCALE,
    UPGRADE,
)
from support.faults.others import add_beside, break_and_mend, dial_a_crowd, keep_charmhub_away, reach_a_quota
from support.faults.scene import NS

AMPLE = 100.0
"""Seconds in which every operation ends by itself."""

DONE = "done"
UNREACHABLE = "VcaConnectionError, retry"
REFUSED = "VcaConnectionError"
FAILED = "BackendError"
FAILED_FOR_NOW = "BackendError, retry"
GONE = "NotFound"
CONFLICT = "ConflictError, retry"
LATE = "VcaTimeoutError, retry"
BAD = "BadArguments"
NOT_RUN = "ExecutionError"


@dataclass(frozen=True)
class Fault:
    """A row of the table.

    Args:
        name: what goes wrong.
        do: makes it go wrong, once everything is prepared for the operation.
        concerns: the operations that it can meet.
        outcome: what comes of it.
        but: where something else does.
        turns: whether each request of the operation has its turn, in a run of its own: ``all``, ``effects`` (those
            that change something), ``changes`` (these, without uploads), ``results`` (these, if they are bulk calls).
        options: of the connector.
        limit: the total limit of operations that it makes hang, in seconds; others have all the time that they need.
        warm: whether the connector has made the setting, too, and is connected; else it is a new one.
        controller: how the controller is made.
        lasting: whether the same call cannot succeed when nothing goes wrong any more.
        anew: whether it takes along what was made, so that the same call makes it anew.
        extra: whether it leaves more in the model than the operation itself, as a run that was cancelled.
    """

    name: str
    do: acts.Do
    concerns: tuple[str, ...] = ALL
    outcome: str = DONE
    but: Mapping[str, str] = field(default_factory=dict)
    turns: Literal["", "all", "effects", "changes", "results"] = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    limit: float = 1.0
    warm: bool = False
    controller: Mapping[str, Any] = field(default_factory=dict)
    lasting: bool = False
    anew: bool = False
    extra: bool = False

    def expected(self, operation: str) -> str:
        """What comes of an operation."""
        return self.but.get(operation, self.outcome)

    def limit_of(self, operation: str) -> float:
        """The total limit of an operation: a short one only where it is what comes, however slow the machine."""
        return self.limit if self.expected(operation) == LATE else AMPLE


QUICK = {"connect_timeout": 1.0, "outage_timeout": 1.0}
SILENT = {"request_timeout": 0.4}

FAULTS = {
    fault.name: fault
    for fault in (
        Fault("wrong password", acts.wrong_password, outcome=REFUSED),
        Fault("user has no access to the model", acts.no_access, concerns=OF_MODELS, outcome=REFUSED),
        Fault("redirect to another controller", acts.login("redirect"), outcome=REFUSED),
        Fault("login by macaroon wanted", acts.login("discharge"), outcome=REFUSED),
        Fault("model is being migrated", acts.login("migrating", "model"), concerns=OF_MODELS, outcome=REFUSED),
        Fault("connection dropped at any request, before it took effect", acts.drop("before"), turns="all"),
        Fault(
            "connection dropped at any request, after it took effect",
            acts.drop("after"),
            turns="all",
        ),
        Fault(
            "any request that has an effect is never answered",
            acts.hang("after"),
            concerns=CHANGES,
            turns="changes",
            options=SILENT,
        ),
        Fault("a request is never answered, and has no effect", acts.hang("before"), options=SILENT),
        Fault("the watcher never answers any more", acts.hang_next, concerns=CHANGES, options=SILENT),
        Fault("all connections cut before", lambda scene: scene.controller.cut(), warm=True),
        Fault(
            "connections fall silent before",
            lambda scene: scene.controller.stall(),
            warm=True,
            options=SILENT,
            extra=True,
        ),
        Fault("all answers come late", acts.late),
        Fault("controller restarts in the middle", acts.in_the_middle(lambda scene: scene.controller.restart())),
        Fault(
            "controller goes away in the middle, for longer than outage_timeout",
            acts.gone_for_long,
            outcome=UNREACHABLE,
            options=QUICK,
        ),
        Fault(
            "controller goes away while what failed is undone",
            acts.gone_while_undoing,
            concerns=(CREATE, REGISTER),
            outcome=UNREACHABLE,
            options=QUICK,
        ),
        Fault(
            "controller is not there",
            lambda scene: scene.controller.go_down(),
            outcome=UNREACHABLE,
            options=QUICK,
        ),
        Fault("controller is upgraded in the middle", acts.upgrade),
        Fault(
            "controller is upgraded, for longer than outage_timeout",
            lambda scene: scene.controller.upgrade(),
            outcome=UNREACHABLE,
            options=QUICK,
        ),
        Fault("the only endpoint is half-open", acts.half_open, outcome=UNREACHABLE, options=QUICK),
        Fault("one of three endpoints is dead", acts.nothing, controller={"endpoints": 3, "dead": (0,)}),
        Fault("two of three endpoints are dead", acts.nothing, controller={"endpoints": 3, "dead": (0, 2)}),
        Fault(
            "more models are dialled than may be at once",
            dial_a_crowd,
            concerns=OF_MODELS,
            options={"connect_timeout": 1.0},
        ),
        Fault(
            "watchers are stopped in the middle",
            acts.in_the_middle(lambda scene: scene.controller.stop_watchers()),
            concerns=OF_MODELS,
        ),
        Fault("all deltas come twice", acts.deltas("duplicate"), concerns=OF_MODELS),
        Fault("old deltas come after newer ones", acts.deltas("late"), concerns=OF_MODELS),
        Fault(
            "contention or an aborted transaction at any request that has an effect",
            acts.races,
            concerns=CHANGES,
            turns="changes",
        ),
        Fault(
            "an error in a result of any request that has an effect",
            acts.result_refused,
            concerns=(CREATE, REGISTER, INSTALL, CONFIGURE, PRIMITIVE, DELETE, DEREGISTER, DELETE_NS),
            outcome=FAILED,
            turns="results",
        ),
        Fault(
            "an operator has blocked changes",
            acts.blocked_by_operator,
            concerns=CHANGES,
            outcome=FAILED,
            turns="changes",
        ),
        # What get_status asks first is for secrets to keep out of its texts, and it does without.
        Fault("permission denied", acts.refused, but={"get_status": DONE}, outcome=FAILED),
        Fault(
            "cloud is one of Kubernetes",
            lambda scene: scene.controller.world.clouds["localhost"].update(type="kubernetes"),
            concerns=(CREATE, REGISTER),
            outcome=BAD,
            lasting=True,
        ),
        Fault(
            "a quota is reached",
            reach_a_quota,
            concerns=(CREATE, INSTALL, "add_relation", SCALE, UPGRADE),
            outcome=FAILED,
        ),
        Fault("machine of another maker comes while the answer about one is lost", add_beside, concerns=(CREATE,)),
        Fault(
            "charm is Charmhub's, which is out of reach",
            keep_charmhub_away,
            concerns=(INSTALL,),
            outcome=FAILED_FOR_NOW,
        ),
        Fault("machine cannot be provisioned", acts.no_machine, concerns=(CREATE, SCALE), outcome=FAILED, lasting=True),
        Fault(
            "machine is lost",
            acts.lost,
            concerns=OF_MODELS,
            but=dict.fromkeys((INSTALL, SCALE, UPGRADE), FAILED)
            | dict.fromkeys((CREATE, REGISTER, CONFIGURE, PRIMITIVE), LATE),
        ),
        Fault(
            "hook error, Juju does not run the hook again",
            acts.hook(retry=False),
            concerns=(INSTALL, "add_relation", CONFIGURE, PRIMITIVE, SCALE, UPGRADE, *REMOVES, *READS),
            but=dict.fromkeys((INSTALL, SCALE, UPGRADE), FAILED),
            lasting=True,
        ),
        Fault(
            "hook error, Juju runs the hook again",
            acts.hook(retry=True),
            concerns=(INSTALL, SCALE, UPGRADE),
            outcome=FAILED,
            controller={"hook_retry": 2.0},
        ),
        Fault(
            "hook error, Juju runs the hook again within hook_error_grace",
            acts.hook(retry=True),
            concerns=(INSTALL, SCALE, UPGRADE),
            options={"hook_error_grace": 10.0},
        ),
        Fault(
            "hook error, and the upgrade has force_units and resolve",
            break_and_mend,
            concerns=(UPGRADE,),
        ),
        Fault(
            "agent of a unit fails",
            lambda scene: acts.noted(scene.controller.faults.fail_agent()),
            concerns=(INSTALL, SCALE),
            outcome=FAILED,
        ),
        Fault("charm says that it is blocked", acts.blocked, concerns=(INSTALL, CONFIGURE, PRIMITIVE, SCALE, UPGRADE)),
        *(
            Fault(f"action ends as {outcome}", acts.action(outcome), concerns=(CONFIGURE, PRIMITIVE), outcome=NOT_RUN)
            for outcome in ("failed", "cancelled", "aborted", "error")
        ),
        Fault("action hangs", acts.action("hang"), concerns=(CONFIGURE, PRIMITIVE), outcome=LATE),
        Fault("model is stuck in dying", acts.stuck("model"), concerns=(DELETE_NS,), outcome=LATE),
        Fault(
            "model is dying already, and stuck in it",
            acts.dying,
            concerns=tuple(name for name in OF_MODELS if name not in (CREATE, REGISTER, DELETE_NS)),
            outcome=GONE,
            but=dict.fromkeys((*REMOVES, *READS), DONE),
            lasting=True,
            extra=True,
        ),
        Fault(
            "model of that name is dying, and stuck in it",
            acts.dying,
            concerns=(CREATE, REGISTER),
            outcome=LATE,
            extra=True,
        ),
        Fault(
            "model is dead, and removed in the end",
            acts.dead(stays=False),
            concerns=OF_MODELS,
            but=dict.fromkeys(
                (
                    *(INSTALL, "add_relation", CONFIGURE, PRIMITIVE, SCALE, UPGRADE),
                    *("get_status", "get_metrics"),
                ),
                GONE,
            ),
            lasting=True,
            extra=True,
        ),
        Fault(
            "model is dead, and never removed (juju#20658)",
            acts.dead(stays=True),
            concerns=(CREATE, REGISTER, DELETE, DEREGISTER, DELETE_NS),
            outcome=LATE,
            extra=True,
        ),
        Fault("model is said once not to be found", acts.not_found_once, concerns=OF_MODELS),
        Fault(
            "units are stuck in dying",
            acts.stuck("unit"),
            concerns=(DELETE, DEREGISTER, DELETE_NS),
            outcome=LATE,
        ),
        Fault(
            "somebody else removes the application",
            acts.removed(lambda scene: scene.controller.remove_application(scene.model_name, scene.application)),
            concerns=tuple(name for name in OF_MODELS if name not in (CREATE, REGISTER)),
            but=dict.fromkeys((INSTALL, "add_relation", CONFIGURE, PRIMITIVE, SCALE, UPGRADE), GONE),
            lasting=True,
            extra=True,
        ),
        Fault(
            "somebody else removes the machine",
            acts.removed(lambda scene: scene.controller.remove_machine(NS, "0")),
            concerns=OF_MODELS,
            but=dict.fromkeys((CREATE, REGISTER, INSTALL, CONFIGURE, PRIMITIVE, SCALE, UPGRADE), GONE),
            lasting=True,
            extra=True,
        ),
        Fault(
            "somebody else removes the model",
            acts.removed(lambda scene: scene.controller.remove_model(scene.model_name)),
            concerns=tuple(name for name in OF_MODELS if name not in (CREATE, REGISTER)),
            but=dict.fromkeys((INSTALL, "add_relation", CONFIGURE, PRIMITIVE, SCALE, UPGRADE, "get_status"), GONE),
            lasting=True,
            extra=True,
        ),
        Fault(
            "somebody else removes the model of an EE that is being made",
            acts.removed(lambda scene: scene.controller.remove_model(scene.model_name)),
            concerns=(CREATE, REGISTER),
            but={REGISTER: DONE},
            outcome=CONFLICT,
            anew=True,
            extra=True,
        ),
    )
}
"""By name, in the order of the rows."""
