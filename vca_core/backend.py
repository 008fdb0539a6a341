"""What a backend is made of: the class that a plugin's entry point names, and what the core hands to it.

A backend does only this: talk to its own system, report what it sees, raise errors of `vca_core.errors`. Everything
that is common to all backends is done by the core before a hook is called or after it ended. The hooks are in
`vca_core.hookspecs`.

A whole backend, that can do one thing::

    from collections.abc import Mapping

    from vca_core.backend import Backend, NoOptions, Operation
    from vca_core.hookspecs import hookimpl
    from vca_core.naming import EeId, Namespace

    class EchoBackend(Backend[NoOptions]):
        api_version = 1

        @hookimpl
        async def exec_primitive(
            self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, object]
        ) -> dict[str, object]:
            return {"echo": sorted(params)}
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict

from vca_core.description import Description, InstalledCharm, OptionState, RelationState, UnitState
from vca_core.naming import CHARM_NAMES, EeId, NameRules, Namespace
from vca_core.status import DeploymentStatus, Entity, EntityState

if TYPE_CHECKING:
    from vca_core.ssh_keys import SshKeyPair

API_VERSION = 1
"""The version of the plugin API that this core speaks; `SUPPORTED_API_VERSIONS` are those it can still load."""

SUPPORTED_API_VERSIONS = range(1, API_VERSION + 1)


class Options(BaseModel):
    """Base of option models: unknown keys are refused, and errors of pydantic show no values."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    def problems_of_files(self, folder: Path) -> Iterable[str]:
        """Check the files that the options name, for `vca config check` and `vca doctor`. It blocks.

        Args:
            folder: where relative paths start.

        Returns:
            What is wrong, each with the option's name and a remedy; no secret is in it.
        """
        del folder
        return ()


class NoOptions(Options):
    """For a backend, or an operation, that takes no options."""


OptionsT = TypeVar("OptionsT", bound=BaseModel)
OptionsT_co = TypeVar("OptionsT_co", bound=BaseModel, covariant=True)


class Operation(Protocol):
    """What every operation hook gets as ``op``: one run of one operation, on one execution environment."""

    @property
    def id(self) -> str:
        """Names this run, and no other one of any process: ``"create_execution_environment-5f0c93a1b7d2e846-17"``."""

    @property
    def operation(self) -> str:
        """The operation that the caller asked for, by its hook's name."""

    @property
    def ee_id(self) -> EeId | None:
        """The execution environment; None until `created` was called, and for operations on a whole namespace."""

    @property
    def token(self) -> int | None:
        """A number that grows whenever another process takes the EE over; None where no process can.

        A system that keeps it with what it changes can refuse what an earlier owner asks for too late.
        """

    def remaining(self) -> float:
        """Seconds until the caller's total deadline; 0.0 when it has passed."""

    @property
    def cleanup(self) -> float:
        """Seconds within which the hook must end once it is cancelled, with what it began finished or undone."""

    async def held(self) -> None:
        """Make sure that the operation may still make changes; call this before each request that makes one.

        It returns at once while the EE is this operation's, and waits while that is not certain. The core calls it
        before each hook. Once it has raised, nothing may be changed.

        Raises:
            ConflictError: the EE belongs to another process now.
        """

    async def created(self, locator: str) -> None:
        """Store the ee_id, as soon as the EE exists and before anything is waited for.

        Once this has returned, nothing is undone: callers can find the ee_id, go on with the EE and delete it. When it
        raises, the id is not kept: undo what was made, then let the error through.

        Args:
            locator: where the EE is within its application, opaque to the core: ``"0"``, ``"0/lxd/1"``, ``"k8s"``.

        Raises:
            AlreadyExists: another process made the EE meanwhile, or took the same host into service.
            StoreError: the store could not take it within ``store_grace``; the write was withdrawn.
            ConflictError: the operation has ended already.
            asyncio.CancelledError: the operation was cancelled; the write was withdrawn.
        """

    def report(
        self, entity: Entity, native: str | None, detail: str = "", status: DeploymentStatus | None = None
    ) -> None:
        """Report what is seen of an entity of this operation's EE, like `Host.report`, even before `created`.

        Args:
            entity: what it is about, such as ``Entity("machine", "0")``.
            native: the word its own system uses; ``""`` while it has none; None: the entity is gone.
            detail: what its system says besides, for people.
            status: what the word means, if it is not in the documented table.
        """


