"""Requests about charms of Charmhub, and about where charms came from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vca_core.charm import Option
from vca_juju_common.client.channels import Channel
from vca_juju_common.client.errors import check_result
from vca_juju_common.client.requests.resources import resources_in
from vca_juju_common.client.requests.target import Target
from vca_juju_common.client.retries import retry_races
from vca_juju_common.client.transport.generated import classes
from vca_juju_common.client.values import Declared, Endpoint, Origin, StoreCharm


async def add_store_charm(
    model: Target, name: str, base: str, arch: str, channel: Channel | None, revision: int | None, *, force: bool
) -> StoreCharm:
    """Add a charm of Charmhub to a model.

    Args:
        model: where.
        name: of the charm.
        base: that it will run on, such as ``ubuntu@22.04``.
        arch: that it will run on.
        channel: None: ``stable`` of its default track.
        revision: None: the channel's.
        force: whether a base that it does not support is taken.
    """
    origin = _origin_of(base, arch, channel or Channel(), revision)

    async def work() -> tuple[str, Any]:
        resolved = await _resolve(model, name, origin)
        facade = await model.facade("Charms")
        added = check_result(await facade.AddCharm(charm_origin=resolved.charm_origin, force=force, url=resolved.url))
        return str(resolved.url), added.charm_origin

    url, origin_sent = await retry_races(work)
    origin_sent.base = origin.base
    return _store_charm(
        url,
        Origin("charm-hub", base, arch, origin_sent, _channel_of(origin_sent)),
        await model.call("Charms", "CharmInfo", {"url": url}),
    )


async def resolve_channel(model: Target, name: str, base: str, arch: str, channel: Channel) -> Channel | None:
    """Ask for the channel that a charm of Charmhub comes from where one is asked for: it may lack the risk.

    Args:
        model: where.
        name: of the charm.
        base: that it runs on.
        arch: that it runs on.
        channel: that is asked for.
    """
    resolved = await _resolve(model, name, _origin_of(base, arch, channel, None))
    return _channel_of(resolved.charm_origin)


async def origin_of(model: Target, application: str) -> Origin:
    """Read where the charm of an application came from."""
    facade = await model.facade("Application")
    origin = (await facade.GetCharmURLOrigin(application=application, branch="master")).charm_origin
    base = origin.base
    return Origin(
        source=str(origin.source or ""),
        base=f"{base.name}@{str(base.channel).partition('/')[0]}" if base is not None else "",
        arch=str(origin.architecture or ""),
        resolved=origin,
        channel=_channel_of(origin),
    )


def _origin_of(base: str, arch: str, channel: Channel, revision: int | None) -> Any:
    juju = classes()
    system, _, version = base.partition("@")
    return juju.CharmOrigin(
        source="charm-hub",
        architecture=arch,
        base=juju.Base(name=system, channel=version),
        track=channel.track or None,
        risk=channel.risk,
        branch=channel.branch or None,
        revision=revision,
    )


async def _resolve(model: Target, name: str, origin: Any) -> Any:
    juju = classes()
    facade = await model.facade("Charms")
    asked = juju.ResolveCharmWithChannel(reference=f"ch:{name}", charm_origin=origin, switch_charm=False)
    resolved = check_result((await facade.ResolveCharms(resolve=[asked])).results[0])
    resolved.charm_origin.base = origin.base
    return resolved


def _channel_of(value: Any) -> Channel | None:
    if value.source != "charm-hub":
        return None
    return Channel(str(value.track or ""), str(value.risk or "stable"), str(value.branch or ""))


def _store_charm(url: str, origin: Origin, info: Mapping[str, Any]) -> StoreCharm:
    meta = info.get("meta") or {}
    config = info.get("config") or {}
    return StoreCharm(
        url=url,
        origin=origin,
        name=str(meta.get("name") or ""),
        subordinate=bool(meta.get("subordinate")),
        options={
            name: Option(name, entry.get("type") or "string", entry.get("default"), entry.get("description") or "")
            for name, entry in config.items()
        },
        resources=resources_in(meta),
        has_containers=bool(meta.get("containers")),
        declared=_declared_in(meta),
    )


async def declared_parts(model: Target, charm_url: str) -> Declared:
    """Read what a charm of the model declares that Juju does not change on Kubernetes."""
    return _declared_in((await model.call("Charms", "CharmInfo", {"url": charm_url})).get("meta") or {})


async def declared_endpoints(model: Target, charm_url: str) -> dict[str, Endpoint]:
    """Read where a charm of the model can be related, by the endpoints' names."""
    meta = (await model.call("Charms", "CharmInfo", {"url": charm_url})).get("meta") or {}
    return {
        name: Endpoint(role, str(one.get("interface") or ""), str(one.get("scope") or "global"))
        for role, key in (("provider", "provides"), ("requirer", "requires"), ("peer", "peers"))
        for name, one in (meta.get(key) or {}).items()
    }


def _declared_in(meta: Mapping[str, Any]) -> Declared:
    return Declared(meta.get("storage") or {}, meta.get("devices") or {}, meta.get("deployment") or {})
