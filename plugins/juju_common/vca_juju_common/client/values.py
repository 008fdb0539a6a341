"""What requests take and give: plain values, which know nothing of a controller's wire."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from vca_core.charm import Option, Resource
from vca_core.charm.storage_requests import StorageRequest
from vca_juju_common.client.channels import Channel

Kind = Literal["iaas", "caas"]
"""What models are of: machines, or containers on Kubernetes."""

Progress = Callable[[int, int], None]
"""Told how many bytes of how many are sent."""


@dataclass(frozen=True, slots=True)
class NewModel:
    """What a model is made with.

    Args:
        cloud: name of the cloud; None: the controller's own, since a guess from a list may be wrong.
        region: of the cloud.
        credential: ``name`` of the user's own credential, or ``owner/name``; None: the controller's choice.
        config: model config; ``authorized-keys`` is left out where there are none.
        kind: what the model has to be.
        prepare: awaited with the model's name before the controller is asked for it: refuses, or waits until it can be.
    """

    cloud: str | None
    region: str | None
    credential: str | None
    config: Mapping[str, Any]
    kind: Kind = "iaas"
    prepare: Callable[[str], Awaitable[None]] | None = None


@dataclass(frozen=True, slots=True)
class Cloud:
    """A cloud of a controller.

    Args:
        type: ``kubernetes``, ``lxd``, ``openstack`` and the like.
        config: what is set for all its models, by Juju's names.
    """

    type: str
    config: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class KubernetesCloud:
    """A cloud of Kubernetes, as a controller has to know it.

    Args:
        endpoint: the URL of the API server, as the controller reaches it.
        certificates: of the authorities that its certificate is of, as PEM.
        config: what is set for all its models, by Juju's names.
        is_unverified: whether the API server's certificate is not looked at.
        kept: all that the controller has of it, by Juju's names: what is not said above stays.
    """

    endpoint: str
    certificates: tuple[str, ...] = ()
    config: Mapping[str, Any] = field(default_factory=dict)
    is_unverified: bool = False
    kept: Mapping[str, Any] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class NewMachine:
    """A machine to ask for.

    Args:
        base: as ``ubuntu@22.04``; None: the model's default.
        constraints: as Juju writes them: ``mem=4G cores=2``, by name.
        placement: ``scope:directive``, ``lxd:0``, ``zone=a``; None: wherever.
        manual: of a machine that is there already; None: a new one.
    """

    base: str | None = None
    constraints: Mapping[str, Any] | None = None
    placement: str | None = None
    manual: ManualMachine | None = None


@dataclass(frozen=True, slots=True)
class ManualMachine:
    """What Juju has to know about a machine that is there already.

    Args:
        instance_id: ``manual:<host>``.
        nonce: what its agent will present itself with: unlike that of any other machine.
        address: of the host.
        arch: as Juju names it.
        cores: of its processors.
        memory: in MiB.
    """

    instance_id: str
    nonce: str
    address: str
    arch: str
    cores: int | None = None
    memory: int | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a charm comes from and what it runs on.

    Args:
        source: ``local`` or ``charm-hub``.
        base: as ``ubuntu@22.04``.
        arch: as Juju names it.
        resolved: what the controller made of it, for a charm of Charmhub: only the client looks into it.
        channel: that such a charm follows; None: none.
    """

    source: str
    base: str
    arch: str
    resolved: object = None
    channel: Channel | None = None


