"""Servers for these tests."""

from __future__ import annotations

from support.mongo import mongo_server, mongo_url, own_mongo_server

__all__ = ["mongo_server", "mongo_url", "own_mongo_server"]
