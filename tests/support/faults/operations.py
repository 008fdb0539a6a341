"""The operations of the fault table, each in a setting of its own, and the charms they work with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from support.juju import write_charm

from vca_core.testing.kit import Kit
from vca_core.testing.scenarios import SCENARIOS, Limits, Scenario, Setting
from vca_core.testing.subject import Charms

SECRET = "canary-71c0-ssh-password"
"""Configured, and to be seen nowhere."""


async def _scale(kit: Kit, at: Setting, limits: Limits) -> Any:
    return await kit.connector.scale(at.ee_id, 2, at.db_dict, **limits)


async def _list(kit: Kit, at: Setting, limits: Limits) -> Any:
    return await kit.connector.list_execution_environments(**limits)


async def _status(kit: Kit, at: Setting, limits: Limits) -> Any:
    return await kit.connector.get_status(at.namespace, **limits)


async def _metrics(kit: Kit, at: Setting, limits: Limits) -> Any:
    return await kit.connector.get_metrics(at.namespace, **limits)


async def _health(kit: Kit, at: Setting, limits: Limits) -> Any:
    return await kit.connector.health(**limits)


@dataclass(frozen=True)
class Subject:
    """An operation of the table.

    Args:
        title: its column.
        family: its table.
        main: the request by which it takes effect, or learns what it is asked.
        scenario: its setting and call.
    """

    title: str
    family: str
    main: str
    scenario: Scenario

    @property
    def name(self) -> str:
        """The hook."""
        return self.scenario.operation


def _subject(title: str, family: str, main: str, operation: str, **changed: Any) -> Subject:
    return Subject(title, family, main, replace(SCENARIOS[operation], **changed))


def _read(title: str, main: str, operation: str, run: Any) -> Subject:
    reading = Scenario(
        operation, run, charm=True, takes_db_dict=False, may_repeat=True, limits=frozenset({"total_timeout"})
    )
    return Subject(title, "Operations that read", main, reading)


_DESTROY = "Application.DestroyApplication"
_MAKE, _WORK, _REMOVE = "Operations that make", "Operations that work", "Operations that remove"

OPERATIONS = {
    subject.name: subject
    for subject in (
        _subject("create", _MAKE, "MachineManager.AddMachines", "create_execution_environment"),
        _subject("register", _MAKE, "MachineManager.AddMachines", "register_execution_environment"),
        _subject("install", _MAKE, "Application.Deploy", "install_configuration_sw"),
        _subject("add relation", _MAKE, "Application.AddRelation", "add_relation"),
        _subject("configure", _WORK, "Application.SetConfigs", "configure"),
        _subject("primitive", _WORK, "Action.EnqueueOperation", "exec_primitive"),
        _subject("scale", _WORK, "Application.AddUnits", "scale", run=_scale),
        _subject("upgrade", _WORK, "Application.SetCharm", "upgrade"),
        _subject("remove relation", _REMOVE, "Application.DestroyRelation", "remove_relation"),
        _subject("deregister", _REMOVE, _DESTROY, "deregister_execution_environment", charm=True),
        _subject("delete", _REMOVE, _DESTROY, "delete_execution_environment", charm=True),
        _subject("delete namespace", _REMOVE, "ModelManager.DestroyModels", "delete_namespace", charm=True),
        _read("list", "Client.WatchAll", "list_execution_environments", _list),
        _read("status", "Client.FullStatus", "get_status", _status),
        _read("metrics", "MetricsDebug.GetMetrics", "get_metrics", _metrics),
        _read("health", "Controller.ControllerVersion", "health", _health),
    )
}
"""By hook, in the order of the columns."""


def charms(folder: Path, write: Callable[..., Path] = write_charm) -> Charms:
    """Write a proxy charm, whose configuration runs an action, in two versions.

    Args:
        folder: an empty folder.
        write: writes a charm, of a name and parts, into a folder.
    """
    options = ("ssh-hostname", "ssh-username", "ssh-password")
    parts: dict[str, Any] = {
        "config": {option: {"type": "string", "default": ""} for option in options},
        "actions": {"verify-ssh-credentials": {"description": "does it"}, "touch": {"description": "does it"}},
        "provides": {"out": {"interface": "any"}},
        "requires": {"into": {"interface": "any"}},
    }
    for version in ("first", "second"):
        write(folder / version, "proxy", **parts, summary=f"The {version} one.")
    return Charms(
        folder=folder,
        charm="first/proxy",
        upgraded="second/proxy",
        other="first/proxy",
        config={"ssh-hostname": "10.1.2.3", "ssh-username": "ubuntu", "ssh-password": SECRET},
        provides="out",
        requires="into",
    )


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
