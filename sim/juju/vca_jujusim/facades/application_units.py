"""Application: its units."""

from __future__ import annotations

from vca_jujusim.dispatch import Answer, Call, Json, method, parse_tag
from vca_jujusim.problems import BAD_REQUEST, NOT_FOUND, NOT_SUPPORTED, NOT_VALID, Refusal
from vca_jujusim.world.deploying import add_units
from vca_jujusim.world.deploying import scale as scale_to
from vca_jujusim.world.ending import destroy_unit
from vca_jujusim.world.entities import Status
from vca_jujusim.world.settling import settle


@method("Application.AddUnits", access="write")
def add(call: Call, params: Json) -> Answer:
    """Scale an application out."""
    if call.model.kind == "caas":
        raise Refusal("adding units to a container-based model not supported", NOT_SUPPORTED)
    application = call.model.application(str(params.get("application") or ""))
    number = int(params.get("num-units") or 0)
    if application.subordinate:
        raise Refusal("cannot add unit to subordinate application", BAD_REQUEST)
    if number < 1:
        raise Refusal("must add at least one unit", BAD_REQUEST)
    placement = list(params.get("placement") or [])
    return {"units": [unit.name for unit in add_units(call.model, application, number, placement)]}


@method("Application.DestroyUnit", access="write")
def destroy(call: Call, params: Json) -> Answer:
    """Begin to remove units."""
    model = call.model
    if model.kind == "caas":
        raise Refusal("removing units on a non-container model not supported", NOT_SUPPORTED)  # in Juju's words

    def one(given: Json) -> Json:
        unit = model.unit(parse_tag(given.get("unit-tag"), "unit"))
        if unit.principal:
            raise Refusal(f'unit "{unit.name}" is a subordinate, to remove use remove-relation')
        if not given.get("dry-run"):
            destroy_unit(model, unit, force=given.get("force") is True)
        return {"info": {"destroyed-storage": [], "detached-storage": []}}

    return {"results": call.results(params.get("units"), one)}


@method("Application.ScaleApplications", access="write")
def scale(call: Call, params: Json) -> Answer:
    """Set the number of units, on Kubernetes."""

    def one(given: Json) -> Json:
        if call.model.kind != "caas":
            raise Refusal("scaling applications on a non-container model not supported", NOT_SUPPORTED)
        application = call.model.application(parse_tag(given.get("application-tag"), "application"))
        number, change = int(given.get("scale") or 0), int(given.get("scale-change") or 0)
        if number and change:
            raise Refusal("requesting both scale and scale-change not valid", NOT_VALID)
        if number < 0:
            raise Refusal("scale < 0 not valid", NOT_VALID)
        wanted = (application.scale or 0) + change if change else number
        if wanted < 0:
            raise Refusal("cannot remove more units than currently exist not valid", NOT_VALID)
        scale_to(call.model, application, wanted)
        return {"info": {"num-units": wanted}}

    return {"results": call.results(params.get("applications"), one)}


@method("Application.ResolveUnitErrors", access="write")
def resolve(call: Call, params: Json) -> Answer:
    """Run failed hooks again, or skip them."""
    model = call.model
    tags = [entity["tag"] for entity in (params.get("tags") or {}).get("entities") or []]
    if params.get("all"):
        tags = [f"unit-{one.name.replace('/', '-')}" for one in model.units.values() if one.workload.current == "error"]

    def one(tag: str) -> Json:
        unit = model.unit(parse_tag(tag, "unit"))
        if unit.workload.current != "error":
            raise Refusal(f'unit "{unit.name}" is not in an error state')
        unit.retry = True
        if not params.get("retry") and unit.hook == "install":
            unit.workload = Status("maintenance", "installing charm software")
        elif not params.get("retry"):
            unit.hook = "update-status"  # the failed one counts as done
        settle(model, "unit", unit.name)
        return {}

    return {"results": call.results(tags, one)}


@method("Application.UnitsInfo")
def info(call: Call, params: Json) -> Answer:
    """Describe units."""
    model = call.model

    def one(entity: Json) -> Json:
        unit = model.unit(parse_tag(entity.get("tag"), "unit"))
        machine = model.machines.get(unit.machine)
        address = machine.addresses[0]["value"] if machine and machine.addresses else ""
        return {
            "result": {
                "tag": f"unit-{unit.name.replace('/', '-')}",
                "workload-version": "",
                "machine": unit.machine,
                "opened-ports": [],
                "public-address": address,
                **({"address": unit.address, "provider-id": unit.provider_id} if unit.provider_id else {}),
                "charm": unit.charm_url,
                "leader": unit.leader,
                "life": unit.life,
                "relation-data": [],
            }
        }

    return {"results": call.results(params.get("entities"), one)}


@method("Application.Leader")
def leader(call: Call, params: Json) -> Answer:
    """Return the leading unit."""
    application = call.model.application(parse_tag(params.get("tag"), "application"))
    for unit in call.model.units_of(application.name):
        if unit.leader:
            return {"result": unit.name}
    raise Refusal(f'could not determine leader for "{application.name}"', NOT_FOUND)
