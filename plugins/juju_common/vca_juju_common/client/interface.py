"""What a backend uses of a Juju client: a controller and its models.

All that is above the client is written against these protocols, so that a client for another version of Juju can be
put in the place of this one. It is handed `values`, shows the `state` of its models, and raises `errors`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol, TypeVar

from vca_juju_common.client.model_requests import (
    ActionRequests,
    ApplicationRequests,
    CharmRequests,
    MachineRequests,
)
from vca_juju_common.client.state import State
from vca_juju_common.client.things import Change, Key
from vca_juju_common.client.values import Cloud, ConsumableOffer, KubernetesCloud, NewModel, Offered

R = TypeVar("R")


class Model(MachineRequests, ApplicationRequests, CharmRequests, ActionRequests, Protocol):
    """A model that is connected and watched for as long as it is used."""

    @property
    def uuid(self) -> str:
        """The model's uuid."""

    @property
    def name(self) -> str:
        """The model's name, as the user sees it."""

    @property
    def state(self) -> State:
        """What is known of the model now. It is always the same object, and changes in place."""

    @property
    def is_gone(self) -> bool:
        """Whether the model is known to be gone."""

    async def wait(
        self,
        look: Callable[[], R | None],
        pause: Callable[[], float | None] | None = None,
        *,
        agents: Callable[[], Collection[Key]] | None = None,
        since: float | None = None,
    ) -> R:
        """Wait for something in the state. It is checked now, and after every change.

        Args:
            look: finds it, or raises what makes it impossible; None: not yet.
            pause: seconds after which to look again, whatever changes; None: only after changes.
            agents: gives the machines and units that have to do something: when one is silent for long, whatever else
                changes, the controller is asked how it is; none: all of the model.
            since: when this began, as a time of the loop, where it is waited for in several steps; None: now.

        Returns:
            What was found.

        Raises:
            NotFound: the model is gone.
            VcaConnectionError: it cannot be connected any more, or has not been for as long as an outage may last.
        """

    async def reread(self) -> None:
        """Read the state as a whole, as after a break.

        Raises:
            NotFound: the model is gone.
        """

    async def check_presence(self) -> None:
        """Put agents that the controller hears nothing from into the state; asked for at most once a minute."""

    async def annotate(self, tags: Sequence[str], notes: Mapping[str, str]) -> None:
        """Note the same at one or several entities.

        Args:
            tags: the entities'.
            notes: texts by name; an empty one takes a note away.
        """

    async def read_notes(self, tag: str) -> dict[str, str]:
        """Read what is noted at an entity now.

        Args:
            tag: the entity's.

        Returns:
            Texts by name.
        """

    async def undo_note(self, tag: str, name: str, text: str) -> None:
        """Remove a note that has lost its owner: now, or, if that fails, when the controller is back.

        Args:
            tag: the entity's.
            name: of the note.
            text: what it says; another one stays.
        """

    async def undo_or_owe(self, what: str, undo: Callable[[Any], Awaitable[None]]) -> None:
        """Undo something that has lost its owner: now, or, if that fails, when the controller is back.

        Args:
            what: it is, for the log.
            undo: undoes it in the model that it is given, which may be connected anew. What is there no more, or
                belongs to others, it leaves alone.
        """

    async def full_status(self, application: str | None) -> dict[str, Any]:
        """Read what the controller knows of the model, as its wire has it.

        Args:
            application: the one to look at, with what it is related to; none: all of the model.
        """

    async def get_metrics(self, applications: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
        """Read the latest metrics of applications' units.

        Args:
            applications: their names, at least one.

        Returns:
            Mappings of ``key``, ``value`` and ``time``, by unit.
        """


Observer = Callable[[Model, Sequence[Change]], None]
"""Told of what changed in a model, after the state has it and before those who wait look at it."""


class Controller(Protocol):
    """A controller that is logged in to, and its models."""

    @property
    def addresses(self) -> list[str]:
        """Where the controller is, as far as it is known now: ``host:port`` each, the best one first."""

    @property
    def username(self) -> str:
        """Who is logged in."""

    @property
    def controller_uuid(self) -> str:
        """The controller's uuid; empty before the first login."""

    @property
    def server_version(self) -> str:
        """The version of Juju that the controller had at the last login; empty before the first one."""

    async def open(self) -> None:
        """Connect.

        Raises:
            VcaConnectionError: it cannot be reached, or refuses the login.
        """

    async def close(self) -> None:
        """Disconnect from everything."""

    async def version(self) -> str:
        """Ask for the version of Juju that the controller runs."""

    async def read_cloud(self, name: str) -> Cloud:
        """Ask what a cloud is.

        Args:
            name: of the cloud.

        Raises:
            BadArguments: the controller knows no such cloud.
        """

    async def find_cloud(self, name: str) -> KubernetesCloud | None:
        """Read what a cloud of Kubernetes is; None: there is no cloud of that name.

        Args:
            name: of the cloud.

        Raises:
            BackendError: it is another kind of cloud.
        """

    async def put_cloud(self, name: str, cloud: KubernetesCloud, *, is_there: bool) -> None:
        """Add a cloud of Kubernetes, or replace what is known of it.

        Args:
            name: of the cloud.
            cloud: what it is.
            is_there: whether there is one of that name.

        Raises:
            ApiError: the controller refuses it.
        """

    async def remove_cloud(self, name: str) -> bool:
        """Remove a cloud, and say whether it was there.

        Args:
            name: of the cloud.

        Raises:
            ApiError: models use it.
        """

    async def models_on(self, name: str, user: str) -> list[str]:
        """List the models that use a cloud, as ``owner/name``, whoever has them, and with whichever credential.

        Args:
            name: of the cloud.
            user: who asks; only who may do everything is told of others' models.
        """

    async def credentials_of(self, name: str, user: str) -> list[str]:
        """The tags of the credentials of a cloud, whoever has them.

        Args:
            name: of the cloud.
            user: who asks; only who may do everything is told of others' credentials.
        """

    async def find_credential(self, tag: str) -> dict[str, str] | None:
        """Read the attributes of a credential that are not secret; None: it is not there.

        Args:
            tag: the credential's.
        """

    async def read_token(self, cloud: str, name: str) -> str | None:
        """Read the token of a credential of the user who is logged in; None: no valid one is shown.

        Args:
            cloud: of the credential.
            name: of the credential.
        """

    async def put_credential(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Add a credential of a token, or replace it.

        Args:
            tag: the credential's.
            attributes: by Juju's names.

        Raises:
            ApiError: the controller, or a model that uses it, refuses it.
        """

    async def remove_credential(self, tag: str) -> bool:
        """Remove a credential, and say whether it was there.

        Args:
            tag: the credential's.

        Raises:
            ApiError: models use it.
        """

    def unclaimed_machines(self) -> dict[str, list[str]]:
        """The machines that are nobody's, by model: they bear no note and no unit.

        They may have come of requests whose answers were lost. They are neither used nor destroyed. The models that are
        connected are looked at: those in use, and for a while those that were.
        """

    async def models(self) -> dict[str, str]:
        """List the user's own models.

        Returns:
            The uuids, by name.
        """

    def use(
        self, name: str, new: NewModel | None = None, *, reads: bool = False, anew: bool = False
    ) -> AbstractAsyncContextManager[Model]:
        """Use a model; it is connected and watched meanwhile.

        Args:
            name: of the model, matched exactly.
            new: makes it where there is none; None: a missing one is not made.
            reads: whether it is only looked at: then nothing that is owed is undone now.
            anew: whether its state is read as a whole first, since what other clients did may not have arrived yet.

        Raises:
            NotFound: there is no such model.
        """

    async def forget(self, model: Model) -> None:
        """Disconnect from a model, as one that is gone.

        Args:
            model: which one.
        """

    async def wait_gone(self, model: Model) -> None:
        """Wait until the controller lists a model no more. The caller's deadline bounds it.

        Args:
            model: which one.
        """

    async def destroy(self, uuid: str, *, destroy_storage: bool, force: bool, max_wait: float | None = None) -> None:
        """Ask for the end of a model. From then on, nothing connects to it that is not asked to.

        Args:
            uuid: the model's.
            destroy_storage: whether its storage is destroyed with it, or released.
            force: whether what fails on the way is ignored.
            max_wait: seconds that a step may take where it is forced.

        Raises:
            ApiError: the controller refuses it, or says that the model is not there.
        """

    async def read_features(self, uuid: str) -> dict[str, str]:
        """Read what charms in a model may assume.

        Args:
            uuid: the model's.

        Returns:
            The versions, by the features' names; empty ones are not known.
        """

    async def is_no_model(self, uuid: str) -> bool:
        """Whether there is no model of a uuid. A login to it tells that to any user; no request of a facade does.

        Args:
            uuid: the model's.

        Raises:
            VcaConnectionError: the controller cannot be reached.
        """

    async def make_offer(self, owner: str, model: str, name: str, application: str, endpoint: str) -> None:
        """Offer an endpoint of an application to other models; what is offered already stays so.

        Args:
            owner: the user who offers it.
            model: the model's uuid.
            name: of the offer.
            application: whose endpoint it is.
            endpoint: its name.

        Raises:
            ApiError: the controller refuses it.
        """

    async def find_offer(self, url: str) -> ConsumableOffer:
        """Read what is needed to consume an offer.

        Args:
            url: the offer's, ``owner/model.name``.

        Raises:
            ApiError: there is none.
        """

    async def read_offer(self, url: str) -> Offered | None:
        """Read whose an offer is, and who has relations to it.

        Args:
            url: the offer's.

        Returns:
            What is known of it; None: there is no such offer.
        """

    async def destroy_offers(self, urls: Sequence[str], *, force: bool = True) -> None:
        """Ask for the end of offers. Those that are gone are not an error.

        Args:
            urls: theirs.
            force: whether they go with their relations; else those that are related are refused.

        Raises:
            ApiError: the controller refuses it.
        """
