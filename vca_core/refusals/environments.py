"""What is refused about execution environments: there is one already, or none."""

from __future__ import annotations

from collections.abc import Iterable

from vca_core.errors import AlreadyExists, BadArguments, ConflictError, NotFound
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
