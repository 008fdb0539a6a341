"""What a backend uses of a Juju client: a controller and its models.

All that is above the client is written against these protocols, so that a client for another version of Juju can be
put in the place of this one. It is handed `values`, shows the `state` of its models, and raises `errors`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import IO, Any, Protocol, TypeVar

from vca_juju_common.client.state import Change, State
from vca_juju_common.client.values import (
    Ended,
    NewApplication,
    NewMachine,
    NewModel,
    NewResource,
    OptionValue,
    Origin,
    Progress,
    StoreCharm,
)

R = TypeVar("R")


class MachineRequests(Protocol):
    """Requests about the machines of a model."""

    async def add_machine(self, new: NewMachine) -> str:
        """Make a machine; see `add_machines`.

        Args:
            new: what to ask for.

        Returns:
            The machine's id.
        """

    async def add_machines(self, new: NewMachine, count: int) -> list[str]:
        """Make machines that are alike. Those that are made after the caller was cancelled are destroyed.

        Args:
            new: what to ask for.
            count: how many.

        Returns:
            The machines' ids.

        Raises:
            ApiError: the controller refuses some; those that it made are destroyed.
        """

    async def undo_machines(self, machines: Sequence[str]) -> None:
        """Destroy machines that nobody will know of: now, or if that fails when the controller is back.

        Args:
            machines: their ids; those that a unit came to after all stay.
        """

    async def destroy_machines(self, machines: Sequence[str], *, keep: bool = False) -> None:
        """Ask for the end of machines, by force. Those that are gone are not an error.

        Args:
            machines: their ids.
            keep: whether what they are stays, and only Juju forgets it.
        """

    async def keep_instances(self, machines: Sequence[str]) -> None:
        """Ask the controller to keep the instances of machines that are removed later. Missing ones are ignored.

        Args:
            machines: their ids.
        """

    async def provisioning_script(self, machine: str, nonce: str) -> str:
        """Return the script that makes a host a machine. It is a secret: it holds the agent's password.

        Args:
            machine: the machine's id.
            nonce: what the machine was made with.
        """


class ApplicationRequests(Protocol):
    """Requests about the applications of a model, and their units and relations."""

    async def deploy(self, new: NewApplication) -> None:
        """Deploy an application.

        Args:
            new: the application.

        Raises:
            ApiError: the controller refuses it.
        """

    async def set_charm(self, new: NewApplication) -> None:
        """Give an application another charm, or revision, and values of options with it.

        Args:
            new: the application as it is to be.
        """

    async def resolve_units(self, units: Sequence[str]) -> None:
        """Have units in error run the hook again that failed. Those that are not in error any more are no error.

        Args:
            units: their names.
        """

    async def destroy_applications(self, names: Sequence[str], *, destroy_storage: bool, force: bool = False) -> None:
        """Ask for the end of applications.

        Args:
            names: their names.
            destroy_storage: whether their storage is destroyed with them, or released.
            force: whether what fails on the way is ignored.

        Raises:
            ApiError: the controller refuses it, or says that one of them is not there.
        """

    async def destroy_consumed(self, names: Sequence[str]) -> None:
        """Ask for the end of remote applications, as other models' offers are called where they are consumed.

        Args:
            names: their names.

        Raises:
            ApiError: the controller refuses it, or says that one of them is not there.
        """

    async def get_config(self, application: str) -> dict[str, OptionValue]:
        """Read the options of an application's charm, and their values now.

        Args:
            application: its name.

        Returns:
            The options, by name.
        """

    async def set_config(self, application: str, values: Mapping[str, Any]) -> None:
        """Set options of an application.

        Args:
            application: its name.
            values: in their types, by option; None: the charm's default again.
        """

    async def add_units(self, application: str, machines: Sequence[str]) -> None:
        """Ask for units.

        Args:
            application: its name.
            machines: where they go, one to each.
        """

    async def destroy_units(self, units: Sequence[str], *, destroy_storage: bool) -> None:
        """Ask for the end of units. Those that are gone are not an error.

        Args:
            units: their names.
            destroy_storage: whether their storage is destroyed with them, or released.
        """

    async def add_relation(self, end_1: str, end_2: str) -> None:
        """Relate two applications; related ones stay so.

        Args:
            end_1: ``application:endpoint``.
            end_2: the other one.

        Raises:
            ApiError: the controller refuses it.
        """

    async def remove_relation(self, end_1: str, end_2: str) -> None:
        """Ask for the end of a relation. One that is not there is not an error.

        Args:
            end_1: ``application:endpoint``.
            end_2: the other one.
        """


class CharmRequests(Protocol):
    """Requests about charms and their resources."""

    async def add_store_charm(
        self, name: str, base: str, arch: str, channel: str | None, revision: int | None, *, force: bool
    ) -> StoreCharm:
        """Bring a charm of Charmhub into the model.

        Args:
            name: of the charm.
            base: that it will run on, ``ubuntu@22.04``.
            arch: that it will run on.
            channel: ``track/risk``, one of them or None: ``stable``.
            revision: None: the channel's.
            force: whether a base that it does not support is taken.

        Raises:
            ApiError: the controller cannot fetch it.
        """

    async def upload_charm(self, file: IO[bytes], size: int, progress: Progress) -> str:
        """Upload a charm into the model.

        Args:
            file: the charm, as an archive.
            size: how many bytes it has.
            progress: called with how far it is.

        Returns:
            The charm's URL there.

        Raises:
            ApiError: the controller refuses it.
            VcaConnectionError: it does not get there.
        """

    async def add_resources(
        self, application: str, charm_url: str, origin: Origin, resources: Sequence[NewResource]
    ) -> dict[str, str]:
        """Announce resources of an application that is about to be deployed.

        Args:
            application: its name.
            charm_url: of its charm.
            origin: where the charm comes from.
            resources: those that it will have.

        Returns:
            The id of each, by name.
        """

    async def upload_resource(
        self, application: str, name: str, pending_id: str, file: IO[bytes], filename: str, progress: Progress
    ) -> None:
        """Upload a file resource that was announced.

        Args:
            application: name of the application.
            name: of the resource.
            pending_id: what `add_resources` gave for it.
            file: its bytes.
            filename: what the charm declares for it.
            progress: called with how far it is.
        """


class ActionRequests(Protocol):
    """Requests about the actions of charms."""

    async def declared_actions(self, application: str) -> dict[str, Mapping[str, Any]]:
        """Read the schemas of the actions that an application's charm declares.

        Args:
            application: its name.

        Returns:
            The schemas, by the actions' names.
        """

    async def enqueue_action(self, application: str, unit: str | None, action: str, params: Mapping[str, Any]) -> str:
        """Ask for a run of an action. One that begins after the caller was cancelled is cancelled.

        Args:
            application: its name.
            unit: which one; None: the leader, which the controller finds.
            action: its name.
            params: its parameters.

        Returns:
            The run's id.

        Raises:
            ApiError: the controller refuses it; `ApiError.has_no_leader` says whether it may take it later.
        """

    async def action_result(self, action: str) -> Ended:
        """Read how a run stands, and what it gave.

        Args:
            action: the run's id.

        Raises:
            ApiError: the controller does not know it.
        """

    async def cancel_action(self, action: str) -> None:
        """Ask for the end of a run. One that has ended, or is gone, is not an error.

        Args:
            action: the run's id.
        """


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

    async def wait(self, look: Callable[[], R | None], again: Callable[[], float | None] | None = None) -> R:
        """Wait for something in the state. It is looked at now, and after every change.

        Args:
            look: finds it, or raises what makes it impossible; None: not yet.
            again: seconds after which to look again, whatever changes; None: only after changes.

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

    async def full_status(self, application: str | None) -> dict[str, Any]:
        """Read what the controller knows of the model, as its wire has it.

        Args:
            application: the one to look at, with what it is related to; None: all of the model.
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

    async def open(self) -> None:
        """Connect.

        Raises:
            VcaConnectionError: it cannot be reached, or refuses the login.
        """

    async def close(self) -> None:
        """Disconnect from everything."""

    async def version(self) -> str:
        """Ask for the version of Juju that the controller runs."""

    def unclaimed_machines(self) -> dict[str, list[str]]:
        """The machines that may have come of requests whose answers were lost, and that bear no note, by model.

        They are neither used nor destroyed.
        """

    async def models(self) -> dict[str, str]:
        """List the user's own models.

        Returns:
            The uuids, by name.
        """

    def use(self, name: str, new: NewModel | None = None, *, reads: bool = False) -> AbstractAsyncContextManager[Model]:
        """Use a model; it is connected and watched meanwhile.

        Args:
            name: of the model, matched exactly.
            new: makes it where there is none; None: a missing one is not made.
            reads: whether it is only looked at: then nothing that is owed is undone now.

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

    async def destroy_offers(self, urls: Sequence[str]) -> None:
        """Ask for the end of offers, with what consumes them. Those that are gone are not an error.

        Args:
            urls: theirs.
        """
