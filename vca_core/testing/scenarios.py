"""Each operation in a setting of its own: what has to be there before, and the call."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from vca_core.testing.kit import Kit


@dataclass(frozen=True)
class Setting:
    """What an operation is run on.

    Args:
        namespace: of the EE.
        ee_id: the EE; empty where the operation is to make it.
        other: a second EE of the same NS, for relations.
        db_dict: where the operation's outcome goes; for those that make an EE, its home.
    """

    namespace: str
    ee_id: str
    other: str
    db_dict: dict[str, Any]


Limits = dict[str, Any]
"""``total_timeout`` and ``progress_timeout``, in seconds, by name."""

Run = Callable[[Kit, Setting, Limits], Coroutine[Any, Any, Any]]


@dataclass(frozen=True)
class Scenario:
    """An operation in its setting.

    Args:
        operation: the hook.
        run: calls it; takes limits by name (``total_timeout``, ``progress_timeout``).
        needs: hooks without which its setting cannot be made.
        makes: whether it makes an EE.
        removes: whether it removes one.
        charm: whether a charm has to be installed before.
        pair: whether it needs two EEs.
        limits: the limits that it takes.
        takes_db_dict: whether it takes a ``db_dict``.
        may_repeat: whether it can be run again in the same setting after it was cancelled.
        may_know: whether a backend that watches its system may do it without asking.
        alone: whether two of it cannot run at once: the subject has a single host.
    """

    operation: str
    run: Run
    needs: frozenset[str] = frozenset()
    makes: bool = False
    removes: bool = False
    charm: bool = False
    pair: bool = False
    limits: frozenset[str] = frozenset({"total_timeout", "progress_timeout"})
    takes_db_dict: bool = True
    may_repeat: bool = False
    may_know: bool = False
    alone: bool = False

    def is_possible(self, kit: Kit) -> bool:
        """Whether the backend implements it, and the subject has what it takes."""
        if {self.operation, *self.needs} - kit.capabilities:
            return False
        if self.operation == "register_execution_environment":
            return kit.subject.credentials is not None
        return self.operation != "exec_primitive" or kit.can_work

    async def set_up(self, kit: Kit, part: str = "", home: Mapping[str, Any] | None = None) -> Setting:
        """Make the setting.

        Args:
            kit: where.
            part: distinguishes this setting's NS from those of others of the check.
            home: the home of an EE that is made for it; None: in the core's own record.
        """
        namespace = kit.namespace(ns=part)
        db_dict = await kit.make_home()
        if self.makes:
            return Setting(namespace, "", "", db_dict)
        ee_id = await (kit.create_ready if self.charm else kit.create)(namespace, home)
        other = await kit.create_ready(kit.namespace("vnf2", ns=part)) if self.pair else ""
        setting = Setting(namespace, ee_id, other, db_dict)
        if self.operation == "remove_relation" and "add_relation" in kit.capabilities:
            await kit.connector.add_relation(*ends(kit, setting))
        return setting

    def call(self, kit: Kit, setting: Setting, **limits: float) -> Coroutine[Any, Any, Any]:
        """Call the operation, with those of the limits that it takes."""
        return self.run(kit, setting, {name: limit for name, limit in limits.items() if name in self.limits})


async def _create(kit: Kit, at: Setting, limits: Limits) -> Any:
    return await kit.create(at.namespace, at.db_dict, **limits)


async def _resume(kit: Kit, at: Setting, limits: Limits) -> Any:
    return await kit.resume(at.namespace, at.ee_id, at.db_dict, **limits)


async def _register(kit: Kit, at: Setting, limits: Limits) -> Any:
    return await kit.register(at.namespace, at.db_dict, **limits)


async def _install(kit: Kit, at: Setting, limits: Limits) -> Any:
    return await kit.install(at.ee_id, db_dict=at.db_dict, **limits)


async def _configure(kit: Kit, at: Setting, limits: Limits) -> Any:
    return await kit.connector.exec_primitive(at.ee_id, "config", dict(kit.charms.config), at.db_dict, **limits)


async def _exec(kit: Kit, at: Setting, limits: Limits) -> Any:
    return await kit.work(at.ee_id, db_dict=at.db_dict, **limits)


def ends(kit: Kit, at: Setting) -> tuple[str, str, str, str]:
    """Two ends that fit; skips where the charm has none."""
    if kit.charms.provides is None or kit.charms.requires is None:
        pytest.skip("the subject's charm has no endpoints to relate")
    return at.ee_id, at.other, kit.charms.provides, kit.charms.requires


async def _relate(kit: Kit, at: Setting, limits: Limits) -> Any:
    return await kit.connector.add_relation(*ends(kit, at), **limits)


async def _unrelate(kit: Kit, at: Setting, limits: Limits) -> Any:
    return await kit.connector.remove_relation(*ends(kit, at), **limits)


async def _scale(kit: Kit, at: Setting, limits: Limits) -> Any:
    kit.units = 1 if kit.units == 2 else 2
    options = kit.subject.operation_options.get("scale")
    return await kit.connector.scale(at.ee_id, kit.units, at.db_dict, options=options, **limits)


async def _upgrade(kit: Kit, at: Setting, limits: Limits) -> Any:
    options = kit.subject.operation_options.get("upgrade")
    return await kit.connector.upgrade(at.ee_id, kit.charms.upgraded, at.db_dict, options=options, **limits)


async def _deregister(kit: Kit, at: Setting, limits: Limits) -> Any:
    return await kit.connector.deregister_execution_environment(at.ee_id, at.db_dict, **limits)


async def _delete(kit: Kit, at: Setting, limits: Limits) -> Any:
    return await kit.connector.delete_execution_environment(at.ee_id, at.db_dict, **limits)


async def _delete_namespace(kit: Kit, at: Setting, limits: Limits) -> Any:
    ns = at.namespace.rpartition(".")[0]
    return await kit.connector.delete_namespace(ns, at.db_dict, **limits)


_TOTAL = frozenset({"total_timeout"})
_INSTALL = frozenset({"install_configuration_sw"})

SCENARIOS = {
    scenario.operation: scenario
    for scenario in (
        Scenario("create_execution_environment", _create, makes=True),
        Scenario("resume_execution_environment", _resume, may_repeat=True, may_know=True),
        Scenario("register_execution_environment", _register, makes=True, alone=True),
        Scenario("install_configuration_sw", _install),
        Scenario("configure", _configure, needs=_INSTALL, charm=True, may_repeat=True),
        Scenario("exec_primitive", _exec, charm=True, may_repeat=True),
        Scenario("add_relation", _relate, needs=_INSTALL, charm=True, pair=True, takes_db_dict=False, may_repeat=True),
        Scenario(
            "remove_relation", _unrelate, needs=_INSTALL, charm=True, pair=True, takes_db_dict=False, may_repeat=True
        ),
        Scenario("scale", _scale, needs=_INSTALL, charm=True, may_repeat=True),
        Scenario("upgrade", _upgrade, needs=_INSTALL, charm=True, may_repeat=True),
        Scenario("deregister_execution_environment", _deregister, removes=True, limits=_TOTAL),
        Scenario("delete_execution_environment", _delete, removes=True, limits=_TOTAL),
        Scenario("delete_namespace", _delete_namespace, removes=True, limits=_TOTAL),
    )
}
"""All operations that change something, by hook."""


async def do_everything(kit: Kit, part: str) -> None:
    """Do each operation and each read once, on EEs of their own.

    Args:
        kit: where.
        part: distinguishes their NSs from others of the check.
    """
    for scenario in SCENARIOS.values():
        if not scenario.is_possible(kit):
            continue
        at = await scenario.set_up(kit, f"{part}{len(scenario.operation)}")
        await scenario.call(kit, at)
        if not scenario.removes:
            await read_everything(kit, at.namespace)
        for record in await kit.listing():
            await kit.check_delete(str(record.ee_id))


def reads_of(kit: Kit, namespace: str, *ee_ids: str) -> list[Callable[[], Awaitable[object]]]:
    """All that can be read, each as a call.

    Args:
        kit: where.
        namespace: something in the NS that is read.
        ee_ids: the EEs that are described.
    """
    ns = namespace.rpartition(".")[0]
    calls: list[Callable[[], Awaitable[object]]] = [kit.listing]
    calls += [functools.partial(kit.describe, ee_id) for ee_id in ee_ids]
    for read in ("get_status", "get_metrics"):
        if read in kit.capabilities:
            calls.append(functools.partial(getattr(kit.connector, read), ns))
    if "health" in kit.capabilities:
        calls.append(kit.connector.health)
    return calls


async def read_everything(kit: Kit, namespace: str) -> list[object]:
    """Read all that can be read of an NS, once.

    Args:
        kit: where.
        namespace: something in it, that is there.

    Returns:
        The answers.
    """
    ee_ids = [str(record.ee_id) for record in await kit.listing()]
    return [await read() for read in reads_of(kit, namespace, *ee_ids)]


def _each(*names: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("operation", names)


each_operation = _each(*SCENARIOS)
"""Makes a check one of each operation; those that the backend does not implement are skipped."""

each_with_outcome = _each(*(name for name, scenario in SCENARIOS.items() if scenario.takes_db_dict))
"""As `each_operation`, for those that take a ``db_dict``."""

each_with_progress = _each(*(name for name, scenario in SCENARIOS.items() if "progress_timeout" in scenario.limits))
"""As `each_operation`, for those that have a progress limit."""

each_of_one_ee = _each(*(name for name in SCENARIOS if name != "delete_namespace"))
"""As `each_operation`, for those that concern single EEs."""
