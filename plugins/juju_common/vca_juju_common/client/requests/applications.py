"""Requests about applications and their units."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from vca_core.charm import Option
from vca_core.charm.storage_requests import StorageRequest
from vca_juju_common.client.errors import ApiError, ConnectionLost, check_result, error_of
from vca_juju_common.client.requests.machines import constraints_value
from vca_juju_common.client.requests.origins import origin_value
from vca_juju_common.client.requests.target import Target
from vca_juju_common.client.retries import retry_races
from vca_juju_common.client.things import unit_tag
from vca_juju_common.client.transport.generated import classes
from vca_juju_common.client.values import NewApplication, OptionValue

_ABOUT_PENDING = re.compile("pending (id|resource)|resource .* not found")
"""What Juju says of a resource that was announced, and has come to its application since."""


def _placement(machines: Sequence[str]) -> list[Any]:
    """Placement of units on machines that are there."""
    return [classes().Placement(scope="#", directive=machine) for machine in machines]


def _storage_value(one: StorageRequest) -> dict[str, Any]:
    fields = {"Pool": one.pool, "Size": one.size, "Count": one.count}
    return {name: value for name, value in fields.items() if value is not None}


def text_of(value: Any) -> str:
    """A value of an option as requests take it: Juju refuses anything but text."""
    return str(value).lower() if isinstance(value, bool) else str(value)


async def deploy(model: Target, new: NewApplication) -> None:
    """Deploy an application.

    Raises:
        ApiError: the controller refuses it.
    """
    juju = classes()
    config = {name: text_of(value) for name, value in new.config.items()}
    if new.trust:
        config["trust"] = "true"
    params = juju.ApplicationDeploy(
        application=new.name,
        charm_url=new.charm_url,
        charm_origin=origin_value(new.origin),
        config=config,
        constraints=constraints_value(new.constraints),
        num_units=len(new.machines) if new.num_units is None else new.num_units,
        placement=_placement(new.machines),
        storage={name: _storage_value(one) for name, one in new.storage.items()} or None,
        resources=dict(new.resources) or None,
        force=new.force or None,
    )
    there_before = new.name in model.state.applications

    model.state.expect("application", new.name)

    is_repeated = False

    async def work() -> None:
        nonlocal is_repeated
        while True:
            facade = await model.facade("Application", repeat=False)
            try:
                check_result((await facade.Deploy(applications=[params])).results[0])
            except ConnectionLost:
                await model.resync()
                if new.name in model.state.applications and not there_before:
                    return  # it was the answer that was lost
                is_repeated = True
            except ApiError as error:
                if not (error.is_there_already and is_repeated and not there_before):
                    raise
                return  # and the watcher had not reported it yet
            else:
                return

    await retry_races(work)


async def resolve_units(model: Target, units: Sequence[str]) -> None:
    """Have units in error run the hook again that failed; those that are not in error any more are no error."""

    async def work() -> None:
        facade = await model.facade("Application")
        entities = [classes().Entity(tag=unit_tag(unit)) for unit in units]
        reply = await facade.ResolveUnitErrors(all_=False, retry=True, tags=classes().Entities(entities=entities))
        for result in reply.results or ():
            error = error_of(result)
            if error is not None and not (error.is_gone or "not in an error state" in error.message):
                raise error

    await retry_races(work)


async def destroy_applications(
    model: Target,
    names: Sequence[str],
    *,
    destroy_storage: bool,
    force: bool = False,
    max_wait: float | None = None,
) -> None:
    """Ask for the end of applications; where it is forced, each step may take so many seconds.

    Raises:
        ApiError: the controller refuses it, or says that one of them is not there.
    """
    params = [
        classes().DestroyApplicationParams(
            application_tag=f"application-{name}",
            destroy_storage=destroy_storage,
            force=force,
            max_wait=None if max_wait is None else int(max_wait * 1e9),
        )
        for name in names
    ]

    async def work() -> None:
        facade = await model.facade("Application")
        for result in (await facade.DestroyApplication(applications=params)).results:
            check_result(result)

    await retry_races(work)


async def destroy_consumed(model: Target, names: Sequence[str], *, force: bool = False) -> None:
    """Ask for the end of remote applications, as another model's offers are called where they are consumed.

    Raises:
        ApiError: the controller refuses it, or says that one of them is not there.
    """
    params = [
        classes().DestroyConsumedApplicationParams(application_tag=f"application-{name}", force=force) for name in names
    ]

    async def work() -> None:
        facade = await model.facade("Application")
        for result in (await facade.DestroyConsumedApplications(applications=params)).results:
            check_result(result)

    await retry_races(work)


async def set_config(model: Target, application: str, values: Mapping[str, Any]) -> None:
    """Set options of an application.

    Args:
        model: where.
        application: its name.
        values: in their types, by option; None: the charm's default again.
    """
    given = {name: text_of(value) for name, value in values.items() if value is not None}
    params = classes().ConfigSet(application=application, generation="master", config=given, config_yaml="")
    unset = [name for name, value in values.items() if value is None]
    reset = classes().ApplicationUnset(application=application, branch="master", options=unset)

    async def work() -> None:
        facade = await model.facade("Application")
        if given:
            check_result((await facade.SetConfigs(args=[params])).results[0])
        if unset:
            check_result((await facade.UnsetApplicationsConfig(args=[reset])).results[0])

    await retry_races(work)


async def get_config(model: Target, application: str) -> dict[str, OptionValue]:
    """The options of an application's charm, and their values now."""

    async def work() -> dict[str, Any]:
        return await model.call("Application", "Get", {"application": application, "branch": "master"})

    reply = await retry_races(work)
    found: dict[str, OptionValue] = {}
    for name, entry in (reply.get("config") or {}).items():
        option = Option(name, entry.get("type") or "string", entry.get("default"), entry.get("description") or "")
        found[name] = OptionValue(option, entry.get("value"), entry.get("source") == "user")
    return found


