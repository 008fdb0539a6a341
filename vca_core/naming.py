"""Identities: namespaces, the names derived from them, and ee_ids.

All are values: they parse, print and compare, and refuse what would not come back from its own text.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

from vca_core.errors import BadArguments
from vca_core.plain import kind_of

_KDU = "kdu:"
_AT = "@"
_COUNT = re.compile(r"-([0-9]+)\Z")
_BAD_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_GRAMMAR = "[<nsi-id>].<ns-id>[.<vnf-id>[.<vdu-id>[-<count>]]][@<ee>]"
_EE_ID = "<model>.<application>.<locator>"
LONGEST_PART = 1000
"""Characters of one part of a namespace or an ee_id."""

_PLAIN_PART = re.compile(rf"[!-\-/-~]{{1,{LONGEST_PART}}}").fullmatch
"""Matches a sound part of printable ASCII: no blank, no dot."""

_PARTS = ("nsi_id", "ns_id", "vnf_id", "vdu_id")


def _excerpt(text: str) -> str:
    return repr(text if len(text) <= 100 else text[:97] + "...")


def _wrong(what: str, argument: str = "namespace") -> BadArguments:
    return BadArguments(f"{argument}: {what}", [argument])


def _check_part(value: object, part: str, argument: str = "namespace") -> None:
    if type(value) is str and _PLAIN_PART(value):  # nearly all are, and this is quick
        return
    if not isinstance(value, str):
        raise _wrong(f"{part}: expected text, got {kind_of(value)}", argument)
    if not value:
        raise _wrong(f"{part}: expected text that is not empty", argument)
    if len(value) > LONGEST_PART:
        raise _wrong(
            f"{part}: expected at most {LONGEST_PART} characters, got {len(value)}, {_excerpt(value)}", argument
        )
    if value != value.strip():
        raise _wrong(f"{part}: expected text without blanks at its ends, got {_excerpt(value)}", argument)
    if "." in value:
        raise _wrong(f"{part}: expected text without a dot, which separates the parts, got {_excerpt(value)}", argument)
    if any(unicodedata.category(character) in _BAD_CATEGORIES for character in value):
        raise _wrong(f"{part}: expected text without control characters, got {_excerpt(value)}", argument)


@dataclass(frozen=True, slots=True)
class Namespace:
    """Names what an execution environment configures: an NS, a VNF of it, or a VDU of that VNF.

    Args:
        nsi_id: the network slice instance; None: none.
        ns_id: the network service.
        vnf_id: the VNF; None: the EE belongs to the whole NS.
        vdu_id: the VDU, or ``kdu:<name>`` for a KDU; None: the EE belongs to the whole VNF.
        vdu_count: which replica of the VDU, in ASCII digits as they were written; None: no replicas.
        ee: which of several execution environments that configure the same; None: the only one, or the one without a
            name.

    Raises:
        BadArguments: a part could not be read back from the text; says which.
    """

    nsi_id: str | None
    ns_id: str
    vnf_id: str | None = None
    vdu_id: str | None = None
    vdu_count: str | None = None
    ee: str | None = None

    def __post_init__(self) -> None:
        if self.ns_id is None:
            raise _wrong(f"expected {_GRAMMAR}, got no ns_id")
        for part in (*_PARTS, "vdu_count", "ee"):
            value = getattr(self, part)
            if value is not None:
                _check_part(value, part)
        if self.ee is not None and _AT in self.ee:
            raise _wrong(f"ee: expected text without {_AT}, which separates it from the rest, got {_excerpt(self.ee)}")
        self._check_vdu()

    def _check_vdu(self) -> None:
        vdu, count = self.vdu_id, self.vdu_count
        if count is not None and re.fullmatch("[0-9]+", count) is None:
            raise _wrong(f"vdu_count: expected ASCII digits, got {_excerpt(count)}")
        if count is not None and (vdu is None or vdu.startswith(_KDU)):
            raise _wrong("vdu_count: expected a vdu_id beside it, which a KDU does not have")
        if vdu is not None and vdu.startswith(_KDU):
            _check_part(vdu.removeprefix(_KDU), "kdu_name")
        elif vdu is not None and count is None and _COUNT.search(vdu):
            raise _wrong(f"vdu_id {_excerpt(vdu)} would be read as a VDU and its count; give the count as vdu_count")

    @classmethod
    def parse(cls, text: str | Namespace) -> Namespace:
        """Read a namespace.

        Args:
            text: ``[<nsi-id>].<ns-id>[.<vnf-id>[.<vdu-id>[-<count>]]][@<ee>]``; parts after the ns-id may be empty.
                The ee is what follows the last ``@``; if another part contains one and there is no ee, the text ends in
                a bare ``@``. The count is the last ``-`` group of the vdu-id when it is all ASCII digits. A
                `Namespace` comes back as it is.

        Raises:
            BadArguments: it is not a namespace; says which part is wrong.
        """
        if isinstance(text, Namespace):
            return text
        if not isinstance(text, str):
            raise _wrong(f"expected text such as {_GRAMMAR}, got {kind_of(text)}")
        if len(text) > (len(_PARTS) + 2) * (LONGEST_PART + 1):
            raise _wrong(f"expected {_GRAMMAR}, got a text of {len(text)} characters")
        place, ee = _split_ee(str(text))
        parts = place.split(".")
        if len(parts) > len(_PARTS):
            raise _wrong(f"expected {_GRAMMAR}, got {_excerpt(text)}, which has {len(parts)} parts")
        nsi, ns, vnf, vdu = (part or None for part in [*parts, "", "", ""][: len(_PARTS)])
        if ns is None:
            hint = f"; an NS is written {_excerpt('.' + text)}" if nsi and len(parts) == 1 else ""
            raise _wrong(f"expected {_GRAMMAR}, got {_excerpt(text)}, which has no ns_id{hint}")
        count = None
        if vdu is not None and not vdu.startswith(_KDU) and (found := _COUNT.search(vdu)):
            vdu, count = vdu[: found.start()] or None, found[1]
        return cls(nsi, ns, vnf, vdu, count, ee)

    @classmethod
    def for_kdu(
        cls, ns_id: str, vnf_id: str | None, kdu_name: str, nsi_id: str | None = None, ee: str | None = None
    ) -> Namespace:
        """Name the EE of a KDU, which never shares an application with a VDU.

        Args:
            ns_id: the network service.
            vnf_id: the VNF.
            kdu_name: name of the KDU; nothing is split off it.
            nsi_id: the network slice instance.
            ee: which of several execution environments of the KDU.
        """
        _check_part(kdu_name, "kdu_name")
        return cls(nsi_id, ns_id, vnf_id, f"{_KDU}{kdu_name}", ee=ee)

    @property
    def kdu_name(self) -> str | None:
        """The name of the KDU; None where it is not one."""
        vdu = self.vdu_id
        return vdu.removeprefix(_KDU) if vdu is not None and vdu.startswith(_KDU) else None

    @property
    def canonical(self) -> Namespace:
        """The namespace without its slice: what names an EE."""
        return self if self.nsi_id is None else replace(self, nsi_id=None)

    @property
    def scope(self) -> tuple[str | None, str | None, str | None, str | None]:
        """What it names within its NS: VNF, VDU, count and EE."""
        return self.vnf_id, self.vdu_id, self.vdu_count, self.ee

    @property
    def is_ns(self) -> bool:
        """Whether it names a whole NS, and not one of several EEs that belong to the NS itself."""
        return self.scope == (None, None, None, None)

    def contains(self, other: Namespace) -> bool:
        """Say whether another namespace is this one or below it, whatever their slices; nothing is below an EE."""
        if self.ns_id != other.ns_id:
            return False
        if self.ee is not None:
            return self.scope == other.scope
        return all(mine is None or mine == theirs for mine, theirs in zip(self.scope, other.scope, strict=True))

    def __str__(self) -> str:
        vdu = "-".join(part for part in (self.vdu_id, self.vdu_count) if part is not None)
        place = ".".join([self.nsi_id or "", self.ns_id, self.vnf_id or "", vdu]).rstrip(".")
        return place if self.ee is None and _AT not in place else f"{place}{_AT}{self.ee or ''}"


def _split_ee(text: str) -> tuple[str, str | None]:
    """Take the ee off the text of a namespace; a bare ``@`` only says that another one before it begins no ee."""
    place, at, ee = text.rpartition(_AT)
    if not at:
        return text, None
    if not ee and _AT not in place:
        raise _wrong(f"ee is empty in {_excerpt(text)}; leave the {_AT} out if there is no ee")
    return place, ee or None


@dataclass(frozen=True, slots=True)
class EeId:
    """Identifies an execution environment: ``model.application.locator``.

    Args:
        model: name of its model.
        application: name of its application.
        locator: where it is, opaque to the core: ``0``, ``0/lxd/1``, ``k8s``.

    Raises:
        BadArguments: a part is empty, or has a dot, a blank at an end or a control character.
    """

    model: str
    application: str
    locator: str

    def __post_init__(self) -> None:
        for part in ("model", "application", "locator"):
            _check_part(getattr(self, part), part, "ee_id")

    @classmethod
    def parse(cls, value: str | EeId, argument: str = "ee_id") -> EeId:
        """Read an ee_id.

        Args:
            value: its text; an `EeId` is returned as it is.
            argument: its name in errors.

        Raises:
            BadArguments: it is not an ee_id; says what is wrong.
        """
        if isinstance(value, EeId):
            return value
        if not isinstance(value, str):
            raise _wrong(f"expected text such as {_EE_ID}, got {kind_of(value)}", argument)
        parts = str(value).split(".", 3 * LONGEST_PART)
        if len(parts) != 3:
            raise _wrong(f"expected {_EE_ID}, got {_excerpt(value)}", argument)
        if argument != "ee_id":  # which is how the id itself calls what is wrong with it
            for text, part in zip(parts, ("model", "application", "locator"), strict=True):
                _check_part(text, part, argument)
        return cls(*parts)

    def __str__(self) -> str:
        return f"{self.model}.{self.application}.{self.locator}"


class EeKey(NamedTuple):
    """Where an execution environment is, known before it is made: what is locked, remembered and written under.

    Args:
        connector: the connector's name in the config.
        model: name of the model.
        application: name of the application; empty for what concerns the model as a whole.
    """

    connector: str
    model: str
    application: str

    @classmethod
    def of(cls, connector: str, ee_id: EeId) -> EeKey:
        """Make the key of an execution environment that has an id."""
        return cls(connector, ee_id.model, ee_id.application)

    @property
    def record_id(self) -> str:
        """The ``_id`` of the record that is kept of it."""
        return "/".join(self)

    def __str__(self) -> str:
        return self.record_id


def format_application(text: str) -> str:
    """Format an application name as documented, valid or not.

    Args:
        text: the raw name.
    """
    text = re.sub("-+", "-", text.replace("_", "-").replace(" ", "-").lower())
    groups = [f"z{group}" if not group or group.isdigit() else group for group in text.split("-")]
    text = "-".join(groups)
    return f"z{text}" if text[:1].isdigit() else text


def format_model(text: str) -> str:
    """Format a model name as documented, valid or not.

    Args:
        text: the raw name.
    """
    return text.replace("_", "-").replace(" ", "-").lower()


@dataclass(frozen=True)
class NameRules:
    """Derives the names of models and applications from namespaces.

    The documented name is kept byte for byte where it is valid and short enough; otherwise it becomes a readable head
    and a digest of the parts that make it. The same applies to a KDU's name that could be mistaken for a VDU's.

    Args:
        model_pattern: what a model's name matches in full: Juju's rule and that of a Kubernetes namespace.
        application_pattern: what an application's name matches in full: Juju's rule.
        limit: the most characters of a name.
        model_suffix: appended to each model's name.
        reserved_suffixes: endings that a model's name must not have.
    """

    model_pattern: str = r"[a-z0-9]([a-z0-9-]*[a-z0-9])?"
    application_pattern: str = r"[a-z][a-z0-9]*(-[a-z0-9]*[a-z][a-z0-9]*)*"
    limit: int = 50
    model_suffix: str = ""
    reserved_suffixes: tuple[str, ...] = ("-k8s",)

    def model(self, ns: Namespace) -> str:
        """Name the model of a namespace's NS.

        Raises:
            BadArguments: the name is reserved.
        """
        name = format_model(ns.ns_id)
        room = self.limit - len(self.model_suffix)
        if len(name) > room or re.fullmatch(self.model_pattern, name) is None:
            name = _digest(_ascii(name), (ns.ns_id,), room, letters_needed=False)
        name += self.model_suffix
        if name.endswith(self.reserved_suffixes):
            raise _wrong(
                f"ns_id {_excerpt(ns.ns_id)} gives the model {name}, whose end belongs to another kind of backend "
                f"({' or '.join(self.reserved_suffixes)}); choose another ns_id"
            )
        return name

    def application(self, ns: Namespace) -> str:
        """Name the application of a namespace's EE; a KDU never shares it with a VDU."""
        kdu = ns.kdu_name
        name = documented_application(ns)
        # A VDU's documented name has a group "vdu", and its other form ends in a digest: a KDU must look like neither.
        is_mistakable = kdu is not None and _LIKE_A_VDU.search(name) is not None
        if len(name) > self.limit or re.fullmatch(self.application_pattern, name) is None or is_mistakable:
            head = _ascii(name) if kdu is None else _ascii(name).replace("vdu", "kdu")
            place, ee = ns.scope[:-1], ns.scope[-1:] if ns.ee is not None else ()
            name = _digest(head, tuple(part or "" for part in (*place, *ee)), self.limit, letters_needed=True)
        return name


