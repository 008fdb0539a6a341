"""A whole network service from one file: its VNFs, their charms, relations and Day-1 primitives.

::

    ns_file     the NS file, checked
    read        from a file or mapping to a `Service`
    plan        the steps that bring it up, and which waits for which
    inputs      what a step is made of, and what is secret of it
    charms      what counts of its charms
    seals       whether secrets changed, without keeping them
    ledger      what was done already, kept in the status store
    living      what lives of it already, on whichever connector
    comparison  whether what was done would be done otherwise now
    left_out    what was done, and is not in the file any more
    apply       does what is still missing, in parallel where nothing orders it
    lease       one apply of a service at a time, whichever processes share its store
"""

from __future__ import annotations

from vca_core.config import References
from vca_core.service.apply import Applied, Apply
from vca_core.service.left_out import LeftOut
from vca_core.service.ns_file import Primitive, Relation, Service, Vnf
from vca_core.service.plan import Joint, Plan, Step, StepState, plan
from vca_core.service.read import read_service

__all__ = [
    "Applied",
    "Apply",
    "Joint",
    "LeftOut",
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
