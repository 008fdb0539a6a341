"""A Juju controller for tests: the wire protocol of Juju 3.6, lives of entities, and scriptable faults."""

from jujusim.charms import Charm, charm_from_documents, read_archive
from jujusim.controller import SimulatedController
from jujusim.counts import Counts
from jujusim.faults import Faults
from jujusim.problems import Refusal
from jujusim.schemas import SchemaError
from jujusim.world.running import ActionCall, ActionFailed

__all__ = [
    "ActionCall",
    "ActionFailed",
    "Charm",
    "Counts",
    "Faults",
    "Refusal",
    "SchemaError",
    "SimulatedController",
    "charm_from_documents",
    "read_archive",
]
