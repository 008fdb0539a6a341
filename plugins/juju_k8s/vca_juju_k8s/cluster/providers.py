"""A program that asks the auth-provider of a kubeconfig's user for a token; run with ``-m``, by `programs`.

It reads the user from its standard input, and answers as programs do that a kubeconfig names. Its error output
is not shown. A refresh token that was replaced it keeps in the kubeconfig's file, or answers why it cannot.
"""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from vca_juju_k8s.cluster.connecting import ask_provider
from vca_juju_k8s.cluster.programs import OWN_VERSION
from vca_juju_k8s.cluster.turns import Turn

_REFRESH = "refresh-token"


def main() -> int:
    """Ask for a token, and print it.

    Returns:
        The exit code: 0, or 1 if the provider gives no token.
    """
    given = json.load(sys.stdin)
    file = given["file"]
    with ExitStack() as stack:
        turn = None if file is None else stack.enter_context(Turn(Path(file), given["context"]))
        status = _ask(given["user"], given["replaced"], turn)
    if status is None:
        return 1
    json.dump({"apiVersion": OWN_VERSION, "kind": "ExecCredential", "status": status}, sys.stdout)
    return 0


def _ask(user: dict[str, Any], replaced: dict[str, Any] | None, turn: Turn | None) -> dict[str, Any] | None:
    """Ask for a token.

    Args:
        user: as the kubeconfig has it.
        replaced: an earlier answer's part of this name; None: there is none.
        turn: at the kubeconfig's file; None: it is in none.

    Returns:
        The token, and where a refresh token was replaced that cannot be kept, by what, and why not; None: no token.
    """
    provider = user["auth-provider"]
    if turn is not None:  # others may have replaced it since that was read
        provider["config"] = turn.read()
    standing = dict(provider.get("config") or {})
    if replaced is not None and standing.get(_REFRESH) == replaced["spent"]:
        provider["config"] = standing | replaced["values"]
    former = (provider.get("config") or {}).get(_REFRESH)
    token = ask_provider(user)
    if not token:
        return None
    now = provider.get("config") or {}
    if now.get(_REFRESH) == former:
        return {"token": token}
    values = {name: str(now[name]) for name in ("id-token", _REFRESH) if now.get(name)}
    unkept = "the kubeconfig is written out, and has no file" if turn is None else turn.keep(values)
    if not unkept:
        return {"token": token}
    return {"token": token, "replaced": {"spent": standing.get(_REFRESH), "values": values}, "unkept": unkept}


if __name__ == "__main__":
    sys.exit(main())
