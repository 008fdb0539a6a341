"""Execution environments on Kubernetes deleted: the application, then its reservation."""

from __future__ import annotations

from vca_core.backend import Operation
from vca_core.naming import EeId
from vca_juju_common.client.interface import Model
from vca_juju_common.deletes import delete_environment, remove_application
from vca_juju_common.session import Session
from vca_juju_k8s.ground import LOCATOR
from vca_juju_k8s.reservations import cancel


async def delete(session: Session, op: Operation, ee_id: EeId) -> None:
    """Delete an EE; absent is success."""

    async def remove(model: Model) -> None:
        await remove_application(session, model, ee_id.application)
        await cancel(model, ee_id.application)

    if ee_id.locator == LOCATOR:
        await delete_environment(session, op, ee_id, remove)
