"""What backends and the core refuse, in one wording: each function makes the error, and the caller raises it.

There is an EE already (`already_exists`, `removal_under_way`, `shared_application`, `shared_model`), something is
missing (`no_environment`, `no_charm`, `no_unit`, `no_primitive`), a charm does not fit (`not_installable`,
`another_charm`, `another_version`, `another_channel`, `another_revision`, `another_resource`, `not_a_version`,
`subordinate_charm`, `forbidden_profile`, `unmet_assumptions`, `newer_juju`, `wrong_substrate`, `unsupported_base`,
`old_bases`, `unmade_base`, `unmade_host_base`, `unfit_architecture`), a machine cannot be made there
(`refused_placement`), there are more units (`fewer_units`), or a relation cannot be made, or kept
(`related_to_itself`, `container_scope`, `limit_reached`, `lower_limit`, `broken_relation`, `lost_storage`,
`unreachable_end`).
"""

from __future__ import annotations

from collections.abc import Iterable

from vca_core.errors import AlreadyExists, BadArguments, ConflictError, NotFound, NotSupported
from vca_core.naming import EeId, Namespace
from vca_core.suggestions import instead


def already_exists(ee_id: EeId, namespace: Namespace) -> AlreadyExists:
    """A namespace has an EE, so no other can be made for it.

    Args:
        ee_id: the one that it has.
        namespace: the namespace.
    """
    return AlreadyExists(f"namespace {namespace} has an EE already: {ee_id}", ee_id=str(ee_id))


def host_taken(host: str, namespace: str, ee_id: str) -> AlreadyExists:
    """A host is the machine of another EE, so it cannot be registered again.

    Args:
        host: the host, in any spelling.
        namespace: whose machine it is.
        ee_id: the EE that it is.
    """
    return AlreadyExists(f"host {host} is registered already, for namespace {namespace}: deregister {ee_id} first")


def removal_under_way(ee_id: EeId, namespace: Namespace) -> ConflictError:
    """A namespace has an EE that is being removed, so no other can be made for it yet.

    Args:
        ee_id: the one that goes.
        namespace: the namespace.
    """
    return ConflictError(
        f"the EE {ee_id} of namespace {namespace} is being removed; try again when it is gone", ee_id=str(ee_id)
    )


def shared_application(namespace: Namespace, other: Namespace, model: str, application: str) -> BadArguments:
    """Two namespaces would have one application.

    Args:
        namespace: the one that is refused.
        other: the one that has it.
        model: the application's model.
        application: the application.
    """
    return BadArguments(
        f"namespace: {namespace} and {other} would share the application {application} of model {model}; "
        f"delete {other} first, or rename one of them",
        ["namespace"],
    )


def shared_model(ns_id: str, other: str, model: str) -> BadArguments:
    """Two NSs would have one model.

    Args:
        ns_id: of the NS that is refused.
        other: of the one that has it.
        model: the model.
    """
    return BadArguments(
        f"namespace: NS {ns_id!r} and NS {other!r} would share the model {model}; delete NS {other!r} first, or "
        "rename one of them",
        ["namespace"],
    )


def no_environment(ee_id: EeId) -> NotFound:
    """An EE does not exist, or no longer does."""
    return NotFound(f"there is no execution environment {ee_id}", ee_id=str(ee_id))


def no_charm(model: str, application: str) -> NotFound:
    """An EE has no charm yet."""
    return NotFound(f"no charm is installed in {application} of model {model}")


def no_unit(unit: str, ee_id: EeId, units: Iterable[str]) -> NotFound:
    """An EE has no unit of that name.

    Args:
        unit: the name.
        ee_id: the EE.
        units: those that it has.
    """
    return NotFound(f"there is no unit {unit!r} in {ee_id}{instead(unit, units)}", ee_id=str(ee_id))


def no_primitive(charm: str, primitive: str, primitives: Iterable[str]) -> BadArguments:
    """A charm has no primitive of that name.

    Args:
        charm: the charm, in words: ``charm simple-router``.
        primitive: the name.
        primitives: those that it has.
    """
    return BadArguments(
        f"primitive_name: {charm} has no primitive {primitive!r}{instead(primitive, primitives)}",
        ["primitive_name"],
        shows_values=False,
    )


def another_charm(installed: str, charm: str, ee_id: EeId) -> AlreadyExists:
    """A charm cannot be installed where another one is.

    Args:
        installed: name of the charm that is there.
        charm: name of the refused one.
        ee_id: the EE.
    """
    return AlreadyExists(f"charm {installed} is installed there; {charm} needs an EE of its own", ee_id=str(ee_id))


def another_version(charm: str) -> BadArguments:
    """A charm cannot be installed where another version of it is.

    Args:
        charm: its name.
    """
    return _unfit(f"another version of charm {charm} is installed; call upgrade to bring this one")


