"""`vca-jujusim`: a simulated controller in a process of its own, for trying the command by hand."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import resource
import signal
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

import yaml

from vca_jujusim.controller import SimulatedController
from vca_jujusim.world.settling import KINDS


def _whole(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        with contextlib.suppress(ValueError):
            if least <= int(text) <= most:
                return int(text)
        raise argparse.ArgumentTypeError(f"expected a whole number from {least} to {most}, got {text!r}")

    return read


def _seconds(text: str) -> float:
    with contextlib.suppress(ValueError):
        if 0 <= float(text) < float("inf"):
            return float(text)
    raise argparse.ArgumentTypeError(f"expected a finite number of seconds, 0 or more, got {text!r}")


def _steps(text: str) -> dict[str, float]:
    pairs = [one.partition("=") for one in text.split(",") if one]
    unknown = [kind for kind, _, _ in pairs if kind not in KINDS]
    if unknown:
        raise argparse.ArgumentTypeError(f"expected KIND=SECONDS, of the kinds {', '.join(KINDS)}, got {unknown[0]!r}")
    return {kind: _seconds(seconds) for kind, _, seconds in pairs}


def _file(text: str) -> Path:
    path = Path(text)
    if path.is_dir() or not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"expected a file in a folder that is there, got {text!r}")
    return path


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="vca-jujusim", description=__doc__)
    parser.add_argument(
        "--port", type=_whole(0, 65535), default=17070, help="the first port (default: %(default)s; 0: any)"
    )
    parser.add_argument("--host", default="127.0.0.1", help="the address (default: %(default)s)")
    parser.add_argument("--endpoints", type=_whole(1, 100), default=1, help="on how many ports (default: %(default)s)")
    parser.add_argument("--latency", type=_seconds, default=0.0, help="seconds that each step of a life takes")
    parser.add_argument(
        "--steps", type=_steps, default={}, help="the same for single kinds: machine=0.125,unit=0.175,action=0.075"
    )
    parser.add_argument("--kubernetes", metavar="NAME", help="have a cloud of Kubernetes of that name, too")
    parser.add_argument(
        "--clusters",
        choices=("memory", "real"),
        default="memory",
        help="real: models of Kubernetes clouds that clients add are in the cluster there (default: %(default)s)",
    )
    parser.add_argument("--username", default="admin", help="the user (default: %(default)s)")
    parser.add_argument("--password", help="its password (default: made anew)")
    parser.add_argument("--state", type=_file, help="a file that keeps the world over restarts")
    parser.add_argument("--ca-file", type=_file, help="write the certificate of its authority there")
    parser.add_argument("--write-config", type=_file, help="write a vca.yaml there that uses it, and ca.pem beside it")
    parser.add_argument("--artifacts", default="charms", help="what that config names as charms (default: %(default)s)")
    parser.add_argument("--counts", type=_file, help="write there what was counted, at the end and on SIGUSR1")
    return parser


def _write_config(path: Path, artifacts: str, ca_file: Path, sim: SimulatedController) -> None:
    options = {
        "endpoints": sim.addresses,
        "username": sim.username,
        "secret": sim.password,
        "ca_cert": str(ca_file.resolve()),
    }
    shown = yaml.safe_dump(options, default_flow_style=True, width=1000, sort_keys=False).strip()
    path.touch()
    path.chmod(0o600)  # the password is in it
    head = yaml.safe_dump({"artifacts": artifacts})
    path.write_text(f"{head}connectors:\n  edge:\n    backend: juju-machine\n    options: {shown}\n")


async def _serve(given: argparse.Namespace) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    sim = SimulatedController(
        endpoints=given.endpoints,
        port=given.port,
        host=given.host,
        username=given.username,
        password=given.password,
        latency=given.latency,
        steps=given.steps,
        state=given.state,
        manual_scripts_run=True,
        clusters=given.clusters,
    )
    if given.counts:
        loop.add_signal_handler(signal.SIGUSR1, lambda: given.counts.write_text(json.dumps(sim.counts.as_json())))
    async with sim:
        if given.kubernetes and given.kubernetes not in sim.world.clouds:
            sim.add_kubernetes(given.kubernetes)
        ca_file = given.ca_file or (given.write_config.parent / "ca.pem" if given.write_config else None)
        if ca_file is not None:
            ca_file.write_text(sim.ca_cert)
        if given.write_config and ca_file is not None:
            _write_config(given.write_config, given.artifacts, ca_file, sim)
        address = {"endpoints": sim.addresses, "username": sim.username, "password": sim.password}
        address |= {"ca_file": str(ca_file)} if ca_file else {"ca_cert": sim.ca_cert}
        print(json.dumps(address), flush=True)  # noqa: T201 - what was asked for
        await stopped.wait()
    if given.counts:
        given.counts.write_text(json.dumps(sim.counts.as_json()))


def main() -> int:
    """Serve until SIGINT or SIGTERM."""
    parser = _parser()
    given = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # a connection for each model, and many models
    try:
        asyncio.run(_serve(given))
    except (OSError, ValueError) as error:
        parser.error(str(error))
    except sqlite3.Error as error:
        parser.error(f"argument --state: {given.state}: {error}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
