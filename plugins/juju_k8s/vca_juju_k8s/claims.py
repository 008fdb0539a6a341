"""Whether what is made of a cluster is still wanted: it belongs to a mark, which others may be about to delete."""

from __future__ import annotations

from vca_core.errors import BackendError, VcaError
from vca_juju_common.controller_errors import translate_refusals
from vca_juju_k8s.cluster.errors import ClusterError
from vca_juju_k8s.cluster.marks import Mark, drop_mark, find_mark, make_mark
from vca_juju_k8s.sites import Site


async def claim_mark(site: Site) -> Mark:
    """The mark of an onboarded credential, for who is about to make something that belongs to it.

    Raises:
        ClusterError: the credential was forgotten, or the controller or the cluster does not say whether it was.
    """
    try:
        with translate_refusals():
            return (await claim(site))[0]
    except ClusterError:
        raise
    except VcaError as error:
        raise ClusterError(f"the controller does not say whether it knows the cluster: {error.message}") from error


async def claim(site: Site) -> tuple[Mark, dict[str, str]]:
    """The mark and the credential of what was onboarded; where others have done that, the mark is made now.

    Raises:
        ClusterError: it was forgotten, or the API server cannot be reached, or refuses.
    """
    cluster, id_ = site.access, site.id
    while True:
        mark = await find_mark(cluster, id_)
        # Read in this order: a forget has the mark say so first, then removes the credential, and the mark last.
        credential = await site.controller.find_credential(site.tag)
        if credential is None or (mark is not None and mark.is_leaving):
            raise forgotten(site)
        if mark is not None:
            return mark, credential
        if await make_mark(cluster, id_, site.cloud) and await site.controller.find_credential(site.tag) is None:
            made = await find_mark(cluster, id_)  # all of it went meanwhile, as of nobody's making
            if made is not None and not made.is_leaving:
                await drop_mark(cluster, made)
            raise forgotten(site)


async def ensure_mark(site: Site) -> Mark:
    """The mark of a credential, for who onboards it.

    Raises:
        BackendError: it is being forgotten.
        ClusterError: the API server cannot be reached, or refuses.
    """
    while True:
        mark = await find_mark(site.access, site.id)
        if mark is not None and mark.is_leaving:
            raise BackendError(
                f"cloud {site.cloud} is being forgotten, or that was interrupted: run vca-k8s forget, then onboard it"
            )
        if mark is not None:
            return mark
        await make_mark(site.access, site.id, site.cloud)


async def confirm_mark(site: Site, mark: Mark) -> bool:
    """Look again at the mark of a credential that was just sent, and take the credential back if the mark is going.

    Args:
        site: where.
        mark: as it was before.

    Returns:
        Whether it is the same one; False: the credential was forgotten, and onboarded anew meanwhile.

    Raises:
        ClusterError: it was forgotten.
    """
    now = await find_mark(site.access, site.id)
    if now is None or now.is_leaving:
        await site.controller.remove_credential(site.tag)
        raise forgotten(site)
    return now == mark


def forgotten(site: Site) -> ClusterError:
    """That a credential was forgotten."""
    reason = f"cloud {site.cloud} was forgotten: the controller has no credential of it any more"
    return ClusterError(f"{reason}; to onboard it anew, run vca-k8s onboard, or open the connector again", 403)
