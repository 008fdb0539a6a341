"""Cloud: clouds and credentials."""

from __future__ import annotations

from collections.abc import Awaitable

from vca_jujusim.dispatch import Answer, Call, Json, method, parse_tag
from vca_jujusim.problems import ALREADY_EXISTS, Refusal, denial, not_found
from vca_jujusim.world.places import Clusters


def _describe(cloud: Json) -> Json:
    kept = (
        "type auth-types endpoint identity-endpoint storage-endpoint regions ca-certificates config skip-tls-verify "
        "host-cloud-region"
    )
    found = {key: cloud[key] for key in kept.split() if cloud.get(key) is not None}
    return {"type": "", "regions": [], "auth-types": [], **found}


@method("Cloud.Clouds")
def clouds(call: Call, _params: Json) -> Answer:
    """All clouds."""
    return {"clouds": {f"cloud-{name}": _describe(cloud) for name, cloud in call.world.clouds.items()}}


@method("Cloud.Cloud")
def cloud(call: Call, params: Json) -> Answer:
    """Clouds by tag."""

    def one(entity: Json) -> Json:
        name = parse_tag(entity.get("tag"), "cloud")
        if name not in call.world.clouds:
            raise not_found("cloud", name)
        return {"cloud": _describe(call.world.clouds[name])}

    return {"results": call.results(params.get("entities"), one)}


@method("Cloud.AddCloud")
def add_cloud(call: Call, params: Json) -> Answer:
    """Add a cloud."""
    call.world.check_superuser(call.user)
    name = str(params.get("name") or "")
    if name in call.world.clouds:
        raise Refusal(f'cloud "{name}" already exists', ALREADY_EXISTS)
    _put(call, name, dict(params.get("cloud") or {}))
    return None


@method("Cloud.UpdateCloud")
def update_cloud(call: Call, params: Json) -> Answer:
    """Replace clouds, each as a whole."""
    call.world.check_superuser(call.user)

    def one(given: Json) -> Json:
        name = str(given.get("name") or "")
        if name not in call.world.clouds:
            raise not_found("cloud", name)
        _put(call, name, dict(given.get("cloud") or {}))
        return {}

    return {"results": call.results(params.get("clouds"), one)}


def _put(call: Call, name: str, cloud: Json) -> None:
    call.world.clouds[name] = cloud | {"regions": cloud.get("regions") or [{"name": "default"}]}
    call.world.keep(None, "cloud", name)


@method("Cloud.RemoveClouds")
def remove_clouds(call: Call, params: Json) -> Answer:
    """Remove clouds, with their credentials."""
    call.world.check_superuser(call.user)

    def one(entity: Json) -> Json:
        name = parse_tag(entity.get("tag"), "cloud")
        used = sum(model.record.cloud == name for model in call.world.models.values())
        if used:
            raise Refusal(f"cloud is used by {used} model{'s' if used > 1 else ''}")
        if call.world.clouds.pop(name, None) is None:
            raise not_found("cloud", name)
        call.world.keep(None, "cloud", name)
        for key in [key for key in call.world.credentials if key.startswith(f"{name}/")]:
            del call.world.credentials[key]
            call.world.keep(None, "credential", key)
        return {}

    return {"results": call.results(params.get("entities"), one)}


@method("Cloud.UserCredentials")
def user_credentials(call: Call, params: Json) -> Answer:
    """The tags of a user's credentials for a cloud."""

    def one(given: Json) -> Json:
        user, name = parse_tag(given.get("user-tag"), "user"), parse_tag(given.get("cloud-tag"), "cloud")
        if user != call.user and not call.world.is_superuser(call.user):
            raise denial()
        mine = [key for key in call.world.credentials if key.startswith(f"{name}/{user}/")]
        return {"result": [f"cloudcred-{key.replace('/', '_')}" for key in mine]}

    return {"results": call.results(params.get("user-clouds"), one)}


def _key(call: Call, tag: object) -> str:
    key = parse_tag(tag, "cloudcred").replace("_", "/")
    parts = key.split("/")
    if len(parts) != 3:
        raise Refusal(f'"{tag}" is not a valid cloudcred tag')
    if parts[1] != call.user and not call.world.is_superuser(call.user):
        raise denial()
    if parts[0] not in call.world.clouds:
        raise not_found("cloud", parts[0])
    return key


@method("Cloud.Credential")
def credential(call: Call, params: Json) -> Answer:
    """Credentials; what is secret in them is only named."""

    def one(entity: Json) -> Json:
        key = _key(call, entity.get("tag"))
        if key not in call.world.credentials:
            raise not_found("credential", key)
        held = call.world.credentials[key]
        kind, attrs = str(held.get("auth-type") or ""), held.get("attrs") or {}
        shown = {name: value for name, value in attrs.items() if name in shown_attributes(_cloud_of(call, key), kind)}
        return {"result": {"auth-type": kind, "attrs": shown, "redacted": sorted(attrs.keys() - shown.keys())}}

    return {"results": call.results(params.get("entities"), one)}


