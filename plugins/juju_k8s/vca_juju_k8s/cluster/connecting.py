"""A client of `kubernetes` made as a kubeconfig says. The only module that imports that package."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from vca_core.errors import BadArguments
from vca_core.secrets import SecretValues
from vca_core.text_files import Unreadable, read_text
from vca_juju_k8s.cluster.certificates import Certificates, read_named
from vca_juju_k8s.cluster.interrupting import make_interruptible
from vca_juju_k8s.cluster.kubeconfig import (
    ClusterOptions,
    auth_provider_of,
    check_cluster,
    check_token,
    cluster_of,
    parse_kubeconfig,
    program_of,
    secrets_of,
    user_of,
    with_user,
    without_files,
    without_program,
)
from vca_juju_k8s.cluster.programs import Login, Program


@dataclass(frozen=True)
class Connected:
    """What a kubeconfig says.

    Args:
        api: an `ApiClient` of `kubernetes`, which has no types.
        secrets: that were read.
        program: by which its user logs in, or which asks its auth-provider; None: by other means.
        authorities: the certificates of those who vouch for the API server, as PEM; None: those of the system, or
            nobody looks.
    """

    api: Any
    secrets: list[str]
    program: Program | None
    authorities: str | None


def connect(
    options: ClusterOptions,
    folder: Path,
    login: Login,
    *,
    connections: int,
    has_bearer: bool,
) -> Connected:
    """Read a kubeconfig; nothing is asked of the cluster yet, and no program is run.

    Args:
        options: where the cluster is.
        folder: where relative paths start.
        login: what its program gave; its user is empty: nothing so far.
        connections: how many there may be.
        has_bearer: whether a token of others is used instead of what the kubeconfig has of its user.

    Raises:
        BadArguments: the kubeconfig is not there, or is none.
    """
    from kubernetes import client, config

    settings = client.Configuration()
    secrets: list[str] = []
    program: Program | None = None
    certificates = Certificates()
    file = options.file_in(folder)
    try:
        if options.kubeconfig.is_in_cluster:
            config.load_incluster_config(client_configuration=settings)
            certificates = Certificates.of({"certificate-authority": settings.ssl_ca_cert}, {}, folder)
        else:
            given = parse_kubeconfig(_content(options, file))
            place = None if file is None else file.absolute().parent  # where its relative paths start
            if (run := program_of(given, options.context)) is not None:
                program = Program.of(run, place)
            secrets += secrets_of(given)
            user = _with_token(user_of(given, options.context), place or Path())
            if not has_bearer and (provider := auth_provider_of(given, options.context)) is not None:
                program = Program.of_provider(provider, without_program(user), file, options.context, login.replaced)
            user |= login.user
            secrets += secrets_of(user)
            bare = without_files(with_user(given, options.context, user))  # it would write them to files
            config.kube_config.KubeConfigLoader(bare, options.context).load_and_set(settings)
            found = cluster_of(given, options.context)
            check_cluster(found)
            certificates = Certificates.of(found, user, place or Path())
        settings.ssl_ca_cert = None
        settings.retries, settings.connection_pool_maxsize = 0, connections
        api = client.ApiClient(settings)
        manager = api.rest_client.pool_manager
        context = certificates.context(
            manager.connection_pool_kw["ca_certs"], is_unverified=not settings.verify_ssl, has_bearer=has_bearer
        )
    except ValueError as error:
        raise _unusable(str(error)) from None
    except config.ConfigException as error:
        raise _unusable(SecretValues(secrets).scrub_foreign(str(error))) from None
    except Exception:  # noqa: BLE001 - of kubernetes; all that the kubeconfig names was read before
        raise _unusable("a part of it is not what it is to be: a mapping, a list, or a text") from None
    secrets += [one.partition(" ")[2] for one in settings.api_key.values()]
    if not settings.verify_ssl:
        _warn_no_more(settings.host)
    if has_bearer:
        settings.username = settings.password = None
        settings.api_key, settings.refresh_api_key_hook = {}, None
    manager.connection_pool_kw |= {"ssl_context": context, "ca_certs": None}  # the context has them
    make_interruptible(manager)
    return Connected(api, secrets, program, certificates.authorities if settings.verify_ssl else None)


def _with_token(user: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The user of a kubeconfig, with the token that stands in a file."""
    found = dict(user)
    if not found.get("token") and (token := read_named(found, "tokenFile", folder)) is not None:
        found["token"] = token.strip()
    check_token(found.get("token"))
    return found


def _warn_no_more(server: str) -> None:
    """Have urllib3 not say of each request that nobody verifies the server: that is told once."""
    host = re.escape(str(urlsplit(server).hostname))
    warnings.filterwarnings("ignore", f"Unverified HTTPS request is being made to host '{host}'")


def ask_provider(user: Mapping[str, Any]) -> str | None:
    """Have an auth-provider give a token. It may run programs, and ask servers, for as long as those take.

    Args:
        user: the part ``user`` of a kubeconfig, without files and programs.

    Returns:
        The token; None: it gives none.
    """
    from kubernetes import client, config

    settings = client.Configuration()
    bare = {
        "clusters": [{"name": "one", "cluster": {"server": "https://localhost"}}],
        "users": [{"name": "one", "user": user}],
        "contexts": [{"name": "one", "context": {"cluster": "one", "user": "one"}}],
    }
    config.kube_config.KubeConfigLoader(bare, "one").load_and_set(settings)
    scheme, _, token = settings.api_key.get("authorization", "").partition(" ")
    return token if scheme == "Bearer" else None


def tokenless(provider: str, options: ClusterOptions) -> BadArguments:
    """That an auth-provider gives no token.

    Args:
        provider: its name.
        options: with the kubeconfig.
    """
    reason = (
        f"the auth-provider {provider!r} of its user gives no token: log in with it again, or name a user with a "
        "token, a certificate or a program (exec)"
    )
    if "refresh-token" in (options.kubeconfig.text or ""):
        reason += "; if it takes each refresh token once, name the kubeconfig's file, where the next one can be kept"
    return _unusable(reason)


def _content(options: ClusterOptions, file: Path | None) -> str:
    text = options.kubeconfig.text
    content = read_text(file) if file is not None else text or ""
    if isinstance(content, Unreadable):
        raise ValueError(f"{file} cannot be read: {content.reason}")  # noqa: TRY004 - like a text that is none
    return content


def _unusable(reason: str) -> BadArguments:
    return BadArguments(f"options.cluster.kubeconfig: {reason}", ["options.cluster.kubeconfig"])
