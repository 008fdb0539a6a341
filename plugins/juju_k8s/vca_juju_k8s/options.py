"""What a config can set of a connector on Juju's Kubernetes clouds, and what callers can of its operations."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, AliasChoices, BeforeValidator, Field, model_validator

from vca_core.charm.constraints import check_for_pods
from vca_core.plain import kind_of
from vca_core.text_files import Unreadable, read_text
from vca_juju_common.client.values import StorageRequest
from vca_juju_common.options import CharmOptions, Constraints, Grace, JujuOptions, Text
from vca_juju_k8s.cluster.kubeconfig import ClusterOptions, parse_kubeconfig

_SIZE = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,6})?)([MGTP])(?:i?B)?")
_UNITS = "MGTP"


def _check_constraints(given: dict[str, Any]) -> dict[str, Any]:
    check_for_pods(given)
    return given


def parse_storage(given: Any) -> Any:
    """Read what storage is asked for.

    Args:
        given: ``pool,size,count`` by the charm's names, each part where it is needed: ``{"data": "fast,10G"}``.

    Raises:
        ValueError: it is something else.
    """
    if not isinstance(given, Mapping):
        return given
    return {name: one if isinstance(one, StorageRequest) else _request(str(name), one) for name, one in given.items()}


def _request(name: str, text: Any) -> StorageRequest:
    expected = f"{name}: expected pool,size,count such as fast,10G,1"
    if not isinstance(text, str):
        raise ValueError(f"{expected}, got {kind_of(text)}")  # noqa: TRY004 - pydantic takes ValueErrors
    pool: str | None = None
    size: int | None = None
    count: int | None = None
    for part in (one.strip() for one in text.split(",")):
        sized = _SIZE.fullmatch(part)
        if sized is not None and size is None:
            size = int(float(sized[1]) * 1024 ** _UNITS.index(sized[2]))
        elif re.fullmatch("[1-9][0-9]{0,5}", part) and count is None:
            count = int(part)
        elif re.fullmatch("[A-Za-z][A-Za-z0-9.-]*", part) and pool is None:
            pool = part
        else:
            raise ValueError(f"{expected}, got {text!r}")
    return StorageRequest(pool, size, count)


_CLOUD = ("cloud", "k8s_cloud", "k8s-cloud")


class JujuK8sOptions(JujuOptions):
    """Options of a connector on a Kubernetes cloud of a Juju controller."""

    cloud: Annotated[Text, Field(validation_alias=AliasChoices(*_CLOUD))]
    """The cloud of new models, one of Kubernetes; ``k8s-NAME`` for a cluster that has a name."""
    credential: Annotated[
        Text | None, Field(validation_alias=AliasChoices("credential", "k8s_credentials", "k8s-credentials"))
    ] = None
    """Its credential, ``name`` or ``owner/name``; None: the one of the cloud's name."""
    cluster: ClusterOptions | None = None
    """The cluster behind that cloud, to be looked at; None: only the controller is asked."""
    pod_grace: Grace = 120.0
    """How long a pod may be kept from running by the same reason before a wait for its unit ends."""

    @model_validator(mode="before")
    @classmethod
    def _of_cluster(cls, given: Any) -> Any:
        """Name the cloud after a cluster that has a name."""
        cluster = given.get("cluster") if isinstance(given, Mapping) else None
        name = cluster.get("name") if isinstance(cluster, Mapping) else None
        if not name or any(given.get(one) is not None for one in _CLOUD):
            return given
        return {key: value for key, value in given.items() if key not in _CLOUD} | {"cloud": f"k8s-{name}"}

    def problems_of_files(self, folder: Path) -> Iterable[str]:
        """See `Options.problems_of_files`: also whether the kubeconfig is there, and is one."""
        yield from super().problems_of_files(folder)
        file = None if self.cluster is None else self.cluster.file_in(folder)
        if file is not None:
            content = read_text(file)
            if isinstance(content, Unreadable):
                yield f"cluster.kubeconfig: {file} cannot be read: {content.reason}"
                return
            try:
                parse_kubeconfig(content)
            except ValueError as error:
                yield f"cluster.kubeconfig: {file}: {error}"


class InstallOptions(CharmOptions):
    """Options of `install_configuration_sw`."""

    constraints: Annotated[Constraints, AfterValidator(_check_constraints)] = Field(default_factory=dict)
    """Of the pods: ``mem=4G cores=2``, or by name."""
    storage: Annotated[dict[str, StorageRequest], BeforeValidator(parse_storage)] = Field(default_factory=dict)
    """What storage units get, by the charm's names: ``pool,size,count``."""


class UpgradeOptions(CharmOptions):
    """Options of `upgrade`."""

    force_units: bool = False
    """Have units in error take the charm, too; Juju keeps it from them otherwise."""
