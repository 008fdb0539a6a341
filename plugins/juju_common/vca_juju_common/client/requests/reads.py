"""Requests that only read: what the controller says of a model, of units, and of itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vca_core.errors import BadArguments
from vca_juju_common.client.errors import ApiError, check_result
from vca_juju_common.client.requests.target import Facades, Target
from vca_juju_common.client.transport.generated import classes
from vca_juju_common.client.values import Cloud


async def full_status(model: Target, application: str | None) -> dict[str, Any]:
    """Read what the controller knows of a model, as its wire has it.

    Args:
        model: which one.
        application: the one to look at, with what it is related to; None: all of the model.

    Returns:
        Plain data, by the names of Juju's API.
    """
    return await model.call("Client", "FullStatus", {"patterns": [] if application is None else [application]})


async def get_metrics(model: Target, applications: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """Read the latest metrics of applications' units.

    Args:
        model: where they are.
        applications: their names, at least one.

    Returns:
        Mappings of ``key``, ``value`` and ``time``, by unit.
    """
    entities = [{"tag": f"application-{name}"} for name in applications]
    reply = await model.call("MetricsDebug", "GetMetrics", {"entities": entities})
    found: dict[str, list[dict[str, Any]]] = {}
    for result in reply.get("results") or ():
        for metric in result.get("metrics") or ():
            found.setdefault(metric.get("unit", ""), []).append(
                {"key": metric.get("key"), "value": metric.get("value"), "time": metric.get("time")}
            )
    return found


async def read_cloud(controller: Facades, name: str) -> Cloud:
    """Read what a cloud is.

    Raises:
        BadArguments: the controller knows no such cloud.
    """
    facade = await controller.facade("Cloud")
    entities = [classes().Entity(tag=f"cloud-{name}")]
    try:
        found = check_result((await facade.Cloud(entities=entities)).results[0])
    except ApiError as error:
        if not error.is_not_found:
            raise
        raise BadArguments(
            f"options.cloud: {error.message}; juju clouds lists those that there are",
            ["options.cloud"],
        ) from error
    return Cloud(str(found.cloud.type_ or ""), dict(found.cloud.config or {}))


async def read_features(controller: Facades, uuid: str) -> dict[str, str]:
    """Read what charms in a model may assume.

    Args:
        controller: where.
        uuid: the model's.

    Returns:
        The versions, by the features' names; empty ones are not known.
    """
    reply = await controller.call("ModelManager", "ModelInfo", {"entities": [{"tag": f"model-{uuid}"}]})
    found = check_result(reply["results"][0]).get("result") or {}
    return {str(one["name"]): str(one.get("version") or "") for one in found.get("supported-features") or ()}


async def get_version(controller: Facades) -> str:
    """Read the version of Juju that a controller runs."""
    facade = await controller.facade("Controller")
    return str((await facade.ControllerVersion()).version)
