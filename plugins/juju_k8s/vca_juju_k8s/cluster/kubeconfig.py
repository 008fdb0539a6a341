"""Where a cluster is, and who looks at it: a kubeconfig, in a file or written out, or the pod that this runs in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator

from vca_core.backend import Options
from vca_core.plain import kind_of
from vca_core.secrets import is_secret_name
from vca_core.text_files import Unreadable
from vca_juju_common.options import Text

_LIFE = re.compile(r"([0-9]{1,9})([smhd])")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_LONGEST = 10 * 365 * 86400
IN_CLUSTER = "in-cluster"
_SECRETS = ("token", "password", "client-key-data", "id-token", "refresh-token", "client-secret", "access-token")
_FILES = {
    *(
        f"{name}{end}"
        for name in ("certificate-authority", "client-certificate", "client-key")
        for end in ("", "-data")
    ),
    "tokenFile",
}
_TOKEN = re.compile(r"[\x21-\x7e]*")
_URL = re.compile(r"[\x21-\x7e]+")
_EXPECTED = f"expected the path of a kubeconfig, the kubeconfig itself, or {IN_CLUSTER}"


class Kubeconfig(BaseModel):
    """Where a kubeconfig is; neither a path nor text: this process runs in a pod of the cluster.

    Args:
        path: of the file.
        text: the kubeconfig itself. It is not secret as a whole: all that is in it would be, ``v1`` and addresses, too.
        secrets: what is secret in that text.
    """

    model_config = ConfigDict(frozen=True)

    path: str | None = None
    text: Annotated[str | None, Field(repr=False)] = None
    secrets: tuple[SecretStr, ...] = ()

    @property
    def is_in_cluster(self) -> bool:
        """Whether it is that of a pod of the cluster."""
        return self.path is None and self.text is None


def parse_kubeconfig(text: str) -> dict[str, Any]:
    """Read a kubeconfig.

    Raises:
        ValueError: it is none; the text shows nothing of it.
    """
    from vca_core.yaml_reader import read_yaml  # who names a file needs no YAML before that is read

    given = read_yaml(text)
    if isinstance(given, Unreadable):
        where = "" if given.line is None else f"line {given.line}, column {given.column}: "
        raise ValueError(f"not a kubeconfig: {where}{given.reason}")  # noqa: TRY004 - as pydantic takes it
    if not isinstance(given, Mapping) or not isinstance(given.get("clusters"), list):
        raise ValueError("not a kubeconfig: expected a mapping with a list of clusters")  # noqa: TRY004 - likewise
    for kind in ("clusters", "contexts", "users"):
        listed = given.get(kind) or []
        if not isinstance(listed, list) or not all(isinstance(one, Mapping) for one in listed):
            raise ValueError(f"not a kubeconfig: expected {kind} to be a list of mappings")
    return dict(given)


def secrets_of(config: Mapping[str, Any]) -> Iterator[str]:
    """The tokens, passwords and keys of a kubeconfig, and what it gives a program under a name that sounds secret."""
    if is_secret_name(str(config.get("name"))) and isinstance(value := config.get("value"), str) and value:
        yield value  # of the environment of a program
    for name, value in config.items():
        if isinstance(value, str) and name in _SECRETS and value:
            yield value
        elif isinstance(value, Mapping):
            yield from secrets_of(value)
        elif isinstance(value, list):
            if name == "args":
                yield from _secrets_in_arguments([one for one in value if isinstance(one, str)])
            for one in value:
                if isinstance(one, Mapping):
                    yield from secrets_of(one)


def _secrets_in_arguments(arguments: Sequence[str]) -> Iterator[str]:
    """What follows an option whose name sounds secret: ``--client-secret=x`` or ``--client-secret x``."""
    for argument, following in zip_longest(arguments, arguments[1:], fillvalue=""):
        name, sign, value = argument.partition("=")
        if name.startswith("-") and is_secret_name(name):
            value = value if sign else following
            if value and not value.startswith("-"):
                yield value


def auth_provider_of(config: Mapping[str, Any], context: str | None) -> str | None:
    """The name of the auth-provider by which the user of a context logs in; None: by other means.

    Args:
        config: the kubeconfig.
        context: its name; None: the current one.
    """
    provider = user_of(config, context).get("auth-provider")
    return str(provider.get("name")) if isinstance(provider, Mapping) else None


def program_of(config: Mapping[str, Any], context: str | None) -> Mapping[str, Any] | None:
    """The program by which the user of a context logs in; None: by other means.

    Args:
        config: the kubeconfig.
        context: its name; None: the current one.

    Raises:
        ValueError: what names it is not a mapping.
    """
    user = user_of(config, context)
    found = user.get("exec")
    if found and not isinstance(found, Mapping):
        raise ValueError("exec of its user: expected a mapping")
    has_more = any(user.get(name) for name in ("auth-provider", "token", "tokenFile"))
    return found if isinstance(found, Mapping) and not has_more else None


def with_user(config: Mapping[str, Any], context: str | None, user: Mapping[str, Any]) -> dict[str, Any]:
    """A kubeconfig in which the user of a context is another one, who logs in by no program.

    Args:
        config: the kubeconfig.
        context: its name; None: the current one.
        user: the other one.
    """
    chosen = user_of(config, context)
    if not chosen:
        return dict(config)
    other = {"user": {name: value for name, value in user.items() if name not in {"exec", "auth-provider"}}}
    return {**config, "users": [{**one, **other} if one.get("user") is chosen else one for one in config["users"]]}


def with_provider_config(config: Mapping[str, Any], context: str | None, values: Mapping[str, str]) -> dict[str, Any]:
    """A kubeconfig in which the config of the auth-provider of a context's user has other values.

    Args:
        config: the kubeconfig; the user has an auth-provider.
        context: its name; None: the current one.
        values: by their names.
    """
    chosen = user_of(config, context)
    provider = dict(chosen["auth-provider"])
    provider["config"] = {**(provider.get("config") or {}), **values}
    other = {"user": {**chosen, "auth-provider": provider}}
    return {**config, "users": [{**one, **other} if one.get("user") is chosen else one for one in config["users"]]}


def without_program(user: Mapping[str, Any]) -> dict[str, Any]:
    """A user who logs in by no program, nor by a file.

    Args:
        user: the part ``user`` of a kubeconfig.
    """
    return {name: value for name, value in user.items() if name != "exec" and name not in _FILES}


def without_files(config: Mapping[str, Any]) -> dict[str, Any]:
    """A kubeconfig without certificates and keys, and without the files that it names.

    Args:
        config: the kubeconfig.
    """
    found = dict(config)
    for kind, part in (("clusters", "cluster"), ("users", "user")):
        if isinstance(listed := config.get(kind), list):
            found[kind] = [_without_files(one, part) for one in listed]
    return found


def _without_files(entry: Any, part: str) -> Any:
    if not isinstance(entry, Mapping) or not isinstance(entry.get(part), Mapping):
        return entry
    return {**entry, part: {name: value for name, value in entry[part].items() if name not in _FILES}}


def check_cluster(cluster: Mapping[str, Any]) -> None:
    """Refuse what says of no API server where it is.

    Args:
        cluster: the part ``cluster`` of a kubeconfig.

    Raises:
        ValueError: it does not.
    """
    server = cluster.get("server")
    try:
        where = urlsplit(server if isinstance(server, str) else "")
        is_url = where.scheme in {"https", "http"} and bool(where.hostname) and where.port != 0
    except ValueError:  # its port, or its brackets
        is_url = False
    if not is_url or not isinstance(server, str) or not _URL.fullmatch(server):
        raise ValueError("server of its cluster: expected the URL of an API server, such as https://10.0.0.9:6443")
    if not isinstance(cluster.get("insecure-skip-tls-verify", False), bool):
        raise ValueError("insecure-skip-tls-verify of its cluster: expected true or false")  # noqa: TRY004 - likewise


def check_token(token: object) -> None:
    """Refuse what no request can have as a token.

    Args:
        token: of a kubeconfig; None: it has none.

    Raises:
        ValueError: it cannot be one; the text does not show it.
    """
    if token is not None and not (isinstance(token, str) and _TOKEN.fullmatch(token)):
        raise ValueError("token of its user: expected letters, digits and signs of ASCII, and no space between them")


def cluster_of(config: Mapping[str, Any], context: str | None) -> Mapping[str, Any]:
    """The cluster of a context; empty: there is none.

    Args:
        config: the kubeconfig.
        context: its name; None: the current one.
    """
    return _named(config, "clusters", _chosen(config, context).get("cluster"), "cluster")


def user_of(config: Mapping[str, Any], context: str | None) -> Mapping[str, Any]:
    """The user of a context; see `cluster_of`."""
    return _named(config, "users", _chosen(config, context).get("user"), "user")


def _chosen(config: Mapping[str, Any], context: str | None) -> Mapping[str, Any]:
    return _named(config, "contexts", context or config.get("current-context"), "context")


def _named(config: Mapping[str, Any], kind: str, name: object, part: str) -> Mapping[str, Any]:
    """An entry of a kubeconfig by its name; empty: it is not there, or is none."""
    listed = config.get(kind)
    for one in listed if isinstance(listed, list) else []:
        if isinstance(one, Mapping) and one.get("name") == name and isinstance(found := one.get(part), Mapping):
            return found
    return {}


def _parse(given: Any) -> Any:
    if isinstance(given, Kubeconfig):
        return given
    if isinstance(given, SecretStr):
        given = given.get_secret_value()
    if isinstance(given, Mapping):
        import json

        given = json.dumps(given)
    if not isinstance(given, str) or not given:
        raise ValueError(f"{_EXPECTED}, got {kind_of(given)}")
    if given == IN_CLUSTER:
        return Kubeconfig()
    if "\n" in given or given.startswith("{"):
        secrets = tuple(SecretStr(one) for one in secrets_of(parse_kubeconfig(given)))
        return Kubeconfig(text=given, secrets=secrets)
    return Kubeconfig(path=given)


def _parse_life(given: Any) -> Any:
    found = _LIFE.fullmatch(given) if isinstance(given, str) else None
    if found is not None:
        return int(found[1]) * _UNITS[found[2]]
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise ValueError(f"expected seconds, or a text such as 24h, got {kind_of(given)}")  # noqa: TRY004 - as pydantic takes it
    return given


class ClusterOptions(Options):
    """The cluster behind a cloud, for a connector that looks at it."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]{0,50}[A-Za-z0-9])?$")] | None = None
    """For a cluster that the connector makes known to the controller by itself; None: others do."""
    kubeconfig: Annotated[Kubeconfig, BeforeValidator(_parse)]
    """Its path, the kubeconfig itself, or ``in-cluster``."""
    context: Text | None = None
    """The context of the kubeconfig; None: its current one."""
    endpoint: Annotated[str, Field(pattern=r"^https://[^\s/]+")] | None = None
    """For onboarding: the URL of the API server as the controller reaches it; None: the kubeconfig's."""
    storage_class: Text | None = None
    """For onboarding: the class of storage that does not say where it is from; None: the cluster's default."""

    token_life: Annotated[float, BeforeValidator(_parse_life), Field(ge=600, le=_LONGEST)] | None = None
    """For a cluster with a name: seconds that tokens of Juju's account live; None: it has one that does not end."""
    untrusted: bool = False
    """For a cluster with a name: whether Juju's account may do only what charms without ``trust`` need."""

    @model_validator(mode="after")
    def _for_named(self) -> ClusterOptions:
        for option in ("token_life", "untrusted"):
            if getattr(self, option) and self.name is None:
                raise ValueError(f"{option}: expected a name beside it")
        return self

    def file_in(self, folder: Path) -> Path | None:
        """The kubeconfig's file; None: it is none.

        Args:
            folder: where relative paths start.
        """
        path = self.kubeconfig.path
        return None if path is None else folder / Path(path).expanduser()
