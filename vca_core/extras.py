"""How to install the extras of the core, which is on no package index."""

from __future__ import annotations


def install_from_clone(extra: str) -> str:
    """Say how to install an extra.

    Args:
        extra: its name: ``cli``, ``mongodb`` or ``testing``.

    Returns:
        The end of a sentence, with the command.
    """
    return f"install the extra {extra!r} from your clone of the project, here ./vca: pip install './vca[{extra}]'"
