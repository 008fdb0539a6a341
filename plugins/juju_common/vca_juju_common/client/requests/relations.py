"""Requests about relations."""

from __future__ import annotations

from vca_juju_common.client.errors import ApiError, ConnectionLost
from vca_juju_common.client.requests.reads import full_status
from vca_juju_common.client.requests.status import relation_in
from vca_juju_common.client.requests.target import Target
from vca_juju_common.client.retries import retry_races


async def add_relation(model: Target, end_1: str, end_2: str) -> bool:
    """Relate two applications, ``application:endpoint`` each; False: their earlier relation is going still."""

    async def work() -> bool:
        facade = await model.facade("Application")
        try:
            await facade.AddRelation(endpoints=[end_1, end_2], via_cidrs=None)
        except ApiError as error:
            if not error.is_there_already:
                raise
            return "is dying" not in error.message
        return True

    return await retry_races(work)


async def find_relation(model: Target, end_1: str, end_2: str) -> str | None:
    """Ask which relation there is between two ends, whatever has been reported: its id; None: there is none."""
    status = await full_status(model, end_1.partition(":")[0])
    relations = (relation_in(one) for one in status.get("relations") or ())
    return next((one.id for one in relations if set(one.ends) == {end_1, end_2}), None)


async def remove_relation(model: Target, end_1: str, end_2: str) -> None:
    """Ask for the end of whatever relation there is between two ends.

    Raises:
        ApiError: the controller refuses it, or says that there is none.
    """

    async def work() -> None:
        facade = await model.facade("Application")
        await facade.DestroyRelation(endpoints=[end_1, end_2], force=False, max_wait=None, relation_id=None)

    await retry_races(work)


async def remove_one_relation(model: Target, id_: str, *, force: bool = False) -> None:
    """Ask for the end of one relation: not of another one of the same ends that was made after it.

    Raises:
        ApiError: the controller refuses it, or says that it is not there; not, where an earlier request, whose answer
            was lost, may have removed it.
    """
    is_repeated = False

    async def work() -> None:
        nonlocal is_repeated
        while True:
            facade = await model.facade("Application", repeat=False)
            try:
                await facade.DestroyRelation(endpoints=None, force=force, max_wait=None, relation_id=int(id_))
            except ConnectionLost:
                await model.resync()
                is_repeated = True
            except ApiError as error:
                if not (is_repeated and error.is_not_found):
                    raise
                return
            else:
                return

    await retry_races(work)
