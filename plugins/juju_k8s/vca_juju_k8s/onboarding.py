"""A cluster made known to a controller: an account for Juju in the cluster, a cloud and a credential in the controller.

All of it is found again: what a process that was killed has made is completed, and nothing is made twice.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from ipaddress import ip_address
from logging import LoggerAdapter
from typing import Any
from urllib.parse import urlsplit

from vca_core.errors import BackendError, BadArguments, VcaConnectionError, VcaError
from vca_juju_common.client.errors import ApiError
from vca_juju_common.client.interface import Controller
from vca_juju_common.client.values import KubernetesCloud
from vca_juju_common.controller_errors import as_backend_error, translate_refusals
from vca_juju_k8s.cluster.account import (
    Account,
    choose_class,
    drop_lasting_token,
    ensure_account,
    find_parts,
    forget_account,
    is_cloud_marked,
    mark_cloud,
    read_lasting_token,
    unmark_cloud,
)
from vca_juju_k8s.cluster.client import ClusterClient
from vca_juju_k8s.cluster.errors import ClusterError
from vca_juju_k8s.cluster.tokens import request_token
from vca_juju_k8s.options import STORAGE, JujuK8sOptions

_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9.-]*")
_INNER = re.compile(
    r"(.*\.)?localhost|localhost\.localdomain|ip6-localhost|host\.docker\.internal|kubernetes(\.default)?|.*\.svc(\..+)?"
)


@dataclass(frozen=True)
class Site:
    """Where a cluster is onboarded.

    Args:
        controller: connected.
        cluster: open, with all rights there; None: no access to it is configured.
        options: of the connector.
    """

    controller: Controller
    cluster: ClusterClient | None
    options: JujuK8sOptions


@dataclass
class Onboarded:
    """What there is of a cluster in a controller, and what was done.

    Args:
        cloud: its name.
        account: the id of Juju's account in the cluster; None: there is none.
        endpoint: the URL of the API server; None: the controller does not know the cloud.
        storage_class: of charms that do not say; None: none.
        token_life: seconds that the token lives that was sent; None: it does not end, or none was sent.
        changes: what was done, one line each.
        warnings: what may not work, one line each.
    """

    cloud: str
    account: str | None = None
    endpoint: str | None = None
    storage_class: str | None = None
    token_life: float | None = None
    changes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def check(options: JujuK8sOptions) -> None:
    """Refuse options that no cluster can be onboarded with.

    Raises:
        BadArguments: `cluster` is missing, or a name is not one for a cloud and its credential.
    """
    if options.cluster is None:
        raise _no_cluster()
    for name, value in (("cloud", options.cloud), ("credential", (options.credential or "").rpartition("/")[2])):
        if value and not _NAME.fullmatch(value):
            raise BadArguments(
                f"options.{name}: {value!r} cannot name a cloud and its credential: expected a letter, then letters, "
                "digits, dots and hyphens",
                [f"options.{name}"],
            )


async def onboard(site: Site) -> Onboarded:
    """Make a cluster known to the controller; what is there and right stays as it is.

    The credential is sent in any case: models that were suspended for an invalid one go on.

    Args:
        site: where.

    Raises:
        BackendError: either refuses, or a model does not take the credential.
    """
    cluster, options, tag = _cluster(site), site.options.cluster, _tag(site)
    if options is None:
        raise _no_cluster()
    with translate_refusals():
        known = await site.controller.find_cloud(_cloud(site))
        credential = None if known is None else await site.controller.find_credential(tag)
        account = (credential or {}).get("rbac-id") or _new_id(site)
        done = Onboarded(_cloud(site), account)
        there = known.config if known else {}
        kept = there.get(STORAGE[0]) if options.storage_class is None else None
        done.storage_class = str(kept) if kept else await choose_class(cluster, options.storage_class)
        host, certificate = await cluster.read_address()
        done.endpoint = options.endpoint or host
        if options.endpoint is None and is_inner(urlsplit(host).hostname or ""):
            done.warnings.append(
                f"{host} is an address that only this host reaches, or only the cluster: set `endpoint`"
            )
        if done.storage_class is None:
            done.warnings.append("no storage class was chosen: charms with storage have to say from where it is")
        storage = {} if done.storage_class is None else dict.fromkeys(STORAGE, done.storage_class)
        if kept:
            storage = {}
        wanted = KubernetesCloud(
            done.endpoint,
            () if certificate is None else (certificate,),
            {**there, **storage},
            cluster.is_unverified,
            kept=known.kept if known else {},
        )
        if options.name is not None:
            done.changes += await ensure_account(cluster, own_account(site))
        done.changes += await ensure_account(cluster, _account(site, account))
        if known is None:
            done.changes += await mark_cloud(cluster, _new_id(site), done.cloud)
        if known != wanted:
            await site.controller.put_cloud(done.cloud, wanted, is_there=known is not None)
            done.changes.append(f"{'added' if known is None else 'changed'} cloud {done.cloud}")
        done.token_life, changes = await _send_token(site, account)
        done.changes += changes
        if credential is None:
            done.changes.append(f"added the credential of cloud {done.cloud}")
    return done


async def ensure_onboarded(site: Site, log: LoggerAdapter[Any]) -> float | None:
    """Onboard a cluster, unless the controller has its credential, and knows what the options say of it.

    Args:
        site: where.
        log: what is done is noted there; also that an onboarded cluster could not be looked at, where a token that ends
            is to be sent, or the rights of Juju's account are to be small.

    Returns:
        Seconds that a token lives that was sent; None: none that ends was.

    Raises:
        BadArguments: no cluster can be onboarded with the options.
        VcaConnectionError: the API server cannot be reached.
        BackendError: either refuses.
    """
    check(site.options)
    is_there = await _is_onboarded(site)
    options = site.options.cluster
    if is_there and options is not None and options.token_life is None and not options.untrusted:
        return None
    try:
        done = await onboard(site)
    except BackendError as error:
        if is_there:
            log.warning("cloud %s was not onboarded anew: %s", _cloud(site), error.message)
            return None
        if not isinstance(error, ClusterError) or error.status is not None:
            raise
        raise VcaConnectionError(f"the cluster of cloud {_cloud(site)} is not onboarded: {error.message}") from error
    for change in done.changes:
        log.info("onboarding: %s", change)
    for warning in done.warnings:
        log.warning("onboarding: %s", warning)
    return done.token_life


async def _is_onboarded(site: Site) -> bool:
    """Whether the controller has all that is sent to it; nothing is asked of the cluster."""
    cluster, options = _cluster(site), site.options.cluster
    with translate_refusals():
        known = await site.controller.find_cloud(_cloud(site))
        if known is None or options is None or await site.controller.find_credential(_tag(site)) is None:
            return False  # the credential comes last
    host, certificate = await cluster.read_address()
    has, wants = known.certificates, tuple(filter(None, [certificate]))
    is_same = (known.endpoint, has, known.is_unverified) == (options.endpoint or host, wants, cluster.is_unverified)
    return is_same and options.storage_class in {None, known.config.get(STORAGE[0])}


async def renew_token(site: Site) -> float | None:
    """Send the controller a new token of Juju's account, which is made anew where it is missing.

    Args:
        site: where; the cluster is onboarded.

    Returns:
        Seconds that the token lives; None: it does not end.

    Raises:
        BackendError: either refuses, or a model does not take the token.
    """
    with translate_refusals():
        credential = await site.controller.find_credential(_tag(site))
        if credential is None:
            raise _forgotten(site)
        account = credential.get("rbac-id") or _new_id(site)
        await ensure_account(_cluster(site), _account(site, account))
        life, _ = await _send_token(site, account)
    return life


async def check_not_forgotten(site: Site) -> None:
    """Refuse to make anything anew of a cluster that was forgotten while a connector is open.

    Raises:
        ClusterError: it was, or the controller does not say.
    """
    try:
        with translate_refusals():
            credential = await site.controller.find_credential(_tag(site))
    except VcaError as error:
        raise ClusterError(f"the controller does not say whether it knows the cluster: {error.message}") from error
    if credential is None:
        raise _forgotten(site)


def _forgotten(site: Site) -> ClusterError:
    reason = f"cloud {_cloud(site)} was forgotten: the controller has no credential of it any more"
    return ClusterError(f"{reason}; to onboard it anew, run vca-k8s onboard, or open the connector again", 403)


async def _send_token(site: Site, id_: str) -> tuple[float | None, list[str]]:
    cluster, options, account = _cluster(site), site.options.cluster, _account(site, id_)
    life: float | None = None
    changes: list[str] = []
    if options is None or options.token_life is None:
        token, changes = await read_lasting_token(cluster, account)
    else:
        made = await request_token(cluster, account, options.token_life)
        token, life = made.text, made.life
    try:
        await site.controller.put_credential(_tag(site), {"Token": token, "rbac-id": id_})
    except ApiError as error:
        shown = ApiError(cluster.scrub(error.message), error.code)  # it may repeat the token
        raise as_backend_error(shown, f"the credential of cloud {_cloud(site)} was not taken") from shown
    if life is not None:
        changes = await drop_lasting_token(cluster, account)  # which was the credential's until now
    return life, changes


def is_inner(host: str) -> bool:
    """Whether only this host, or only the cluster, reaches what is under a name or an address.

    Args:
        host: of a URL, without brackets and port.
    """
    try:
        address = ip_address(host)
    except ValueError:
        return _INNER.fullmatch(host.lower().rstrip(".")) is not None
    address = getattr(address, "ipv4_mapped", None) or address
    return address.is_loopback or address.is_unspecified


def own_account(site: Site) -> Account:
    """The account of a cluster that this backend reads with."""
    return Account.of_ours(_new_id(site), _cloud(site))


async def show(site: Site) -> Onboarded:
    """Say what there is of a cluster in the controller.

    Args:
        site: where.
    """
    found = Onboarded(_cloud(site))
    with translate_refusals():
        known = await site.controller.find_cloud(found.cloud)
        if known is not None:
            found.endpoint = known.endpoint
            found.storage_class = known.config.get("workload-storage")
            credential = await site.controller.find_credential(_tag(site))
            found.account = None if credential is None else credential.get("rbac-id")
    return found


async def forget(site: Site) -> Onboarded:
    """Take a cluster out of the controller, and what we made of it out of the cluster; absent is success.

    What is known by its place goes first, and the credential, which knows Juju's account, after that. So one that was
    interrupted can be repeated.

    Args:
        site: where.

    Raises:
        BackendError: models use it, or the cluster cannot be reached; nothing was removed.
    """
    cluster, tag = _cluster(site), _tag(site)
    found = await show(site)
    accounts = [_account(site, found.account or _new_id(site)), own_account(site)]
    is_marked = await is_cloud_marked(cluster, _new_id(site))
    for account in accounts:
        await find_parts(cluster, account)  # it answers, and lets us in
    with translate_refusals():
        if found.endpoint is not None:
            models = await site.controller.models_on(found.cloud, site.options.username)
            if models:
                raise BackendError(f"cloud {found.cloud} is still used by {', '.join(models)}: nothing was removed")
    for account in accounts:
        found.changes += await forget_account(cluster, account)
    with translate_refusals():
        if found.endpoint is not None:
            if await site.controller.remove_credential(tag):
                found.changes.append(f"removed the credential of cloud {found.cloud}")
            if is_marked and await site.controller.remove_cloud(found.cloud):
                found.changes.append(f"removed cloud {found.cloud}")
            if not is_marked:
                found.warnings.append(f"cloud {found.cloud} stays: others made it")
    await unmark_cloud(cluster, _new_id(site))
    for account in accounts:  # an open connector may have made it anew while the credential was there
        found.changes += await forget_account(cluster, account)
    return found


def _no_cluster() -> BadArguments:
    return BadArguments("options.cluster: expected a kubeconfig of the cluster to onboard", ["options.cluster"])


def _cluster(site: Site) -> ClusterClient:
    if site.cluster is None:
        raise _no_cluster()
    return site.cluster


def _cloud(site: Site) -> str:
    return str(site.options.cloud)


def _tag(site: Site) -> str:
    owner, _, name = (site.options.credential or _cloud(site)).rpartition("/")
    return f"cloudcred-{_cloud(site)}_{owner or site.options.username}_{name}"


def _account(site: Site, id_: str) -> Account:
    options = site.options.cluster
    return Account.of_juju(id_, _cloud(site), untrusted=options is not None and options.untrusted)


def _new_id(site: Site) -> str:
    """The id of accounts: the same for the same cloud of a controller, so that they are found again."""
    return hashlib.sha256(f"{site.controller.controller_uuid} {_cloud(site)}".encode()).hexdigest()[:8]