class Host(Protocol[OptionsT_co]):
    """What a backend is constructed with: its side of the connector."""

    @property
    def connector(self) -> str:
        """The connector's name in the config."""

    @property
    def options(self) -> OptionsT_co:
        """The backend's options, validated."""

    @property
    def names(self) -> NameRules:
        """The rules that name models and applications."""

    @property
    def folder(self) -> Path:
        """The folder of the config file: relative paths in options start there."""

    @property
    def ssh_key(self) -> SshKeyPair:
        """The key pair that machines are given, made when first asked for."""

    @property
    def log(self) -> logging.LoggerAdapter[Any]:
        """A logger that keeps the connector's secrets out of what it logs."""

    def add_secrets(self, texts: Iterable[str]) -> Callable[[], None]:
        """Keep secrets that are not in the options, such as those of a file, out of logs, errors and statuses.

        Call it in the event loop's thread only.

        Args:
            texts: what appears in no status, error or log line from now on.

        Returns:
            Forgets them again, for secrets that are replaced all the time.
        """

    def report(
        self,
        ee_id: EeId,
        entity: Entity,
        native: str | None,
        detail: str = "",
        status: DeploymentStatus | None = None,
    ) -> None:
        """Report what is seen of an entity, during operations and between them. Never blocks; loop thread only.

        Args:
            ee_id: the execution environment that the entity belongs to.
            entity: what it is about.
            native: the word its own system uses; ``""`` while it has none; None: the entity is gone.
            detail: what its system says besides, for people.
            status: what the word means, if it is not in the documented table.

        Raises:
            BackendError: called from another thread than the event loop's.
        """


class Backend(Generic[OptionsT]):
    """A convenient base for backends; deriving from it is not required, having its attributes is.

    A backend declares ``api_version`` (an int, written out: it says what the plugin was made for), and implements
    hooks of `vca_core.hookspecs.BackendHooks` as ``async def`` methods marked with `vca_core.hookspecs.hookimpl`. The
    hooks that it implements are its capabilities.

    Args:
        host: the connector's side; constructing must connect to nothing and need no running loop.
    """

    Options: ClassVar[type[BaseModel]] = NoOptions
    """Model of the ``options`` of a connector in the config."""

    operation_options: ClassVar[Mapping[str, type[BaseModel]]] = {}
    """Models of the ``options`` of operations, by hook name; an operation without one takes no options."""

    names: ClassVar[NameRules] = CHARM_NAMES
    """How models and applications are named."""

    scales_to_none: ClassVar[bool] = False
    """Whether an execution environment can be scaled to 0 units, and back; otherwise the core refuses that."""

    def __init__(self, host: Host[OptionsT]) -> None:
        self.host = host


@dataclass(frozen=True, slots=True)
class RelationEnd:
    """One end of a relation.

    Args:
        connector: name of the connector that the EE belongs to.
        backend: that connector's backend; the same object at both ends when the EEs share a connector.
        ee_id: the execution environment.
        endpoint: name of the charm's endpoint.
        open: opens the backend, unless it is open. A backend that uses a different one awaits this first.
    """

    connector: str
    backend: object
    ee_id: EeId
    endpoint: str
    open: Callable[[], Awaitable[None]] = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class ExecutionEnvironment:
    """One execution environment as a backend lists it.

    Args:
        ee_id: its id.
        namespace: the namespace that the backend keeps with it; None where its system holds an EE of unknown origin.
        address: the host name or IP address of its machine or service; None while it has none.
        entities: what it is made of, with native states.
    """

    ee_id: EeId
    namespace: Namespace | None
    address: str | None = None
    entities: Sequence[EntityState] = ()


Output = Mapping[str, Any]
"""What a primitive gives back: plain data by name."""


__all__ = [
    "API_VERSION",
    "SUPPORTED_API_VERSIONS",
    "Backend",
    "Description",
    "ExecutionEnvironment",
    "Host",
    "InstalledCharm",
    "NoOptions",
    "Operation",
    "OptionState",
    "Options",
    "Output",
    "RelationEnd",
    "RelationState",
    "UnitState",
]
