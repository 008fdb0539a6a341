"""What a config can set of a connector on Juju machines, and what callers can of its operations."""

from __future__ import annotations

import os
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, AliasChoices, Field, model_validator

from vca_core.backend import Options
from vca_core.charm.placement import check_placement
from vca_core.text_files import Unreadable, read_text
from vca_core.usable_files import problem_of_new_folder
from vca_juju_common.client.transport.endpoints import Endpoint
from vca_juju_common.options import BaseName, CharmOptions, Constraints, JujuOptions, Text


class JujuMachineOptions(JujuOptions):
    """Options of a connector on Juju machines."""

    base: BaseName | None = None
    """The base of new machines for which neither the caller nor the charm says one; None: the model's default."""
    constraints: Constraints = Field(default_factory=dict)
    """Of new machines: ``mem=4G cores=2``, or by name."""
    api_proxy: Annotated[Text | None, Field(validation_alias=AliasChoices("api_proxy", "apiproxy"))] = None
    """The address by which registered hosts reach the controller, where they cannot do so by its own."""
    host_keys: Literal["strict", "accept-new", "off"] = "accept-new"
    """How the ssh host keys of registered hosts are checked."""
    known_hosts: Text = "vca_known_hosts"
    """The file that keeps them."""

    @model_validator(mode="after")
    def _proxy_is_an_address(self) -> JujuMachineOptions:
        if self.api_proxy is not None:
            Endpoint.parse(self.api_proxy)
        return self

    def problems_of_files(self, folder: Path) -> Iterable[str]:
        """See `Options.problems_of_files`: also whether the file of hosts' keys is one, or can be made."""
        yield from super().problems_of_files(folder)
        file = folder / Path(self.known_hosts).expanduser()
        if self.host_keys == "off" or find_spec("asyncssh") is None:  # nobody reads it then
            return
        if (problem := problem_of_new_folder(file.parent)) is not None:
            yield f"known_hosts: {problem}"
            return
        import asyncssh  # it takes a second

        found = read_text(file) if os.path.lexists(file) else ""
        if isinstance(found, Unreadable):
            yield f"known_hosts: {file}: {found.reason}"
            return
        try:
            asyncssh.import_known_hosts(found)
        except ValueError as error:
            yield f"known_hosts: {file}: {error}"


class CreateOptions(Options):
    """Options of `create_execution_environment`."""

    base: BaseName | None = None
    """The machine's base; None: the newest that both the artifact and Juju support, else the connector's."""
    constraints: Constraints = Field(default_factory=dict)
    """Beside those of the connector, and before them."""
    placement: Annotated[Text, AfterValidator(check_placement)] | None = None
    """Where: ``lxd:0``, ``zone=a``, as Juju's command takes it; None: wherever."""


class InstallOptions(CharmOptions):
    """Options of `install_configuration_sw`."""


class UpgradeOptions(InstallOptions):
    """Options of `upgrade`."""

    force_units: bool = False
    """Have units in error take the charm, too; Juju keeps it from them otherwise."""
