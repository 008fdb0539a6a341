"""How machines come: from the cloud, as containers, or as they are (manual)."""

from __future__ import annotations

from typing import Any

from vca_jujusim.problems import BAD_REQUEST, Refusal, not_found
from vca_jujusim.world.entities import ALIVE, Base, Machine
from vca_jujusim.world.model import Model
from vca_jujusim.world.settling import settle

CONTAINERS = {"lxd", "kvm"}
BASES = {"ubuntu": ("20.04", "22.04", "24.04"), "centos": ("7", "9")}
DEFAULT_BASE = Base("ubuntu", "22.04/stable")


def parse_base(given: Any) -> Base | None:
    """A base of the wire; None where nothing is given.

    Raises:
        Refusal: it is not a base that this controller knows.
    """
    if not given or not (given.get("name") or given.get("channel")):
        return None
    name, channel = str(given.get("name") or ""), str(given.get("channel") or "")
    version, _, risk = channel.partition("/")
    if not name or not version:
        raise Refusal(f'base "{name}@{channel}" not valid', "not valid")
    if version not in BASES.get(name, ()):
        raise Refusal(f'invalid base "{name}@{version}"', "not valid")
    return Base(name, f"{version}/{risk or 'stable'}")


def default_base(model: Model) -> Base:
    """The base of machines where nothing else is said."""
    text = str(model.record.config.get("default-base") or "")
    name, _, channel = text.partition("@")
    return parse_base({"name": name, "channel": channel}) or DEFAULT_BASE


def add_machine(model: Model, params: dict[str, Any]) -> Machine:
    """Add a machine as AddMachineParams ask for it.

    Raises:
        Refusal: they contradict each other, or name what is not there.
    """
    model.check_alive()
    base = parse_base(params.get("base")) or default_base(model)
    constraints = {key: value for key, value in (params.get("constraints") or {}).items() if value}
    container, parent = params.get("container-type") or "", params.get("parent-id") or ""
    placement = params.get("placement") or {}
    scope, directive = placement.get("scope") or "", placement.get("directive") or ""
    if scope == "#":
        raise Refusal("machine placement not valid: use a parent-id", BAD_REQUEST)
    if scope in CONTAINERS:
        container, parent = scope, directive
    elif scope and scope not in {model.record.uuid, model.record.name}:
        raise Refusal(f'invalid model name "{scope}"', "not valid")
    elif directive and not directive.startswith(("zone=", "system-id=")):
        raise Refusal(f"unknown placement directive: {directive}")
    if container and container not in CONTAINERS:
        raise Refusal(f'container type "{container}" not valid', "not valid")
    if parent and not container:
        raise Refusal("parent machine specified without container type", BAD_REQUEST)
    jobs = params.get("jobs")
    if jobs is not None and "JobHostUnits" not in jobs:
        raise Refusal("no jobs specified", BAD_REQUEST)
    if params.get("nonce") and not params.get("instance-id"):
        raise Refusal("cannot add a new machine: cannot specify a nonce without an instance id", BAD_REQUEST)
    if container:
        if not parent:
            parent = _make_machine(model, _next_id(model), base, {}).id
        if parent not in model.machines:
            raise not_found("machine", parent)
        number = model.next_number(f"container-{parent}")
        return _make_machine(model, f"{parent}/{container}/{number}", base, constraints)
    machine = _machine(_next_id(model), base, constraints)
    if params.get("instance-id"):
        _take_instance(machine, params)
    return _start(model, machine)


def _take_instance(machine: Machine, params: dict[str, Any]) -> None:
    """A machine that exists: its agent comes when the provisioning script was run on it."""
    machine.manual = str(params["instance-id"]).startswith("manual:")
    machine.instance_id = str(params["instance-id"])
    machine.nonce = str(params.get("nonce") or "")
    hardware = params.get("hardware-characteristics") or {}
    machine.hardware = {key: value for key, value in hardware.items() if value}
    machine.arch = str(hardware.get("arch") or machine.arch)
    machine.addresses = [
        {
            "value": address.get("value") or "",
            "type": address.get("type") or "ipv4",
            "scope": address.get("scope") or "public",
        }
        for address in params.get("addresses") or []
    ]


def machine_for_unit(model: Model, base: Base, constraints: dict[str, Any]) -> Machine:
    """A machine for a unit without placement: one that never had any and has no containers, else a new one."""
    for machine in model.machines.values():
        has_containers = any(other.parent == machine.id for other in model.machines.values())
        is_free = machine.life == ALIVE and machine.clean and machine.base == base and not has_containers
        if is_free and _is_fit(machine, constraints):
            return machine
    return _make_machine(model, _next_id(model), base, constraints)


def _is_fit(machine: Machine, constraints: dict[str, Any]) -> bool:
    """Whether a machine's hardware is known, and is as the constraints say."""
    keys = {"mem": "mem", "cores": "cpu-cores", "root-disk": "root-disk", "cpu-power": "cpu-power"}
    for name, value in constraints.items():
        if name == "arch":
            fits = machine.hardware.get("arch") == value
        else:
            fits = name in keys and int(machine.hardware.get(keys[name]) or 0) >= int(value)
        if not fits:
            return False
    return True


def existing_machine(model: Model, key: str, doing: str) -> Machine:
    """A machine that can take units.

    Args:
        model: where.
        key: its id.
        doing: what it is wanted for, for the text of the refusal.

    Raises:
        Refusal: it is not there, or goes.
    """
    machine = model.machine(key)
    if machine.life != ALIVE:
        raise Refusal(f"{doing.format(machine=key)}: machine is not found or not alive")
    return machine


def _next_id(model: Model) -> str:
    return str(model.next_number("machine"))


def _make_machine(model: Model, key: str, base: Base, constraints: dict[str, Any]) -> Machine:
    return _start(model, _machine(key, base, constraints))


def _machine(key: str, base: Base, constraints: dict[str, Any]) -> Machine:
    return Machine(key, base, str(constraints.get("arch") or "amd64"), constraints=constraints)


def _start(model: Model, machine: Machine) -> Machine:
    model.put("machine", machine.id, machine)
    settle(model, "machine", machine.id)
    return machine
