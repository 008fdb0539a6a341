"""Where the pods of a model are, if they are in a cluster and not in memory only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from vca_jujusim.world.model import Model


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod of a cluster.

    Args:
        name: of the pod.
        uid: which of those that had the name it is.
        address: empty while it does not run.
        version: how often the charm of its application had changed when it was made.
        trouble: why it does not run, as far as the cluster says it.
    """

    name: str
    uid: str
    address: str
    version: str
    trouble: str


class Place(Protocol):
    """A model's namespace in a cluster."""

    def pod(self, name: str) -> Pod | None:
        """A pod; None: there is none, or it is not known yet."""

    def is_without(self, name: str) -> bool:
        """Whether there is no such pod, for sure."""

    def trouble(self, application: str) -> str:
        """Why the objects of an application cannot be made; empty: nothing is known to hinder it."""

    def service_address(self, application: str) -> str:
        """The address of an application's service; empty: it has none yet."""

    def follow(self, application: str) -> None:
        """Have what there is of an application in the cluster soon as it is in the model."""

    def has_cleared(self, application: str) -> bool:
        """Whether nothing of an application that goes is left but its pods."""

    def bury(self) -> None:
        """Delete the namespace; when that is gone the model is removed."""


class Clusters(Protocol):
    """The clusters behind the clouds of a controller."""

    def is_behind(self, cloud: str, credential: str) -> bool:
        """Whether models of a cloud with a credential are in a cluster."""

    async def make_model(self, cloud: str, credential: str, name: str, owner: str, region: str) -> Model:
        """Make a namespace, then the model whose it is."""

    async def try_credential(self, cloud: str, token: str) -> str:
        """Why a cluster does not take a token; empty: it does."""
