"""Requests about charms of Charmhub, and about the resources of charms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vca_core.charm import Option, Resource
from vca_juju_common.client.errors import checked_result
from vca_juju_common.client.requests.target import Target
from vca_juju_common.client.retries import over_races
from vca_juju_common.client.transport.generated import classes
from vca_juju_common.client.values import NewResource, Origin, StoreCharm


def origin_value(origin: Origin) -> Any:
    """An origin as the generated class has it."""
    if origin.resolved is not None:
        return origin.resolved
    name, _, channel = origin.base.partition("@")
    juju = classes()
    return juju.CharmOrigin(
        source=origin.source, architecture=origin.arch, base=juju.Base(name=name, channel=channel), risk=""
    )


async def add_store_charm(
    model: Target, name: str, base: str, arch: str, channel: str | None, revision: int | None, *, force: bool
) -> StoreCharm:
    """Add a charm of Charmhub to a model.

    Args:
        model: where.
        name: of the charm.
        base: that it will run on, such as ``ubuntu@22.04``.
        arch: that it will run on.
        channel: ``track/risk``, one of them or None: ``stable``.
        revision: None: the channel's.
        force: whether a base that it does not support is taken.
    """
    juju = classes()
    system, _, version = base.partition("@")
    track, slash, risk = (channel or "stable").partition("/")
    if not slash and track in {"stable", "candidate", "beta", "edge"}:
        track, risk = "", track
    origin = juju.CharmOrigin(
        source="charm-hub",
        architecture=arch,
        base=juju.Base(name=system, channel=version),
        track=track or None,
        risk=risk or "stable",
        revision=revision,
    )

    async def work() -> tuple[str, Any]:
        facade = await model.facade("Charms")
        asked = juju.ResolveCharmWithChannel(reference=f"ch:{name}", charm_origin=origin, switch_charm=False)
        resolved = checked_result((await facade.ResolveCharms(resolve=[asked])).results[0])
        resolved.charm_origin.base = origin.base
        added = checked_result(await facade.AddCharm(charm_origin=resolved.charm_origin, force=force, url=resolved.url))
        return str(resolved.url), added.charm_origin

    url, told = await over_races(work)
    told.base = origin.base
    return _store_charm(
        url, Origin("charm-hub", base, arch, told), await model.call("Charms", "CharmInfo", {"url": url})
    )


def _store_charm(url: str, origin: Origin, info: Mapping[str, Any]) -> StoreCharm:
    meta = info.get("meta") or {}
    config = info.get("config") or {}
    return StoreCharm(
        url=url,
        origin=origin,
        name=str(meta.get("name") or ""),
        subordinate=bool(meta.get("subordinate")),
        options={
            name: Option(name, told.get("type") or "string", told.get("default"), told.get("description") or "")
            for name, told in config.items()
        },
        resources={
            name: Resource(name, told.get("type") or "file", told.get("path") or "", told.get("description") or "")
            for name, told in sorted((meta.get("resources") or {}).items())
        },
    )


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
        return checked_result(
            await facade.AddPendingResources(
                application_tag=f"application-{application}",
                charm_url=charm_url,
                charm_origin=told_origin,
                resources=wanted,
            )
        )

    told = await over_races(work)
    return {one.name: id_ for one, id_ in zip(resources, told.pending_ids or (), strict=True)}
