"""What a call asks of the backend: the hook that its operation, its errors and its facts are named after."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vca_core.connector.config_primitive import CONFIG_PRIMITIVE, options_in
from vca_core.hookspecs import BackendHooks

GET_KEY = "get-ssh-public-key"
"""The primitive that gives an EE's public key."""

_READS = {
    "describe": BackendHooks.describe_execution_environment.__name__,
    "refresh_status": BackendHooks.list_execution_environments.__name__,
}


def hook_call(method: str, given: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """Find the hook that a method asks for. Most have its name.

    Args:
        method: the name of the called method.
        given: its arguments, unchecked.

    Returns:
        The hook's name, and the arguments as far as they belong to it; a method that asks no backend keeps its own.
    """
    if method == BackendHooks.create_execution_environment.__name__ and given.get("reuse_ee_id") is not None:
        return BackendHooks.resume_execution_environment.__name__, given
    if method == BackendHooks.exec_primitive.__name__ and given.get("primitive_name") == CONFIG_PRIMITIVE:
        params = given.get("params_dict")
        options = {"config": options_in(params)} if isinstance(params, Mapping) else {}
        return BackendHooks.configure.__name__, {"ee_id": given.get("ee_id"), **options}
    if method == "get_ee_ssh_public_key":
        return BackendHooks.exec_primitive.__name__, {**given, "primitive_name": GET_KEY}
    return _READS.get(method, method), given
