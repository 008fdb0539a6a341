"""The primitive ``config``, which sets options: its two forms, and the hook that it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vca_core.hookspecs import BackendHooks

CONFIG_PRIMITIVE = "config"
"""Its name; every EE with a charm has it, whatever actions the charm has."""


def options_in(params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Take the options out of what a caller passed: they may be below ``params``, as LCM sends them.

    Args:
        params: what it was given, with or without that level.
    """
    inner = params.get("params") if len(params) == 1 else None
    return inner if isinstance(inner, Mapping) else params


def hook_call(operation: str, given: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """Find what a call asks of the backend: setting options is a hook of its own.

    Args:
        operation: the name that it was called by.
        given: its arguments, unchecked.

    Returns:
        The operation, and its arguments as far as they belong to it.
    """
    if operation != BackendHooks.exec_primitive.__name__ or given.get("primitive_name") != CONFIG_PRIMITIVE:
        return operation, given
    params = given.get("params_dict")
    options = {"config": options_in(params)} if isinstance(params, Mapping) else {}
    return BackendHooks.configure.__name__, {"ee_id": given.get("ee_id"), **options}
