"""Status stores: documents in collections, written with the semantics of MongoDB's ``$set``.

::

    base        what a store is
    document    one document: which ones a filter matches, what an update makes of it
    memory      in this process
    sqlite      in a file, for several processes at once
    mongo       in a MongoDB database (mongo_urls, mongo_names, mongo_bulks, mongo_errors)
    lazy        around another store: opened when it is first used
    refusals    which failures mean that a write can never be made
    plugins     stores that other distributions bring
    urls        the store that a config names
"""

from __future__ import annotations

from vca_core._plugin_classes import PluginInfo
from vca_core.stores.base import Outcome, StatusStore, Write
from vca_core.stores.document import check_filter, set_path
from vca_core.stores.memory import MemoryStore
from vca_core.stores.plugins import list_stores
from vca_core.stores.urls import store_from_url

__all__ = [
    "MemoryStore",
    "Outcome",
    "PluginInfo",
    "StatusStore",
    "Write",
    "check_filter",
    "list_stores",
    "set_path",
    "store_from_url",
]
