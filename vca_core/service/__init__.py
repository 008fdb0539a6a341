"""A whole network service from one file: its VNFs, their charms, relations and Day-1 primitives.

::

    ns_file   the NS file, checked
    read      from a file or mapping to a `Service`
    plan      the steps that bring it up, and which waits for which
    ledger    what was done already, kept in the status store
    apply     does what is still missing, in parallel where nothing orders it
    seals     whether secrets changed, without keeping them
    lock      one apply of a service at a time
"""

from __future__ import annotations

from vca_core.config import References
from vca_core.service.apply import Applied, Apply
from vca_core.service.ns_file import Primitive, Relation, Service, Vnf
from vca_core.service.plan import Joint, Plan, Step, StepState, plan
from vca_core.service.read import read_service

__all__ = [
    "Applied",
    "Apply",
    "Joint",
    "Plan",
    "Primitive",
    "References",
    "Relation",
    "Service",
    "Step",
    "StepState",
    "Vnf",
    "plan",
    "read_service",
]
