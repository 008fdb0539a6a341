"""Channels of Charmhub: ``track/risk/branch``, of which one part may do."""

from __future__ import annotations

from typing import NamedTuple

RISKS = ("stable", "candidate", "beta", "edge")


class Channel(NamedTuple):
    """A channel.

    Args:
        track: empty: the charm's default one, which mostly is ``latest``.
        risk: ``stable`` where none is named.
        branch: empty: none.
    """

    track: str = ""
    risk: str = "stable"
    branch: str = ""

    def __str__(self) -> str:
        return "/".join(part for part in self if part)

    def is_same(self, other: Channel) -> bool:
        """Whether both are one channel: without a track, it is ``latest``."""
        return self._replace(track=self.track or "latest") == other._replace(track=other.track or "latest")


def parse_channel(text: str) -> Channel:
    """Read a channel as Juju's command takes it: ``edge``, ``1.0``, ``1.0/edge``, ``edge/fix-1``, ``1.0/edge/fix-1``.

    Raises:
        ValueError: it is not one.
    """
    words = text.split("/")
    if words[0] in RISKS:
        words.insert(0, "")
    channel = Channel(*words) if len(words) <= len(Channel._fields) and all(words[1:]) else None
    if channel is None or channel.risk not in RISKS:
        raise ValueError(f"expected a channel such as latest/stable, of the risks {', '.join(RISKS)}; got {text!r}")
    return channel
