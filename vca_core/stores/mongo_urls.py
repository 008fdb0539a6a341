"""URLs of MongoDB databases, and the driver's clients for them."""

from __future__ import annotations

import importlib
import re
import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, parse_qsl, quote, unquote

from vca_core.errors import BadArguments
from vca_core.secrets import MASK
from vca_core.stores.mongo_names import check_database
from vca_core.stores.mongo_pool import closing_pool
from vca_core.text_files import Unreadable, read_text

if TYPE_CHECKING:
    from pymongo import AsyncMongoClient

_URL = re.compile(
    r"(?P<scheme>mongodb(?:\+srv)?://)(?P<hosts>[^/?#]+)/(?P<database>[^/?#@]+)(?:\?(?P<settings>.*))?", re.DOTALL
)
_HOST = re.compile(r"(?:\[[^\[\]]+\]|[^:\[\]]+)(?::\d+)?")

_LIMITS = {"serverSelectionTimeoutMS": 5_000, "connectTimeoutMS": 5_000, "socketTimeoutMS": 10_000}
"""What holds where the URL says nothing else; the driver's own would wait for an answer forever."""

_LENIENT: dict[str, Any] = {"datetime_conversion": "DATETIME_AUTO", "unicode_decode_error_handler": "replace"}
"""How documents are decoded. They are the orchestrator's: a date past the year 9999, or text that is not UTF-8, in a
field that is of no interest here must not make the whole of one unreadable."""


def database_of(url: str, argument: str) -> str:
    """Check a URL; give the name of its database.

    Args:
        url: ``mongodb://`` or ``mongodb+srv://``, with the database behind the hosts.
        argument: how errors call it.

    Raises:
        BadArguments: the URL is wrong. It is not shown: it may hold a password.
    """
    found = _parts_of(url)
    if found is None:
        raise BadArguments(
            f"{argument}: expected hosts and a database, as mongodb://host1,host2/osm?replicaSet=rs0; special "
            "characters of a user's name or password are written as %40",
            [argument],
        )
    database = unquote(found["database"])
    check_database(database, argument)
    return database


def shown_url(url: str) -> str:
    """A URL that was checked, as it may be shown: without user, password and settings."""
    found = _parts_of(url)
    if found is None:
        return MASK
    _, at, hosts = found["hosts"].rpartition("@")
    return f"{found['scheme']}{MASK if at else ''}{at}{hosts}/{found['database']}"


def _parts_of(url: str) -> re.Match[str] | None:
    """The parts of a URL; None: it is none, or a part of a password with a bare slash or question mark looks like one.

    Neither ports, nor the database, nor the names of settings may be such a part: errors show them.
    """
    found = _URL.fullmatch(url)
    if found is None or any("@" in name for name in settings_of(url)):
        return None
    hosts = found["hosts"].rpartition("@")[2].split(",")
    return found if all(_HOST.fullmatch(host) for host in hosts) else None


def settings_of(url: str) -> dict[str, str]:
    """The settings of a URL, by name in small letters; of several of one name, the last."""
    settings = parse_qs(url.partition("?")[2].replace(";", "&"), keep_blank_values=True)
    return {name.lower(): values[-1] for name, values in settings.items()}


def load_driver() -> None:
    """Import the driver, which takes up to a second: to be called in a thread, so that the event loop goes on.

    Raises:
        ModuleNotFoundError: it is not installed.
    """
    for name in ("pymongo", "pymongo.errors", "pymongo.uri_parser", "bson.errors", "dns.asyncresolver"):
        importlib.import_module(name)


def client_of(url: str, argument: str) -> AsyncMongoClient[dict[str, Any]]:
    """Make a client, with limits for all that the driver waits for. It connects when it is first used.

    `load_driver` should have been called.

    Args:
        url: the URL.
        argument: how errors call it.

    Raises:
        ModuleNotFoundError: the driver is not installed.
        BadArguments: a setting of the URL is unknown, wrong or there twice, or a file that it names cannot be used;
            names the setting.
        Exception: what the driver says of the URL's settings; it may show secrets.
    """
    from pymongo import AsyncMongoClient  # the driver is for those who use it

    _check_settings(url, argument)
    settings = settings_of(url)
    limits: dict[str, Any] = {
        name: value for name, value in _LIMITS.items() if not settings.keys() & {name.lower(), "timeoutms"}
    }
    try:
        return AsyncMongoClient(url, appname="vca", **_LENIENT, **limits, _pool_class=closing_pool())
    except OSError as error:  # nothing is connected yet: it is about files
        failure = _file_error(settings, error, argument)
    raise failure  # not in the `except`: the driver's exceptions may show secrets


