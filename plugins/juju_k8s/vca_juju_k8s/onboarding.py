"""A cluster made known to a controller: an account for Juju in the cluster, a cloud and a credential in the controller.

All of it is found again: what a process that was killed has made is completed, and nothing is made twice.
"""

from __future__ import annotations

import re
import socket
from ipaddress import ip_address
from logging import LoggerAdapter
from typing import Any
from urllib.parse import urlsplit

from vca_core.errors import BackendError, BadArguments, VcaConnectionError
from vca_juju_common.client.errors import ApiError
from vca_juju_common.client.values import KubernetesCloud
from vca_juju_common.controller_errors import as_backend_error, translate_refusals
from vca_juju_k8s.claims import claim, confirm_mark, ensure_mark
from vca_juju_k8s.cluster.account import choose_class, drop_lasting_token, ensure_account, read_lasting_token
from vca_juju_k8s.cluster.errors import ClusterError
from vca_juju_k8s.cluster.kubeconfig import ClusterOptions
from vca_juju_k8s.cluster.marks import Mark, mark_cloud, unmark_cloud
from vca_juju_k8s.cluster.tokens import Token, pause_of, recognize_token, request_token
from vca_juju_k8s.options import STORAGE, JujuK8sOptions
from vca_juju_k8s.sites import Onboarded, Site, no_cluster

_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9.-]*")
_INNER = re.compile(
    r"(.*\.)?localhost|localhost\.localdomain|localhost6(\.localdomain6)?|ip6-(localhost|loopback)"
    r"|host\.docker\.internal|kubernetes(\.default)?|.*\.svc(\..+)?"
)
_SHORT = re.compile(r"[0-9a-fx.]+", re.IGNORECASE)


def check(options: JujuK8sOptions) -> None:
    """Refuse options that no cluster can be onboarded with.

    Raises:
        BadArguments: `cluster` is missing, or a name is not one for a cloud and its credential.
    """
    if options.cluster is None:
        raise no_cluster()
    for name, value in (("cloud", options.cloud), ("credential", (options.credential or "").rpartition("/")[2])):
        if value and not _NAME.fullmatch(value):
            raise BadArguments(
                f"options.{name}: {value!r} cannot name a cloud and its credential: expected a letter, then letters, "
                "digits, dots and hyphens",
                [f"options.{name}"],
            )


async def onboard(site: Site) -> Onboarded:
    """Make a cluster known to the controller; what is there and right stays as it is.

    The credential is sent in any case, so that models go on that were suspended for an invalid one; but for a token
    that ends, where the controller and the cluster take the one that is there, and another one is not due.

    Args:
        site: where.

    Raises:
        BackendError: either refuses, a model does not take the credential, or it is being forgotten.
    """
    cluster, options, tag = site.access, site.options.cluster, site.tag
    if options is None:
        raise no_cluster()
    with translate_refusals():
        known = await site.controller.find_cloud(site.cloud)
        credential = None if known is None else await site.controller.find_credential(tag)
        account = (credential or {}).get("rbac-id") or site.id
        done = Onboarded(site.cloud, account)
        there = known.config if known else {}
        kept = there.get(STORAGE[0]) if options.storage_class is None else None
        done.storage_class = str(kept) if kept else await choose_class(cluster, options.storage_class)
        host, certificate = cluster.address
        done.endpoint = options.endpoint or host
        if is_out_of_reach(options, host):
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
        mark = await ensure_mark(site)
        if options.name is not None:
            done.changes += await ensure_account(cluster, site.reader, mark)
        done.changes += await ensure_account(cluster, site.account(account), mark)
        if known is None:
            done.changes += await mark_cloud(cluster, site.cloud_id, done.cloud)
        if known != wanted:
            await site.controller.put_cloud(done.cloud, wanted, is_there=known is not None)
            done.changes.append(f"{'added' if known is None else 'changed'} cloud {done.cloud}")
        token = await _find_token(site, account) if credential is not None and not done.changes else None
        if token is None:
            token, changes = await _send_token(site, account, mark)
        else:  # whoever sent it may have been killed before the former one was deleted
            changes = await drop_lasting_token(cluster, site.account(account))
        done.changes += changes
        if token is not None:
            done.token_life, done.token_age = token.life, round(token.age, 1)
        if credential is None:
            done.changes.append(f"added the credential of cloud {done.cloud}")
        try:
            is_wanted = await confirm_mark(site, mark)
        except ClusterError:
            if known is None and await site.controller.remove_cloud(done.cloud):
                await unmark_cloud(cluster, site.cloud_id)
            raise
    return done if is_wanted else await onboard(site)


