"""`make kubernetes`: a real Kubernetes control plane, a simulated Juju controller beside it, and a config for both.

Nodes and pods are played by kwok: what becomes of a pod its image says (``/missing``, ``/crash``, ``/oom``, ``/slow``).
It serves until SIGINT or SIGTERM; nothing is left then but the folder.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).parents[1]))
from support.cluster.programs import PROGRAMS, find_programs
from support.cluster.sharing import shared

from vca_jujusim import SimulatedController

_ROOT = Path(__file__).parents[2]
_EXAMPLES = _ROOT / "docs" / "examples"


def write_example(folder: Path, controller: SimulatedController, kubeconfig: Path, server: str) -> None:
    """Write a config, an NS and its charms.

    Args:
        folder: where.
        controller: the one that the connectors connect to.
        kubeconfig: of an administrator of the cluster.
        server: the URL of its API server.
    """
    for charms in (_EXAMPLES / "charms", _EXAMPLES / "kubernetes" / "charms"):
        shutil.copytree(charms, folder / "charms", dirs_exist_ok=True)
    shutil.copy(_EXAMPLES / "kubernetes" / "service.yaml", folder)
    (folder / "ca.pem").write_text(controller.ca_cert)
    shutil.copy(kubeconfig, folder / "admin.kubeconfig")  # with its mode
    options: dict[str, Any] = {
        "endpoints": controller.endpoints,
        "username": controller.username,
        "secret": controller.password,
        "ca_cert": "ca.pem",
    }
    cluster = {"name": "test", "kubeconfig": "admin.kubeconfig", "endpoint": server}
    config = {
        "artifacts": "charms",
        "connectors": {
            "hosts": {"backend": "juju-machine", "options": options},
            "pods": {"backend": "juju-k8s", "options": {**options, "cluster": cluster}},
        },
        "default": "hosts",
    }
    file = folder / "vca.yaml"
    file.touch(0o600)  # the password is in it
    file.write_text(yaml.safe_dump(config, sort_keys=False))


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - what whoever started it reads


async def serve(folder: Path, plane: Path, server: str, clusters: Any) -> None:
    """Run the controller until somebody ends it."""
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    async with SimulatedController(clusters=clusters, manual_scripts_run=True) as controller:
        write_example(folder, controller, plane / "admin.kubeconfig", server)
        _say(f"API server: {server}, kubeconfig: {folder}/admin.kubeconfig")
        _say(f"in another terminal: export PATH=$PWD/.venv/bin:$PATH && cd {folder} && vca apply service.yaml")
        await ended.wait()


def main() -> int:
    """Start everything, and end everything."""
    parser = argparse.ArgumentParser(prog="make kubernetes", description=__doc__)
    parser.add_argument("--folder", type=Path, default=_ROOT / ".kubernetes", help="for the config (%(default)s)")
    parser.add_argument("--cluster", type=Path, help="the folder of a cluster that runs, to be used with others")
    parser.add_argument("--hurried", action="store_true", help="have namespaces go as soon as they are empty")
    given = parser.parse_args()
    missing = [name for name in PROGRAMS if name not in find_programs()]
    if missing:
        parser.error(f"no {', '.join(missing)}: run `make cluster`, or name a folder (VCA_TEST_CLUSTER_BIN)")
    given.folder.mkdir(parents=True, exist_ok=True)
    with shared(given.cluster or given.folder / "cluster") as facts:
        plane, server = Path(str(facts["folder"])), str(facts["server"])
        asyncio.run(serve(given.folder, plane, server, "hurried" if given.hurried else "real"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
