"""Namespaces of anything that their parts may be; and what names made of them have to look like."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from hypothesis import strategies as st

from vca_core.errors import BadArguments
from vca_core.naming import Namespace

NSI = "aa11bb22-cc33-dd44-ee55-ff6677889900"
NS = "5f3e2b1a-7c4d-4e5f-8a9b-0c1d2e3f4a5b"
VNF = "1b6a4eb3-4fbf-415e-985c-4aeb3161eec0"

MODEL = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
"""What Juju takes as a model and Kubernetes as a namespace; the length is checked beside it."""

APPLICATION = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]*[a-z][a-z0-9]*)*")
"""What Juju takes as an application."""

T = TypeVar("T")

LETTERS = st.text("abcdefghijklmnopqrstuvwxy", min_size=1, max_size=40)
ANY = st.text(max_size=30)
LIKELY = st.text("aAbzZ019-_ /:@kduvnxcte\u00b2\u0663\u00e9\u2174", max_size=40)
COUNTS = st.from_regex(r"[0-9]{1,4}", fullmatch=True)
_ALLOWED = st.characters(exclude_categories=("Cc", "Cf", "Cs", "Zl", "Zp"), exclude_characters=".")
_PARTS = st.one_of(LIKELY, st.text(_ALLOWED, max_size=30)).map(lambda text: text.strip() or "a")
_VDUS = _PARTS.map(lambda text: re.sub(r"^kdu:|-[0-9]+$", "-z", text))
_MAYBE = st.none() | _PARTS
_EES = st.none() | _PARTS.map(lambda text: text.replace("@", "-"))


def kdus() -> st.SearchStrategy[Namespace]:
    return st.builds(Namespace.for_kdu, _PARTS, _MAYBE, _PARTS, _MAYBE, _EES)


def vdus() -> st.SearchStrategy[Namespace]:
    return st.builds(Namespace, _MAYBE, _PARTS, _MAYBE, _VDUS, st.none() | COUNTS, _EES)


def namespaces() -> st.SearchStrategy[Namespace]:
    """Draw namespaces of all levels, made of anything that a part may be."""
    return st.one_of(kdus(), vdus(), st.builds(Namespace, _MAYBE, _PARTS, _MAYBE, ee=_EES))


def value_or_none(make: Callable[[], T], argument: str) -> T | None:
    """Give what is made; None where it is refused, which has to be as a bad argument."""
    try:
        return make()
    except BadArguments as error:
        if error.bad_args != [argument]:
            raise
        return None
