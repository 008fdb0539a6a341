"""How applications and their units come."""

from __future__ import annotations

import re
from typing import Any

import yaml

from vca_jujusim.charms import Charm, check_options, coerce
from vca_jujusim.problems import ALREADY_EXISTS, BAD_REQUEST, NOT_SUPPORTED, Refusal
from vca_jujusim.world import pods
from vca_jujusim.world.assumptions import check_assumptions
from vca_jujusim.world.deployment import Deployment
from vca_jujusim.world.ending import destroy_unit
from vca_jujusim.world.entities import ALIVE, Application, Base, Machine, Relation, Status, Unit
from vca_jujusim.world.machines import CONTAINERS, add_machine, existing_machine, machine_for_unit
from vca_jujusim.world.model import Model
from vca_jujusim.world.settling import settle
from vca_jujusim.world.storing import check_storage_asked

_NAME = re.compile(r"^[a-z][a-z0-9]*(-[a-z0-9]*[a-z][a-z0-9]*)*$")


def deploy(model: Model, wanted: Deployment) -> Application:
    """Make an application with its units.

    Raises:
        Refusal: as Juju does; nothing was made then.
    """
    charm, name = wanted.charm, wanted.application
    model.check_alive()
    if not _NAME.match(name):
        raise Refusal(f'cannot add application "{name}": invalid name', BAD_REQUEST)
    if charm.is_subordinate and (wanted.placement or wanted.num_units):
        what = "placement" if wanted.placement else "num-units"
        raise Refusal(f"subordinate application must be deployed without {what}", BAD_REQUEST)
    if name in model.applications:
        raise Refusal(f'cannot add application "{name}": application already exists', ALREADY_EXISTS)
    if not charm.bases:
        raise Refusal(f'charm "{charm.name}" does not define any bases', "not valid")
    check_assumptions(model, charm, force=wanted.force)
    if charm.profile_problem and not wanted.force:
        raise Refusal(charm.profile_problem)
    if not wanted.force and not charm.has_base(wanted.base):
        supported = ", ".join(str(base) for base in charm.bases)
        raise Refusal(f'base "{wanted.base}" is not supported, supported bases are: {supported}', NOT_SUPPORTED)
    pods.check_deployment(model, wanted)
    check_storage_asked(charm, wanted.storage)
    for placement in wanted.placement:
        _check_placement(model, wanted.base, placement, "cannot deploy to machine {machine}")
    application = Application(
        name=name,
        charm_url=charm.url,
        origin=wanted.origin,
        base=wanted.base,
        subordinate=charm.is_subordinate,
        config=check_options(charm, wanted.config),
        trust=wanted.trust,
        constraints=wanted.constraints,
        bindings={"": "alpha", **dict.fromkeys(charm.endpoints(name), "alpha"), **wanted.bindings},
        resources=wanted.resources,
        storage=wanted.storage,
    )
    model.put("application", name, application)
    for end in charm.endpoints(name).values():
        if end.role == "peer":
            relation = Relation(model.next_number("relation"), str(end), [end])
            model.put("relation", relation.key, relation)
    if model.kind == "caas":
        scale(model, application, wanted.num_units)
    else:
        add_units(model, application, wanted.num_units, wanted.placement)
    return application


def scale(model: Model, application: Application, number: int) -> None:
    """Have so many units on Kubernetes: those of the highest numbers come and go.

    Raises:
        Refusal: the application goes.
    """
    if application.life != ALIVE:
        raise Refusal("scale change invalid")
    application.scale = number
    model.world.keep(model, "application", application.name)
    names = {f"{application.name}/{index}" for index in range(number)}
    for unit in model.units_of(application.name):
        if unit.name not in names:
            destroy_unit(model, unit, force=False)
    if model.place is not None:
        model.place.follow(application.name)
    follow_scale(model, application)


def follow_scale(model: Model, application: Application) -> None:
    """Add the units that an application lacks; one that still goes comes again when it is gone."""
    for index in range(application.scale or 0):
        if f"{application.name}/{index}" not in model.units:
            application.next_unit = index
            add_unit(model, application, None)


def add_units(model: Model, application: Application, number: int, placement: list[dict[str, Any]]) -> list[Unit]:
    """Add units, the first ones where `placement` says.

    Raises:
        Refusal: a machine is not there, has another base, or the application goes.
    """
    if application.life != ALIVE:
        raise Refusal(
            f'cannot add unit 1/{number} to application "{application.name}": '
            f'cannot add unit to application "{application.name}": application is not found or not alive'
        )
    for index, one in enumerate(placement):
        unit = f'unit "{application.name}/{application.next_unit + index}"'
        doing = f"acquiring machine to host {unit}: cannot assign {unit} to machine {{machine}}"
        _check_placement(model, application.base, one, doing)
    added = []
    for index in range(number):
        machine = _machine(model, application, placement[index] if index < len(placement) else None)
        added.append(add_unit(model, application, machine))
    return added


def add_unit(model: Model, application: Application, machine: Machine | None, principal: str = "") -> Unit:
    """Add one unit to a machine; None: on Kubernetes, to none."""
    first = not any(unit.leader for unit in model.units_of(application.name))
    name = f"{application.name}/{application.next_unit}"
    unit = Unit(name, machine.id if machine else "", application.charm_url, leader=first)
    unit.principal, unit.charm_modified = principal, application.charm_modified
    application.next_unit += 1
    if machine is None:
        unit.workload = Status("waiting", "installing agent")
    else:
        machine.clean = False
        model.note_change("machine", machine.id)
    model.put("unit", unit.name, unit)
    model.note_change("application", application.name)
    settle(model, "unit", unit.name)
    return unit


def parse_config(charm: Charm, application: str, text: Any, given: Any) -> tuple[dict[str, Any], bool | None]:
    """The options of a YAML document and of a mapping, and whether the application is trusted (None: not said).

    Raises:
        Refusal: the document is not YAML, has no settings for this application, or a value does not fit.
    """
    values: dict[str, Any] = dict(given or {})
    if text:
        try:
            document = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise Refusal("cannot parse settings data: yaml is not valid", BAD_REQUEST) from error
        settings = document.get(application) if isinstance(document, dict) else None
        if document and not isinstance(settings, dict):
            raise Refusal(f'no settings found for "{application}"', BAD_REQUEST)
        values = {**(settings or {}), **values}
    trust = values.pop("trust", None)
    trusted = None if trust is None else bool(coerce("trust", {"type": "boolean"}, trust))
    return check_options(charm, values), trusted


def _check_placement(model: Model, base: Base, placement: dict[str, Any], doing: str) -> None:
    scope, directive = placement.get("scope") or "", placement.get("directive") or ""
    if scope != "#" and not (scope in CONTAINERS and directive):
        return
    machine = existing_machine(model, directive, doing)
    if scope == "#" and not machine.base.matches(base):
        raise Refusal(
            f"cannot deploy to machine {machine.id}: base does not match: "
            f'unit has "{base.name}@{base.channel}", machine has "{machine.base.name}@{machine.base.channel}"'
        )


def _machine(model: Model, application: Application, placement: dict[str, Any] | None) -> Machine:
    if placement is None or not (placement.get("scope") or placement.get("directive")):
        return machine_for_unit(model, application.base, application.constraints)
    if placement.get("scope") == "#":
        return model.machine(str(placement.get("directive")))
    return add_machine(
        model,
        {"placement": placement, "base": application.base.as_json(), "constraints": application.constraints},
    )
