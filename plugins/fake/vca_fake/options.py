"""What a config can set of the fake."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    InstanceOf,
    SecretStr,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)

from vca_core.backend import Options
from vca_core.charm.bases import check_base
from vca_core.charm.constraints import parse_constraints
from vca_core.charm.images import check_reference
from vca_core.charm.placement import check_placement
from vca_core.charm.storage_requests import StorageRequest, parse_storage
from vca_core.usable_files import problem_of_database, problem_of_new_folder
from vca_fake.recorder import Recorder
from vca_fake.script import Rule, Script

Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
BaseName = Annotated[str, AfterValidator(check_base)]


Text = Annotated[str, Field(min_length=1)]

Constraints = Annotated[dict[str, Any], BeforeValidator(parse_constraints)]


class Between(Options):
    """A latency that is drawn anew for each step, the same for the same seed.

    Args:
        least: seconds.
        most: seconds.
    """

    least: Seconds = 0.0
    most: Seconds

    @model_validator(mode="after")
    def _check_order(self) -> Between:
        if self.least > self.most:
            raise ValueError("least: expected at most what most is")
        return self


def _rules(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    return value if isinstance(value, Script) else handler(value)


class FakeOptions(Options):
    """Options of a connector on the fake."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    latency: Seconds | Between = 0.0
    """Seconds that each step of a life takes: a machine that comes up, a unit that settles, an action that runs."""
    seed: int = 0
    """What random latencies are drawn by."""
    kind: Literal["machine", "k8s"] = "machine"
    """Whether EEs have machines, or are applications on Kubernetes."""
    base: BaseName = "ubuntu@22.04"
    """The base of machines for which none is asked for."""
    state: Annotated[str, Field(min_length=1)] | None = None
    """A SQLite file with what exists, shared by all processes that name it; None: in memory."""
    programs: Annotated[str, Field(min_length=1)] | None = None
    """A folder for charms and units: the programs of charms' actions are run in it; None: none is run."""
    script: Annotated[list[Rule], WrapValidator(_rules)] = Field(default_factory=list)
    """What is to happen instead of what would; from Python also a `Script`."""
    recorder: InstanceOf[Recorder] | None = None
    """Keeps what is asked of the fake; from Python only."""

    def problems_of_files(self, folder: Path) -> Iterable[str]:
        """See `Options.problems_of_files`: whether ``state`` is a database, or can be one, and `programs` a folder."""
        for name, given, look in (
            ("state", self.state, problem_of_database),
            ("programs", self.programs, problem_of_new_folder),
        ):
            if given is not None and (problem := look(folder / given)) is not None:
                yield f"{name}: {problem}"


class CreateOptions(Options):
    """Options of `create_execution_environment`."""

    base: BaseName | None = None
    """The machine's base; None: one that the artifact supports, or the connector's."""
    constraints: Constraints = Field(default_factory=dict)
    """Of the machine, as Juju takes them: checked, and nothing more comes of them."""
    placement: Annotated[Text, AfterValidator(check_placement)] | None = None
    """Where Juju would put the machine: checked, and a container is as its machine."""


class Image(Options):
    """An image, and how to log in to its registry."""

    image: Annotated[str, AfterValidator(check_reference)]
    """Its reference."""
    username: Text | None = None
    """Who may have it; None: everybody."""
    password: SecretStr | None = None
    """Of the user."""


class InstallOptions(Options):
    """Options of `install_configuration_sw`; all but ``force`` are checked, and nothing more comes of them."""

    force: bool = False
    """Install a charm on a base that it does not support, or that assumes what Juju does not have."""
    resolve: bool = False
    """Have units in error run the hook again that failed; in the fake, no hook fails."""
    trust: bool = False
    """Give the charm access to the cloud's credentials."""
    resources: dict[str, Text | Annotated[int, Field(ge=0, strict=True)] | Image] = Field(
        default_factory=dict, repr=False
    )
    """The charm's resources by name: paths of files, references of images, or images with their registry."""
    constraints: Constraints = Field(default_factory=dict)
    """Of the units' pods, on Kubernetes only."""
    storage: Annotated[dict[str, StorageRequest], BeforeValidator(parse_storage)] = Field(default_factory=dict)
    """By the charm's names, on Kubernetes only: ``pool,size,count``."""


class UpgradeOptions(InstallOptions):
    """Options of `upgrade`."""

    force_units: bool = False
    """Have units in error take the charm, too; in the fake, no unit is in error."""
