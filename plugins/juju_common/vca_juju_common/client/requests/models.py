"""Requests about models, to the controller."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial

from vca_core.errors import BadArguments, VcaError
from vca_core.tasks import settle
from vca_juju_common.client.errors import ApiError, check_result
from vca_juju_common.client.explaining import explain
from vca_juju_common.client.holding import ask_first
from vca_juju_common.client.refusals import wrong_cloud
from vca_juju_common.client.requests.namespaces import (
    LEAVING,
    NamespaceTaken,
    find_holder,
    is_about_namespace,
    taken_namespace,
)
from vca_juju_common.client.requests.target import Facades
from vca_juju_common.client.retries import pauses, retry_races
from vca_juju_common.client.transport.generated import classes
from vca_juju_common.client.values import Kind, NewModel

TAKE_BACK = 10.0
"""Seconds that one waits for the end of a model that was made in the wrong cloud."""


async def list_models(controller: Facades, username: str, kind: Kind) -> dict[str, str]:
    """List the models of a user; other users' may have the same names.

    Args:
        controller: where.
        username: whose.
        kind: of which kind.

    Returns:
        The uuids, by name.
    """
    owner = f"user-{username}"

    async def work() -> dict[str, str]:
        reply = await controller.call("ModelManager", "ListModels", {"tag": owner})
        listed = (one["model"] for one in reply.get("user-models") or ())
        mine = (model for model in listed if model["owner-tag"] == owner)
        return {model["name"]: model["uuid"] for model in mine if (model.get("type") or kind) == kind}

    return await retry_races(work)


async def create_model(
    controller: Facades, username: str, name: str, new: NewModel, is_no_model: Callable[[str], Awaitable[bool]]
) -> str | None:
    """Make a model.

    Args:
        controller: where.
        username: whose it will be.
        name: of the model.
        new: what it is made with.
        is_no_model: asks whether the controller has no model with a given uuid, of any user.

    Returns:
        Its uuid; None: there is one of that name.

    Raises:
        ApiError: the controller refuses it.
        BadArguments: it refuses cloud, region or credential. Or the cloud is of another kind: then nothing stays there.
            Or the namespace of Kubernetes belongs to others; if it is not known to whom, it had `LEAVING` to go.
    """
    if new.prepare is not None:
        await new.prepare(name)
    clock = asyncio.get_running_loop().time
    end = clock() + LEAVING
    for pause in pauses(0.1, 2.0):
        try:
            return await _create(controller, username, name, new)
        except NamespaceTaken as error:
            if name in await list_models(controller, username, new.kind):
                return None
            taken = error
        holder = await find_holder(controller, taken, is_no_model)
        left = end - clock()
        if holder.stays or (left <= 0 and not holder.is_leaving):
            raise taken_namespace(name, new.cloud, holder, taken) from taken.__cause__
        with explain(partial(taken_namespace, name, new.cloud, holder, taken)):
            # No controller reports when a namespace of the cluster becomes free.
            await asyncio.sleep(pause if holder.is_leaving else min(pause, left))
    return None


async def _create(controller: Facades, username: str, name: str, new: NewModel) -> str | None:
    """Make a model; see `create_model`.

    Raises:
        NamespaceTaken: its namespace is there already, and may be that of a model of ours, or on its way out.
    """

    async def work() -> str | None:
        credential = None
        if new.credential is not None:
            owner, _, plain = new.credential.rpartition("/")
            credential = f"cloudcred-{new.cloud}_{owner or username}_{plain}"
        facade = await controller.facade("ModelManager")
        try:
            made = check_result(
                await facade.CreateModel(
                    name=name,
                    owner_tag=f"user-{username}",
                    cloud_tag=f"cloud-{new.cloud}" if new.cloud else None,
                    region=new.region,
                    credential=credential,
                    config=dict(new.config),
                )
            )
        except ApiError as error:
            if new.kind == "caas" and is_about_namespace(error):
                raise NamespaceTaken(error.message) from error
            if error.is_there_already:
                return None
            if "credential" in error.message:
                raise BadArguments(
                    f"options.credential: model {name} cannot be made: {error.message}; see the options cloud and "
                    "credential",
                    ["options.credential"],
                ) from error
            for option, value in (("cloud", new.cloud), ("region", new.region)):
                if value is not None and error.is_not_found and error.message.startswith(option):
                    raise BadArguments(f"options.{option}: {error.message}", [f"options.{option}"]) from error
            raise
        if made.type_ and made.type_ != new.kind:
            cancelled = await settle(_take_back(controller, username, str(made.uuid), made.type_), float("inf"))
            raise cancelled or wrong_cloud(_name_of(new), is_kubernetes=made.type_ == "caas")
        return str(made.uuid)

    return await retry_races(work)


async def _take_back(controller: Facades, username: str, uuid: str, kind: Kind) -> None:
    """Destroy a model in which nothing is, and see it gone."""
    with suppress(VcaError, TimeoutError), ask_first(None):
        async with asyncio.timeout(TAKE_BACK):
            await destroy_model(controller, uuid, destroy_storage=True, force=False)
            for pause in pauses(0.1, 2.0):
                if uuid not in (await list_models(controller, username, kind)).values():
                    return
                await asyncio.sleep(pause)


def _name_of(new: NewModel) -> str:
    return f"cloud {new.cloud}" if new.cloud else "the controller's own cloud"


async def destroy_model(
    controller: Facades, uuid: str, *, destroy_storage: bool, force: bool, max_wait: float | None = None
) -> None:
    """Ask for the end of a model.

    Args:
        controller: where.
        uuid: the model's.
        destroy_storage: whether its storage is destroyed with it, or released.
        force: whether what fails on the way is ignored.
        max_wait: seconds that a step may take where it is forced.

    Raises:
        ApiError: the controller refuses it, or says that the model is not there.
    """
    params = classes().DestroyModelParams(
        model_tag=f"model-{uuid}",
        destroy_storage=destroy_storage,
        force=force or None,
        max_wait=None if max_wait is None else int(max_wait * 1e9),
    )

    async def work() -> None:
        facade = await controller.facade("ModelManager")
        check_result((await facade.DestroyModels(models=[params])).results[0])

    await retry_races(work)
