"""A charm as data: what can be configured, run and related, and where it can live."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from vca_core.charm.declared_secrets import secret_names_in
from vca_core.plain import weight
from vca_core.refusals import no_primitive

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

OptionType = Literal["string", "int", "float", "boolean", "secret"]
"""The types that Juju knows."""

Role = Literal["requires", "provides", "peers"]
"""The roles of an endpoint, by the keys that declare them."""


@dataclass(frozen=True, slots=True)
class Option:
    """Something that can be configured.

    Args:
        name: as the charm spells it.
        type: what its values are; the value of a ``secret`` is the secret's URI, ``secret:…``.
        default: a value of that type; None: it has none.
        description: for people.
    """

    name: str
    type: OptionType = "string"
    default: str | int | float | bool | None = None
    description: str = ""


@dataclass(frozen=True)
class Action:
    """A primitive that the charm can run.

    Args:
        name: as the charm spells it.
        schema: JSON schema of its parameters, all of them in one object: ``{"type": "object", "properties": {…}}``.
            `vca_core.charm.check_params` uses it, and a Juju controller describes an action by it.
        description: for people.
        parallel: whether it may run beside other actions on one unit.
        execution_group: which actions it never runs beside.
    """

    name: str
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "object", "properties": {}})
    description: str = ""
    parallel: bool = False
    execution_group: str = ""

    @property
    def params(self) -> Mapping[str, Mapping[str, Any]]:
        """JSON schemas of the declared parameters, by name."""
        properties: Mapping[str, Mapping[str, Any]] = self.schema.get("properties") or {}
        return properties

    @cached_property
    def secret_names(self) -> frozenset[str]:
        """The names of secrets in its parameters, at any depth: with ``format: password`` or ``writeOnly: true``."""
        return secret_names_in(self.schema)

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the parameters that have to be given."""
        return tuple(self.schema.get("required") or ())

    @property
    def allows_undeclared(self) -> bool:
        """Whether parameters that are not declared are accepted; Juju 3 does so unless the charm says otherwise."""
        return self.schema.get("additionalProperties", True) is not False

    @cached_property
    def validator(self) -> Validator:
        """What checks parameters: built once, as building it costs more than using it.

        Raises:
            BadArguments: the schema is not valid; this is the charm's fault, and is found when it is read.
        """
        from vca_core.charm.schemas import validator  # jsonschema is loaded for those who run actions

        return validator(self.schema, f"action {self.name}")

    @cached_property
    def weight(self) -> int:
        """How large the schema is, counted up to a thousand: it decides whether parameters are checked in a thread."""
        return weight(self.schema, 1000)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a charm can be related to another one.

    Every charm also provides ``juju-info`` without declaring it; it is not among these.

    Args:
        name: as the charm spells it.
        role: which side of the relation it is: ``requires``, ``provides`` or ``peers``.
        interface: its protocol: two endpoints of the same interface can be related.
        limit: how many relations it takes; None: any number.
        scope: ``container`` for subordinates that live beside the other side's units, else ``global``.
        optional: whether the charm says that it can do without a relation there; None: it does not say.
    """

    name: str
    role: Role
    interface: str
    limit: int | None = None
    scope: Literal["global", "container"] = "global"
    optional: bool | None = None


@dataclass(frozen=True, slots=True)
class Base:
    """An operating system the charm runs on: ``ubuntu@22.04``.

    Args:
        name: of the system.
        channel: its version, with a risk if the charm gives one: ``22.04``, ``22.04/stable``.
        architectures: ``amd64``, ``arm64`` and the like; empty: the charm does not say.
    """

    name: str
    channel: str
    architectures: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.name}@{self.channel}"

    @property
    def release(self) -> str:
        """The base without the risk of its channel, as machines name it: ``ubuntu@22.04``."""
        return f"{self.name}@{self.channel.partition('/')[0]}"


@dataclass(frozen=True, slots=True)
class Resource:
    """A file or an image that the charm is given.

    Args:
        name: as the charm spells it.
        type: ``file`` or ``oci-image``.
        filename: what the charm calls the file; empty for images.
        description: for people.
        upstream: where the author of an image published it: ``example.com/dns:1``; empty: the charm does not say.
    """

    name: str
    type: Literal["file", "oci-image"]
    filename: str = ""
    description: str = ""
    upstream: str = ""


@dataclass(frozen=True, slots=True)
class Storage:
    """A storage that the charm's units get.

    Args:
        name: as the charm spells it.
        type: ``filesystem`` or ``block``.
        description: for people.
        is_shared: whether all units have the same.
        is_read_only: whether it cannot be written to.
        least: the least number that a unit has.
        most: the largest number; None: any number.
        minimum_size: of each, in MiB; 0: the charm does not say.
        location: folder where it is mounted; empty: Juju decides.
        properties: what else it is to be, such as ``transient``.
    """

    name: str
    type: Literal["filesystem", "block"]
    description: str = ""
    is_shared: bool = False
    is_read_only: bool = False
    least: int = 1
    most: int | None = 1
    minimum_size: int = 0
    location: str = ""
    properties: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Device:
    """A device of the cluster, such as a graphics processor, that the charm's units get.

    Args:
        name: as the charm spells it.
        type: as the cluster calls it, ``nvidia.com/gpu``.
        description: for people.
        least: the least number that a unit has.
        most: the largest number.
    """

    name: str
    type: str
    description: str = ""
    least: int = 1
    most: int = 1


@dataclass(frozen=True, slots=True)
class Mount:
    """A storage of the charm, mounted in a container.

    Args:
        storage: name of the storage.
        location: folder in the container; empty: Juju decides.
    """

    storage: str
    location: str = ""


@dataclass(frozen=True, slots=True)
class Container:
    """A workload container of a charm on Kubernetes.

    Args:
        name: as the charm spells it.
        resource: name of the image's resource; None: the charm names a base instead.
        mounts: what is mounted in it.
    """

    name: str
    resource: str | None = None
    mounts: tuple[Mount, ...] = ()


@dataclass(frozen=True, slots=True)
class Charm:
    """What a charm declares.

    Args:
        name: of the charm.
        summary: one line for people; may be empty.
        description: more lines for people; may be empty.
        subordinate: whether it lives on the machines of another charm.
        actions: its primitives, by name.
        options: what can be configured, by name.
        endpoints: where it can be related, by name.
        bases: what it runs on, the charm's favourite first; empty where it does not say.
        series: what it runs on, in the words of old charms, ``bionic``; ``kubernetes`` is one of them.
        resources: the files and images that it needs, by name.
        containers: its workload containers, by name.
        storage: the storage that its units get, by name.
        devices: the devices of the cluster that its units get, by name.
        assumes: what it needs of Juju, as the charm writes it.
        min_juju_version: the oldest Juju that it runs with, in the words of old charms; empty: it does not say.
        obstacles: why it cannot be installed as it is; empty: it can.
        profile_problems: what Juju does not take of its profile for LXD, unless it is forced; empty: nothing.
    """

    name: str
    summary: str = ""
    description: str = ""
    subordinate: bool = False
    actions: Mapping[str, Action] = field(default_factory=dict)
    options: Mapping[str, Option] = field(default_factory=dict)
    endpoints: Mapping[str, Endpoint] = field(default_factory=dict)
    bases: tuple[Base, ...] = ()
    series: tuple[str, ...] = ()
    resources: Mapping[str, Resource] = field(default_factory=dict)
    containers: Mapping[str, Container] = field(default_factory=dict)
    storage: Mapping[str, Storage] = field(default_factory=dict)
    devices: Mapping[str, Device] = field(default_factory=dict)
    assumes: tuple[Any, ...] = ()
    min_juju_version: str = ""
    obstacles: tuple[str, ...] = field(default=(), compare=False)
    profile_problems: tuple[str, ...] = field(default=(), compare=False)

    @property
    def is_kubernetes(self) -> bool:
        """Whether it has to run on Kubernetes: it has containers, is of that series only, or assumes ``k8s-api``."""
        return bool(self.containers) or set(self.series) == {"kubernetes"} or _is_for_kubernetes(self.assumes)

    @property
    def secret_names(self) -> frozenset[str]:
        """The options and parameters that the charm declares secret.

        Options of type ``secret``, and parameters whose schema says ``format: password`` or ``writeOnly: true``, also
        inside objects, lists and combined schemas.
        """
        options = [option.name for option in self.options.values() if option.type == "secret"]
        return frozenset(options).union(*(action.secret_names for action in self.actions.values()))

    def action(self, name: str) -> Action:
        """Find a primitive.

        Args:
            name: as the charm spells it.

        Raises:
            BadArguments: the charm has no primitive of that name; says which ones it has.
        """
        found = self.actions.get(name)
        if found is None:
            raise no_primitive(f"charm {self.name}", name, self.actions)
        return found


def _is_for_kubernetes(assumes: object) -> bool:
    # Below `any-of` it is one way among others: such a charm runs on machines, too.
    if isinstance(assumes, list | tuple):
        return any(map(_is_for_kubernetes, assumes))
    if isinstance(assumes, Mapping):
        return _is_for_kubernetes(assumes.get("all-of"))
    return isinstance(assumes, str) and assumes.split()[:1] == ["k8s-api"]
