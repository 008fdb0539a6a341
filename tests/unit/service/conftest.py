"""Stores that processes share."""

from __future__ import annotations

from support.mongo import mongo_server, mongo_url
from support.stores import make_store, shared_store

__all__ = ["make_store", "mongo_server", "mongo_url", "shared_store"]
