"""The faults of Juju on Kubernetes: those of machines that can meet it, and its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

from support.faults import acts
from support.faults.operations import (
    CREATE,
    DELETE,
    DELETE_NS,
    DEREGISTER,
    INSTALL,
    OPERATIONS,
    REGISTER,
    SCALE,
    UPGRADE,
    Subject,
    charms,
)
from support.faults.places import Place
from support.faults.scene import NS, Scene
from support.faults.table import BAD, DONE, FAILED, FAULTS, LATE, Fault
from support.juju_k8s import sidecar

from vca_jujusim.world.entities import Status

MODEL = f"{NS}-k8s"

_MAIN = {CREATE: "Annotations.Set", SCALE: "Application.ScaleApplications"}


def _operations() -> Iterator[Subject]:
    for name, subject in OPERATIONS.items():
        if name not in (REGISTER, DEREGISTER):
            yield replace(subject, main=_MAIN.get(name, subject.main))


PODS = Place(
    "juju-k8s",
    MODEL,
    {subject.name: subject for subject in _operations()},
    partial(charms, write=sidecar),
    {"cloud": "k8s"},
)

_ALSO = (
    "user has no access to the model",
    "connection dropped at any request, after it took effect",
    "any request that has an effect is never answered",
    "the watcher never answers any more",
    "all connections cut before",
    "all answers come late",
    "controller restarts in the middle",
    "controller goes away in the middle, for longer than outage_timeout",
    "controller is not there",
    "controller is upgraded in the middle",
    "watchers are stopped in the middle",
    "all deltas come twice",
    "old deltas come after newer ones",
    "contention or an aborted transaction at any request that has an effect",
    "an error in a result of any request that has an effect",
    "an operator has blocked changes",
    "hook error, Juju does not run the hook again",
    "charm says that it is blocked",
    "model is said once not to be found",
    "units are stuck in dying",
    "somebody else removes the application",
)
"""Those of machines that are tried here, too."""


def _shared() -> Iterator[Fault]:
    for name in _ALSO:
        fault = FAULTS[name]
        yield replace(fault, concerns=tuple(one for one in fault.concerns if one in PODS.operations))


def _namespace(held: Any) -> acts.Do:
    return lambda scene: scene.controller.world.namespaces.__setitem__(("k8s", MODEL), held)


def _of_another_user(scene: Scene) -> None:
    scene.controller.add_user("other", "pass-of-other")
    scene.controller.world.add_model(MODEL, "other", "k8s", "default", {})


def _terminating(scene: Scene) -> None:
    """It is gone when it was asked for twice."""
    _namespace("terminating")(scene)
    scene.meanwhile(scene.controller.world.namespaces.clear, "ModelManager.CreateModel", 2)


def _suspended(scene: Scene) -> None:
    scene.controller.refuse_credential(MODEL)


def _stuck(scene: Scene) -> None:
    scene.controller.faults.stick()


def _refused_deploy(message: str, code: str) -> acts.Do:
    return lambda scene: scene.rules.append(scene.controller.faults.refuse("Application.Deploy", message, code))


async def _empty(scene: Scene) -> None:
    """The application was scaled to no units, where Juju gets stuck."""
    await scene.kit.connector.scale(scene.at.ee_id, 0)
    scene.controller.faults.stick(when="empty")


def _early(scene: Scene) -> None:
    """The application was deployed a moment ago: no unit has a pod, where Juju gets stuck."""
    for unit in scene.model.units.values():
        unit.address, unit.agent, unit.workload = "", Status("allocating"), Status("waiting", "installing agent")
        scene.model.note_change("unit", unit.name)
    scene.controller.faults.stick(when="early")


def _trust(scene: Scene) -> None:
    """A charm that lacks it runs into a 403 in a hook."""
    scene.controller.faults.hook_error(hook="install", retry=False)


_OWN = (
    Fault("namespace is somebody else's, and not Juju's", _namespace("foreign"), (CREATE,), BAD),
    Fault("namespace may be in use", _namespace("in use"), (CREATE,), BAD),
    Fault("namespace is another controller's", _namespace("other controller"), (CREATE,), BAD),
    Fault("namespace is on its way out, and gone after a while", _terminating, (CREATE,)),
    Fault(
        "model is suspended: its credential is not valid",
        _suspended,
        tuple(name for name in PODS.operations if name not in (CREATE, "add_relation", "remove_relation")),
        but=dict.fromkeys((INSTALL, SCALE, UPGRADE), FAILED) | {DELETE: LATE},
        extra=True,
    ),
    Fault("no pod comes to run: its image cannot be pulled", acts.stuck("unit"), (INSTALL, SCALE, UPGRADE), LATE),
    Fault("charm lacks trust, and a hook fails for it", _trust, (INSTALL,), FAILED, lasting=True),
    Fault(
        "storage class is gone when the charm is deployed",
        _refused_deploy(
            'storage pool for "data" must be specified since there\'s no model default storage class', "not valid"
        ),
        (INSTALL,),
        FAILED,
    ),
    Fault(
        "image is not there when the charm is deployed",
        _refused_deploy('resource "image" of charm "proxy" not found', "not found"),
        (INSTALL,),
        FAILED,
    ),
    Fault(
        "application was scaled to no units, and never goes (juju#21608)",
        _empty,
        (DELETE, DELETE_NS),
        but={DELETE: LATE},
        extra=True,
    ),
    Fault(
        "application was deployed a moment ago, and never goes (juju#22599)",
        _early,
        (DELETE, DELETE_NS),
        but={DELETE: LATE},
        extra=True,
    ),
    Fault(
        "application never goes (juju#21605)",
        _stuck,
        (DELETE, DELETE_NS),
        but={DELETE: LATE, DELETE_NS: DONE},
        lasting=False,
        extra=True,
    ),
)

FAULTS_ON_PODS = {fault.name: fault for fault in (*_shared(), *_OWN)}
"""By name, in the order of the rows."""