def _check_settings(url: str, argument: str) -> None:
    """Refuse what the driver only warns of, and then leaves out: a misspelled ``tls`` would be a connection without."""
    from pymongo.uri_parser import split_options  # as above

    seen = set()
    for name, value in parse_qsl(url.partition("?")[2].replace(";", "&"), keep_blank_values=True):
        if name.lower() in seen and name.lower() not in _SEVERAL:
            raise BadArguments(f"{argument}: the setting {name} is there twice; keep one", [argument])
        seen.add(name.lower())
        if name.lower() in _LIMITS_OF_ANSWERS and not value.strip("0"):
            raise BadArguments(
                f"{argument}: the setting {name}: expected milliseconds, got none or 0, with which an answer that is "
                "lost would be waited for without end; leave it out, or set a limit",
                [argument],
            )
        try:
            split_options(f"{quote(name)}={quote(value, safe=_PLAIN)}", warn=False)
        except OSError:
            continue  # a file: the client says which one
        except Exception as error:  # noqa: BLE001 - the driver raises several kinds
            text = str(error)
        else:
            continue
        if text.startswith("Unknown option"):
            text = "it is not a setting of MongoDB's connection strings"
        elif any(part and part in text for part in re.split("[:,]", value)):
            text = "its value cannot be used"
        raise BadArguments(f"{argument}: the setting {name}: {text}", [argument])


_LIMITS_OF_ANSWERS = {"sockettimeoutms", "timeoutms"}
"""Settings that limit how long an answer is waited for."""

_SEVERAL = {"readpreferencetags"}
"""Settings that may be there several times."""

_PLAIN = ":,/"
"""What values have as it is."""

_FILES = {name.lower(): name for name in ("tlsCAFile", "tlsCertificateKeyFile", "tlsCRLFile")}


def _file_error(settings: Mapping[str, str], error: OSError, argument: str) -> BadArguments:
    for setting, name in _FILES.items():
        if setting in settings:
            try:
                Path(settings[setting]).open("rb").close()
            except OSError as failure:
                why = f"{name}: the file {settings[setting]} cannot be read: {failure.strerror}"
                return BadArguments(f"{argument}: {why}", [argument])
    given = " or ".join(f"{name} ({settings[setting]})" for setting, name in _FILES.items() if setting in settings)
    reason = error.reason if isinstance(error, ssl.SSLError) else error.strerror
    return BadArguments(f"{argument}: expected certificates in the form PEM in {given}: {reason}", [argument])


def problems_of_files(url: str) -> Iterator[str]:
    """Look at the files that the settings of a URL name; nothing is connected to.

    Args:
        url: the URL.

    Returns:
        What is wrong with each; no secret is in it.
    """
    settings = settings_of(url)
    for setting, name in _FILES.items():
        if (given := settings.get(setting)) is None:
            continue
        if isinstance(found := read_text(Path(given)), Unreadable):
            yield f"{name}: {given}: {found.reason}"
        elif not _is_loadable(name, given, settings.get("tlscertificatekeyfilepassword", "")):
            yield f"{name}: {given}: expected {_EXPECTED[name]} in PEM"


_EXPECTED = {
    "tlsCAFile": "certificates",
    "tlsCertificateKeyFile": "a certificate and its key, whose password tlsCertificateKeyFilePassword has,",
    "tlsCRLFile": "a list of revoked certificates",
}


def _is_loadable(name: str, file: str, password: str) -> bool:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        if name == "tlsCertificateKeyFile":
            context.load_cert_chain(file, password=lambda: password)  # or OpenSSL would ask for it on the terminal
        else:
            context.load_verify_locations(file)
    except (OSError, ValueError):
        return False
    return True
