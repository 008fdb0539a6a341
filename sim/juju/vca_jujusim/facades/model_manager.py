"""ModelManager: adding, describing and removing models."""

from __future__ import annotations

import re
from collections.abc import Awaitable
from typing import Any

from vca_jujusim.dispatch import Answer, Call, Json, method, parse_tag
from vca_jujusim.problems import NOT_SUPPORTED, Refusal, denial, not_found
from vca_jujusim.world.assumptions import features_of
from vca_jujusim.world.deltas import AGENT_VERSION
from vca_jujusim.world.entities import Status
from vca_jujusim.world.model import ACCESS, Model
from vca_jujusim.world.places import Clusters
from vca_jujusim.world.pods import check_namespace
from vca_jujusim.world.presence import machine_status
from vca_jujusim.world.removal import destroy_model, has_storage

_NAME = re.compile(r"^[a-z0-9]+[a-z0-9-]*$")


@method("ModelManager.CreateModel")
def create_model(call: Call, params: Json) -> Answer | Awaitable[Answer]:
    """Make a model, for oneself unless one is a superuser."""
    world = call.world
    world.check_can_add_models(call.user)
    name, owner = str(params.get("name") or ""), parse_tag(params.get("owner-tag"), "user")
    if owner != call.user:
        world.check_superuser(call.user)
        world.user(owner)
    if not _NAME.match(name):
        raise Refusal(
            f'failed to create config: creating config from values failed: "{name}" is not a valid model name'
        )
    cloud = parse_tag(params.get("cloud-tag") or "cloud-localhost", "cloud")
    if cloud not in world.clouds:
        raise not_found("cloud", cloud)
    regions = [region["name"] for region in world.clouds[cloud].get("regions") or []]
    region = str(params.get("region") or (regions[0] if regions else ""))
    if regions and region not in regions:
        raise not_found("region", region)
    config = dict(params.get("config") or {})
    keys = [line for line in str(config.get("authorized-keys") or "").splitlines() if line.strip()]
    credential = _credential(call, params, cloud, owner)

    def finish(model: Model) -> Json:
        model.record.config |= config
        model.record.keys = keys
        model.record.credential = credential
        model.note_change("model", model.record.uuid)
        return model_info(call, model)

    async def finish_with_namespace(clusters: Clusters) -> Json:
        return finish(await clusters.make_model(cloud, credential, name, owner, region))

    if world.clusters is not None and world.clusters.is_behind(cloud, credential):
        return finish_with_namespace(world.clusters)
    if world.clouds[cloud].get("type") == "kubernetes":
        check_namespace(world, cloud, name)
    return finish(world.add_model(name, owner, cloud, region, {}))


def _credential(call: Call, params: Json, cloud: str, owner: str) -> str:
    given = params.get("credential")
    if not given and cloud != "localhost" and call.world.clouds[cloud].get("type") == "kubernetes":
        raise Refusal('validating cloud spec: "empty" auth-type not supported', NOT_SUPPORTED)
    if not given:
        # Juju uses the controller's own for who bootstrapped it; everybody else has to name one.
        if owner != call.session.controller.username and "empty" not in call.world.clouds[cloud].get("auth-types", []):
            raise Refusal("no credential specified", "not valid")
        mine = [key for key in call.world.credentials if key.startswith(f"{cloud}/{owner}/")]
        return mine[0] if mine else ""
    tag = parse_tag(given, "cloudcred").replace("_", "/")
    if tag not in call.world.credentials:
        raise not_found("cloud credential", tag)
    if tag in call.world.invalid_credentials:
        raise Refusal(f'cloud credential "{tag}" is not valid', "not valid")
    return tag


def _status(status: Status) -> Json:
    return {"status": status.current, "info": status.message, "since": status.since}


def _visible_models(call: Call, user: str, *, everything: bool = False) -> list[Model]:
    if user != call.user:
        call.world.check_superuser(call.user)
    whole = everything and call.world.is_superuser(call.user)
    return [model for model in call.world.models.values() if whole or user in model.record.access]


def model_info(call: Call, model: Model) -> Json:
    """A model, as ModelInfo has it."""
    record = model.record
    return {
        "name": record.name,
        "type": model.kind,
        "uuid": record.uuid,
        "controller-uuid": call.world.uuid,
        "is-controller": record.name == "controller",
        "provider-type": call.world.clouds[record.cloud]["type"],
        "default-base": "ubuntu@22.04/stable",
        "default-series": "jammy",
        "cloud-tag": f"cloud-{record.cloud}",
        "cloud-region": record.region,
        "cloud-credential-tag": f"cloudcred-{record.credential.replace('/', '_')}" if record.credential else "",
        "cloud-credential-validity": not model.is_suspended,
        "owner-tag": f"user-{record.owner}",
        "life": record.life,
        "status": _status(record.status),
        "users": [
            {"model-tag": f"model-{record.uuid}", "user": name, "display-name": name, "access": access}
            | {"last-connection": None}
            for name, access in record.access.items()
        ],
        "machines": [_machine(model, key) for key in model.machines],
        "secret-backends": [],
        "migration": None,
        "sla": {"level": "", "owner": ""},
        "agent-version": AGENT_VERSION,
        "supported-features": [
            {"name": name, "description": name, "version": version} for name, version in features_of(model).items()
        ],
    }


