"""A cluster taken out of a controller again, with what was made in it."""

from __future__ import annotations

from collections.abc import Sequence

from vca_core.errors import BackendError
from vca_juju_common.controller_errors import translate_refusals
from vca_juju_k8s.cluster.account import find_parts, forget_account, release_account
from vca_juju_k8s.cluster.marks import begin_leaving, drop_mark, is_cloud_marked, unmark_cloud
from vca_juju_k8s.sites import Onboarded, Site, show


async def forget(site: Site) -> Onboarded:
    """Take a credential out of the controller, and what we made for it out of the cluster; absent is success.

    Its cloud goes, too, unless others made it, or it has other credentials. The mark says first that all of it goes:
    from then on nobody makes anything anew. It goes last, and what others were about to make goes with it. So one that
    was interrupted can be repeated.

    Args:
        site: where.

    Raises:
        BackendError: models use it, or the cluster cannot be reached; nothing was removed.
    """
    cluster = site.access
    found = await show(site)
    juju, reader = site.account(found.account or site.id), site.reader
    is_marked = await is_cloud_marked(cluster, site.cloud_id)
    for account in (juju, reader):
        await find_parts(cluster, account)  # it answers, and lets us in
    others: dict[str, str | None] = {}
    with translate_refusals():
        if found.endpoint is not None:
            models = await site.controller.models_on(found.cloud, site.options.username)
            if models:
                raise BackendError(f"cloud {found.cloud} is still used by {', '.join(models)}: nothing was removed")
            others = await _other_credentials(site)
    mark = await begin_leaving(cluster, site.id, found.cloud)
    sharing = [tag for tag, id_ in others.items() if id_ is not None and id_ == found.account]
    if sharing:
        await release_account(cluster, juju, mark)
        found.warnings.append(f"account {juju.name} stays: {_listed(sharing)} of it, too")
    else:
        found.changes += await forget_account(cluster, juju)
    found.changes += await forget_account(cluster, reader)
    with translate_refusals():
        if found.endpoint is not None:
            if await site.controller.remove_credential(site.tag):
                found.changes.append(f"removed the credential of cloud {found.cloud}")
            if not is_marked:
                found.warnings.append(f"cloud {found.cloud} stays: others made it")
            elif others:
                found.warnings.append(f"cloud {found.cloud} stays: {_listed(list(others))} of it, too")
            elif await site.controller.remove_cloud(found.cloud):
                found.changes.append(f"removed cloud {found.cloud}")
    if not others:
        await unmark_cloud(cluster, site.cloud_id)
    await drop_mark(cluster, mark)
    return found


async def _other_credentials(site: Site) -> dict[str, str | None]:
    """The other credentials of a cloud: by tag, Juju's account that they are of."""
    tags = await site.controller.credentials_of(site.cloud, site.options.username)
    found = {tag: await site.controller.find_credential(tag) for tag in tags if tag != site.tag}
    return {tag: one.get("rbac-id") for tag, one in found.items() if one is not None}


def _listed(tags: Sequence[str]) -> str:
    names = ["/".join(tag.removeprefix("cloudcred-").split("_")[1:]) for tag in tags]
    return f"{', '.join(names)} {'is a credential' if len(names) == 1 else 'are credentials'}"
