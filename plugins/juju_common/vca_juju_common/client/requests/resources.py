"""Requests about the resources of charms."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

from vca_core.charm import Resource
from vca_juju_common.client.errors import check_result
from vca_juju_common.client.requests.origins import origin_value
from vca_juju_common.client.requests.target import Target
from vca_juju_common.client.retries import retry_races
from vca_juju_common.client.transport.generated import classes
from vca_juju_common.client.values import HeldResource, NewResource, Origin


def resources_in(meta: Mapping[str, Any]) -> dict[str, Resource]:
    """The resources that a charm's metadata declares, by name."""
    return {
        name: Resource(name, entry.get("type") or "file", entry.get("path") or "", entry.get("description") or "")
        for name, entry in sorted((meta.get("resources") or {}).items())
    }


async def declared_resources(model: Target, charm_url: str) -> dict[str, Resource]:
    """Read the resources that a charm of the model declares, by name."""
    return resources_in((await model.call("Charms", "CharmInfo", {"url": charm_url})).get("meta") or {})


async def held_resources(model: Target, application: str) -> dict[str, HeldResource]:
    """Read the resources that an application holds, by name; those that it still lacks are left out."""
    asked = {"entities": [{"tag": f"application-{application}"}]}
    reply = await model.call("Resources", "ListResources", asked)
    held: dict[str, HeldResource] = {}
    for result in reply.get("results") or ():
        for entry in check_result(result).get("resources") or ():
            uploaded, fingerprint = entry.get("origin") == "upload", entry.get("fingerprint") or ""
            if uploaded and not fingerprint:
                continue
            held[entry["name"]] = HeldResource(
                str(entry["name"]), uploaded, int(entry.get("revision") or 0), base64.b64decode(fingerprint).hex()
            )
    return held


async def published_resources(model: Target, charm_url: str, origin: Origin) -> dict[str, int]:
    """Read which revisions of its resources a charm of Charmhub has in its channel, by the resources' names."""
    asked = {"charm-url": charm_url, "charm-origin": json.loads(origin_value(origin).to_json())}
    reply = await model.call("Charms", "ListCharmResources", {"entities": [asked]})
    found: dict[str, int] = {}
    for entries in reply.get("results") or ():
        for entry in entries or ():
            check_result(entry)
            found[str(entry["name"])] = int(entry.get("revision") or 0)
    return found


async def add_resources(
    model: Target, application: str, charm_url: str, origin: Origin, resources: Sequence[NewResource]
) -> dict[str, str]:
    """Announce resources of an application that is about to be deployed.

    Returns:
        The id of each, by name.
    """
    juju = classes()
    wanted = [
        juju.CharmResource(
            name=one.name,
            path=one.filename,
            type_=one.type,
            origin="upload" if one.uploaded else "store",
            revision=-1 if one.revision is None else one.revision,
            description="",
        )
        for one in resources
    ]

    told_origin = origin_value(origin)

    async def work() -> Any:
        facade = await model.facade("Resources")
        return check_result(
            await facade.AddPendingResources(
                application_tag=f"application-{application}",
                charm_url=charm_url,
                charm_origin=told_origin,
                resources=wanted,
            )
        )

    reply = await retry_races(work)
    return {one.name: id_ for one, id_ in zip(resources, reply.pending_ids or (), strict=True)}
