"""Which addresses of API servers a controller elsewhere cannot reach."""

from __future__ import annotations

import pytest

from vca_juju_k8s.cluster.kubeconfig import ClusterOptions
from vca_juju_k8s.onboarding import is_inner, is_out_of_reach


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.8.8.8",
        "localhost",
        "LOCALHOST",
        "localhost.localdomain",
        "ip6-localhost",
        "::1",
        "0.0.0.0",  # noqa: S104 - nothing listens there
        "::",
        "::ffff:127.0.0.1",
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
        "kubernetes.default.svc.",
        "kubernetes.default.svc.cluster.local",
        "x.svc.k8s.corp",
        "host.docker.internal",
        "127.1",
        "0x7f.1",
        "localhost6",
        "localhost6.localdomain6",
        "ip6-loopback",
    ],
)
def test_what_only_the_host_or_the_cluster_reaches_is_inner(host: str) -> None:
    assert is_inner(host)


@pytest.mark.parametrize(
    "host", ["10.0.0.9", "fd00::9", "kubernetes.example.com", "api.lab", "mysvc.example.com", "10.9"]
)
def test_what_others_may_reach_is_not_inner(host: str) -> None:
    assert not is_inner(host)


@pytest.mark.parametrize(
    ("options", "server", "expected"),
    [
        ({"kubeconfig": "in-cluster"}, "https://10.96.0.1:443", True),
        ({"kubeconfig": "in-cluster", "endpoint": "https://10.0.0.9:6443"}, "https://10.96.0.1:443", False),
        ({"kubeconfig": "admin.kubeconfig"}, "https://10.96.0.1:443", False),
        ({"kubeconfig": "admin.kubeconfig"}, "https://[::1]:6443", True),
        ({"kubeconfig": "admin.kubeconfig", "endpoint": "https://10.0.0.9:6443"}, "https://127.0.0.1:6443", False),
    ],
)
def test_the_address_that_a_pod_has_of_its_cluster_is_inner(
    options: dict[str, str], server: str, expected: bool
) -> None:
    assert is_out_of_reach(ClusterOptions.model_validate(options), server) is expected
