"""A program that asks the auth-provider of a kubeconfig's user for a token; run with ``-m``, by `programs`.

It reads the user from its standard input, and answers as programs do that a kubeconfig names. Its error output
is not shown.
"""

from __future__ import annotations

import json
import sys

from vca_juju_k8s.cluster.connecting import ask_provider
from vca_juju_k8s.cluster.programs import OWN_VERSION


def main() -> int:
    """Ask for a token, and print it.

    Returns:
        The exit code: 0, or 1 if the provider gives no token.
    """
    token = ask_provider(json.load(sys.stdin))
    if not token:
        return 1
    json.dump({"apiVersion": OWN_VERSION, "kind": "ExecCredential", "status": {"token": token}}, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