def another_channel(charm: str, there: str, asked: str) -> BadArguments:
    """A charm that is installed follows another channel.

    Args:
        charm: its name.
        there: the channel that it follows.
        asked: the one that is asked for.
    """
    return BadArguments(
        f"options.channel: charm {charm} follows {there}; call upgrade to follow {asked}", ["options.channel"]
    )


def another_revision(charm: str, there: str, asked: int) -> BadArguments:
    """Another revision of a charm is installed.

    Args:
        charm: its name.
        there: the revision that is installed.
        asked: the one that is asked for.
    """
    return BadArguments(
        f"options.revision: revision {there} of charm {charm} is installed; call upgrade to bring {asked}",
        ["options.revision"],
    )


def another_resource(name: str) -> BadArguments:
    """Installing again replaces no resource.

    Args:
        name: of the resource.
    """
    return BadArguments(
        f"options.resources.{name}: there is another one already; call upgrade with this one to replace it",
        [f"options.resources.{name}"],
    )


def fewer_units(asked: int, there: int) -> BadArguments:
    """Installing again removes no units.

    Args:
        asked: how many are asked for.
        there: how many there are.
    """
    return BadArguments(
        f"num_units: {asked} are asked for, and there are {there}; installing removes none, scale does",
        ["num_units"],
    )


def limit_reached(end: str, limit: int) -> BadArguments:
    """An endpoint takes no further relation.

    Args:
        end: the endpoint, with its application.
        limit: how many it takes.
    """
    return BadArguments(
        f"endpoint_1, endpoint_2: {end} takes {limit} relation{'' if limit == 1 else 's'}, and has as many; remove "
        "one first",
        ["endpoint_1", "endpoint_2"],
    )


def related_to_itself(ee_id: EeId) -> BadArguments:
    """An EE cannot be related to itself.

    Args:
        ee_id: the EE.
    """
    return BadArguments(
        f"ee_id_1, ee_id_2: both are {ee_id}, and nothing is related to itself; name two EEs", ["ee_id_1", "ee_id_2"]
    )


def container_scope(end: str) -> BadArguments:
    """An endpoint is for subordinates, which no EE is.

    Args:
        end: the endpoint, with its application.
    """
    return BadArguments(
        f"endpoint_1, endpoint_2: {end} has the scope container, which is for a subordinate beside its principal, and "
        "no EE is one; expected an endpoint of the scope global",
        ["endpoint_1", "endpoint_2"],
    )


def lower_limit(charm: str, end: str, limit: int) -> BadArguments:
    """A charm's endpoint takes fewer relations than it has.

    Args:
        charm: its name.
        end: the endpoint, with its application.
        limit: how many it takes.
    """
    return _unfit(
        f"the new version of charm {charm} takes {limit} relation{'' if limit == 1 else 's'} at {end}, which has more; "
        "remove some first"
    )


def broken_relation(charm: str, relation: str) -> BadArguments:
    """A charm lacks an endpoint that is related, or has it with another role, interface or scope.

    Args:
        charm: its name.
        relation: its ends, each an application with its endpoint.
    """
    return _unfit(f"the new version of charm {charm} would break the relation {relation}; remove that first")


def lost_storage(charm: str, reason: str) -> BadArguments:
    """A version of a charm cannot have the storage that its units hold.

    Args:
        charm: its name.
        reason: what of it is otherwise.
    """
    return _unfit(
        f"the new version of charm {charm} cannot keep the storage of its units: {reason}; declare it as before"
    )


def not_a_version(installed: str, charm: str) -> BadArguments:
    """A charm cannot be upgraded to another one.

    Args:
        installed: name of the charm that is there.
        charm: name of the refused one.
    """
    return _unfit(f"charm {installed} is installed; {charm} is not another version of it")


def subordinate_charm(charm: str) -> BadArguments:
    """A subordinate charm has no EE of its own."""
    return _unfit(f"charm {charm} is a subordinate; it lives beside another charm and has no EE of its own")


def not_installable(charm: str, obstacles: Iterable[str]) -> BadArguments:
    """A charm cannot be installed as it is.

    Args:
        charm: its name.
        obstacles: why, each a sentence without its end.
    """
    return _unfit(
        f"charm {charm} cannot be installed as it is: {'; '.join(obstacles)}; fix that, or pack it first (charmcraft "
        "pack) and name the .charm file"
    )


def unmet_assumptions(charm: str, missing: Iterable[str], version: str, *, is_kubernetes: bool) -> BadArguments:
    """A charm assumes something that Juju does not have.

    Args:
        charm: its name.
        missing: what that is, in the charm's words.
        version: of Juju.
        is_kubernetes: whether it is to live there, else on machines.
    """
    where = "on Kubernetes" if is_kubernetes else "on machines"
    return _unfit(
        f"charm {charm} assumes {'; '.join(missing)}, which Juju {version} does not have {where}; choose another "
        "version of it, or create the EE without the artifact_path and install with the option force"
    )


