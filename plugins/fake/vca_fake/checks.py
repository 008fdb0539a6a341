"""What has to be true of an application before something is done with it."""

from __future__ import annotations

from vca_core import refusals
from vca_core.artifacts import Artifact
from vca_core.charm import Charm
from vca_core.errors import BadArguments
from vca_core.naming import Namespace
from vca_fake.world import Application


def charm_in(application: Application) -> Charm:
    """The charm that is installed in an application.

    Raises:
        NotFound: it has no charm.
    """
    if application.charm is None:
        raise refusals.no_charm(application.ee_id.model, application.ee_id.application)
    return application.charm


async def read_charm(artifact: Artifact) -> Charm:
    """Read the charm that an artifact is.

    Raises:
        BadArguments: it is malformed, or one of Charmhub, of which the fake has none.
    """
    if artifact.path is None:
        raise BadArguments(
            f"artifact_path: charm {artifact.reference.removeprefix('ch:')} cannot be fetched: the fake has no "
            "Charmhub; name a folder or a .charm file",
            ["artifact_path"],
        )
    return await artifact.read()


def check_namespace(application: Application, namespace: Namespace) -> None:
    """Refuse a namespace that would share an application with another one.

    Raises:
        BadArguments: it would; names both.
    """
    if application.namespace != namespace.canonical:
        ee_id = application.ee_id
        raise refusals.shared_application(namespace, application.namespace, ee_id.model, ee_id.application)


def check_ns(neighbour: Application, namespace: Namespace) -> None:
    """Refuse an NS that would share a model with another one.

    Raises:
        BadArguments: it would; names both.
    """
    if neighbour.namespace.ns_id != namespace.ns_id:
        raise refusals.shared_model(namespace.ns_id, neighbour.namespace.ns_id, neighbour.ee_id.model)
