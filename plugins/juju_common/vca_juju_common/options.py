"""What a config can set of connectors on Juju; OSM's spellings are understood."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, AliasChoices, BeforeValidator, Field, SecretStr, field_validator, model_validator

from vca_core.backend import Options
from vca_core.charm.bases import check_base
from vca_core.charm.constraints import parse_constraints
from vca_core.plain import kind_of
from vca_core.text_files import Unreadable, read_text
from vca_juju_common.client.channels import parse_channel
from vca_juju_common.client.transport.endpoints import Endpoint
from vca_juju_common.images import Image

Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Grace = Annotated[float, Field(ge=0, allow_inf_nan=False)]
BaseName = Annotated[str, AfterValidator(check_base)]
Constraints = Annotated[dict[str, Any], BeforeValidator(parse_constraints)]
Text = Annotated[str, Field(min_length=1)]

_KEY_LINE = re.compile(r"(ssh-|ecdsa-|sk-)\S+ [A-Za-z0-9+/]+=*( .*)?")


def _aliases(*names: str) -> AliasChoices:
    return AliasChoices(*names)


def _is_proxy(url: str) -> bool:
    try:
        parts = urlsplit(url)
        has_port = parts.port is not None
    except ValueError:  # its text may show a password
        return False
    is_known = parts.scheme == "http" or (parts.scheme in {"socks4", "socks5"} and has_port)
    return is_known and bool(parts.hostname)


class JujuOptions(Options):
    """Options of a connector on Juju."""

    endpoints: Annotated[list[str], Field(min_length=1, validation_alias=_aliases("endpoints", "url"))]
    """Addresses of the controller, ``host:port`` each; the list is kept up to date with what the controller says."""
    username: Annotated[Text, Field(validation_alias=_aliases("username", "user"))] = "admin"
    """A local user of the controller."""
    secret: SecretStr | None = None
    """The user's password."""
    secret_file: Text | None = None
    """A file with it, read again for each login."""
    ca_cert: Annotated[Text | None, Field(validation_alias=_aliases("ca_cert", "cacert"))] = None
    """The controller's CA: PEM, PEM in base64, or the path of a file, which is read again for each login."""
    tls_hostname: Text | None = None
    """The name that its certificate has to bear; None: ``juju-apiserver`` with a ca_cert, else the host dialled."""
    insecure_skip_tls_verification: bool = False
    """Connect to any server that answers. For laboratories."""
    public_key: Annotated[Text | None, Field(validation_alias=_aliases("public_key", "pubkey"))] = None
    """A line of OpenSSH's format, put into the authorized keys of the machines of new models."""
    cloud: Text | None = None
    """The cloud of new models; None: the controller's own."""
    region: Text | None = None
    """Its region; None: the default one."""
    credential: Text | None = None
    """The cloud's credential, ``name`` or ``owner/name``; None: the controller's choice."""
    config_of_models: Annotated[
        dict[str, Any], Field(validation_alias=_aliases("model_config", "model-config", "config_of_models"))
    ] = Field(default_factory=dict)
    """Config of new models, by Juju's names."""
    proxy: SecretStr | None = None
    """URL of a proxy to reach the controller through: ``http://…``, ``socks4://…`` or ``socks5://…``."""
    connect_timeout: Seconds = 10.0
    """For an endpoint to answer and take the login."""
    upload_limit: Annotated[int, Field(gt=0, le=1024**3)] = 1024**3
    """How many bytes of a charm are uploaded; a larger one is refused before anything is made."""
    request_timeout: Seconds = 60.0
    """For each request; a connection on which one takes longer is made anew."""
    outage_timeout: Seconds = 300.0
    """How long operations wait for a controller that was there and went away."""
    idle_timeout: Seconds = 60.0
    """After which an unused model without execution environments is disconnected."""
    hook_error_grace: Grace = 0.0
    """How long a unit may be in error before a wait ends; Juju runs failed hooks again."""
    delete_grace: Seconds = 120.0
    """How long what is deleted has to go by itself before it is forced."""
    destroy_storage: bool = True
    """Whether storage is destroyed with what is deleted; otherwise it is released."""
    verify_interval: Seconds = 15.0
    """Between two tries of a proxy charm's ``verify-ssh-credentials``."""
    verify_attempts: Annotated[int, Field(ge=1)] = 20
    """How often it is tried; the caller's deadline bounds it too."""

    @model_validator(mode="before")
    @classmethod
    def _of_osm(cls, given: Any) -> Any:
        """Take ``host`` and ``port`` for endpoints, and what OSM writes for model config."""
        if not isinstance(given, Mapping):
            return given
        values = dict(given)
        port = values.pop("port", None)
        if "host" in values:
            if "endpoints" in values or "url" in values:
                raise ValueError("expected either endpoints or host")
            values["endpoints"] = values.pop("host")
        if "endpoints" in values and isinstance(values["endpoints"], str):
            values["endpoints"] = [one for one in re.split(r"[,\s]+", values["endpoints"]) if one]
        if "url" in values and isinstance(values["url"], str):
            values["url"] = [values["url"]]
        if port is not None:
            known = values.get("endpoints", values.get("url"))
            if not (str(port).isascii() and str(port).isdigit() and 1 <= int(port) <= 65535):
                raise ValueError("port: expected a number from 1 to 65535")
            if isinstance(known, list) and all(isinstance(one, str) for one in known):
                known[:] = [str(Endpoint.parse(one, int(port))) for one in known]
        config = {}
        for name, expected in (("enable_os_upgrade", "true or false"), ("apt_mirror", "a URL")):
            config[name.replace("_", "-")] = value = values.pop(name, None)
            is_plain = isinstance(value, str | bool | None)
            if not is_plain:
                raise ValueError(f"{name}: expected {expected}, got {kind_of(value)}")
        model_config = {name: value for name, value in config.items() if value not in (None, "")}
        if model_config:
            key = next((one for one in ("model-config", "config_of_models") if one in values), "model_config")
            given = values.get(key) or {}
            values[key] = model_config | dict(given) if isinstance(given, Mapping) else given
        return values

    @field_validator("endpoints")
    @classmethod
    def _endpoints(cls, given: list[str]) -> list[str]:
        return [str(Endpoint.parse(one)) for one in given]

    @field_validator("proxy")
    @classmethod
    def _proxy(cls, given: SecretStr | None) -> SecretStr | None:
        if given is None:
            return None
        if not _is_proxy(given.get_secret_value()):
            raise ValueError("expected http://host:port, socks4://host:port or socks5://host:port")
        return given

    @field_validator("public_key")
    @classmethod
    def _public_key(cls, given: str | None) -> str | None:
        if given is None:
            return None
        line = given.strip()
        if _KEY_LINE.fullmatch(line) is None:
            raise ValueError("expected one line of a public ssh key, such as: ssh-ed25519 AAAA… comment")
        return line

    @model_validator(mode="after")
    def _one_secret(self) -> JujuOptions:
        if (self.secret is None) == (self.secret_file is None):
            raise ValueError("expected either secret or secret_file")
        if self.secret is not None and not self.secret.get_secret_value():
            raise ValueError("secret: expected text that is not empty")
        if self.insecure_skip_tls_verification and (self.ca_cert or self.tls_hostname):
            raise ValueError("expected neither ca_cert nor tls_hostname with insecure_skip_tls_verification")
        if self.region is not None and self.cloud is None:
            raise ValueError("region: expected a cloud beside it")
        if self.credential is not None and self.cloud is None:
            raise ValueError("credential: expected a cloud beside it")
        return self

    @property
    def config_of_new_models(self) -> dict[str, Any]:
        """The config that new models get, by Juju's names."""
        return dict(self.config_of_models)

    @property
    def ca_file(self) -> Path | None:
        """The CA's file, where ``ca_cert`` is a path: it is neither PEM nor what could be base64 of it."""
        given = self.ca_cert
        if given is None or "-----BEGIN" in given:
            return None
        packed = "".join(given.split())
        is_base64 = re.fullmatch(r"[A-Za-z0-9+/]+=*", packed) is not None and packed.startswith(("LS0t", "Ci0t", "77u"))
        return None if is_base64 else Path(given).expanduser()

    def problems_of_files(self, folder: Path) -> Iterable[str]:
        """See `Options.problems_of_files`: whether the password is there, and a CA's certificate is still valid."""
        from vca_juju_common.client.transport.tls import end_of_validity  # it costs who has no CA nothing

        if self.secret_file is not None and isinstance(found := secret_in(folder, self.secret_file), Unreadable):
            yield f"secret_file: {found.reason}"
        if self.ca_cert is None:
            return
        file = None if self.ca_file is None else folder / self.ca_file
        text = self.ca_cert if file is None else read_text(file)
        if isinstance(text, Unreadable):
            yield f"ca_cert: {file}: {text.reason}"
            return
        try:
            end = end_of_validity(text)
        except ValueError as error:
            yield f"ca_cert: {error}" if file is None else f"ca_cert: {file}: {error}"
        else:
            if end < datetime.now(UTC):
                yield f"ca_cert: the certificate was valid until {end:%Y-%m-%d}; fetch the controller's new one"