def forbidden_profile(charm: str, problems: Iterable[str]) -> BadArguments:
    """Juju does not take a charm's profile for LXD.

    Args:
        charm: its name.
        problems: what is in it, each a sentence without its end.
    """
    return _unfit(
        f"charm {charm} has a profile for LXD that Juju does not take: {'; '.join(problems)}; fix that, or create the "
        "EE without the artifact_path and install with the option force"
    )


def newer_juju(charm: str, needed: str, version: str) -> BadArguments:
    """A charm needs a newer Juju.

    Args:
        charm: its name.
        needed: the oldest Juju that it runs with.
        version: of the Juju that there is.
    """
    return _unfit(f"charm {charm} needs Juju {needed} (min-juju-version), and this is {version}")


def wrong_substrate(charm: str, *, is_kubernetes: bool) -> BadArguments:
    """A charm is made for another kind of system than the backend's.

    Args:
        charm: its name.
        is_kubernetes: whether it is made for Kubernetes, else for machines.
    """
    where, here = ("on Kubernetes", "machines") if is_kubernetes else ("on machines", "Kubernetes")
    return _unfit(f"charm {charm} runs {where}, and this connector has {here}; choose another connector")


def pod_specs(charm: str) -> BadArguments:
    """A charm for Kubernetes has no containers: its pods would come of pod specs, which Juju 3 does not know."""
    return _unfit(
        f"charm {charm} has no containers; charms with pod specs are not run by Juju 3 any more: it needs a version "
        "with a sidecar"
    )


def block_storage(charm: str, name: str) -> BadArguments:
    """A charm needs what Juju has on machines only."""
    return _unfit(
        f"charm {charm} needs block storage ({name}), which Juju does not have on Kubernetes; install it on machines"
    )


def unsupported_base(charm: str, bases: Iterable[str], machine: str, base: str) -> BadArguments:
    """A charm does not support the base of its machine.

    Args:
        charm: its name.
        bases: those that it supports, such as ``ubuntu@22.04``.
        machine: the machine's id.
        base: the machine's base.
    """
    return _unfit(
        f"charm {charm} supports {', '.join(sorted(set(bases)))}, and machine {machine} has {base}; create it with the "
        "artifact_path, so that it gets a base that fits, or install with the option force"
    )


def old_bases(charm: str, bases: Iterable[str], supported: Iterable[str]) -> BadArguments:
    """A charm supports nothing that the backend's system makes machines of.

    Args:
        charm: its name.
        bases: those that it supports, such as ``ubuntu@18.04``.
        supported: those that there are.
    """
    return _unfit(
        f"charm {charm} supports {', '.join(sorted(set(bases)))}, and Juju makes machines of {', '.join(supported)}; "
        "to try it there, create the EE with the option base, and install with the option force"
    )


def unmade_base(base: str, supported: Iterable[str], *, asked: bool = True, charm: str | None = None) -> BadArguments:
    """The backend's system makes no machines of a base.

    Args:
        base: such as ``ubuntu@18.04``.
        supported: those that it may make machines of.
        asked: whether the caller asked for it; otherwise the charm did, or else the connector's options.
        charm: the charm that is to live there, if that is known.
    """
    why = f"the controller makes no machines of {base}"
    remedy = f"create the EE with options.base, such as {', '.join(supported)}"
    forced = "; a charm that does not support that is installed with the option force"
    if asked:
        return BadArguments(f"options.base: {why}; {remedy}{forced}", ["options.base"])
    if charm is not None:
        return _unfit(f"charm {charm} supports {base}, and {why}; {remedy}{forced}")
    return BadArguments(
        f"options.base: {why}, which the connector's options name; change them in the config, or {remedy}",
        ["options.base"],
    )


def unmade_host_base(host: str, base: str, supported: Iterable[str]) -> BadArguments:
    """The backend's system does not take a host of a base for a machine.

    Args:
        host: its name.
        base: such as ``ubuntu@18.04``.
        supported: those that it may take.
    """
    return BadArguments(
        f"credentials: host {host} has {base}, which the controller does not take; it may take {', '.join(supported)}: "
        "install one of them on the host, or register another one",
        ["credentials"],
    )


def refused_placement(placement: str, reason: str) -> BadArguments:
    """The backend's system makes no machine in a place.

    Args:
        placement: as the caller wrote it.
        reason: why, as the system says it.
    """
    return BadArguments(f"options.placement: there can be no machine at {placement}: {reason}", ["options.placement"])


def unfit_architecture(charm: str, supported: Iterable[str], machine: str, arch: str) -> BadArguments:
    """A charm does not run on its machine's architecture.

    Args:
        charm: its name.
        supported: those that it runs on.
        machine: the machine's id.
        arch: the machine's.
    """
    return _unfit(
        f"charm {charm} supports {', '.join(sorted(supported))}; machine {machine} is {arch}; install it on another "
        "machine"
    )


def unreachable_end(connector: str) -> NotSupported:
    """An EE of another connector cannot be related from here."""
    return NotSupported(f"an EE of connector {connector} cannot be related from here")


def _unfit(text: str) -> BadArguments:
    return BadArguments(f"artifact_path: {text}", ["artifact_path"])