@dataclass(frozen=True, slots=True)
class Declared:
    """What a charm declares that Juju does not change on Kubernetes, by Juju's names.

    Args:
        storage: by name.
        devices: by name.
        deployment: how it is deployed, where it has pod specs.
    """

    storage: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    devices: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    deployment: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where an application can be related, as its charm declares it.

    Args:
        role: ``provider``, ``requirer`` or ``peer``.
        interface: what it speaks.
        scope: ``global``, or ``container`` where both have to be on one machine.
    """

    role: str
    interface: str
    scope: str = "global"


@dataclass(frozen=True, slots=True)
class ConsumableOffer:
    """An offer of another model, with what is needed to consume it.

    Args:
        uuid: of the offer.
        details: what it is, by Juju's names.
        macaroon: the right to consume it: a secret.
        controller: where it is, for those who are elsewhere.
    """

    uuid: str
    details: Mapping[str, Any]
    macaroon: Mapping[str, Any] | None = field(repr=False)
    controller: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Offered:
    """An offer, for those who may change it.

    Args:
        application: whose it is.
        endpoints: names of what is offered.
        consumers: uuids of the models that have relations to it, one for each relation.
    """

    application: str
    endpoints: Sequence[str]
    consumers: Sequence[str]


@dataclass(frozen=True, slots=True)
class NewApplication:
    """An application to deploy.

    Args:
        name: of the application.
        charm_url: of the charm, in the model already.
        origin: where the charm comes from.
        machines: those that its units go to, one each: a unit without placement may be put on any machine that never
            had one, and so on that of another execution environment.
        num_units: how many units there are to be without machines, on Kubernetes; None: as many as machines.
        config: values of options, in their types.
        trust: whether it may use the cloud's credentials.
        resources: ids of pending resources by name.
        constraints: of further machines, or of pods, by Juju's names.
        storage: what storage it gets, by the charm's names; what is not named is Juju's choice.
        force: whether a base that the charm does not support is taken.
        force_units: whether units in error take it, too, where it replaces another charm.
    """

    name: str
    charm_url: str
    origin: Origin
    machines: Sequence[str] = ()
    num_units: int | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    trust: bool = False
    resources: Mapping[str, str] = field(default_factory=dict)
    constraints: Mapping[str, Any] = field(default_factory=dict)
    storage: Mapping[str, StorageRequest] = field(default_factory=dict)
    force: bool = False
    force_units: bool = False


@dataclass(frozen=True, slots=True)
class StoreCharm:
    """A charm of Charmhub, as it is in a model. Its actions are known only when the controller has downloaded it.

    Args:
        url: its URL there.
        origin: where it comes from, as the controller resolved it.
        name: its name.
        subordinate: whether it lives beside another charm.
        options: what can be configured.
        resources: those that it declares.
        has_containers: whether it is for Kubernetes.
        declared: what it declares that cannot be changed.
    """

    url: str
    origin: Origin
    name: str
    subordinate: bool
    options: Mapping[str, Option]
    resources: Mapping[str, Resource]
    has_containers: bool = False
    declared: Declared = field(default_factory=Declared)


@dataclass(frozen=True, slots=True)
class OptionValue:
    """An option of an application, as it is now.

    Args:
        option: what the charm declares.
        value: its value; None: it has none.
        is_set: whether it was set; otherwise the value is the charm's default.
    """

    option: Option
    value: Any
    is_set: bool


@dataclass(frozen=True, slots=True)
class NewResource:
    """A resource to hand to an application.

    Args:
        name: of the resource.
        filename: what the charm declares for it: the controller refuses a file resource without one.
        type: as the charm declares it.
        revision: of Charmhub; None: its newest one for the charm; of no meaning where it is uploaded.
        uploaded: whether we upload it.
    """

    name: str
    filename: str
    type: str = "file"
    revision: int | None = None
    uploaded: bool = False


@dataclass(frozen=True, slots=True)
class HeldResource:
    """A resource that an application holds.

    Args:
        name: of the resource.
        uploaded: whether it was uploaded; otherwise it is Charmhub's.
        revision: of Charmhub.
        fingerprint: SHA-384 of what was uploaded, in hexadecimal.
    """

    name: str
    uploaded: bool
    revision: int = -1
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run of an action is.

    Args:
        status: Juju's word.
        message: what it said.
        output: what it gave, plain data.
        receiver: tag of the unit.
    """

    status: str
    message: str
    output: Mapping[str, Any]
    receiver: str
