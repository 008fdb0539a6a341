"""What goes wrong: each thing is done to a scene, once everything is prepared for the operation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from support.faults.operations import CREATE, DELETE_NS, INSTALL, REGISTER, SCALE, UPGRADE
from support.faults.scene import NS, Scene

from vca_jujusim.faults import Counted, Outcome
from vca_jujusim.world.entities import Status

Do = Callable[[Scene], Any]


def wrong_password(scene: Scene) -> None:
    scene.controller.world.users[scene.controller.username].password = "another one"


def no_access(scene: Scene) -> None:
    message, code = "permission denied", "unauthorized access"
    scene.controller.faults.refuse("Admin.Login", message, code, times=None, model=scene.model_name)


def nothing(_scene: Scene) -> None:
    """It is how the controller is made."""


def login(trouble: Any, of: Any = "any") -> Do:
    def do(scene: Scene) -> None:
        scene.controller.faults.login, scene.controller.faults.login_of = trouble, of

    return do


def drop(when: Literal["before", "after"]) -> Do:
    return lambda scene: scene.rules.append(scene.controller.faults.drop(scene.request, when, nth=scene.nth))


def hang(when: Literal["before", "after"]) -> Do:
    return lambda scene: scene.rules.append(scene.controller.faults.hang(scene.request, when, nth=scene.nth))


def hang_next(scene: Scene) -> None:
    """The watcher's second answer never comes."""
    scene.rules.append(scene.controller.faults.hang("AllWatcher.Next", nth=2))


def late(scene: Scene) -> None:
    scene.controller.faults.delay("*", 0.03)


def in_the_middle(act: Callable[[Scene], Any]) -> Do:
    return lambda scene: scene.meanwhile(lambda: act(scene))


def gone_for_long(scene: Scene) -> None:
    """The request takes effect, and nobody learns of it."""
    drop("after")(scene)
    scene.meanwhile(scene.controller.go_down)


def gone_while_undoing(scene: Scene) -> None:
    """What was made has to be undone, and cannot be."""
    scene.rules.append(scene.controller.faults.result_error("Annotations.Set", "disk is full"))
    undo = "MachineManager.DestroyMachineWithParams"
    scene.rules.append(scene.controller.faults.drop(undo, "before"))
    scene.meanwhile(scene.controller.go_down, undo, 1)


def dying(scene: Scene) -> None:
    """Somebody else's delete of the model is under way, and does not end."""
    if scene.subject.scenario.makes:
        scene.controller.world.add_model(NS, "admin", "localhost", "default", {})
    scene.controller.faults.freeze("model")
    scene.controller.remove_model(scene.model_name)


def dead(*, stays: bool) -> Do:
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


def not_found_once(scene: Scene) -> None:
    rule = scene.controller.faults.refuse(scene.request, f'unknown model: "{scene.model_name}"', "model not found")
    scene.rules.append(rule)


def upgrade(scene: Scene) -> None:
    """It is over after so many requests that were refused."""
    scene.meanwhile(lambda: scene.controller.upgrade(refusals=2))


async def half_open(scene: Scene) -> None:
    await scene.controller.set_endpoint(0, "half-open")


def deltas(kind: Literal["duplicate", "late"]) -> Do:
    return lambda scene: setattr(scene.controller.faults.deltas, kind, Counted(times=None))


def races(scene: Scene) -> None:
    for whole in (True, False):
        rule = scene.controller.faults.contention(scene.request, whole=whole)
        rule.skip = scene.nth - 1
        scene.controller.faults.aborted_transaction(scene.request, whole=whole).skip = scene.nth - 1
    scene.rules.append(scene.controller.faults.wire.rules[0])


def refused(scene: Scene) -> None:
    scene.rules.append(scene.controller.faults.refuse(scene.request, "permission denied", "unauthorized access"))


def blocked_by_operator(scene: Scene) -> None:
    message, code = "the operation has been blocked", "operation is blocked"
    scene.rules.append(scene.controller.faults.refuse(scene.request, message, code, nth=scene.nth, times=None))


def result_refused(scene: Scene) -> None:
    rule = scene.controller.faults.result_error(scene.request, "disk is full", nth=scene.nth, times=None)
    scene.rules.append(rule)


def no_machine(scene: Scene) -> None:
    scene.controller.faults.provisioning_error()


def lost(scene: Scene) -> None:
    """The machine is lost: while it is made, or before."""
    if scene.subject.scenario.makes:
        scene.controller.faults.freeze("machine")  # it is not ready before that
        scene.meanwhile(lambda: scene.controller.lose_machine(NS, "0"), "Annotations.Set")
    else:
        scene.controller.lose_machine(NS, "0")


def hook(*, retry: bool) -> Do:
    def do(scene: Scene) -> None:
        hook = "config-changed" if scene.subject.name == UPGRADE else "install"
        if scene.subject.name in (INSTALL, SCALE, UPGRADE):
            scene.controller.faults.hook_error(hook=hook, retry=retry)
            return
        for unit in scene.model.units.values():
            unit.workload, unit.retry = Status("error", 'hook failed: "start"', {"hook": "start"}), retry
            scene.model.note_change("unit", unit.name)

    return do


def blocked(scene: Scene) -> None:
    scene.controller.faults.block(times=None)


def noted(_rule: object) -> None:
    """It is in the controller."""


def action(outcome: Outcome) -> Do:
    return lambda scene: noted(scene.controller.faults.action(outcome=outcome, times=None))


def stuck(kind: str) -> Do:
    return lambda scene: noted(scene.controller.faults.freeze(kind))


def removed(remove: Callable[[Scene], Any]) -> Do:
    """Somebody else removes something while the operation is under way: once it is there."""

    def do(scene: Scene) -> None:
        scene.controller.faults.disorder = 0  # the request that it comes with is answered first
        made_by = {CREATE, REGISTER, INSTALL}
        if scene.subject.name in made_by:  # it is not ready before that
            scene.controller.faults.freeze("unit" if scene.subject.name == INSTALL else "machine")

        def act() -> None:
            remove(scene)
            scene.controller.thaw()

        scene.meanwhile(act, "Annotations.Set" if scene.subject.name in made_by else "")

    return do