async def ensure_onboarded(site: Site, log: LoggerAdapter[Any]) -> float | None:
    """Onboard a cluster, unless the controller has its credential, and knows what the options say of it.

    Args:
        site: where.
        log: what is done is noted there; also that an onboarded cluster could not be looked at, where a token that ends
            is to be sent, or the rights of Juju's account are to be small.

    Returns:
        Seconds until another token is due; None: the one that was sent does not end, or none was sent.

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
            log.warning("cloud %s was not onboarded anew: %s", site.cloud, error.message)
            return None
        if not isinstance(error, ClusterError) or error.status is not None:
            raise
        reason = f"the cluster of cloud {site.cloud} is not onboarded: {error.message}"
        raise VcaConnectionError(reason, retryable=error.retryable) from error
    for change in done.changes:
        log.info("onboarding: %s", change)
    for warning in done.warnings:
        log.warning("onboarding: %s", warning)
    return None if done.token_life is None else pause_of(done.token_life, done.token_age or 0.0)


async def _is_onboarded(site: Site) -> bool:
    """Whether the controller has all that is sent to it; nothing is asked of the cluster."""
    cluster, options = site.access, site.options.cluster
    with translate_refusals():
        known = await site.controller.find_cloud(site.cloud)
        if known is None or options is None or await site.controller.find_credential(site.tag) is None:
            return False  # the credential comes last
    host, certificate = cluster.address
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
    while True:
        with translate_refusals():
            mark, credential = await claim(site)
            account = credential.get("rbac-id") or site.id
            await ensure_account(site.access, site.account(account), mark)
            made, _ = await _send_token(site, account, mark)
            if await confirm_mark(site, mark):
                return None if made is None else made.life


async def _find_token(site: Site, id_: str) -> Token | None:
    """Find the token that ends which the controller has; None: another one is to be sent."""
    cluster, options, name = site.access, site.options.cluster, site.own_credential
    if options is None or options.token_life is None or name is None:
        return None
    text = await site.controller.read_token(site.cloud, name)
    found = None if text is None else await recognize_token(cluster, site.account(id_), text)
    return None if found is None or found.is_old or found.life > options.token_life else found


async def _send_token(site: Site, id_: str, mark: Mark) -> tuple[Token | None, list[str]]:
    """Send a token; returns it if it ends, and what was done, one line each."""
    cluster, options, account = site.access, site.options.cluster, site.account(id_)
    made: Token | None = None
    changes: list[str] = []
    if options is None or options.token_life is None:
        token, changes = await read_lasting_token(cluster, account, mark)
    else:
        made = await request_token(cluster, account, options.token_life)
        token = made.text
    try:
        await site.controller.put_credential(site.tag, {"Token": token, "rbac-id": id_})
    except ApiError as error:
        shown = ApiError(cluster.scrub(error.message), error.code)  # it may repeat the token
        raise as_backend_error(shown, f"the credential of cloud {site.cloud} was not taken") from shown
    if made is not None:
        changes = await drop_lasting_token(cluster, account)  # which was the credential's until now
        changes.append(f"sent a token of account {account.name} that lives for {made.life:g} s")
    return made, changes


def is_out_of_reach(options: ClusterOptions, server: str) -> bool:
    """Whether a controller that is elsewhere cannot reach the API server where it is told to.

    Args:
        options: of the cluster.
        server: the URL of the API server, by its kubeconfig.
    """
    if options.endpoint is not None:
        return False
    return options.kubeconfig.is_in_cluster or is_inner(urlsplit(server).hostname or "")  # that of a service


def is_inner(host: str) -> bool:
    """Whether only this host, or only the cluster, reaches what is under a name or an address.

    Args:
        host: of a URL, without brackets and port.
    """
    try:
        address = ip_address(socket.inet_aton(host) if _SHORT.fullmatch(host) else host)
    except (ValueError, OSError):
        return _INNER.fullmatch(host.lower().rstrip(".")) is not None
    address = getattr(address, "ipv4_mapped", None) or address
    return address.is_loopback or address.is_unspecified