def _machine(model: Model, key: str) -> Json:
    machine = model.machines[key]
    return {
        "id": key,
        "instance-id": machine.instance_id,
        "display-name": "",
        "status": machine_status(machine).current,
        "message": machine.instance.message,
        "has-vote": False,
        "wants-vote": False,
    }


def _of_tag(call: Call, entity: Any, access: str) -> Model:
    model = call.world.model(parse_tag((entity or {}).get("tag"), "model"))
    model.check_access(call.user, access)
    return model


@method("ModelManager.ModelInfo")
def info(call: Call, params: Json) -> Answer:
    """Describe models."""

    def one(entity: Json) -> Json:
        key = parse_tag(entity.get("tag"), "model")
        if key not in call.world.models:
            raise denial()  # also to superusers
        return {"result": model_info(call, _of_tag(call, entity, "read"))}

    return {"results": call.results(params.get("entities"), one)}


@method("ModelManager.ListModels")
def list_models(call: Call, params: Json) -> Answer:
    """The models that a user may see."""
    user = parse_tag(params.get("tag"), "user")
    return {"user-models": [user_model(model) for model in _visible_models(call, user)]}


def user_model(model: Model) -> Json:
    """A model in a list."""
    record = model.record
    fields = {"name": record.name, "uuid": record.uuid, "type": model.kind, "owner-tag": f"user-{record.owner}"}
    return {"model": fields, "last-connection": None}


@method("ModelManager.ListModelSummaries")
def summaries(call: Call, params: Json) -> Answer:
    """The models that a user may see, in short."""
    user = parse_tag(params.get("user-tag"), "user")
    models = _visible_models(call, user, everything=params.get("all") is True)
    return {"results": [{"result": _summary(call, model, user)} for model in models]}


def _summary(call: Call, model: Model, user: str) -> Json:
    full = model_info(call, model)
    kept = (
        "name uuid type controller-uuid is-controller provider-type default-series cloud-tag cloud-region "
        "cloud-credential-tag owner-tag life status migration sla agent-version"
    )
    return {
        **{key: full[key] for key in kept.split()},
        "user-access": model.record.access.get(user, ""),
        "last-connection": None,
        "counts": [
            {"entity": "machines", "count": len(model.machines)},
            {"entity": "units", "count": len(model.units)},
        ],
    }


@method("ModelManager.ModelStatus")
def status(call: Call, params: Json) -> Answer:
    """Return how much is in models."""

    def one(entity: Json) -> Json:
        model = _of_tag(call, entity, "read")
        record = model.record
        return {
            "model-tag": f"model-{record.uuid}",
            "life": record.life,
            "type": model.kind,
            "owner-tag": f"user-{record.owner}",
            "hosted-machine-count": len(model.machines),
            "application-count": len(model.applications),
            "unit-count": len(model.units),
            "applications": [{"name": name} for name in model.applications],
            "machines": [_machine(model, key) for key in model.machines],
            "volumes": [],
            "filesystems": [
                {"id": "0", "status": "attached", "message": "", "detachable": True, "provider-id": ""}
                for _ in range(has_storage(model))
            ],
        }

    return {"models": call.results(params.get("entities"), one)}


@method("ModelManager.DestroyModels")
def destroy(call: Call, params: Json) -> Answer:
    """Begin to destroy models."""

    def one(item: Json) -> Json:
        model = _of_tag(call, {"tag": item.get("model-tag")}, "admin")
        destroy_model(model, destroy_storage=item.get("destroy-storage"), force=item.get("force") is True)
        return {}

    return {"results": call.results(params.get("models"), one)}


@method("ModelManager.ModifyModelAccess")
def modify_access(call: Call, params: Json) -> Answer:
    """Grant and revoke."""

    def one(change: Json) -> Json:
        model = _of_tag(call, {"tag": change.get("model-tag")}, "admin")
        user, wanted = parse_tag(change.get("user-tag"), "user"), str(change.get("access"))
        call.world.user(user)
        if wanted not in ACCESS:
            raise Refusal(f'"{wanted}" model access not valid', "not valid")
        has = model.record.access.get(user)
        if change.get("action") == "grant":
            if has is not None and ACCESS.index(has) >= ACCESS.index(wanted):
                raise Refusal(f'user already has "{has}" access or greater', "already exists")
            model.record.access[user] = wanted
        elif wanted == "read":
            model.record.access.pop(user, None)
        elif has is not None:
            model.record.access[user] = ACCESS[max(ACCESS.index(wanted) - 1, 0)]
        model.note_change("model", model.record.uuid)
        return {}

    return {"results": call.results(params.get("changes"), one)}


@method("ModelManager.ChangeModelCredential")
def change_credential(call: Call, params: Json) -> Answer:
    """Give models another credential."""

    def one(change: Json) -> Json:
        model = _of_tag(call, {"tag": change.get("model-tag")}, "admin")
        tag = parse_tag(change.get("credential-tag"), "cloudcred").replace("_", "/")
        if tag not in call.world.credentials:
            raise not_found("cloud credential", tag)
        model.record.credential = tag
        model.suspend("")
        model.note_change("model", model.record.uuid)
        return {}

    return {"results": call.results(params.get("model-credentials"), one)}
