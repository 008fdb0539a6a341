"""URLs of MongoDB databases, and the driver's clients for them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote

from vca_core.errors import BadArguments

if TYPE_CHECKING:
    from pymongo import AsyncMongoClient

_URL = re.compile(r"mongodb(?:\+srv)?://(?P<hosts>[^/?#]+)/(?P<database>[^/?#]+)(?:\?(?P<settings>.*))?", re.DOTALL)

_LIMITS = {"serverSelectionTimeoutMS": 5_000, "connectTimeoutMS": 5_000, "socketTimeoutMS": 10_000}
"""What holds where the URL says nothing else; the driver's own would wait for an answer forever."""


def database_of(url: str, argument: str) -> str:
    """Check a URL; give the name of its database.

    Args:
        url: ``mongodb://`` or ``mongodb+srv://``, with the database behind the hosts.
        argument: how errors call it.

    Raises:
        BadArguments: the URL is wrong. It is not shown: it may hold a password.
    """
    found = _URL.fullmatch(url)
    if found is None:
        raise BadArguments(
            f"{argument}: expected hosts and a database, as mongodb://host1,host2/osm?replicaSet=rs0; special "
            "characters of a user's name or password are written as %40",
            [argument],
        )
    return unquote(found["database"])


def settings_of(url: str) -> dict[str, list[str]]:
    """The settings of a URL, by name."""
    return parse_qs(url.partition("?")[2], keep_blank_values=True)


def client_of(url: str) -> AsyncMongoClient[dict[str, Any]]:
    """Make a client, with limits for all that the driver waits for. It connects when it is first used.

    Raises:
        ModuleNotFoundError: the driver is not installed.
        Exception: what the driver says of the URL's settings; it may show secrets.
    """
    from pymongo import AsyncMongoClient  # the driver is for those who use it

    given = {name.lower() for name in settings_of(url)}
    limits: dict[str, Any] = {name: value for name, value in _LIMITS.items() if not given & {name.lower(), "timeoutms"}}
    return AsyncMongoClient(url, appname="vca", **limits)
