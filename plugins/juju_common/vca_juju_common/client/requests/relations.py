"""Requests about relations."""

from __future__ import annotations

from vca_juju_common.client.errors import ApiError
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


async def remove_relation(model: Target, end_1: str, end_2: str, *, force: bool = False) -> None:
    """Ask for the end of a relation.

    Raises:
        ApiError: the controller refuses it, or says that there is none.
    """

    async def work() -> None:
        facade = await model.facade("Application")
        await facade.DestroyRelation(endpoints=[end_1, end_2], force=force, max_wait=None, relation_id=None)

    await retry_races(work)
