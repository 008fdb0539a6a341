"""Controller: what the controller is."""

from __future__ import annotations

from vca_jujusim.dispatch import Answer, Call, Json, method, parse_tag
from vca_jujusim.facades.model_manager import user_model
from vca_jujusim.problems import ALREADY_EXISTS, Refusal
from vca_jujusim.world.deltas import AGENT_VERSION
from vca_jujusim.world.world import CONTROLLER_ACCESS


@method("Controller.AllModels")
def all_models(call: Call, _params: Json) -> Answer:
    """All models."""
    call.world.check_superuser(call.user)
    return {"user-models": [user_model(model) for model in call.world.models.values()]}


@method("Controller.ControllerConfig")
def config(call: Call, _params: Json) -> Answer:
    """The configuration of the controller."""
    sim = call.session.controller
    fields: Json = {
        "controller-uuid": call.world.uuid,
        "ca-cert": sim.ca_cert,
        "api-port": sim.ports[0],
        **call.world.config,
    }
    return {"config": fields}


@method("Controller.ConfigSet")
def config_set(call: Call, params: Json) -> Answer:
    """Change it."""
    call.world.check_superuser(call.user)
    call.world.config |= params.get("config") or {}
    call.world.keep(None, "config", "")
    return None


@method("Controller.ControllerVersion")
def version(_call: Call, _params: Json) -> Answer:
    """The version of Juju."""
    return {"version": AGENT_VERSION, "git-commit": ""}


@method("Controller.ControllerAPIInfoForModels")
def api_info(call: Call, params: Json) -> Answer:
    """Where the controllers of models are."""
    sim = call.session.controller

    def one(entity: Json) -> Json:
        call.world.model(parse_tag(entity.get("tag"), "model"))
        return {"addresses": sim.addresses, "cacert": sim.ca_cert}

    return {"results": call.results(params.get("entities"), one)}


@method("Controller.GetControllerAccess")
def get_access(call: Call, params: Json) -> Answer:
    """The access that users have."""

    def one(entity: Json) -> Json:
        name = parse_tag(entity.get("tag"), "user")
        if name != call.user:
            call.world.check_superuser(call.user)
        return {"result": {"user-tag": f"user-{name}", "access": call.world.user(name).access}}

    return {"results": call.results(params.get("entities"), one)}


@method("Controller.ModifyControllerAccess")
def modify_access(call: Call, params: Json) -> Answer:
    """Grant and revoke."""
    call.world.check_superuser(call.user)

    def one(change: Json) -> Json:
        user, wanted = call.world.user(parse_tag(change.get("user-tag"), "user")), str(change.get("access"))
        if wanted not in CONTROLLER_ACCESS:
            raise Refusal(f'"{wanted}" controller access not valid', "not valid")
        level = CONTROLLER_ACCESS.index(wanted)
        if change.get("action") == "grant":
            if CONTROLLER_ACCESS.index(user.access) >= level:
                raise Refusal(f'user already has "{user.access}" access or greater', ALREADY_EXISTS)
            user.access = wanted
        else:
            user.access = CONTROLLER_ACCESS[max(min(CONTROLLER_ACCESS.index(user.access), level - 1), 0)]
        call.world.keep(None, "user", user.name)
        return {}

    return {"results": call.results(params.get("changes"), one)}
