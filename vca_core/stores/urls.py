"""The status store that a config names."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from urllib.parse import unquote

from vca_core.errors import BadArguments
from vca_core.stores.base import StatusStore
from vca_core.stores.memory import MemoryStore
from vca_core.stores.plugins import make_store
from vca_core.usable_files import problem_of_database


def path_of(url: str, folder: Path) -> Path | None:
    """The file that a store's URL names; None: it names none.

    Args:
        url: a URL that `store_from_url` takes.
        folder: where relative paths start.
    """
    return folder.absolute() / unquote(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else None


def store_from_url(url: str, folder: Path) -> StatusStore:
    """Make the store that a URL names; nothing is opened.

    Args:
        url: ``memory:``, ``sqlite:///`` with a path behind it, ``mongodb://`` with hosts and a database, or one whose
            scheme an installed plugin knows (`list_stores`).
        folder: where relative paths start: the config's folder.

    Raises:
        BadArguments: there is no such kind of store, or the URL is wrong. The URL is not shown: it may hold a password.
        PluginError: the plugin that knows the scheme is broken; says why.
    """
    scheme, _, rest = url.partition(":")
    if scheme == "memory":
        if rest:
            raise BadArguments("store: expected memory: with nothing after it", ["store"])
        return MemoryStore()
    if scheme == "sqlite":
        if not rest.startswith("///") or not rest[3:] or rest.endswith("/"):
            raise BadArguments("store: expected three slashes and the file, as in sqlite:///status.db", ["store"])
        if "?" in rest:
            raise BadArguments("store: expected sqlite:///FILE without settings after a question mark", ["store"])
        from vca_core.stores.sqlite import SqliteStore  # aiosqlite is for those who use it

        return SqliteStore(folder.absolute() / unquote(rest[3:]))
    if scheme in ("mongodb", "mongodb+srv"):
        from vca_core.stores.mongo import MongoStatusStore

        return MongoStatusStore(url)
    return make_store(scheme, url, folder)


def problems_of_files(url: str, folder: Path) -> Iterable[str]:
    """Look at the files that a store's URL names; the store is not opened.

    Args:
        url: a URL that `store_from_url` takes.
        folder: where relative paths start.

    Returns:
        What is wrong with each; no secret is in it. Of the stores of plugins, nothing is known.
    """
    if (file := path_of(url, folder)) is not None:
        problem = problem_of_database(file)
        return () if problem is None else (problem,)
    if url.startswith(("mongodb://", "mongodb+srv://")):
        from vca_core.stores import mongo_urls

        return mongo_urls.problems_of_files(url)
    return ()
