"""What a configuration holds. Frozen; options may hold secrets and are never shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PrivateAttr,
    ValidationInfo,
    field_validator,
    model_validator,
)

from vca_core.config.parts import Listed, Mapped, Number, Part, Seconds, Values
from vca_core.config.problems import KeyPath
from vca_core.errors import BadArguments
from vca_core.secrets import url_without_credentials
from vca_core.ssh_keys import DEFAULT_PRIVATE_KEY
from vca_core.suggestions import instead


def _extension(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


def _connector_name(name: str) -> str:
    if not name or not all(char.isascii() and (char.isalnum() or char in "-_") for char in name):
        raise ValueError("expected a connector's name of letters, digits, '-' and '_'")
    return name


Options = Annotated[Values, Field(default_factory=dict, repr=False)]


class Timeouts(Part):
    """How long things may take, in seconds; every limit is finite."""

    progress: Seconds = 600.0
    """How long an operation may go on without a change at its execution environment."""
    total: Seconds = 3600.0
    """How long an operation may take, waiting for its turn included."""
    read: Seconds = 60.0
    """How long a read may take: status, metrics, listings, health."""
    cleanup: Seconds = 30.0
    """How long a backend may take to end after it was cancelled."""
    store_grace: Seconds = 10.0
    """How long an operation waits for the status store."""
    callback: Seconds = 60.0
    """How long one call of `on_update_db` may take."""


class TimeoutsOverride(Part):
    """A connector's own limits; what is not given is taken from the top. Callbacks are those of the whole `Vca`."""

    progress: Seconds | None = None
    total: Seconds | None = None
    read: Seconds | None = None
    cleanup: Seconds | None = None
    store_grace: Seconds | None = None


class StatusSettings(Part):
    """How statuses are written."""

    interval: Annotated[float, Field(ge=0, allow_inf_nan=False), Number] = 0.0
    """Seconds: intermediate statuses of one path are stored at most once in it; 0: every one."""
    queue_limit: Annotated[int, Field(gt=0), Number] = 10_000
    """How many outcomes may wait for the store before new operations are refused."""
    spill: Annotated[str, Field(min_length=1)] | None = None
    """Folder of outcomes that the store does not take in time, so that they outlive the process; None: they do not."""


class Limits(Part):
    """How much may be asked for."""

    units: Annotated[int, Field(gt=0), Number] = 1_000
    """How many units an execution environment may have."""


class ReferenceSettings(Part):
    """What NS files may refer to."""

    env: Annotated[list[Annotated[str, Field(min_length=1)]], Listed] = Field(default_factory=list)
    """Variables of the environment that ``${env:NAME}`` may name there."""


class ConnectorConfig(Part):
    """One connector: a backend with its options.

    Args:
        backend: the backend's name, as it is installed: ``fake``.
        options: for the backend, which checks them; never shown, they may hold secrets.
        timeouts: limits of this connector that differ from the others'.
    """

    backend: Annotated[str, Field(min_length=1)]
    options: Options
    timeouts: Annotated[TimeoutsOverride, Mapped] = TimeoutsOverride()

    _places: dict[KeyPath, str] = PrivateAttr(default_factory=dict)

    def keep_place(self, path: KeyPath, place: str) -> None:
        """Keep where an option stands: ``vca.yaml:5:3``; what checks the options is loaded later."""
        self._places[path] = place

    def place_of(self, path: KeyPath) -> str:
        """Say where an option stands, or else what it stands in, with a colon behind it; empty: nothing is known."""
        while path and path not in self._places:
            path = path[:-1]
        place = self._places.get(path)
        return f"{place}: " if place else ""


class ExtensionConfig(Part):
    """An extension to run, in the file its bare name, or ``{name: …, options: {…}}``; options are never shown."""

    name: Annotated[str, Field(min_length=1)]
    options: Options


Extension = Annotated[ExtensionConfig, BeforeValidator(_extension)]


class ProviderConfig(Part):
    """Where connectors are looked up, in the file its bare name, or as an extension; options are never shown."""

    name: Annotated[str, Field(min_length=1)]
    options: Options


def _may_be_elsewhere(info: ValidationInfo) -> bool:
    """Whether a connector that the configuration does not have may be known to a provider."""
    return info.data.get("connector_providers") != [] or bool((info.context or {}).get("providers"))


