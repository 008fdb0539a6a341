"""Execution environments on Kubernetes deleted: the application, then its reservation."""

from __future__ import annotations

from collections.abc import Sequence

from vca_core.backend import Operation
from vca_core.errors import BackendError, VcaTimeoutError
from vca_core.naming import EeId, Namespace
from vca_juju_common.client.explaining import explain
from vca_juju_common.client.interface import Model
from vca_juju_common.client.things import Unit
from vca_juju_common.deletes import delete_environment, delete_model, remove_application
from vca_juju_k8s.cluster.namespaces import still_there
from vca_juju_k8s.ground import LOCATOR, suspension
from vca_juju_k8s.reservations import cancel, note_of
from vca_juju_k8s.session import KubernetesSession


async def delete(session: KubernetesSession, op: Operation, ee_id: EeId) -> None:
    """Delete an EE; absent is success.

    Its pods may outlive it: nothing of ours hastens their end, and a delete that failed for one would leave an EE that
    Juju does not know. Whoever makes the EE anew is told of them.
    """

    async def remove(model: Model) -> None:
        units = model.state.units_of(ee_id.application)
        reservation = note_of(model, ee_id.application)
        left: list[str] = []
        with explain(lambda: _stuck(model, ee_id.application, units, left)):
            async with session.watch_going(model, ee_id.application) as left:
                await remove_application(session, model, ee_id.application)
        await cancel(model, ee_id.application, reservation)

    if ee_id.locator == LOCATOR:
        await delete_environment(session, op, ee_id, remove)


async def delete_namespace(session: KubernetesSession, op: Operation, namespace: Namespace) -> None:
    """Delete an NS with all that is in it; it is gone when its namespace is. Absent is success."""
    name = session.names.model(namespace)
    left: list[str] = []

    def reason() -> BackendError | None:
        return still_there(name, left[0]) if left else None

    try:
        with explain(reason):
            async with session.watch_leaving(name) as left:
                models = await delete_model(session, op, namespace)
    except VcaTimeoutError as error:  # it has given up by itself
        if (why := reason()) is None:
            raise
        raise VcaTimeoutError(f"{error.message}; {why.message}", error.kind, error.limit) from why
    await session.wait_namespace_gone(name, models)


def _stuck(model: Model, application: str, units: Sequence[Unit], pods: Sequence[str]) -> BackendError | None:
    """Why an application is there still, as far as Juju shows it; None: it is gone, or its removal was not requested.

    Args:
        model: where it is.
        application: its name.
        units: those that it had when its end was asked for.
        pods: what is left of it in the cluster, where that is looked at.
    """
    if (reason := suspension(model)) is not None:
        return reason
    there = model.state.applications.get(application)
    if there is not None and there.life not in {"dying", "dead"}:
        going = [one for one in pods if ", deleted at " in one]
        if not going:
            return None
        return BackendError(
            f"application {application} is not asked to go yet: its units leave their relations first, and in the "
            f"cluster, {'; '.join(going)}, whose unit does nothing"
        )
    if there is None:
        return None
    if not units:
        known = "21608: it had no units"
    elif any(unit.agent.current == "allocating" for unit in units):
        known = "22599: a pod of it never ran"
    else:
        known = "21605"
    left = ", ".join(unit.name for unit in model.state.units_of(application)) or "no units"
    if pods:
        left += f" (in the cluster: {'; '.join(pods)})"
    return BackendError(
        f"application {application} is dying with {left} left, and Juju does not remove it (known as juju/juju issue "
        f"{known}); call this again later, try 'juju remove-application --force --no-wait', or delete the NS, which "
        "takes it along"
    )
