"""The cluster that tests run on: what has to be real of it, and that nothing of it stays."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.cluster.api import until
from support.cluster.programs import TESTS, find_programs
from support.cluster.sharing import Cluster

pytestmark = pytest.mark.xdist_group("cluster")

_USER = """
import os, sys
from pathlib import Path
from support.cluster.sharing import shared
with shared(Path(sys.argv[1]), ["etcd"]) as facts:
    print(facts["ids"]["etcd"], flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def namespace(cluster: Cluster) -> str:
    return cluster.make_namespace()


def pod(image: str) -> dict[str, object]:
    return {"metadata": {"name": "one"}, "spec": {"containers": [{"name": "main", "image": image}]}}


@pytest.mark.parametrize(
    ("image", "words"),
    [
        ("example.com/dns:1", {"running"}),
        ("example.com/missing:1", {"ImagePullBackOff"}),
        ("example.com/crash:1", {"CrashLoopBackOff", "139"}),
        ("example.com/oom:1", {"CrashLoopBackOff", "OOMKilled"}),
    ],
)
def test_the_fate_of_a_pod_is_told_by_its_image(cluster: Cluster, namespace: str, image: str, words: set[str]) -> None:
    cluster.api.post(f"/api/v1/namespaces/{namespace}/pods", pod(image))
    path = f"/api/v1/namespaces/{namespace}/pods/one"
    until(lambda: all(one in str(cluster.api.get(path)["status"].get("containerStatuses")) for one in words))


def test_a_cluster_ends_with_the_last_one_who_uses_it(tmp_path: Path) -> None:
    if "etcd" not in find_programs():
        pytest.skip("no etcd")
    command = [sys.executable, "-c", _USER, str(tmp_path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=TESTS, **pipes) as first, subprocess.Popen(command, cwd=TESTS, **pipes) as other:  # type: ignore[call-overload]
        ids = {int(one.stdout.readline()) for one in (first, other)}
        assert len(ids) == 1, "both use the same one"
        etcd = ids.pop()
        first.kill()
        first.wait()
        os.kill(etcd, 0)
        other.kill()
    until(lambda: not Path(f"/proc/{etcd}").exists(), 10.0)
