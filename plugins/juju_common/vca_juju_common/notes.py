"""What is noted at entities of a model, as annotations, so that an execution environment outlives this process."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import lru_cache

from vca_core.errors import BadArguments
from vca_core.naming import Namespace

NAMESPACE_NOTE = "vca-namespace"
"""The canonical namespace, at an execution environment's machine and its application."""

LOCATOR_NOTE = "vca-locator"
"""At the application: the locator of its execution environment."""

CHARM_NOTE = "vca-charm"
"""At the application: the URL of the charm that was uploaded for it, and its digest."""

UNITS_NOTE = "vca-units-of"
"""At a machine for a further unit: the application that the unit is of, also before the unit comes."""


_OFFER_NOTE = "vca-offer-"
"""At an application that consumes an offer, before that is made: what follows tells it from others, the text is its
URL. A process that was killed since has left no other trace of whom the offer was for."""


def offer_note(url: str) -> dict[str, str]:
    """What to note at an application of an offer that it is about to consume."""
    return {f"{_OFFER_NOTE}{hashlib.sha256(url.encode()).hexdigest()[:8]}": url}


def noted_offers(notes: Mapping[str, str]) -> list[str]:
    """The URLs of the offers that are noted at an application."""
    return [url for name, url in notes.items() if name.startswith(_OFFER_NOTE) and url]


def charm_note(charm_url: str, digest: str | None) -> dict[str, str]:
    """What to note at an application of its charm; what stood there goes where the digest is not known."""
    return {CHARM_NOTE: "" if digest is None else f"{charm_url} {digest}"}


def digest_in(notes: Mapping[str, str], charm_url: str) -> str | None:
    """The digest that is noted of an application's charm; None: none, or that of another charm."""
    noted, _, digest = notes.get(CHARM_NOTE, "").partition(" ")
    return digest if digest and noted == charm_url else None


def namespace_in(notes: Mapping[str, str]) -> Namespace | None:
    """The namespace that is noted; None: nothing is noted, or something that is not a namespace."""
    text = notes.get(NAMESPACE_NOTE)
    return _parse(text) if text else None


@lru_cache(4096)
def _parse(text: str) -> Namespace | None:
    """Read a namespace; the same few are asked for with every delta."""
    try:
        return Namespace.parse(text)
    except BadArguments:
        return None
