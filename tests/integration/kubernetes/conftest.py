"""A real control plane for these tests."""

from __future__ import annotations

from support.cluster.sharing import cluster

__all__ = ["cluster"]
