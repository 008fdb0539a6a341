"""What a config can set of a connector on Juju's Kubernetes clouds, and what callers can of its operations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, AliasChoices, BeforeValidator, Field, model_validator

from vca_core.charm.constraints import check_for_pods
from vca_core.charm.storage_requests import StorageRequest, parse_storage
from vca_core.text_files import Unreadable, read_text
from vca_juju_common.options import CharmOptions, Constraints, Grace, JujuOptions, Text
from vca_juju_k8s.cluster.certificates import Certificates, read_named
from vca_juju_k8s.cluster.kubeconfig import ClusterOptions, check_cluster, cluster_of, parse_kubeconfig, user_of
from vca_juju_k8s.cluster.own_pod import problems_of_pod


def _check_constraints(given: dict[str, Any]) -> dict[str, Any]:
    check_for_pods(given)
    return given


STORAGE = ("workload-storage", "operator-storage")
"""Where a cloud and a model say the class of storage that does not say where it is from."""

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
    """How long a pod may be kept from running before a wait for its unit ends."""
    trust: bool = False
    """Whether charms may use the cluster, where an installation does not say."""
    storage_class: Text | None = None
    """For new models: the class of storage that does not say where it is from; None: the cloud's."""

    @model_validator(mode="before")
    @classmethod
    def _of_cluster(cls, given: Any) -> Any:
        """Name the cloud after a cluster that has a name."""
        cluster = given.get("cluster") if isinstance(given, Mapping) else None
        name = cluster.get("name") if isinstance(cluster, Mapping) else None
        if not name or any(given.get(one) is not None for one in _CLOUD):
            return given
        return {key: value for key, value in given.items() if key not in _CLOUD} | {"cloud": f"k8s-{name}"}

    @model_validator(mode="after")
    def _consistent(self) -> JujuK8sOptions:
        if self.trust and self.cluster is not None and self.cluster.untrusted:
            raise ValueError("trust: expected false beside `untrusted` in `cluster`")
        twice = sorted(set(STORAGE) & set(self.config_of_models)) if self.storage_class is not None else []
        if twice:
            raise ValueError(f"storage_class: expected no {twice[0]} in `model_config` beside it")
        return self

    @property
    def config_of_new_models(self) -> dict[str, Any]:
        """See `JujuOptions.config_of_new_models`: also from where storage is."""
        storage = {} if self.storage_class is None else dict.fromkeys(STORAGE, self.storage_class)
        return super().config_of_new_models | storage

    def problems_of_files(self, folder: Path) -> Iterable[str]:
        """See `Options.problems_of_files`: also whether the kubeconfig is one, or this is a pod of the cluster."""
        yield from super().problems_of_files(folder)
        if self.cluster is None:
            return
        if self.cluster.kubeconfig.is_in_cluster:
            yield from (f"cluster.kubeconfig: in-cluster: {problem}" for problem in problems_of_pod())
        if (file := self.cluster.file_in(folder)) is not None:
            content = read_text(file)
            if isinstance(content, Unreadable):
                yield f"cluster.kubeconfig: {file} cannot be read: {content.reason}"
                return
            try:
                _check_files(parse_kubeconfig(content), self.cluster.context, file.parent)
            except ValueError as error:
                yield f"cluster.kubeconfig: {file}: {error}"


def _check_files(config: Mapping[str, Any], context: str | None, folder: Path) -> None:
    """Refuse a kubeconfig whose server, token, certificates or key cannot be used."""
    cluster, user = cluster_of(config, context), user_of(config, context)
    check_cluster(cluster)
    read_named(user, "tokenFile", folder)
    certificates = Certificates.of(cluster, user, folder)
    certificates.context(None, is_unverified=False, has_bearer=False)


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
