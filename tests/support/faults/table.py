"""The faults of Juju on machines: what is done, which operations it can meet, what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from support.faults.operations import OPERATIONS
from support.faults.scene import NS, Scene

from vca_jujusim.faults import Counted, Outcome
from vca_jujusim.world.entities import Status

AMPLE = 100.0
"""Seconds in which every operation ends by itself."""

DONE = "done"
UNREACHABLE = "VcaConnectionError, retry"
REFUSED = "VcaConnectionError"
FAILED = "BackendError"
GONE = "NotFound"
LATE = "VcaTimeoutError, retry"
BAD = "BadArguments"
NOT_RUN = "ExecutionError"

CREATE, REGISTER, INSTALL = (
    "create_execution_environment",
    "register_execution_environment",
    "install_configuration_sw",
)
CONFIGURE, PRIMITIVE, SCALE, UPGRADE = "configure", "exec_primitive", "scale", "upgrade"
DELETE, DEREGISTER, DELETE_NS = (
    "delete_execution_environment",
    "deregister_execution_environment",
    "delete_namespace",
)
REMOVES = (DEREGISTER, DELETE, DELETE_NS, "remove_relation")
ALL = tuple(OPERATIONS)
READS = ("list_execution_environments", "get_status", "get_metrics", "health")
OF_MODELS = tuple(name for name in ALL if name != "health")

CHANGES = tuple(name for name in ALL if name not in READS)

Do = Callable[[Scene], Any]


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
        extra: whether it leaves more in the model than the operation itself, as a run that was cancelled.
    """

    name: str
    do: Do
    concerns: tuple[str, ...] = ALL
    outcome: str = DONE
    but: Mapping[str, str] = field(default_factory=dict)
    turns: Literal["", "all", "effects", "changes", "results"] = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    limit: float = 1.0
    warm: bool = False
    controller: Mapping[str, Any] = field(default_factory=dict)
    lasting: bool = False
    extra: bool = False

    def expected(self, operation: str) -> str:
        """What comes of an operation."""
        return self.but.get(operation, self.outcome)

    def limit_of(self, operation: str) -> float:
        """The total limit of an operation: a short one only where it is what comes, however slow the machine."""
        return self.limit if self.expected(operation) == LATE else AMPLE


def _wrong_password(scene: Scene) -> None:
    scene.controller.world.users[scene.controller.username].password = "another one"


def _no_access(scene: Scene) -> None:
    message, code = "permission denied", "unauthorized access"
    scene.controller.faults.refuse("Admin.Login", message, code, times=None, model=scene.model_name)


def _nothing(_scene: Scene) -> None:
    """It is how the controller is made."""


def _login(trouble: Any, of: Any = "any") -> Do:
    def do(scene: Scene) -> None:
        scene.controller.faults.login, scene.controller.faults.login_of = trouble, of

    return do


def _drop(when: Literal["before", "after"]) -> Do:
    return lambda scene: scene.rules.append(scene.controller.faults.drop(scene.request, when, nth=scene.nth))


def _hang(when: Literal["before", "after"]) -> Do:
    return lambda scene: scene.rules.append(scene.controller.faults.hang(scene.request, when, nth=scene.nth))


def _hang_next(scene: Scene) -> None:
    """The watcher's second answer never comes."""
    scene.rules.append(scene.controller.faults.hang("AllWatcher.Next", nth=2))


def _late(scene: Scene) -> None:
    scene.controller.faults.delay("*", 0.03)


def _in_the_middle(act: Callable[[Scene], Any]) -> Do:
    return lambda scene: scene.meanwhile(lambda: act(scene))


def _gone_for_long(scene: Scene) -> None:
    """The request takes effect, and nobody learns of it."""
    _drop("after")(scene)
    scene.meanwhile(scene.controller.go_down)


def _gone_while_undoing(scene: Scene) -> None:
    """What was made has to be undone, and cannot be."""
    scene.rules.append(scene.controller.faults.result_error("Annotations.Set", "disk is full"))
    undo = "MachineManager.DestroyMachineWithParams"
    scene.rules.append(scene.controller.faults.drop(undo, "before"))
    scene.meanwhile(scene.controller.go_down, undo, 1)


