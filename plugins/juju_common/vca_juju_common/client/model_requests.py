"""The requests that a model takes of a backend, by what they are about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import IO, Any, Protocol

from vca_core.charm import Resource
from vca_juju_common.client.channels import Channel
from vca_juju_common.client.values import (
    ConsumableOffer,
    Declared,
    Ended,
    Endpoint,
    HeldResource,
    NewApplication,
    NewMachine,
    NewResource,
    OptionValue,
    Origin,
    Progress,
    StoreCharm,
)


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
        """Destroy machines that have lost their owner: now, or, if that fails, when the controller is back.

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
        """Have units in error run their failed hook again. Those that are not in error any more are no error.

        Args:
            units: their names.
        """

    async def destroy_applications(
        self, names: Sequence[str], *, destroy_storage: bool, force: bool = False, max_wait: float | None = None
    ) -> None:
        """Ask for the end of applications.

        Args:
            names: their names.
            destroy_storage: whether their storage is destroyed with them, or released.
            force: whether what fails on the way is ignored.
            max_wait: seconds that a step may take where it is forced; None: Juju's own limit.

        Raises:
            ApiError: the controller refuses it, or says that one of them is not there.
        """

    async def consume(self, alias: str, offer: ConsumableOffer, source: str | None) -> None:
        """Have an offer of another model in this one, as a remote application. One that is there stays.

        Args:
            alias: name of the remote application.
            offer: what is consumed.
            source: how the other controller is called, where the offer is not of this one.

        Raises:
            ApiError: the controller refuses it.
        """

    async def destroy_consumed(self, names: Sequence[str], *, force: bool = False) -> None:
        """Ask for the end of remote applications, as other models' offers are called where they are consumed.

        Args:
            names: their names.
            force: whether what fails on the way is ignored.

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

    async def has_trust(self, application: str) -> bool:
        """Ask whether an application may use the cloud's credentials.

        Args:
            application: its name.
        """

    async def get_constraints(self, application: str) -> dict[str, Any]:
        """Read the constraints of an application, of further machines or of pods.

        Args:
            application: its name.

        Returns:
            Those that it has, by Juju's names.
        """

    async def add_units(self, application: str, machines: Sequence[str]) -> None:
        """Ask for units.

        Args:
            application: its name.
            machines: where they go, one to each.
        """

    async def scale_to(self, application: str, number: int) -> None:
        """Ask for so many units of an application on Kubernetes.

        Args:
            application: its name.
            number: how many.

        Raises:
            ApiError: the controller refuses it, as while the application is still being scaled.
        """

    async def destroy_units(self, units: Sequence[str], *, destroy_storage: bool) -> None:
        """Ask for the end of units. Those that are gone are not an error.

        Args:
            units: their names.
            destroy_storage: whether their storage is destroyed with them, or released.
        """

    async def add_relation(self, end_1: str, end_2: str) -> bool:
        """Relate two applications; related ones stay so.

        Args:
            end_1: ``application:endpoint``.
            end_2: the other one.

        Returns:
            Whether they are; False: their earlier relation is going still, and nothing was made.

        Raises:
            ApiError: the controller refuses it.
        """

    async def find_relation(self, end_1: str, end_2: str) -> str | None:
        """Ask which relation there is between two ends, whatever has been reported.

        Args:
            end_1: ``application:endpoint``.
            end_2: the other one.

        Returns:
            Its id; None: there is none.
        """

    async def remove_relation(self, end_1: str, end_2: str) -> None:
        """Ask for the end of whatever relation there is between two ends.

        Args:
            end_1: ``application:endpoint``.
            end_2: the other one.

        Raises:
            ApiError: the controller refuses it, or says that there is none.
        """

    async def remove_one_relation(self, id_: str, *, force: bool = False) -> None:
        """Ask for the end of one relation: not of another one of the same ends that was made after it.

        Args:
            id_: its id.
            force: whether what fails on the way is ignored.

        Raises:
            ApiError: the controller refuses it, or says that it is not there; not, where an earlier request, whose
                answer was lost, may have removed it.
        """


class CharmRequests(Protocol):
    """Requests about charms and their resources."""

    async def add_store_charm(
        self, name: str, base: str, arch: str, channel: Channel | None, revision: int | None, *, force: bool
    ) -> StoreCharm:
        """Bring a charm of Charmhub into the model.

        Args:
            name: of the charm.
            base: that it will run on, ``ubuntu@22.04``.
            arch: that it will run on.
            channel: None: ``latest/stable``.
            revision: None: the channel's.
            force: whether a base that it does not support is taken.

        Raises:
            ApiError: the controller cannot fetch it.
        """

    async def origin_of(self, application: str) -> Origin:
        """Read where the charm of an application came from.

        Args:
            application: its name.
        """

    async def resolve_channel(self, name: str, base: str, arch: str, channel: Channel) -> Channel | None:
        """Ask for the channel that a charm of Charmhub comes from where one is asked for: it may lack the risk.

        Args:
            name: of the charm.
            base: that it runs on, ``ubuntu@22.04``.
            arch: that it runs on.
            channel: that is asked for.

        Raises:
            ApiError: there is no such charm, or channel of it.
        """

    async def declared_resources(self, charm_url: str) -> dict[str, Resource]:
        """Read the resources that a charm of the model declares.

        Args:
            charm_url: of the charm.

        Returns:
            The resources, by name.
        """

    async def declared_parts(self, charm_url: str) -> Declared:
        """Read what a charm of the model declares that Juju does not change on Kubernetes.

        Args:
            charm_url: of the charm.
        """

    async def declared_endpoints(self, charm_url: str) -> dict[str, Endpoint]:
        """Read where a charm of the model can be related.

        Args:
            charm_url: of the charm.

        Returns:
            The endpoints, by name.
        """

    async def held_resources(self, application: str) -> dict[str, HeldResource]:
        """Read the resources that an application holds.

        Args:
            application: its name.

        Returns:
            The resources, by name; those that it still lacks are left out.
        """

    async def published_resources(self, charm_url: str, origin: Origin) -> dict[str, int]:
        """Ask which revisions of its resources a charm of Charmhub has now.

        Args:
            charm_url: of the charm.
            origin: where it comes from; its channel decides.

        Returns:
            The revisions, by the resources' names.

        Raises:
            ApiError: the controller cannot find out.
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
        """Announce resources of an application that is about to be deployed, or to get another charm.

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
        """Read the state of a run, and its output.

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
