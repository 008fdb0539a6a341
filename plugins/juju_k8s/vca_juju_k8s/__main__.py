"""``vca-k8s``: make the cluster of a connector known to its controller, look at that, and take it back."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from vca_core.config import load_config, validate_model
from vca_core.errors import BadArguments, VcaConnectionError, VcaError, VcaTimeoutError
from vca_core.naming import NameRules
from vca_core.secrets import SecretValues, model_secrets
from vca_core.suggestions import instead
from vca_juju_k8s import onboarding
from vca_juju_k8s.backend import JujuK8sBackend
from vca_juju_k8s.cluster.errors import ClusterError
from vca_juju_k8s.forgetting import forget
from vca_juju_k8s.options import JujuK8sOptions
from vca_juju_k8s.session import KubernetesSession
from vca_juju_k8s.sites import Onboarded, show

LIMIT = 120.0
_COMMANDS = {"onboard": onboarding.onboard, "show": show, "forget": forget}


@dataclass
class _Host:
    """A connector's side for who reports no status."""

    connector: str
    options: JujuK8sOptions
    names: NameRules
    folder: Path
    log: Any
    secrets: SecretValues

    @property
    def ssh_key(self) -> Any:
        raise NotImplementedError("pods have no ssh")

    def report(self, *_: Any) -> None:
        """Nobody listens."""

    def add_secrets(self, texts: Iterable[str]) -> Callable[[], None]:
        """Keep secrets out of what is printed."""
        return partial(self.secrets.remove, self.secrets.add(texts))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: those behind its name; None: the process's.

    Returns:
        The exit code: 0 done; 1 refused, also the login; 2 wrong usage or config; 3 not reached, or too late: try
        again; 130 interrupted.
    """
    parser = argparse.ArgumentParser("vca-k8s", description=__doc__.partition(": ")[2])
    default = os.environ.get("VCA_CONFIG") or "vca.yaml"
    parser.add_argument("-c", "--config", type=Path, default=Path(default), help=f"the config ({default})")
    parser.add_argument("command", choices=list(_COMMANDS))
    parser.add_argument("connector", help="its name in the config; its backend is juju-k8s")
    given = parser.parse_args(arguments)
    secrets = SecretValues()
    try:
        done = asyncio.run(_run(given.command, given.config, given.connector, secrets))
    except VcaError as error:
        print(f"error: {secrets.scrub_own(str(error))}", file=sys.stderr)  # noqa: T201 - it is a command
        unreached = isinstance(error, VcaConnectionError | VcaTimeoutError | ClusterError) and error.retryable
        return 2 if isinstance(error, BadArguments) else 3 if unreached else 1
    except KeyboardInterrupt:  # what was done is found again by the next call
        return 130
    for name, value in asdict(done).items():
        lines = value if isinstance(value, list) else [value]
        for line in lines:
            print(f"{name}: {secrets.scrub_own(str(line))}")  # noqa: T201 - likewise
    return 0


async def _run(command: str, file: Path, connector: str, secrets: SecretValues) -> Onboarded:
    config = load_config(file)
    found = config.connectors.get(connector)
    if found is None:
        there = instead(connector, config.connectors)
        raise BadArguments(f"CONNECTOR: there is no connector {connector!r}{there}", ["CONNECTOR"])
    if found.backend != "juju-k8s":
        raise BadArguments(f"CONNECTOR: {connector} is of {found.backend}; expected one of juju-k8s", ["CONNECTOR"])
    options = validate_model(JujuK8sOptions, found.options, f"connectors.{connector}.options")
    secrets.add(model_secrets(options))
    onboarding.check(options)
    log = logging.getLogger("vca.backend.juju-k8s")
    host = _Host(connector, options, JujuK8sBackend.names, config.folder, log, secrets)
    session = KubernetesSession(host, JujuK8sBackend.ground)
    try:
        async with asyncio.timeout(LIMIT):
            await session.connect()
            return await _COMMANDS[command](session.site)
    except TimeoutError:
        raise VcaTimeoutError(f"{command} has not ended within {LIMIT:g} s; call it again", "total", LIMIT) from None
    finally:
        await session.close()


if __name__ == "__main__":
    sys.exit(main())