def _dying(scene: Scene) -> None:
    """Somebody else's delete of the model is under way, and does not end."""
    if scene.subject.scenario.makes:
        scene.controller.world.add_model(NS, "admin", "localhost", "default", {})
    scene.controller.faults.freeze("model")
    scene.controller.remove_model(scene.model_name)


def _dead(*, stays: bool) -> Do:
    """Somebody else's delete of the model is nearly done: it is dead, and listed still."""

    def do(scene: Scene) -> None:
        if scene.subject.scenario.makes:
            scene.controller.world.add_model(NS, "admin", "localhost", "default", {})
        scene.controller.faults.freeze("dead model")
        if not (stays and scene.subject.name == DELETE_NS):
            scene.controller.remove_model(NS)
        if not stays:
            scene.meanwhile(scene.controller.thaw, "ModelManager.ListModels", 2)

    return do


def _not_found_once(scene: Scene) -> None:
    rule = scene.controller.faults.refuse(scene.request, f'unknown model: "{scene.model_name}"', "model not found")
    scene.rules.append(rule)


def _upgrade(scene: Scene) -> None:
    """It is over after so many requests that were refused."""
    scene.meanwhile(lambda: scene.controller.upgrade(refusals=2))


async def _half_open(scene: Scene) -> None:
    await scene.controller.set_endpoint(0, "half-open")


def _deltas(kind: Literal["duplicate", "late"]) -> Do:
    return lambda scene: setattr(scene.controller.faults.deltas, kind, Counted(times=None))


def _races(scene: Scene) -> None:
    for whole in (True, False):
        rule = scene.controller.faults.contention(scene.request, whole=whole)
        rule.skip = scene.nth - 1
        scene.controller.faults.aborted_transaction(scene.request, whole=whole).skip = scene.nth - 1
    scene.rules.append(scene.controller.faults.wire.rules[0])


def _refused(scene: Scene) -> None:
    scene.rules.append(scene.controller.faults.refuse(scene.request, "permission denied", "unauthorized access"))


def _blocked_by_operator(scene: Scene) -> None:
    message, code = "the operation has been blocked", "operation is blocked"
    scene.rules.append(scene.controller.faults.refuse(scene.request, message, code, nth=scene.nth, times=None))


def _result_refused(scene: Scene) -> None:
    rule = scene.controller.faults.result_error(scene.request, "disk is full", nth=scene.nth, times=None)
    scene.rules.append(rule)


def _no_machine(scene: Scene) -> None:
    scene.controller.faults.provisioning_error()


def _lost(scene: Scene) -> None:
    """The machine is lost: while it is made, or before."""
    if scene.subject.scenario.makes:
        scene.controller.faults.freeze("machine")  # it is not ready before that
        scene.meanwhile(lambda: scene.controller.lose_machine(NS, "0"), "Annotations.Set")
    else:
        scene.controller.lose_machine(NS, "0")


def _hook(*, retry: bool) -> Do:
    def do(scene: Scene) -> None:
        hook = "config-changed" if scene.subject.name == UPGRADE else "install"
        if scene.subject.name in (INSTALL, SCALE, UPGRADE):
            scene.controller.faults.hook_error(hook=hook, retry=retry)
            return
        for unit in scene.model.units.values():
            unit.workload, unit.retry = Status("error", 'hook failed: "start"', {"hook": "start"}), retry
            scene.model.note_change("unit", unit.name)

    return do


def _blocked(scene: Scene) -> None:
    scene.controller.faults.block(times=None)


def _noted(_rule: object) -> None:
    """It is in the controller."""


def _action(outcome: Outcome) -> Do:
    return lambda scene: _noted(scene.controller.faults.action(outcome=outcome, times=None))


def _stuck(kind: str) -> Do:
    return lambda scene: _noted(scene.controller.faults.freeze(kind))


def _removed(remove: Callable[[Scene], Any]) -> Do:
    """Somebody else removes something while the operation is under way: once it is there."""

    def do(scene: Scene) -> None:
        made_by = {CREATE, REGISTER, INSTALL}
        if scene.subject.name in made_by:  # it is not ready before that
            scene.controller.faults.freeze("unit" if scene.subject.name == INSTALL else "machine")

        def act() -> None:
            remove(scene)
            scene.controller.thaw()

        scene.meanwhile(act, "Annotations.Set" if scene.subject.name in made_by else "")

    return do