def secret_in(folder: Path, name: str) -> str | Unreadable:
    """Read the password in a file.

    Args:
        folder: where relative paths start.
        name: of the file.
    """
    path = folder / Path(name).expanduser()
    text = read_text(path)
    if isinstance(text, Unreadable):
        return Unreadable(f"{path}: {text.reason}")
    return text.removesuffix("\n").removesuffix("\r") or Unreadable(f"{path} is empty; expected a password in it")


def _check_channel(text: str) -> str:
    parse_channel(text)
    return text


class CharmOptions(Options):
    """Options of `install_configuration_sw` and `upgrade` that all backends on Juju have."""

    force: bool = False
    """Install a charm on a base that it does not support."""
    resolve: bool = False
    """Have units in error run the hook again that failed."""
    trust: bool = False
    """Give the charm access to the cloud's credentials."""
    resources: dict[str, Text | Annotated[int, Field(ge=0, strict=True)] | Image] = Field(default_factory=dict)
    """The charm's resources by name: paths of files, references of images or, for Charmhub's charms, revisions."""
    channel: Annotated[Text, AfterValidator(_check_channel)] | None = None
    """For charms of Charmhub: ``latest/stable``."""
    revision: Annotated[int, Field(ge=0)] | None = None
    """For charms of Charmhub."""


__all__ = ["BaseName", "CharmOptions", "Constraints", "Grace", "JujuOptions", "Seconds", "Text", "secret_in"]
