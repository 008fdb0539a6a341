"""Execution environments deleted with their machines, or taken off them."""

from __future__ import annotations

from vca_core.backend import Operation
from vca_core.naming import EeId
from vca_juju_common.client.interface import Model
from vca_juju_common.deletes import delete_environment, remove_application
from vca_juju_common.session import Session
from vca_juju_machine.machines import keep_machines, machines_of, remove_machines


async def delete(session: Session, op: Operation, ee_id: EeId, *, keep: bool = False) -> None:
    """Delete an EE: its application, and every machine that it brought; absent is success.

    Args:
        session: the controller.
        op: the operation.
        ee_id: which one.
        keep: whether its machines stay as they are, and only Juju forgets them.
    """

    async def remove(model: Model) -> None:
        machines = machines_of(model, session.names, ee_id)
        if keep:
            await keep_machines(model, ee_id.application, machines)
        await remove_application(session, model, ee_id.application)
        await remove_machines(model, machines, keep=keep)

    await delete_environment(session, op, ee_id, remove)
