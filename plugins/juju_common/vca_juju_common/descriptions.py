"""What there is of an execution environment: its charm, options, units and relations, as the model has them now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from vca_core.backend import Description, InstalledCharm, OptionState, RelationState, UnitState
from vca_core.naming import EeId
from vca_core.refusals import no_environment
from vca_juju_common.client.interface import Model
from vca_juju_common.client.things import Application, Unit
from vca_juju_common.client.values import OptionValue
from vca_juju_common.environments import entity_state, environments_in
from vca_juju_common.facts import charm_name
from vca_juju_common.notes import digest_in
from vca_juju_common.session import Session


async def describe(session: Session, ee_id: EeId) -> Description:
    """Describe an execution environment.

    Raises:
        NotFound: it is gone, or another one has its name now.
    """
    async with session.read(ee_id.model) as model:
        if not _is_alive(model.state.applications.get(ee_id.application)):
            await model.reread()  # another client may just have made the EE, installed its charm, or removed it
        application = _find(session, model, ee_id)
        if application is None:
            return Description(ee_id)
        options = await model.get_config(application.name)
        statuses = (await model.full_status(application.name)).get("applications") or {}
        status = statuses.get(application.name) or {}
        if _is_behind(model, application, status):
            await model.reread()
            application = _find(session, model, ee_id)
            if application is None:
                return Description(ee_id)
        known = {name: one.ee_id for name, one in environments_in(model, session.names, session.ground).items()}
        return Description(
            ee_id,
            _charm(model, application, status),
            {name: _option(one) for name, one in options.items()},
            tuple(_unit(session, model, unit, status) for unit in model.state.units_of(application.name)),
            tuple(_relations(model, application.name, known)),
        )


def _find(session: Session, model: Model, ee_id: EeId) -> Application | None:
    """The application of an EE that is to be there; None: nothing is installed in it."""
    there = environments_in(model, session.names, session.ground).get(ee_id.application)
    if there is None or there.ee_id != ee_id:
        raise no_environment(ee_id)
    application = model.state.applications.get(ee_id.application)
    return application if _is_alive(application) else None


def _is_alive(application: Application | None) -> bool:
    return application is not None and application.life not in {"dying", "dead"}


def _is_behind(model: Model, application: Application, status: Mapping[str, Any]) -> bool:
    """Whether the state lacks what the controller's status shows, or shows what that lacks."""
    name = application.name
    units = {unit.name for unit in model.state.units_of(name)}
    related = {(one.endpoint, one.other_name) for one in _relations(model, name, {}) if one.other_name != name}
    listed: Mapping[str, Any] = status.get("relations") or {}
    shown = {(endpoint, other) for endpoint, others in listed.items() for other in others if other != name}
    return status.get("charm") != application.charm_url or set(status.get("units") or ()) != units or shown != related


def _charm(model: Model, application: Application, status: Mapping[str, Any]) -> InstalledCharm:
    url = application.charm_url
    digest = digest_in(model.state.notes(f"application-{application.name}"), url)
    return InstalledCharm(charm_name(url), url, digest, status.get("charm-version") or None)


def _option(one: OptionValue) -> OptionState:
    return OptionState(one.value, one.is_set, one.option.type, one.option.type == "secret")


def _unit(session: Session, model: Model, unit: Unit, status: Mapping[str, Any]) -> UnitState:
    # Only the status knows the leader; it was read after the deltas, and may know a unit less, or more.
    entry = (status.get("units") or {}).get(unit.name)
    is_leader = None if entry is None else bool(entry.get("leader"))
    # On Kubernetes no delta has a pod's address, or one that it had before.
    address = (entry or {}).get("address") or unit.address
    addresses = (address,) if address else ()
    state = session.reporter.complete(model.name, entity_state(unit))
    return UnitState(unit.name, state, is_leader, addresses, unit.charm_url or None)


def _relations(model: Model, name: str, known: Mapping[str, EeId]) -> Iterator[RelationState]:
    for relation in model.state.relations.values():
        if relation.life in {"dying", "dead"} or len(relation.ends) < 2:
            continue
        for own, other in (relation.ends, relation.ends[::-1]):
            application, _, endpoint = own.partition(":")
            if application == name:
                other_name, _, other_endpoint = other.partition(":")
                yield RelationState(endpoint, known.get(other_name), other_name, other_endpoint)
