"""Where a cluster is onboarded, under which names, and what there is of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from vca_core.errors import BadArguments
from vca_juju_common.client.interface import Controller
from vca_juju_common.controller_errors import translate_refusals
from vca_juju_k8s.cluster.account import Account
from vca_juju_k8s.cluster.client import ClusterClient
from vca_juju_k8s.options import JujuK8sOptions


@dataclass(frozen=True)
class Site:
    """Where a cluster is onboarded.

    Args:
        controller: connected.
        cluster: open, with all rights there; None: no access to it is configured.
        options: of the connector.
    """

    controller: Controller
    cluster: ClusterClient | None
    options: JujuK8sOptions

    @property
    def access(self) -> ClusterClient:
        """The cluster.

        Raises:
            BadArguments: no access to it is configured.
        """
        if self.cluster is None:
            raise no_cluster()
        return self.cluster

    @property
    def cloud(self) -> str:
        """The name of the cloud."""
        return str(self.options.cloud)

    @property
    def tag(self) -> str:
        """The tag of its credential."""
        owner, _, name = (self.options.credential or self.cloud).rpartition("/")
        return f"cloudcred-{self.cloud}_{owner or self.options.username}_{name}"

    @property
    def own_credential(self) -> str | None:
        """The name of its credential; None: it is another user's than who is logged in."""
        owner, _, name = (self.options.credential or self.cloud).rpartition("/")
        return name if owner in {"", self.options.username} else None

    @property
    def id(self) -> str:
        """The id of what is made for the credential: the same each time, so that it is found again."""
        return _digest(f"{self.controller.controller_uuid} {self.tag}")

    @property
    def cloud_id(self) -> str:
        """The id of what is noted of the cloud, which may have several credentials."""
        return _digest(f"{self.controller.controller_uuid} {self.cloud}")

    @property
    def reader(self) -> Account:
        """The account of the cluster that this backend reads with."""
        return Account.of_ours(self.id, self.cloud)

    def account(self, id_: str) -> Account:
        """Juju's account in the cluster.

        Args:
            id_: Juju's ``rbac-id``.
        """
        options = self.options.cluster
        return Account.of_juju(id_, self.cloud, untrusted=options is not None and options.untrusted)


@dataclass
class Onboarded:
    """What there is of a cluster in a controller, and what was done.

    Args:
        cloud: its name.
        account: the id of Juju's account in the cluster; None: there is none.
        endpoint: the URL of the API server; None: the controller does not know the cloud.
        storage_class: of charms that do not say; None: none.
        token_life: seconds that the token of the credential lives; None: it does not end, or nobody has looked.
        token_age: seconds since it was made, likewise; 0: it was just sent.
        changes: what was done, one line each.
        warnings: what may not work, one line each.
    """

    cloud: str
    account: str | None = None
    endpoint: str | None = None
    storage_class: str | None = None
    token_life: float | None = None
    token_age: float | None = None
    changes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


async def show(site: Site) -> Onboarded:
    """Say what there is of a cluster in the controller.

    Args:
        site: where.
    """
    found = Onboarded(site.cloud)
    with translate_refusals():
        known = await site.controller.find_cloud(found.cloud)
        if known is not None:
            found.endpoint = known.endpoint
            found.storage_class = known.config.get("workload-storage")
            credential = await site.controller.find_credential(site.tag)
            found.account = None if credential is None else credential.get("rbac-id")
    return found


def no_cluster() -> BadArguments:
    """That no access to the cluster is configured."""
    return BadArguments("options.cluster: expected a kubeconfig of the cluster to onboard", ["options.cluster"])


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
