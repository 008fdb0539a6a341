"""What the controller counts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

APART = ("AllWatcher.Next", "Pinger.Ping", "charms.upload", "resources.upload")


@dataclass(slots=True)
class Counts:
    """Requests by `Facade.Method`, connections, failed logins and uploads.

    Uploads are counted by (model uuid, what was uploaded, its sha256): `charm`, or `resource NAME`.
    """

    requests: Counter[str] = field(default_factory=Counter)
    uploads: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    opened: int = 0
    open: int = 0
    peak: int = 0
    failed_logins: int = 0
    pings: Counter[int] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        """All requests, without long polls, pings and uploads."""
        return sum(number for name, number in self.requests.items() if name not in APART)

    def note_opened(self) -> int:
        """Count an opened websocket; returns its number."""
        self.opened += 1
        self.open += 1
        self.peak = max(self.peak, self.open)
        return self.opened

    def note_closed(self) -> None:
        """Count a closed websocket."""
        self.open -= 1

    def reset(self) -> None:
        """Reset all counts; open connections stay open."""
        self.requests.clear()
        self.uploads.clear()
        self.pings.clear()
        self.opened = self.failed_logins = 0
        self.peak = self.open

    def as_json(self) -> dict[str, Any]:
        """Return the counts as JSON, for another process."""
        return {
            "requests": dict(self.requests),
            "total": self.total,
            "uploads": [[*key, number] for key, number in self.uploads.items()],
            "opened": self.opened,
            "open": self.open,
            "peak": self.peak,
            "failed_logins": self.failed_logins,
            "pings": {str(key): number for key, number in self.pings.items()},
        }