async def has_trust(model: Target, application: str) -> bool:
    """Whether an application may use the cloud's credentials."""

    async def work() -> dict[str, Any]:
        return await model.call("Application", "Get", {"application": application, "branch": "master"})

    found = (await retry_races(work)).get("application-config") or {}
    return (found.get("trust") or {}).get("value") is True


async def get_constraints(model: Target, application: str) -> dict[str, Any]:
    """The constraints of an application, by Juju's names."""

    async def work() -> dict[str, Any]:
        entities = [{"tag": f"application-{application}"}]
        return await model.call("Application", "GetConstraints", {"entities": entities})

    return dict(check_result((await retry_races(work))["results"][0]).get("constraints") or {})


async def add_units(model: Target, application: str, machines: Sequence[str]) -> None:
    """Ask for units, one on each of some machines (see `NewApplication`)."""
    wanted = len(model.state.alive_units_of(application)) + len(machines)

    async def work() -> None:
        while (missing := wanted - len(model.state.alive_units_of(application))) > 0:
            free = [machine for machine in machines if not model.state.is_machine_in_use(machine)][:missing]
            facade = await model.facade("Application", repeat=False)
            try:
                await facade.AddUnits(application=application, num_units=missing, placement=_placement(free), policy="")
            except ConnectionLost:
                await model.resync()
            else:
                return

    await retry_races(work)


async def scale_to(model: Target, application: str, number: int) -> None:
    """Ask for so many units of an application on Kubernetes.

    Raises:
        ApiError: the controller refuses it.
    """
    params = classes().ScaleApplicationParams(
        application_tag=f"application-{application}", scale=number, scale_change=0, force=False
    )

    async def work() -> None:
        facade = await model.facade("Application")
        check_result((await facade.ScaleApplications(applications=[params])).results[0])

    await retry_races(work)


async def destroy_units(model: Target, units: Sequence[str], *, destroy_storage: bool, force: bool = False) -> None:
    """Ask for the end of units; those that are gone are not an error."""
    params = [
        classes().DestroyUnitParams(unit_tag=unit_tag(unit), destroy_storage=destroy_storage, force=force)
        for unit in units
    ]

    async def work() -> None:
        facade = await model.facade("Application")
        for result in (await facade.DestroyUnit(units=params)).results:
            error = error_of(result)
            if error is not None and not error.is_not_found:
                raise error

    await retry_races(work)


async def set_charm(model: Target, new: NewApplication) -> None:
    """Give an application another charm, or revision, and values of options with it."""
    config = {name: text_of(value) for name, value in new.config.items()}
    is_repeated = False

    async def send() -> None:
        facade = await model.facade("Application", repeat=False)
        await facade.SetCharm(
            application=new.name,
            charm_url=new.charm_url,
            charm_origin=origin_value(new.origin),
            config_settings=config,
            force=new.force,
            force_base=new.force,
            force_units=new.force_units,
            generation="master",
            resource_ids=dict(new.resources) or None,
        )

    async def work() -> None:
        nonlocal is_repeated
        while True:
            try:
                await send()
            except ConnectionLost:
                await model.resync()
                is_repeated = True
            except ApiError as error:
                if not (is_repeated and error.is_not_found and _ABOUT_PENDING.search(error.message)):
                    raise
                return  # it was the answer that was lost: what was announced has come to the application
            else:
                return

    await retry_races(work)
