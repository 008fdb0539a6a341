"""Which addresses of API servers a controller elsewhere cannot reach."""

from __future__ import annotations

import pytest

from vca_juju_k8s.onboarding import is_inner


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
    ],
)
def test_what_only_the_host_or_the_cluster_reaches_is_inner(host: str) -> None:
    assert is_inner(host)


@pytest.mark.parametrize("host", ["10.0.0.9", "fd00::9", "kubernetes.example.com", "api.lab", "mysvc.example.com"])
def test_what_others_may_reach_is_not_inner(host: str) -> None:
    assert not is_inner(host)
