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
from vca_juju_k8s.cluster.errors import ClusterError
from vca_juju_k8s.cluster.kubeconfig import (
    ClusterOptions,
    auth_provider_of,
    parse_kubeconfig,
    program_of,
    secrets_of,
    with_login,
)
from vca_juju_k8s.cluster.programs import Program


@dataclass(frozen=True)
class Connected:
    """What a kubeconfig says.

    Args:
        api: an `ApiClient` of `kubernetes`, which has no types.
        secrets: that were read.
        program: by which its user logs in; None: by other means.
    """

    api: Any
    secrets: list[str]
    program: Program | None


def connect(
    options: ClusterOptions,
    folder: Path,
    login: Mapping[str, str],
    *,
    connections: int,
    has_bearer: bool,
    is_first: bool,
) -> Connected:
    """Read a kubeconfig; nothing is asked of the cluster yet, and no program is run.

    Args:
        options: where the cluster is.
        folder: where relative paths start.
        login: what its program gave; empty: nothing so far.
        connections: how many there may be.
        has_bearer: whether a token of others is used instead of what the kubeconfig has of its user.
        is_first: whether nothing runs with it so far.

    Raises:
        BadArguments: the kubeconfig is not there, or is none.
        ClusterError: its user has no token any more.
    """
    from kubernetes import client, config

    settings = client.Configuration()
    secrets: list[str] = []
    provider: str | None = None
    program: Program | None = None
    file = options.file_in(folder)
    try:
        if file is None and options.kubeconfig.text is None:
            config.load_incluster_config(client_configuration=settings)
        else:
            given = parse_kubeconfig(_content(options, file))
            place = None if file is None else file.absolute().parent  # where its relative paths start
            if (run := program_of(given, options.context)) is not None:
                program, given = Program.of(run, place), with_login(given, options.context, login)
            secrets += secrets_of(given)
            provider = auth_provider_of(given, options.context)
            base = None if place is None else str(place)
            config.kube_config.KubeConfigLoader(given, options.context, config_base_path=base).load_and_set(settings)
    except ValueError as error:
        raise _unusable(str(error)) from None
    except config.ConfigException as error:
        raise _unusable(SecretValues(secrets).scrub_foreign(str(error))) from None
    except Exception:
        if provider is None:
            raise
        raise _tokenless(provider, is_first=is_first) from None  # its refresh failed, or it lacks what it needs
    if provider is not None and not settings.api_key:  # it would go on as nobody
        raise _tokenless(provider, is_first=is_first)
    secrets += [one.removeprefix("Bearer ") for one in settings.api_key.values()]  # what a provider gave, too
    if not settings.verify_ssl:  # that is told once, not at each request
        host = re.escape(str(urlsplit(settings.host).hostname))
        warnings.filterwarnings("ignore", f"Unverified HTTPS request is being made to host '{host}'")
    settings.retries = 0
    settings.connection_pool_maxsize = connections
    if has_bearer:  # its token would be ignored beside a certificate
        settings.cert_file = settings.key_file = settings.username = settings.password = None
        settings.api_key, settings.refresh_api_key_hook = {}, None
    return Connected(client.ApiClient(settings), secrets, program)


def _tokenless(provider: str, *, is_first: bool) -> BadArguments | ClusterError:
    reason = (
        f"the auth-provider {provider!r} of its user gives no token: log in with it again, or name a user with a "
        "token, a certificate or a program (exec)"
    )
    return _unusable(reason) if is_first else ClusterError(reason)  # what runs goes on without it


def _content(options: ClusterOptions, file: Path | None) -> str:
    text = options.kubeconfig.text
    content = read_text(file) if file is not None else text or ""
    if isinstance(content, Unreadable):
        raise ValueError(f"{file} cannot be read: {content.reason}")  # noqa: TRY004 - like a text that is none
    return content


def _unusable(reason: str) -> BadArguments:
    return BadArguments(f"options.cluster.kubeconfig: {reason}", ["options.cluster.kubeconfig"])