@lru_cache(1024)
def documented_application(ns: Namespace) -> str:
    """The documented name of an application, usable or not; backends ask for the same few with each report."""
    kdu = ns.kdu_name
    vdu = ns.vdu_id if kdu is None else None
    words = (("vnf", ns.vnf_id), ("-kdu", kdu), ("-vdu", vdu), ("-cnt", ns.vdu_count), ("-ee", ns.ee))
    return format_application("app-" + "".join(f"{word}-{part}" for word, part in words if part is not None))


CHARM_NAMES = NameRules()
"""The documented names, for charms."""

_LIKE_A_VDU = re.compile(r"-vdu(-|\Z)|-x[0-9a-f]{12}\Z")


def _ascii(name: str) -> str:
    return unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()


def _digest(text: str, parts: tuple[str, ...], limit: int, *, letters_needed: bool) -> str:
    """Make a readable head and a digest of the parts, which dots separate since no part has one."""
    digest = "x" + hashlib.sha256(".".join(parts).encode()).hexdigest()[:12]
    room = limit - len(digest) - 1
    groups = [group for group in re.split("[^a-z0-9]+", text[:room]) if group]
    if letters_needed:
        groups = [f"z{group}" if group.isdigit() else group for group in groups]
    head = "-".join(groups)[:room].rstrip("-")
    while letters_needed and head and head.rsplit("-", 1)[-1].isdigit():
        head = head.rpartition("-")[0]
    return f"{head}-{digest}" if head else digest
