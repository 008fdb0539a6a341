"""The programs of a control plane: where they are, started in order, and ended with whoever started them."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path

from support.cluster.api import Api, until
from support.cluster.certificates import HOST, Authority

TESTS = Path(__file__).parents[2]
PROGRAMS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok")
NODE = "node-0"
_STAGES = TESTS / "cluster" / "stages.yaml"
_END_WITH_PARENT = 1  # PR_SET_PDEATHSIG


def places() -> list[Path]:
    """Where programs may be, the best place first: what is named, what `make cluster` built, what envtest brought."""
    named = [os.environ.get("VCA_TEST_CLUSTER_BIN"), str(TESTS.parent / ".cluster" / "bin")]
    return [Path(one) for one in (*named, os.environ.get("KUBEBUILDER_ASSETS")) if one]


def find_programs(names: Iterable[str] = PROGRAMS) -> dict[str, Path]:
    """Find programs; those that are nowhere are left out."""
    found = {name: next((at / name for at in places() if os.access(at / name, os.X_OK)), None) for name in names}
    return {name: path for name, path in found.items() if path is not None}


def free_ports(count: int) -> list[int]:
    """Find ports on which nobody listens."""
    held = [socket.create_server((HOST, 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


class ControlPlane:
    """A control plane, in a folder.

    Args:
        folder: where it keeps its certificates, its data and what its programs print.
        programs: their paths; those that are not there are not started.
    """

    def __init__(self, folder: Path, programs: Mapping[str, Path]) -> None:
        self.folder = folder
        self._programs = programs
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        etcd, self._peer, port, kubelet = free_ports(4)
        self.etcd = f"http://{HOST}:{etcd}"
        self.server = f"https://{HOST}:{port}"
        self._port, self._kubelet = port, kubelet

    @property
    def processes(self) -> dict[str, int]:
        """The ids of the processes, by program."""
        return {name: process.pid for name, process in self._running.items()}

    def start(self) -> None:
        """Start the programs, each as soon as the one before is ready; then a node is there."""
        papers = Authority(self.folder)
        papers.issue("apiserver", "kube-apiserver", server=True)
        papers.issue("kubelet-server", "kwok", server=True)
        papers.issue("kubelet-client", "kube-apiserver-kubelet-client", ["system:masters"])
        papers.issue("admin", "admin", ["system:masters"])
        for name in ("kube-controller-manager", "kube-scheduler"):
            papers.issue(name, f"system:{name}")
            papers.kubeconfig(name, self.server)
        papers.kubeconfig("admin", self.server)
        api = Api(self.server, self.folder)
        steps: dict[str, tuple[list[str], Callable[[], object]]] = {
            "etcd": (self._etcd(), lambda: _answers(f"{self.etcd}/health")),
            "kube-apiserver": (self._apiserver(), lambda: api.get("/readyz")),
            # What it does for everybody: a namespace has its account. Only then can pods be made there.
            "kube-controller-manager": (
                self._controllers(), lambda: api.get("/api/v1/namespaces/default/serviceaccounts/default")
            ),
            "kube-scheduler": (self._scheduler(), lambda: True),
            "kwok": (self._kwok(), lambda: _answers(f"http://{HOST}:{self._kubelet}/healthz")),
        }  # fmt: skip
        for name, (arguments, is_ready) in steps.items():
            if name in self._programs:
                self._start(name, arguments)
                until(lambda name=name, is_ready=is_ready: self._check(name) and is_ready())  # type: ignore[misc]
        if "kwok" in self._running:
            fake = {"name": NODE, "annotations": {"kwok.x-k8s.io/node": "fake"}, "labels": {"type": "kwok"}}
            api.post("/api/v1/nodes", {"metadata": fake})
            until(lambda: not api.get(f"/api/v1/nodes/{NODE}")["spec"].get("taints"))

    def end(self, names: Collection[str] = PROGRAMS) -> None:
        """End the programs, the last one first."""
        for name in reversed([one for one in self._running if one in names]):
            process = self._running.pop(name)
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:  # an API server waits for watches; its data is thrown away anyway
                process.kill()
                process.wait()

    def _start(self, name: str, arguments: list[str]) -> None:
        environment = {**os.environ, "HOME": str(self.folder), "KWOK_WORKDIR": str(self.folder)}  # no files of others
        with (self.folder / f"{name}.log").open("wb") as log:
            self._running[name] = subprocess.Popen(
                [str(self._programs[name]), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                env=environment,
                preexec_fn=_end_with_parent,  # noqa: PLW1509 - this process has one thread
            )

    def _check(self, name: str) -> bool:
        if self._running[name].poll() is not None:
            lines = (self.folder / f"{name}.log").read_text(errors="replace").splitlines()
            raise RuntimeError(f"{name} ended: " + "\n".join(lines[-20:]))
        return True

    def _etcd(self) -> list[str]:
        peer = f"http://{HOST}:{self._peer}"
        return [
            "--data-dir", str(self.folder / "etcd"), "--unsafe-no-fsync", "--log-level", "warn",
            "--listen-client-urls", self.etcd, "--advertise-client-urls", self.etcd,
            "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", f"default={peer}",
        ]  # fmt: skip

    def _apiserver(self) -> list[str]:
        return [
            "--etcd-servers", self.etcd, "--bind-address", HOST, "--secure-port", str(self._port),
            "--advertise-address", HOST,
            "--endpoint-reconciler-type", "none",  # it refuses a loopback address for the service `kubernetes`
            *self._tls("apiserver"), "--client-ca-file", self._path("ca.crt"), "--anonymous-auth=false",
            "--service-account-issuer", "https://kubernetes.default.svc",
            "--service-account-key-file", self._path("sa.pub"),
            "--service-account-signing-key-file", self._path("sa.key"),
            "--authorization-mode", "Node,RBAC", "--service-cluster-ip-range", "10.96.0.0/16",
            "--kubelet-preferred-address-types", "InternalIP",
            "--kubelet-certificate-authority", self._path("ca.crt"),
            "--kubelet-client-certificate", self._path("kubelet-client.crt"),
            "--kubelet-client-key", self._path("kubelet-client.key"),
            "--allow-privileged=true", "--profiling=false", "--v", "1",
        ]  # fmt: skip

    def _controllers(self) -> list[str]:
        return [
            *self._client("kube-controller-manager"),
            "--service-account-private-key-file", self._path("sa.key"), "--root-ca-file", self._path("ca.crt"),
            "--use-service-account-credentials=true",
            "--flex-volume-plugin-dir", self._path("flex"),  # else it makes /usr/libexec/kubernetes on this machine
        ]  # fmt: skip

    def _scheduler(self) -> list[str]:
        return self._client("kube-scheduler")

    def _kwok(self) -> list[str]:
        (self.folder / "logs").mkdir()
        stages = self.folder / "stages.yaml"
        stages.write_text(_STAGES.read_text().replace("@LOGS@", self._path("logs")))
        return [
            "--kubeconfig", self._path("admin.kubeconfig"), "--config", str(stages), "--manage-all-nodes=true",
            "--node-ip", HOST, "--node-port", str(self._kubelet), "--server-address", f"{HOST}:{self._kubelet}",
            "--cidr", "10.88.0.0/16", *self._tls("kubelet-server"), "--node-lease-duration-seconds", "40",
        ]  # fmt: skip

    def _client(self, name: str) -> list[str]:
        config = self._path(f"{name}.kubeconfig")
        return [
            "--kubeconfig", config, "--authentication-kubeconfig", config, "--authorization-kubeconfig", config,
            "--bind-address", HOST, "--secure-port", "0", "--leader-elect=false", "--profiling=false", "--v", "1",
        ]  # fmt: skip

    def _tls(self, name: str) -> list[str]:
        return ["--tls-cert-file", self._path(f"{name}.crt"), "--tls-private-key-file", self._path(f"{name}.key")]

    def _path(self, file: str) -> str:
        return str(self.folder / file)


def _answers(url: str) -> bool:
    with urllib.request.urlopen(url, timeout=1) as answer:  # noqa: S310 - one of our own
        return bool(answer.status == 200)


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(_END_WITH_PARENT, signal.SIGKILL)
