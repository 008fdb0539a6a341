"""Backends that a test defines itself: entry points lead here, and here to the class that the test put in place."""

from __future__ import annotations

from pathlib import Path

_NAMES = [f"test{number}" for number in range(4)]
_backends: dict[str, type] = {}


def write_distribution(folder: Path) -> None:
    """Write the metadata of a distribution whose entry points are the backends ``test0`` to ``test3``."""
    info = folder / "vca_test_backends-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: vca-test-backends\nVersion: 1.0\n")
    entries = "".join(f"{name} = support.current:{name}\n" for name in _NAMES)
    (info / "entry_points.txt").write_text(f"[vca.backends]\n{entries}")


def put(backends: list[type]) -> list[str]:
    """Put backends in place and return the names that a config chooses them by."""
    _backends.clear()
    _backends.update(zip(_NAMES, backends, strict=False))
    return _NAMES[: len(backends)]


def __getattr__(name: str) -> type:
    try:
        return _backends[name]
    except KeyError:
        raise AttributeError(name) from None