QUICK = {"connect_timeout": 1.0, "outage_timeout": 1.0}
SILENT = {"request_timeout": 0.4}

FAULTS = {
    fault.name: fault
    for fault in (
        Fault("wrong password", _wrong_password, outcome=REFUSED),
        Fault("user has no access to the model", _no_access, concerns=OF_MODELS, outcome=REFUSED),
        Fault("redirect to another controller", _login("redirect"), outcome=REFUSED),
        Fault("login by macaroon wanted", _login("discharge"), outcome=REFUSED),
        Fault("model is being migrated", _login("migrating", "model"), concerns=OF_MODELS, outcome=REFUSED),
        Fault("connection dropped at any request, before it took effect", _drop("before"), turns="all"),
        Fault(
            "connection dropped at any request, after it took effect",
            _drop("after"),
            turns="all",
        ),
        Fault(
            "any request that has an effect is never answered",
            _hang("after"),
            concerns=CHANGES,
            turns="changes",
            options=SILENT,
        ),
        Fault("a request is never answered, and has no effect", _hang("before"), options=SILENT),
        Fault("the watcher never answers any more", _hang_next, concerns=CHANGES, options=SILENT),
        Fault("all connections cut before", lambda scene: scene.controller.cut(), warm=True),
        Fault(
            "connections fall silent before",
            lambda scene: scene.controller.stall(),
            warm=True,
            options=SILENT,
            extra=True,
        ),
        Fault("all answers come late", _late),
        Fault("controller restarts in the middle", _in_the_middle(lambda scene: scene.controller.restart())),
        Fault(
            "controller goes away in the middle, for longer than outage_timeout",
            _gone_for_long,
            outcome=UNREACHABLE,
            options=QUICK,
        ),
        Fault(
            "controller goes away while what failed is undone",
            _gone_while_undoing,
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
        Fault("controller is upgraded in the middle", _upgrade),
        Fault(
            "controller is upgraded, for longer than outage_timeout",
            lambda scene: scene.controller.upgrade(),
            outcome=UNREACHABLE,
            options=QUICK,
        ),
        Fault("the only endpoint is half-open", _half_open, outcome=UNREACHABLE, options=QUICK),
        Fault("one of three endpoints is dead", _nothing, controller={"endpoints": 3, "dead": (0,)}),
        Fault("two of three endpoints are dead", _nothing, controller={"endpoints": 3, "dead": (0, 2)}),
        Fault(
            "watchers are stopped in the middle",
            _in_the_middle(lambda scene: scene.controller.stop_watchers()),
            concerns=OF_MODELS,
        ),
        Fault("all deltas come twice", _deltas("duplicate"), concerns=OF_MODELS),
        Fault("old deltas come after newer ones", _deltas("late"), concerns=OF_MODELS),
        Fault(
            "contention or an aborted transaction at any request that has an effect",
            _races,
            concerns=CHANGES,
            turns="changes",
        ),
        Fault(
            "an error in a result of any request that has an effect",
            _result_refused,
            concerns=(CREATE, REGISTER, INSTALL, CONFIGURE, PRIMITIVE, DELETE, DEREGISTER, DELETE_NS),
            outcome=FAILED,
            turns="results",
        ),
        Fault(
            "an operator has blocked changes", _blocked_by_operator, concerns=CHANGES, outcome=FAILED, turns="changes"
        ),
        # What get_status asks first is for secrets to keep out of its texts, and it does without.
        Fault("permission denied", _refused, but={"get_status": DONE}, outcome=FAILED),
        Fault(
            "cloud is one of Kubernetes",
            lambda scene: scene.controller.world.clouds["localhost"].update(type="kubernetes"),
            concerns=(CREATE, REGISTER),
            outcome=BAD,
            lasting=True,
        ),
        Fault("machine cannot be provisioned", _no_machine, concerns=(CREATE, SCALE), outcome=FAILED, lasting=True),
        Fault(
            "machine is lost",
            _lost,
            concerns=OF_MODELS,
            but=dict.fromkeys((INSTALL, SCALE, UPGRADE), FAILED)
            | dict.fromkeys((CREATE, REGISTER, CONFIGURE, PRIMITIVE), LATE),
        ),
        Fault(
            "hook error, Juju does not run the hook again",
            _hook(retry=False),
            concerns=(INSTALL, "add_relation", CONFIGURE, PRIMITIVE, SCALE, UPGRADE, *REMOVES, *READS),
            but=dict.fromkeys((INSTALL, SCALE, UPGRADE), FAILED),
            lasting=True,
        ),
        Fault(
            "hook error, Juju runs the hook again",
            _hook(retry=True),
            concerns=(INSTALL, SCALE, UPGRADE),
            outcome=FAILED,
            controller={"hook_retry": 2.0},
        ),
        Fault(
            "hook error, Juju runs the hook again within hook_error_grace",
            _hook(retry=True),
            concerns=(INSTALL, SCALE, UPGRADE),
            options={"hook_error_grace": 10.0},
        ),
        Fault(
            "agent of a unit fails",
            lambda scene: _noted(scene.controller.faults.fail_agent()),
            concerns=(INSTALL, SCALE),
            outcome=FAILED,
        ),
        Fault("charm says that it is blocked", _blocked, concerns=(INSTALL, CONFIGURE, PRIMITIVE, SCALE, UPGRADE)),
        *(
            Fault(f"action ends as {outcome}", _action(outcome), concerns=(CONFIGURE, PRIMITIVE), outcome=NOT_RUN)
            for outcome in ("failed", "cancelled", "aborted", "error")
        ),
        Fault("action hangs", _action("hang"), concerns=(CONFIGURE, PRIMITIVE), outcome=LATE),
        Fault("model is stuck in dying", _stuck("model"), concerns=(DELETE_NS,), outcome=LATE),
        Fault(
            "model is dying already, and stuck in it",
            _dying,
            concerns=tuple(name for name in OF_MODELS if name not in (CREATE, REGISTER, DELETE_NS)),
            outcome=GONE,
            but=dict.fromkeys((*REMOVES, *READS), DONE),
            lasting=True,
            extra=True,
        ),
        Fault(
            "model of that name is dying, and stuck in it",
            _dying,
            concerns=(CREATE, REGISTER),
            outcome=LATE,
            extra=True,
        ),
        Fault(
            "model is dead, and removed in the end",
            _dead(stays=False),
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
            _dead(stays=True),
            concerns=(CREATE, REGISTER, DELETE, DEREGISTER, DELETE_NS),
            outcome=LATE,
            extra=True,
        ),
        Fault("model is said once not to be found", _not_found_once, concerns=OF_MODELS),
        Fault(
            "units are stuck in dying",
            _stuck("unit"),
            concerns=(DELETE, DEREGISTER, DELETE_NS),
            outcome=LATE,
        ),
        Fault(
            "somebody else removes the application",
            _removed(lambda scene: scene.controller.remove_application(scene.model_name, scene.application)),
            concerns=tuple(name for name in OF_MODELS if name not in (CREATE, REGISTER)),
            but=dict.fromkeys((INSTALL, "add_relation", CONFIGURE, PRIMITIVE, SCALE, UPGRADE), GONE),
            lasting=True,
            extra=True,
        ),
        Fault(
            "somebody else removes the machine",
            _removed(lambda scene: scene.controller.remove_machine(NS, "0")),
            concerns=OF_MODELS,
            but=dict.fromkeys((CREATE, REGISTER, INSTALL, CONFIGURE, PRIMITIVE, SCALE, UPGRADE), GONE),
            lasting=True,
            extra=True,
        ),
        Fault(
            "somebody else removes the model",
            _removed(lambda scene: scene.controller.remove_model(scene.model_name)),
            concerns=OF_MODELS,
            but=dict.fromkeys(
                (
                    CREATE,
                    REGISTER,
                    INSTALL,
                    "add_relation",
                    CONFIGURE,
                    PRIMITIVE,
                    SCALE,
                    UPGRADE,
                    "get_status",
                ),
                GONE,
            ),
            lasting=True,
            extra=True,
        ),
    )
}
"""By name, in the order of the rows."""
