"""Requests about clouds of Kubernetes and their credentials, to the controller."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vca_core.errors import BackendError
from vca_juju_common.client.errors import ApiError, check_result, error_of
from vca_juju_common.client.requests.target import Facades
from vca_juju_common.client.values import KubernetesCloud


async def find_cloud(controller: Facades, name: str) -> KubernetesCloud | None:
    """Read what a cloud of Kubernetes is.

    Returns:
        None: there is no cloud of that name.

    Raises:
        BackendError: it is another kind of cloud.
    """
    answer = await controller.call("Cloud", "Cloud", {"entities": [{"tag": f"cloud-{name}"}]})
    found = _result_of(answer)
    if found is None:
        return None
    cloud = dict(found.get("cloud") or {})
    if cloud.get("type") != "kubernetes":
        raise BackendError(f"cloud {name} of the controller is one of type {cloud.get('type')}, not of Kubernetes")
    return KubernetesCloud(
        str(cloud.get("endpoint") or ""),
        tuple(cloud.get("ca-certificates") or ()),
        dict(cloud.get("config") or {}),
        cloud.get("skip-tls-verify") is True,
        cloud,
    )


async def put_cloud(controller: Facades, name: str, cloud: KubernetesCloud, *, is_there: bool) -> None:
    """Add a cloud of Kubernetes, or replace what is known of it.

    Args:
        controller: where.
        name: of the cloud.
        cloud: what it is.
        is_there: whether there is one of that name.

    Raises:
        ApiError: the controller refuses it, as from those who may not do everything.
    """
    new = {"auth-types": [], "host-cloud-region": "other", "regions": [{"name": "default"}]}
    known = new | {name: value for name, value in cloud.kept.items() if value}
    given = known | {
        "type": "kubernetes",
        "auth-types": list(dict.fromkeys([*known["auth-types"], "oauth2", "clientcertificate", "userpass"])),
        "endpoint": cloud.endpoint,
        "ca-certificates": list(cloud.certificates),
        "config": dict(cloud.config),
        "skip-tls-verify": cloud.is_unverified,
    }
    if is_there:
        answer = await controller.call("Cloud", "UpdateCloud", {"clouds": [{"name": name, "cloud": given}]})
        check_result(answer["results"][0])
        return
    try:
        await controller.call("Cloud", "AddCloud", {"name": name, "cloud": given})
    except ApiError as error:
        if not error.is_there_already:  # another process was faster, or an answer was lost
            raise


async def remove_cloud(controller: Facades, name: str) -> bool:
    """Remove a cloud.

    Returns:
        Whether it was there.

    Raises:
        ApiError: models use it.
    """
    answer = await controller.call("Cloud", "RemoveClouds", {"entities": [{"tag": f"cloud-{name}"}]})
    return _result_of(answer) is not None


async def models_on(controller: Facades, name: str, user: str) -> list[str]:
    """The models that use a cloud, whoever has them, and with whichever credential.

    Args:
        controller: where.
        name: of the cloud.
        user: who asks; only who may do everything is told of others' models.

    Returns:
        ``owner/name`` of each.
    """
    asked = {"user-tag": f"user-{user}", "all": True}
    answer = await controller.call("ModelManager", "ListModelSummaries", asked)
    models = [one.get("result") or {} for one in answer.get("results") or ()]
    return sorted(
        f"{str(one.get('owner-tag')).removeprefix('user-')}/{one.get('name')}"
        for one in models
        if one.get("cloud-tag") == f"cloud-{name}"
    )


async def credentials_of(controller: Facades, name: str, user: str) -> list[str]:
    """The tags of the credentials of a cloud, whoever has them.

    Args:
        controller: where.
        name: of the cloud.
        user: who asks; only who may do everything is told of others' credentials.
    """
    users = {user: None}
    try:
        listed = await controller.call("UserManager", "UserInfo", {"entities": [], "include-disabled": True})
        users |= {str(one["result"]["username"]): None for one in listed.get("results") or () if one.get("result")}
    except ApiError as error:
        if error.message != "permission denied":
            raise
    asked = [{"user-tag": f"user-{one}", "cloud-tag": f"cloud-{name}"} for one in users]
    answer = await controller.call("Cloud", "UserCredentials", {"user-clouds": asked})
    return sorted({tag for one in answer.get("results") or () for tag in one.get("result") or ()})


async def find_credential(controller: Facades, tag: str) -> dict[str, str] | None:
    """Read what is not secret of a credential.

    Args:
        controller: where.
        tag: the credential's.

    Returns:
        Its attributes by name; None: it is not there.
    """
    answer = await controller.call("Cloud", "Credential", {"entities": [{"tag": tag}]})
    found = _result_of(answer)
    return None if found is None else dict((found.get("result") or {}).get("attrs") or {})


async def read_token(controller: Facades, cloud: str, name: str) -> str | None:
    """Read the token of a credential of the user who is logged in.

    Args:
        controller: where.
        cloud: of the credential.
        name: of the credential.

    Returns:
        None: it has none, or the controller takes it for one that the cluster refuses, or does not show it.
    """
    asked = {"credentials": [{"cloud-name": cloud, "credential-name": name}], "include-secrets": True}
    try:
        answer = await controller.call("Cloud", "CredentialContents", asked)
        result = check_result(answer["results"][0])
    except ApiError:  # it only saves another token
        return None
    content = (result.get("result") or {}).get("content") or {}
    token = (content.get("attrs") or {}).get("Token")
    return str(token) if token and content.get("valid") is True else None


async def put_credential(controller: Facades, tag: str, attributes: Mapping[str, str]) -> None:
    """Add a credential of a token, or replace it; the models that use it are tried with it first.

    Args:
        controller: where.
        tag: the credential's.
        attributes: by Juju's names.

    Raises:
        ApiError: the controller, or a model that uses it, refuses it; nothing has changed.
    """
    given = {"tag": tag, "credential": {"auth-type": "oauth2", "attrs": dict(attributes)}}
    answer = await controller.call("Cloud", "UpdateCredentialsCheckModels", {"credentials": [given]})
    result = check_result(answer["results"][0])
    for model in result.get("models") or ():
        for one in model.get("errors") or ():
            error = error_of(one)
            if error is not None:
                raise ApiError(f"model {model.get('name')} does not take it: {error.message}", error.code)


async def remove_credential(controller: Facades, tag: str) -> bool:
    """Remove a credential.

    Returns:
        Whether it was there.

    Raises:
        ApiError: models use it.
    """
    answer = await controller.call("Cloud", "RevokeCredentialsCheckModels", {"credentials": [{"tag": tag}]})
    return _result_of(answer) is not None


def _result_of(answer: Mapping[str, Any]) -> dict[str, Any] | None:
    result: dict[str, Any] = answer["results"][0]
    try:
        check_result(result)
    except ApiError as error:
        if not error.is_not_found:
            raise
        return None
    return result