class VcaConfig(Part):
    """A whole configuration; `load_config` makes it.

    Args:
        connector_providers: where connectors are looked up that `connectors` does not have, in this order.
        connectors: by name, at least one if there are no providers; letters, digits, ``-`` and ``_``.
        default: name of the connector for callers who name none; if there is only one, it is that one.
        store: URL of the status store: ``memory:``, ``sqlite:///status.db`` or ``mongodb://host/database``.
        artifacts: root folder of relative artifact paths; None: there is none.
        extensions: extensions to run, outermost first.
        timeouts: limits in seconds.
        status: how statuses are written.
        limits: how much may be asked for.
        references: what NS files may refer to.
        ssh_key: file of the private ssh key; it is not touched before the key is asked for.
    """

    # Before `connectors`, and that before `default`: their checks need what is above them.
    connector_providers: Annotated[list[Annotated[ProviderConfig, BeforeValidator(_extension)]], Listed] = Field(
        default_factory=list
    )
    connectors: Annotated[dict[Annotated[str, AfterValidator(_connector_name)], ConnectorConfig], Mapped]
    default: Annotated[str | None, Field(validate_default=True)] = None
    store: Annotated[str, Field(min_length=1)] = "memory:"
    artifacts: Annotated[str, Field(min_length=1)] | None = "."
    extensions: Annotated[list[Annotated[ExtensionConfig, BeforeValidator(_extension)]], Listed] = Field(
        default_factory=list
    )
    timeouts: Annotated[Timeouts, Mapped] = Timeouts()
    status: Annotated[StatusSettings, Mapped] = StatusSettings()
    limits: Annotated[Limits, Mapped] = Limits()
    references: Annotated[ReferenceSettings, Mapped] = ReferenceSettings()
    ssh_key: Annotated[str, Field(min_length=1)] = DEFAULT_PRIVATE_KEY

    _folder: Path = PrivateAttr(default_factory=Path.cwd)

    def model_post_init(self, context: Any, /) -> None:
        """Take the folder, which no file can set, from who validates."""
        if isinstance(context, Mapping) and "folder" in context:
            self._folder = Path(context["folder"])

    @property
    def folder(self) -> Path:
        """What relative paths in the configuration start from: the folder of its file, or the working one."""
        return self._folder

    @property
    def artifacts_folder(self) -> Path | None:
        """The root folder of artifacts, absolute; None where there is none."""
        return None if self.artifacts is None else self._path(self.artifacts)

    @property
    def spill_folder(self) -> Path | None:
        """The folder of outcomes that the store does not take in time, absolute; None where there is none."""
        return None if self.status.spill is None else self._path(self.status.spill)

    @property
    def ssh_key_path(self) -> Path:
        """The private ssh key's file, absolute unless there is no home folder."""
        return self._path(self.ssh_key)

    def connector(self, name: str | None = None) -> ConnectorConfig:
        """Look up a connector.

        Args:
            name: its name; None: the default one.

        Raises:
            BadArguments: there is no connector of that name, or no default; the text says which there are.
        """
        return self.connectors[self.connector_name(name)]

    def connector_name(self, name: str | None = None) -> str:
        """Resolve the name of a connector; None is the default one. Raises as `connector` does."""
        if name is None:
            if self.default is None:
                known = ", ".join(sorted(self.connectors)) or "those that the providers know"
                raise BadArguments(f"connector: there is no default connector; name one of {known}", ["connector"])
            name = self.default
        if name not in self.connectors:
            raise BadArguments(f"there is no connector {name!r}{instead(name, self.connectors)}", ["connector"])
        return name

    def timeouts_of(self, name: str | None = None) -> Timeouts:
        """Give the limits of a connector: its own where it has them, those of the top otherwise."""
        return self.timeouts_with(self.connector(name))

    def timeouts_with(self, definition: ConnectorConfig) -> Timeouts:
        """Give the limits of a connector that is defined so, wherever its definition is from."""
        return self.timeouts.model_copy(update=definition.timeouts.model_dump(exclude_none=True))

    @model_validator(mode="before")
    @classmethod
    def _the_only_one_is_the_default(cls, values: Any) -> Any:
        if isinstance(values, Mapping) and values.get("default") is None:
            connectors = values.get("connectors")
            if (
                isinstance(connectors, Mapping)
                and len(connectors) == 1
                and isinstance(only := next(iter(connectors)), str)
            ):
                return {**values, "default": only}
        return values

    @field_validator("connectors")
    @classmethod
    def _require_one(cls, connectors: dict[str, ConnectorConfig], info: ValidationInfo) -> dict[str, ConnectorConfig]:
        if not connectors and not _may_be_elsewhere(info):
            raise ValueError(
                "expected at least one connector, such as `edge: {backend: fake}`, or `connector_providers`"
            )
        return connectors

    @field_validator("default")
    @classmethod
    def _check_default(cls, default: str | None, info: ValidationInfo) -> str | None:
        connectors = info.data.get("connectors")
        if _may_be_elsewhere(info):
            return default if default is None else _connector_name(default)
        if default is not None and connectors is not None and default not in connectors:
            raise ValueError(f"there is no connector {default!r}{instead(default, connectors)}")
        return default

    @field_validator("extensions")
    @classmethod
    def _each_once(cls, extensions: list[ExtensionConfig]) -> list[ExtensionConfig]:
        names = [extension.name for extension in extensions]
        if twice := sorted(name for name, times in Counter(names).items() if times > 1)[:10]:
            raise ValueError(f"expected each extension once; named more than once: {', '.join(twice)}")
        return extensions

    def _path(self, text: str) -> Path:
        path = Path(text)
        try:
            path = path.expanduser()
        except RuntimeError:  # no home folder: who needs the path says so
            return path
        return self._folder.absolute() / path

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        for name, value in super().__repr_args__():
            yield name, url_without_credentials(value) if name == "store" and isinstance(value, str) else value
