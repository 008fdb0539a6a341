"""The primitive ``config``, which sets options: its two forms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vca_core.written import Written, texts_below, texts_of

CONFIG_PRIMITIVE = "config"
"""Its name; every EE with a charm has it, whatever actions the charm has."""


def options_in(params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Take the options out of what a caller passed: they may be below ``params``, as LCM sends them.

    Args:
        params: what it was given, with or without that level.
    """
    inner = params.get("params") if len(params) == 1 else None
    if not isinstance(inner, Mapping):
        return params
    texts = texts_below(texts_of(params), ("params",))
    return Written(inner, texts) if texts else inner
