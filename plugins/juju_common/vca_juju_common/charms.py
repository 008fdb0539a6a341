"""Charms brought into a model: from a folder or a file, or from Charmhub; with their resources."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from vca_core.artifacts import Artifact
from vca_core.backend import Operation
from vca_core.charm import Action, Charm, Option, Resource, assumptions, coerce
from vca_core.charm.further import check_profile
from vca_core.errors import BadArguments, VcaError
from vca_core.naming import EeId
from vca_core.refusals import subordinate_charm
from vca_core.status import Entity
from vca_juju_common.client.channels import parse_channel
from vca_juju_common.client.errors import ApiError
from vca_juju_common.client.interface import Model
from vca_juju_common.client.values import Origin, Progress, StoreCharm
from vca_juju_common.controller_errors import as_backend_error
from vca_juju_common.environments import application_state
from vca_juju_common.options import CharmOptions
from vca_juju_common.session import Session

_LACKS = re.compile(
    r"not found|no charm|no revision|not (support|valid)|unsupported|invalid|no matching|ambiguous", re.IGNORECASE
)
"""What is said of what is not there or does not fit, be it a charm or not."""

_OF_CHARMS = re.compile(
    r"\b(charms?|bundles?|channels?|revisions?|bases?|series|arch|architectures?|platforms?|tracks?|risks?)\b",
    re.IGNORECASE,
)
"""What an argument about a charm names; credentials, models and certificates may also be invalid, or not found."""

_ABOUT_ARCHIVE = "invalid charm archive: "
"""What is said before the reason why an uploaded charm is refused."""

_OUT_OF_REACH = re.compile(
    r"dial tcp|time-?out|deadline exceeded|no such host|connection (refused|reset)|\bEOF\b|\b50[0-9]\b"
)
"""What is said where a controller cannot reach Charmhub for now."""


@dataclass(frozen=True, slots=True)
class Site:
    """Where a charm is to live.

    Args:
        base: that it will run on, ``ubuntu@22.04``.
        arch: that it will run on.
        check: refuses a charm of a folder or a file that does not fit, with BadArguments.
        check_store: refuses one of Charmhub.
    """

    base: str
    arch: str
    check: Callable[[Charm], Awaitable[None]]
    check_store: Callable[[StoreCharm], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Brought:
    """A charm that is in a model.

    Args:
        url: its URL there.
        origin: where it comes from.
        options: what can be configured.
        actions: what it can run; None: the controller has to be asked once the charm runs.
        resources: those that it declares, by name.
        from_store: whether it is of Charmhub.
        digest: of its content; None: nothing was.
        config: values that it is to have, in their types.
        resets: options that are to have the charm's defaults again.
    """

    url: str
    origin: Origin
    options: Mapping[str, Option]
    actions: Mapping[str, Action] | None
    resources: Mapping[str, Resource] = field(default_factory=dict)
    from_store: bool = False
    digest: str | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    resets: Sequence[str] = ()

    def with_config(self, values: Mapping[str, Any]) -> Brought:
        """The same with values of its options, converted and checked.

        Raises:
            BadArguments: there are no such options, or values do not fit.
        """
        wanted = coerce(self.options, values)
        return replace(
            self,
            config={name: value for name, value in wanted.items() if value is not None},
            resets=[name for name, value in wanted.items() if value is None],
        )


def check_options(artifact: Artifact, asked: CharmOptions) -> None:
    """Refuse options that are not for a charm of its kind.

    Raises:
        BadArguments: it is not of Charmhub, and they are for those that are.
    """
    named = [name for name in ("channel", "revision") if getattr(asked, name) is not None]
    if named and artifact.path is not None:
        raise BadArguments(
            f"options.{named[0]}: is only for charms of Charmhub (ch:NAME); leave it out",
            [f"options.{name}" for name in named],
        )


def check_assumptions(session: Session, charm: Charm, *, force: bool = False, kubernetes: str = "") -> None:
    """Refuse a charm that the controller refuses for what it assumes, or for its profile for LXD.

    Nothing is asked about one that assumes nothing.

    Args:
        session: the controller.
        charm: the charm.
        force: whether it may assume what is not there.
        kubernetes: the version of Kubernetes, where it is known.

    Raises:
        BadArguments: it assumes what is not there, or has such a profile, and is not forced, or needs a newer Juju.
    """
    check_profile(charm, force=force)
    if charm.assumes or charm.min_juju_version:
        version = session.controller.server_version
        on_kubernetes = session.ground.kind == "caas"
        assumptions.check_assumptions(charm, version, on_kubernetes=on_kubernetes, kubernetes=kubernetes, force=force)


async def charm_name_of(artifact: Artifact) -> str:
    """The name of the charm that an artifact is."""
    if artifact.path is None:
        return artifact.reference.removeprefix("ch:")
    return (await artifact.read()).name


async def bring_charm(
    session: Session,
    model: Model,
    op: Operation,
    ee_id: EeId,
    artifact: Artifact,
    site: Site,
    config: Mapping[str, Any],
    asked: CharmOptions,
) -> Brought:
    """Bring a charm into a model. What does not fit is refused before anything is uploaded.

    Raises:
        BadArguments: it does not fit, or cannot be rendered.
    """
    if artifact.path is None:
        stored = await _of_store(model, artifact, site, asked)
        return Brought(
            stored.url,
            stored.origin,
            stored.options,
            None,
            dict(stored.resources),
            from_store=True,
        ).with_config(config)
    charm = await artifact.read()
    coerce(charm.options, config)
    for name in asked.resources:
        check_declared(charm.resources, name)
    await site.check(charm)
    digest = await artifact.digest()
    try:
        with tell_progress(model, op, ee_id, "charm") as progress:
            url = await session.uploads.upload(model, artifact.path, progress, artifact.stamp)
    except ApiError as error:
        if _ABOUT_ARCHIVE not in error.message:
            raise
        raise refused_charm(charm.name, error.message.partition(_ABOUT_ARCHIVE)[2]) from error
    return Brought(
        url,
        Origin("local", site.base, site.arch),
        charm.options,
        dict(charm.actions),
        dict(charm.resources),
        digest=digest,
    ).with_config(config)


def check_declared(declared: Mapping[str, Resource], name: str) -> Resource:
    """Find a resource that is given among those that a charm declares.

    Raises:
        BadArguments: it declares no such resource.
    """
    if name not in declared:
        place, known = f"options.resources.{name}", ", ".join(sorted(declared)) or "none"
        raise BadArguments(f"{place}: the charm declares no such resource; it declares: {known}", [place])
    return declared[name]


def refused_charm(name: str, reason: str) -> BadArguments:
    """What it means that the controller does not take a charm; the caller raises it."""
    return BadArguments(f"artifact_path: Juju refuses charm {name}: {reason}", ["artifact_path"])


async def _of_store(model: Model, artifact: Artifact, site: Site, asked: CharmOptions) -> StoreCharm:
    name = artifact.reference.removeprefix("ch:")
    channel = None if asked.channel is None else parse_channel(asked.channel)
    try:
        charm = await model.add_store_charm(name, site.base, site.arch, channel, asked.revision, force=asked.force)
    except ApiError as error:
        raise no_store_charm(name, error) from error
    if charm.subordinate:
        raise subordinate_charm(name)
    await site.check_store(charm)
    return charm


def no_store_charm(name: str, error: ApiError) -> VcaError:
    """What it means that the controller cannot fetch a charm of Charmhub; the caller raises it."""
    failed = f"artifact_path: charm {name} cannot be fetched"
    is_out_of_reach = bool(_OUT_OF_REACH.search(error.message))
    if not is_out_of_reach and _is_about_charm(name, error):
        return BadArguments(f"{failed}: {error.message}", ["artifact_path"])
    refused = as_backend_error(error, failed.partition(" ")[2])
    refused.retryable = refused.retryable or is_out_of_reach
    return refused


def _is_about_charm(name: str, error: ApiError) -> bool:
    is_lacking = error.is_not_found or _LACKS.search(error.message) is not None
    return is_lacking and (f'"{name}"' in error.message or _OF_CHARMS.search(error.message) is not None)


@contextmanager
def tell_progress(model: Model, op: Operation, ee_id: EeId, what: str) -> Iterator[Progress]:
    """Report the progress of an upload as the application's state; afterwards its own state, if it exists."""
    entity = Entity("application", ee_id.application)

    def report_progress(sent: int, size: int) -> None:
        op.report(entity, "waiting", f"uploading {what}: {100 * sent // max(size, 1)} %")

    try:
        yield report_progress
    except BaseException:
        there = application_state(model, ee_id.application)
        op.report(entity, there.native if there else None, there.detail if there else "")
        raise
    there = application_state(model, ee_id.application)
    op.report(entity, there.native if there else "waiting", there.detail if there else f"{what} uploaded")
