"""Identities: namespaces, the names derived from them, and ee_ids (S16, S17, S50-S55; design 6).

All are values: they parse, print and compare, and refuse what would not come back from its own text.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass, replace

from vca_core.errors import BadArguments

_KDU = "kdu:"
_COUNT = re.compile(r"-([0-9]+)\Z")
_BAD_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_GRAMMAR = "[<nsi-id>].<ns-id>[.<vnf-id>[.<vdu-id>[-<count>]]]"
_PARTS = ("nsi_id", "ns_id", "vnf_id", "vdu_id")


def _check_part(value: object, part: str, argument: str) -> None:
    if not isinstance(value, str):
        raise BadArguments(f"{argument}: {part} is text, not {type(value).__name__}", [argument])
    shown = repr(value if len(value) <= 60 else value[:57] + "...")
    if not value:
        raise BadArguments(f"{argument}: {part} is empty", [argument])
    if value != value.strip():
        raise BadArguments(f"{argument}: {part} {shown} begins or ends with a blank", [argument])
    if "." in value:
        raise BadArguments(f"{argument}: {part} {shown} has a dot, which separates the parts", [argument])
    if any(unicodedata.category(character) in _BAD_CATEGORIES for character in value):
        raise BadArguments(f"{argument}: {part} {shown} has a control character", [argument])


@dataclass(frozen=True, slots=True)
class Namespace:
    """Names what an execution environment configures: an NS, a VNF in it, a VDU of that (S16; D54-D56).

    Args:
        nsi_id: the network slice instance; None: none.
        ns_id: the network service.
        vnf_id: the VNF; None: the EE belongs to the whole NS.
        vdu_id: the VDU, or ``kdu:<name>`` for a KDU; None: the EE belongs to the whole VNF.
        vdu_count: which replica of the VDU, in ASCII digits as they were written; None: no replicas.

    Raises:
        BadArguments: a part would not come back from the text; says which.
    """

    nsi_id: str | None
    ns_id: str
    vnf_id: str | None = None
    vdu_id: str | None = None
    vdu_count: str | None = None

    def __post_init__(self) -> None:
        for part in _PARTS:
            value = getattr(self, part)
            if value is None and part == "ns_id":
                raise BadArguments(f"namespace: ns_id is missing; a namespace is {_GRAMMAR}", ["namespace"])
            if value is not None:
                _check_part(value, part, "namespace")
        self._check_vdu()

    def _check_vdu(self) -> None:
        vdu, count = self.vdu_id, self.vdu_count
        if count is not None:
            if not isinstance(count, str) or re.fullmatch("[0-9]+", count) is None:
                raise BadArguments(f"namespace: vdu_count is ASCII digits, not {count!r}", ["namespace"])
            if vdu is None:
                raise BadArguments("namespace: a vdu_count needs a vdu_id before it", ["namespace"])
        if vdu is None:
            return
        if vdu.startswith(_KDU):
            if count is not None:
                raise BadArguments("namespace: a KDU has no count", ["namespace"])
            _check_part(vdu.removeprefix(_KDU), "kdu name", "namespace")
        elif count is None and _COUNT.search(vdu):
            raise BadArguments(
                f"namespace: vdu_id {vdu!r} would be read as a VDU and its count; give the count as vdu_count",
                ["namespace"],
            )

    @classmethod
    def parse(cls, text: str | Namespace) -> Namespace:
        """Read a namespace (S17).

        Args:
            text: ``[<nsi-id>].<ns-id>[.<vnf-id>[.<vdu-id>[-<count>]]]``; parts after the ns-id may be empty. The count is the
                last ``-`` group of the last part when it is all ASCII digits. A `Namespace` is returned as it is.

        Raises:
            BadArguments: it is none; says which part is wrong.
        """
        if isinstance(text, Namespace):
            return text
        if not isinstance(text, str):
            raise BadArguments(f"namespace is text like {_GRAMMAR}, not {type(text).__name__}", ["namespace"])
        if not text:
            raise BadArguments(f"namespace is empty; it is {_GRAMMAR}", ["namespace"])
        parts = str(text).split(".")
        if len(parts) > len(_PARTS):
            raise BadArguments(f"namespace {text!r} has {len(parts)} parts; it is {_GRAMMAR}", ["namespace"])
        if len(parts) == 1:
            raise BadArguments(
                f"namespace: ns_id is missing in {text!r}; a namespace is {_GRAMMAR}, so an NS is {'.' + text!r}",
                ["namespace"],
            )
        nsi, ns, vnf, vdu = (part or None for part in [*parts, "", ""][: len(_PARTS)])
        if ns is None:
            raise BadArguments(f"namespace: ns_id is missing in {text!r}; a namespace is {_GRAMMAR}", ["namespace"])
        count = None
        if vdu is not None and not vdu.startswith(_KDU) and (found := _COUNT.search(vdu)):
            vdu, count = vdu[: found.start()] or None, found[1]
        return cls(nsi, ns, vnf, vdu, count)

    @classmethod
    def for_kdu(cls, ns_id: str, vnf_id: str | None, kdu_name: str, nsi_id: str | None = None) -> Namespace:
        """Name the EE of a KDU, which never shares an application with a VDU (D55).

        Args:
            ns_id: the network service.
            vnf_id: the VNF.
            kdu_name: name of the KDU; nothing is split off it.
            nsi_id: the network slice instance.
        """
        _check_part(kdu_name, "kdu_name", "namespace")
        return cls(nsi_id, ns_id, vnf_id, f"{_KDU}{kdu_name}")

    @property
    def kdu_name(self) -> str | None:
        """The name of the KDU; None where it is not one."""
        is_kdu = self.vdu_id is not None and self.vdu_id.startswith(_KDU)
        return self.vdu_id.removeprefix(_KDU) if is_kdu and self.vdu_id is not None else None

    @property
    def canonical(self) -> Namespace:
        """The namespace without its slice: what names an EE."""
        return self if self.nsi_id is None else replace(self, nsi_id=None)

    @property
    def is_ns(self) -> bool:
        """Whether it names a whole NS."""
        return self.vnf_id is None and self.vdu_id is None

    def contains(self, other: Namespace) -> bool:
        """Say whether another namespace lies at or below this one, slices apart."""
        return self.ns_id == other.ns_id and all(
            mine is None or mine == theirs
            for mine, theirs in (
                (self.vnf_id, other.vnf_id),
                (self.vdu_id, other.vdu_id),
                (self.vdu_count, other.vdu_count),
            )
        )

    def __str__(self) -> str:
        vdu = self.vdu_id or ""
        if self.vdu_count is not None:
            vdu = f"{vdu}-{self.vdu_count}"
        parts = [self.nsi_id or "", self.ns_id, self.vnf_id or "", vdu]
        while len(parts) > 2 and not parts[-1]:
            parts.pop()
        return ".".join(parts)


@dataclass(frozen=True, slots=True)
class EeId:
    """Identifies an execution environment: ``model.application.locator`` (S50, S51; D62, D63).

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
            argument: how errors call it.

        Raises:
            BadArguments: it is none; says what is wrong.
        """
        if isinstance(value, EeId):
            return value
        if not isinstance(value, str):
            raise BadArguments(
                f"{argument} is text like '<model>.<application>.<locator>', not {type(value).__name__}", [argument]
            )
        parts = str(value).split(".")
        if len(parts) != 3:
            shown = repr(value if len(value) <= 100 else value[:97] + "...")
            raise BadArguments(
                f"{argument} {shown} has {len(parts)} parts; it is '<model>.<application>.<locator>'", [argument]
            )
        for text, part in zip(parts, ("model", "application", "locator"), strict=True):
            _check_part(text, part, argument)
        return cls(*parts)

    def __str__(self) -> str:
        return f"{self.model}.{self.application}.{self.locator}"


def format_application(text: str) -> str:
    """Format an application name as documented (S53), valid or not.

    Args:
        text: the raw name.
    """
    text = re.sub("-+", "-", text.replace("_", "-").replace(" ", "-").lower())
    groups = [f"z{group}" if not group or group.isdigit() else group for group in text.split("-")]
    text = "-".join(groups)
    return f"z{text}" if text[:1].isdigit() else text


def format_model(text: str) -> str:
    """Format a model name as documented (S54), valid or not.

    Args:
        text: the raw name.
    """
    return text.replace("_", "-").replace(" ", "-").lower()


@dataclass(frozen=True)
class NameRules:
    """Derives the names of models and applications from namespaces (S52-S55; D57-D61).

    The documented name is kept byte for byte where it is valid and short enough; otherwise it becomes a readable head and a
    digest of the parts that make it.

    Args:
        model_pattern: what a model's name matches in full: Juju's rule and that of a Kubernetes namespace.
        application_pattern: what an application's name matches in full: Juju's rule.
        limit: the most characters of a name.
        model_suffix: put behind each model's name.
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
        if re.fullmatch(self.model_pattern, name) is None or len(name) > room:
            name = _digested(name, (ns.ns_id,), room, letters_needed=False)
        name += self.model_suffix
        for suffix in self.reserved_suffixes:
            if name.endswith(suffix):
                raise BadArguments(
                    f"namespace: ns_id {ns.ns_id!r} gives the model {name}, and the ending {suffix!r} is kept for models of "
                    "another kind of backend; choose another ns_id",
                    ["namespace"],
                )
        return name

    def application(self, ns: Namespace) -> str:
        """Name the application of a namespace's EE."""
        raw = "app-"
        if ns.vnf_id is not None:
            raw += f"vnf-{ns.vnf_id}"
        if ns.kdu_name is not None:
            raw += f"-kdu-{ns.kdu_name}"
        elif ns.vdu_id is not None:
            raw += f"-vdu-{ns.vdu_id}"
        if ns.vdu_count is not None:
            raw += f"-cnt-{ns.vdu_count}"
        name = format_application(raw)
        # A VDU's name always has a group "vdu"; so that no KDU ever shares it, a KDU's has none but in digest form.
        is_mistakable = ns.kdu_name is not None and "vdu" in name.split("-")
        if re.fullmatch(self.application_pattern, name) is None or len(name) > self.limit or is_mistakable:
            parts = (ns.vnf_id or "", ns.vdu_id or "", ns.vdu_count or "")
            name = _digested(name, parts, self.limit, letters_needed=True)
        return name


CHARM_NAMES = NameRules()
"""The documented names, for charms."""

_DIGEST = 12


def _digested(name: str, parts: tuple[str, ...], limit: int, *, letters_needed: bool) -> str:
    """Make a readable head and a digest; a dot separates the digested parts, since no part has one."""
    digest = "x" + hashlib.sha256(".".join(parts).encode()).hexdigest()[:_DIGEST]
    text = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    groups = [group for group in re.split("[^a-z0-9]+", text[: limit - len(digest) - 1]) if group]
    if letters_needed:
        groups = [f"z{group}" if group.isdigit() else group for group in groups]
        if groups and groups[0][0].isdigit():
            groups[0] = f"z{groups[0]}"
    head = "-".join(groups)[: limit - len(digest) - 1].rstrip("-")
    while letters_needed and head and head.rsplit("-", 1)[-1].isdigit():
        head = head.rpartition("-")[0]
    return f"{head}-{digest}" if head else digest
