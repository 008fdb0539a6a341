"""What backends and the core refuse, in one wording: each function makes the error, and the caller raises it.

It is about execution environments, about the charm that one has already, about charms that are to be installed, about
machines, or about relations.
"""

from __future__ import annotations

from vca_core.refusals.charms import (
    block_storage,
    forbidden_profile,
    newer_juju,
    not_installable,
    pod_specs,
    shared_storage,
    subordinate_charm,
    unmet_assumptions,
    wrong_substrate,
)
from vca_core.refusals.environments import (
    already_exists,
    host_taken,
    no_charm,
    no_environment,
    no_primitive,
    no_unit,
    removal_under_way,
    shared_application,
    shared_model,
)
from vca_core.refusals.installed import (
    another_channel,
    another_charm,
    another_constraint,
    another_resource,
    another_revision,
    another_storage,
    another_version,
    broken_relation,
    fewer_units,
    lost_storage,
    lower_limit,
    not_a_version,
)
from vca_core.refusals.machines import (
    old_bases,
    refused_placement,
    unfit_architecture,
    unmade_base,
    unmade_host_base,
    unsupported_base,
)
from vca_core.refusals.relations import container_scope, limit_reached, related_to_itself, unreachable_end

__all__ = [
    "already_exists",
    "another_channel",
    "another_charm",
    "another_constraint",
    "another_resource",
    "another_revision",
    "another_storage",
    "another_version",
    "block_storage",
    "broken_relation",
    "container_scope",
    "fewer_units",
    "forbidden_profile",
    "host_taken",
    "limit_reached",
    "lost_storage",
    "lower_limit",
    "newer_juju",
    "no_charm",
    "no_environment",
    "no_primitive",
    "no_unit",
    "not_a_version",
    "not_installable",
    "old_bases",
    "pod_specs",
    "refused_placement",
    "related_to_itself",
    "removal_under_way",
    "shared_application",
    "shared_model",
    "shared_storage",
    "subordinate_charm",
    "unfit_architecture",
    "unmade_base",
    "unmade_host_base",
    "unmet_assumptions",
    "unreachable_end",
    "unsupported_base",
    "wrong_substrate",
]