@method("Cloud.CredentialContents")
def credential_contents(call: Call, params: Json) -> Answer:
    """Credentials of who asks, also with what is secret in them; of nobody else, whoever asks."""
    is_whole = params.get("include-secrets") is True

    def one(given: Json) -> Json:
        key = f"{given.get('cloud-name')}/{call.user}/{given.get('credential-name')}"
        if key not in call.world.credentials:
            raise not_found("credential", key)
        held = call.world.credentials[key]
        kind, attrs = str(held.get("auth-type") or ""), held.get("attrs") or {}
        shown = shown_attributes(_cloud_of(call, key), kind)
        content = {
            "name": given.get("credential-name"),
            "cloud": given.get("cloud-name"),
            "auth-type": kind,
            "valid": key not in call.world.invalid_credentials,
            "attrs": {name: value for name, value in attrs.items() if is_whole or name in shown},
        }
        models = [model.record.name for model in call.world.models.values() if model.record.credential == key]
        return {"result": {"content": content, "models": [{"model": name, "access": "admin"} for name in models]}}

    mine = [key.split("/") for key in call.world.credentials if key.split("/")[1] == call.user]
    every = [{"cloud-name": cloud, "credential-name": name} for cloud, _, name in mine]
    return {"results": call.results(params.get("credentials") or every, one)}


@method("Cloud.AddCredentials")
def add_credentials(call: Call, params: Json) -> Answer:
    """Add credentials."""

    def one(given: Json) -> Json:
        _store(call, given)
        return {}

    return {"results": call.results(params.get("credentials"), one)}


@method("Cloud.UpdateCredentialsCheckModels")
def update_credentials(call: Call, params: Json) -> Answer | Awaitable[Answer]:
    """Add or replace credentials; clusters are asked whether they take those that models use."""
    clusters = call.world.clusters
    return _update(call, params, {}) if clusters is None else _update_tried(call, params, clusters)


async def _update_tried(call: Call, params: Json, clusters: Clusters) -> Answer:
    reasons = {}
    for given in params.get("credentials") or []:
        key, token = str(given.get("tag")).removeprefix("cloudcred-").replace("_", "/"), _token(given)
        if token and any(model.place and model.record.credential == key for model in call.world.models.values()):
            reasons[token] = await clusters.try_credential(key.partition("/")[0], token)
    return _update(call, params, {token: reason for token, reason in reasons.items() if reason})


def _token(given: Json) -> str:
    return str(((given.get("credential") or {}).get("attrs") or {}).get("Token") or "")


def _update(call: Call, params: Json, reasons: dict[str, str]) -> Answer:
    refused = reasons | call.world.refused_tokens

    def one(given: Json) -> Json:
        is_forced = given.get("force", params.get("force")) is True
        if is_forced and not call.world.is_superuser(call.user):
            raise Refusal("unexpected force specified", "bad request")
        key, held = _check_credential(call, given)
        models = [model for model in call.world.models.values() if model.record.credential == key]
        reason = refused.get(_token(given))
        errors = [] if reason is None else [{"error": {"message": reason, "code": ""}}]
        if not errors or not models or is_forced:
            call.world.put_credential(key, held, reason or "")
        told = [{"uuid": one.record.uuid, "name": one.record.name, "errors": errors} for one in models]
        return {"tag": given.get("tag"), "models": told}

    return {"results": call.results(params.get("credentials"), one)}


def _store(call: Call, given: Json) -> None:
    key, held = _check_credential(call, given)
    call.world.put_credential(key, held)


def _check_credential(call: Call, given: Json) -> tuple[str, Json]:
    """Check that the cloud takes a credential; returns its key and the credential."""
    key = _key(call, given.get("tag"))
    held = dict(given.get("credential") or {})
    kind, cloud = str(held.get("auth-type") or ""), _cloud_of(call, key)
    allowed = cloud.get("auth-types") or []
    if allowed and kind not in allowed:
        raise Refusal(f'supported auth-types {allowed}, "{kind}" not supported', "not supported")
    attributes = _OF_KUBERNETES.get(kind, {}) if cloud.get("type") == "kubernetes" else {}
    for name in (attributes and held.get("attrs")) or ():
        if name not in attributes:
            raise Refusal(f'validating credential "{key}" for cloud "{key.partition("/")[0]}": unknown key "{name}"')
    return key, held


def _cloud_of(call: Call, key: str) -> Json:
    return dict(call.world.clouds[key.partition("/")[0]])


_OF_KUBERNETES = {
    "clientcertificate": {"ClientCertificateData": True, "ClientKeyData": False, "rbac-id": True},
    "oauth2": {"Token": False, "rbac-id": True},
    "userpass": {"username": True, "password": False},
    "certificate": {"ClientCertificateData": True, "Token": False, "rbac-id": True},
    "oauth2withcert": {"ClientCertificateData": True, "ClientKeyData": False, "Token": False, "rbac-id": True},
}
"""The attributes of credentials, by type, and whether they are shown; those of other clouds are not."""


def shown_attributes(cloud: Json, kind: str) -> set[str]:
    """The attributes of a credential that are not secret."""
    known = _OF_KUBERNETES.get(kind, {}) if cloud.get("type") == "kubernetes" else {}
    return {name for name, is_shown in known.items() if is_shown}


@method("Cloud.RevokeCredentialsCheckModels")
def revoke(call: Call, params: Json) -> Answer:
    """Remove credentials."""

    def one(given: Json) -> Json:
        key = _key(call, given.get("tag"))
        used = any(model.record.credential == key for model in call.world.models.values())
        if used and not given.get("force"):
            raise Refusal("cannot revoke credential: it is still used by a model")
        if call.world.credentials.pop(key, None) is None:
            raise not_found("credential", key)
        call.world.keep(None, "credential", key)
        return {}

    return {"results": call.results(params.get("credentials"), one)}
