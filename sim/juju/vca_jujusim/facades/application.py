"""Application: deploying, describing and removing applications."""

from __future__ import annotations

from typing import Any

from vca_jujusim.dispatch import Answer, Call, Json, method, parse_tag
from vca_jujusim.facades.charms import resolve
from vca_jujusim.facades.resources import released_resources
from vca_jujusim.problems import NOT_FOUND, Refusal, not_found
from vca_jujusim.world.deploying import deploy, parse_config
from vca_jujusim.world.deployment import Deployment
from vca_jujusim.world.machines import default_base, parse_base
from vca_jujusim.world.model import Model
from vca_jujusim.world.removal import destroy_application


@method("Application.Deploy", access="write")
def deploy_charms(call: Call, params: Json) -> Answer:
    """Deploy charms that the model has."""
    return {"results": call.results(params.get("applications"), lambda one: _deploy(call.model, one))}


def _deploy(model: Model, given: Json) -> Json:
    name, url = str(given.get("application") or ""), str(given.get("charm-url") or "")
    charm = model.charms.get(url)
    if charm is None:
        raise not_found("charm", url)
    origin = dict(given.get("charm-origin") or {})
    base = parse_base(origin.get("base"))
    if base is None:
        raise Refusal("base name and channel of the charm-origin are required", "bad request")
    config, trust = parse_config(charm, name, given.get("config-yaml"), given.get("config"))
    placement = list(given.get("placement") or [])
    deploy(
        model,
        Deployment(
            application=name,
            charm=charm,
            origin=origin,
            base=base,
            num_units=int(given.get("num-units") or 0),
            placement=placement,
            config=config,
            trust=trust is True,
            constraints={key: value for key, value in (given.get("constraints") or {}).items() if value},
            bindings=dict(given.get("endpoint-bindings") or {}),
            resources=_resources(model, given.get("resources")),
            storage=dict(given.get("storage") or {}),
            attach_storage=list(given.get("attach-storage") or []),
            force=given.get("Force") is True,
        ),
    )
    return {}


def _resources(model: Model, pending: Any) -> dict[str, Json]:
    """The uploaded resources that a deployment names by their pending ids."""
    found: dict[str, Json] = {}
    for name, pending_id in (pending or {}).items():
        resource = model.pending_resources.pop(str(pending_id), None)
        if resource is None or resource["name"] != name:
            raise Refusal(f'pending resource "{name}" ({pending_id}) not found', NOT_FOUND)
        found[name] = resource
    return found


@method("Application.DeployFromRepository", access="write")
def deploy_from_repository(call: Call, params: Json) -> Answer:
    """Deploy charms of the store; the controller does all of it."""
    found = []
    for result in call.results(params.get("Args"), lambda one: _from_repository(call, one)):
        error = result.pop("error", None)
        found.append({"Errors": [error] if error else [], "PendingResourceUploads": [], **result})
    return {"Results": found}


def _from_repository(call: Call, given: Json) -> Json:
    model = call.model
    name = str(given.get("CharmName") or "")
    channel = str(given.get("channel") or "stable")
    charm, found_channel = resolve(call.world, name, channel, given.get("revision"))
    application = str(given.get("ApplicationName") or "") or charm.name
    wanted = parse_base(given.get("base"))
    base = wanted or next((one for one in charm.bases if one.matches(default_base(model))), charm.bases[-1])
    config, trust = parse_config(charm, application, given.get("ConfigYAML"), None)
    architecture = str((given.get("Cons") or {}).get("arch") or "amd64")
    info = {
        "architecture": architecture,
        "base": base.as_json(),
        "channel": channel,
        "effective-channel": found_channel,
        "name": application,
        "revision": charm.revision,
    }
    if given.get("DryRun"):
        return {"Info": info}
    known = model.charms.get(charm.url)
    if known is None:
        model.put("charm", charm.url, charm)
    track, _, risk = found_channel.rpartition("/")
    number = given.get("num-units")
    deploy(
        model,
        Deployment(
            application=application,
            charm=charm,
            origin={
                "source": "charm-hub",
                "type": "charm",
                "id": charm.name,
                "hash": charm.sha256,
                "revision": charm.revision,
                "track": track,
                "risk": risk,
                "architecture": architecture,
            },
            base=base,
            num_units=int(number) if number is not None else int(not charm.is_subordinate),
            placement=list(given.get("Placement") or []),
            config=config,
            trust=given.get("Trust") is True or trust is True,
            constraints={key: value for key, value in (given.get("Cons") or {}).items() if value},
            bindings=dict(given.get("endpoint-bindings") or {}),
            resources=released_resources(charm, application, call.user),
            force=given.get("force") is True,
        ),
    )
    return {"Info": info}


@method("Application.DestroyApplication", access="write")
def destroy(call: Call, params: Json) -> Answer:
    """Begin to remove applications."""
    model = call.model

    def one(given: Json) -> Json:
        application = model.application(parse_tag(given.get("application-tag"), "application"))
        if given.get("dry-run"):
            units = model.units_of(application.name)
        else:
            units = destroy_application(model, application, force=given.get("force") is True)
        return {
            "info": {
                "destroyed-units": [{"tag": f"unit-{unit.name.replace('/', '-')}"} for unit in units],
                "destroyed-storage": [],
                "detached-storage": [],
            }
        }

    return {"results": call.results(params.get("applications"), one)}


@method("Application.ApplicationsInfo")
def info(call: Call, params: Json) -> Answer:
    """Describe applications."""
    model = call.model

    def one(entity: Json) -> Json:
        application = model.application(parse_tag(entity.get("tag"), "application"))
        return {
            "result": {
                "tag": f"application-{application.name}",
                "charm": model.charm_of(application).name,
                "base": application.base.as_json(),
                "channel": str(application.origin.get("risk") or ""),
                "constraints": application.constraints,
                "principal": not application.subordinate,
                "exposed": application.exposed,
                "remote": False,
                "life": application.life,
                "endpoint-bindings": application.bindings,
            }
        }

    return {"results": call.results(params.get("entities"), one)}


@method("Application.Expose", access="write")
def expose(call: Call, params: Json) -> Answer:
    """Open an application to the world."""
    return _expose(call, params, exposed=True)


@method("Application.Unexpose", access="write")
def unexpose(call: Call, params: Json) -> Answer:
    """Close an application to the world."""
    return _expose(call, params, exposed=False)


def _expose(call: Call, params: Json, *, exposed: bool) -> Answer:
    application = call.model.application(str(params.get("application") or ""))
    application.exposed = exposed
    call.model.note_change("application", application.name)
    return None
