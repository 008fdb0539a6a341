"""A Juju controller for tests: the wire protocol of Juju 3.6, lives of entities, and scriptable faults.

    async with SimulatedController(endpoints=3, dead=(0,)) as sim:
        sim.faults.drop("Application.Deploy", "after")
        ...  # a client connects to sim.endpoints, with sim.username, sim.password and sim.ca_cert
        assert sim.model("ns").applications["router"].config == {"mtu": 9000}
        assert sim.counts.requests["Application.Deploy"] == 2

A request arrives in `session` and is answered by a function of `facades`, which works on `world`; request and answer
are checked against the client's schemas (`schemas`). Entities live by themselves (`world.lives`); watchers report
changes.
"""

from vca_jujusim.archives import charm_from_documents, read_archive
from vca_jujusim.charms import Charm
from vca_jujusim.controller import SimulatedController
from vca_jujusim.counts import Counts
from vca_jujusim.faults import Faults
from vca_jujusim.problems import Refusal
from vca_jujusim.schemas import SchemaError
from vca_jujusim.world.running import ActionCall, ActionFailed

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
