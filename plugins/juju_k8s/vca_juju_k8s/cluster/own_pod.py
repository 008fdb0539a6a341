"""Whether this process runs in a pod of a cluster, with the files by which the pod may look at that."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from vca_core.text_files import Unreadable, read_text
from vca_juju_k8s.cluster.certificates import Certificates

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where Kubernetes puts the files of a pod's service account, and its client looks for them."""

_ADDRESS = ("KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT")


def problems_of_pod() -> Iterator[str]:
    """Say why the cluster could not be looked at as its pods do."""
    for variable in _ADDRESS:
        if not os.environ.get(variable):
            yield f"{variable} is not set, so this is no pod; run it in one, or name a kubeconfig"
            return
    token = read_text(ACCOUNT / "token")
    if isinstance(token, Unreadable):
        yield f"the pod's token {ACCOUNT / 'token'} cannot be read: {token.reason}; give the pod a service account"
    elif not token.strip():
        yield f"the pod's token {ACCOUNT / 'token'} is empty; give the pod a service account"
    try:
        Certificates.of({"certificate-authority": str(ACCOUNT / "ca.crt")}, {}, ACCOUNT)
    except ValueError as error:
        yield f"the pod's {error}"
