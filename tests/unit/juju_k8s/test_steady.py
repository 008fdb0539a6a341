"""What differs from try to try in the messages of a cluster, and what does not."""

from __future__ import annotations

import pytest

from vca_juju_k8s.cluster.steady import steady


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (
            f'failed to generate container "{"0af3" * 16}" spec: no command',
            'failed to generate container "…" spec: no command',
        ),
        ('name "main_dns-0_ns_0a1b2c3d-0000-1111-2222-333344445555_3" is taken', 'name "main_dns-0_ns_…_…" is taken'),
        ("denied the request: request 5f0e-11: not signed", "denied the request: request …: not signed"),
        ("not authorized, request id: 8b1f7c2e-90", "not authorized, request id: …"),
        ("UnauthorizedOperation, RequestID: 5KX2M9QQ1", "UnauthorizedOperation, RequestID: …"),
        ("read tcp 10.1.0.5:48123->10.96.0.10:443: reset", "read tcp …: reset"),
        ("dial tcp [fd00::7]:443: connection refused", "dial tcp …: connection refused"),
        ("no lease since 2026-11-30T10:00:00.123Z", "no lease since …"),
        ("memory, requested: 1024, used: 7992, capacity: 8101", "memory, requested: 1024, used: …, capacity: 8101"),
        ("requested: pods=1, used: pods=3,cpu=2, limited: pods=3", "requested: pods=1, used: …, limited: pods=3"),
        (
            "devices. Requested: 1, Available: 0, which is unexpected",
            "devices. Requested: 1, Available: …, which is unexpected",
        ),
        ("no space left (pid 1711)", "no space left (pid …)"),
        ("denied the request: [cost] at 1701360011", "denied the request: [cost] at …"),
        ("untolerated taint {ToBeDeleted: 1701360000}", "untolerated taint {ToBeDeleted: …}"),
        ("timed out after 1m30.5s, attempt 3, tried 4 times", "timed out after …, attempt …, tried … times"),
    ],
)
def test_what_differs_from_try_to_try_is_left_out(message: str, told: str) -> None:
    assert steady(message) == told


@pytest.mark.parametrize(
    "message",
    [
        'maximum cpu usage per Container is 500m, but limit is "1"',
        "command '/bin/check 8080' exited with 126",
        'storageclass.storage.k8s.io "fast-2" not found',
        "untolerated taint {dedicated: 5g}",
        "requested: 1610612736, which the node has not",
        "secret ns-k8s/dns-1 not found on 10.1.0.5",
    ],
)
def test_what_tells_about_the_trouble_stays(message: str) -> None:
    assert steady(message) == message
