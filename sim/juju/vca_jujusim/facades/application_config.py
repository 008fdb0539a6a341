"""Application: configuration, constraints, and the charm it has."""

from __future__ import annotations

from typing import Any

from vca_jujusim.charms import keep_settings
from vca_jujusim.dispatch import Answer, Call, Json, method, parse_tag
from vca_jujusim.facades.application import _resources
from vca_jujusim.problems import Refusal, not_found
from vca_jujusim.world.assumptions import check_assumptions
from vca_jujusim.world.deploying import parse_config
from vca_jujusim.world.entities import Application
from vca_jujusim.world.machines import parse_base
from vca_jujusim.world.model import Model
from vca_jujusim.world.pods import check_upgrade
from vca_jujusim.world.relating import check_kept
from vca_jujusim.world.settling import settle
from vca_jujusim.world.storing import check_storage_kept


def option_values(model: Model, application: Application) -> Json:
    """All options, with their values and where these come from."""
    found: Json = {}
    for name, spec in model.charm_of(application).options.items():
        default = spec.get("default")
        one: Json = {"description": spec.get("description", ""), "type": spec.get("type", "string")}
        if default is not None:
            one["default"] = default
        if name in application.config:
            one |= {"value": application.config[name], "source": "user"}
        elif default is not None:
            one |= {"value": default, "source": "default"}
        else:
            one["source"] = "unset"
        found[name] = one
    return found


@method("Application.Get")
def get(call: Call, params: Json) -> Answer:
    """The configuration of an application."""
    model = call.model
    application = model.application(str(params.get("application") or ""))
    return {
        "application": application.name,
        "charm": model.charm_of(application).name,
        "config": option_values(model, application),
        "application-config": {
            "trust": {
                "default": False,
                "description": "Does this application have access to trusted credentials",
                "source": "user" if application.trust else "default",
                "type": "bool",
                "value": application.trust,
            }
        },
        "constraints": application.constraints,
        "base": application.base.as_json(),
        "channel": str(application.origin.get("risk") or ""),
        "endpoint-bindings": application.bindings,
    }


@method("Application.CharmConfig")
def charm_config(call: Call, params: Json) -> Answer:
    """The options of applications."""
    model = call.model

    def one(given: Json) -> Json:
        return {"config": option_values(model, model.application(str(given.get("application") or "")))}

    return {"Results": call.results(params.get("args"), one)}


@method("Application.GetConfig")
def get_config(call: Call, params: Json) -> Answer:
    """The options of applications, by tag."""
    model = call.model

    def one(entity: Json) -> Json:
        return {"config": option_values(model, model.application(parse_tag(entity.get("tag"), "application")))}

    return {"Results": call.results(params.get("entities"), one)}


@method("Application.SetConfigs", access="write")
def set_configs(call: Call, params: Json) -> Answer:
    """Set options; all of an application's or none."""
    model = call.model

    def one(given: Json) -> Json:
        application = model.application(str(given.get("application") or ""))
        charm = model.charm_of(application)
        config, trust = parse_config(charm, application.name, given.get("config-yaml"), given.get("config"))
        application.config |= config
        application.trust = application.trust if trust is None else trust
        show_units(model, application)
        return {}

    return {"results": call.results(params.get("Args"), one)}


@method("Application.UnsetApplicationsConfig", access="write")
def unset(call: Call, params: Json) -> Answer:
    """Reset options to their defaults."""
    model = call.model

    def one(given: Json) -> Json:
        application = model.application(str(given.get("application") or ""))
        options = model.charm_of(application).options
        for name in given.get("options") or []:
            if name == "trust":
                application.trust = False
            elif name not in options:
                raise Refusal(f'unknown option "{name}"')
            application.config.pop(name, None)
        show_units(model, application)
        return {}

    return {"results": call.results(params.get("Args"), one)}


def show_units(model: Model, application: Application) -> None:
    """Let the units see the new configuration."""
    model.note_change("application", application.name)
    for unit in model.units_of(application.name):
        settle(model, "unit", unit.name)


@method("Application.GetConstraints")
def get_constraints(call: Call, params: Json) -> Answer:
    """The constraints of applications."""
    model = call.model

    def one(entity: Json) -> Json:
        return {"constraints": model.application(parse_tag(entity.get("tag"), "application")).constraints}

    return {"results": call.results(params.get("entities"), one)}


@method("Application.SetConstraints", access="write")
def set_constraints(call: Call, params: Json) -> Answer:
    """Set the constraints of future machines."""
    application = call.model.application(str(params.get("application") or ""))
    application.constraints = {key: value for key, value in (params.get("constraints") or {}).items() if value}
    call.model.note_change("application", application.name)
    return None


@method("Application.GetCharmURLOrigin")
def charm_url_origin(call: Call, params: Json) -> Answer:
    """Return the URL of an application's charm, and where it came from."""
    application = call.model.application(str(params.get("application") or ""))
    return {"url": application.charm_url, "charm-origin": application.origin | {"base": application.base.as_json()}}


@method("Application.SetCharm", access="write")
def set_charm(call: Call, params: Json) -> Answer:
    """Give an application another charm, or another revision."""
    model = call.model
    application = model.application(str(params.get("application") or ""))
    url = str(params.get("charm-url") or "")
    charm = model.charms.get(url)
    if charm is None:
        raise not_found("charm", url)
    old = model.charm_of(application)
    if charm.is_subordinate != old.is_subordinate:
        raise Refusal("cannot change an application's subordinacy")
    check_upgrade(model, application, charm)
    check_assumptions(model, charm, force=params.get("force") is True)
    if charm.profile_problem and params.get("force") is not True:
        raise Refusal(charm.profile_problem)
    origin: dict[str, Any] = dict(params.get("charm-origin") or {})
    base = parse_base(origin.get("base")) or application.base
    if not params.get("force-base") and not params.get("force") and not charm.has_base(base):
        raise Refusal(
            f'cannot upgrade application "{application.name}" to charm "{url}": base "{base}" not supported by charm',
            "incompatible base",
        )
    check_kept(model, application.name, charm, force=params.get("force") is True)
    if model.kind == "iaas":
        check_storage_kept(application, old, charm)
    config, _ = parse_config(charm, application.name, params.get("config-settings-yaml"), params.get("config-settings"))
    resources = _resources(model, params.get("resource-ids"))
    application.config = keep_settings(charm, application.config) | config
    if resources or url != application.charm_url:
        application.charm_modified += 1
    application.charm_url, application.origin, application.base = url, origin, base
    application.resources |= resources
    for unit in model.units_of(application.name):
        unit.forced = params.get("force-units") is True
    model.release_charm(old.url)
    show_units(model, application)
    return None
