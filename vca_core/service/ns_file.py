"""The NS file: what is in it, and what is checked of it. Values may be secrets and are never shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PrivateAttr,
    ValidationInfo,
    field_validator,
    model_validator,
)

from vca_core.config.parts import Listed, Mapped, Number, Part, Seconds, Values
from vca_core.errors import BadArguments
from vca_core.hosts import same_host
from vca_core.naming import Namespace
from vca_core.suggestions import instead

Name = Annotated[str, Field(min_length=1, max_length=200)]


def _name_of_vnf(name: str) -> str:
    if (
        not name
        or name.startswith("$")
        or any(character in ":/." or not character.isprintable() for character in name)
        or name != name.strip()
    ):
        raise ValueError("expected a VNF's name without a colon, slash or dot, a $ in front and blanks at its ends")
    return name


class Primitive(Part):
    """A Day-1 primitive.

    Args:
        run: its name; ``config`` sets options.
        with_: its parameters.
        unit: the unit to run it on, by name or number; None: the leader.
        timeout: seconds in all; None: the config's.
    """

    run: Name
    with_: Values = Field(default_factory=dict, alias="with", repr=False)
    unit: Name | Annotated[int, Field(ge=0, strict=True)] | None = None
    timeout: Seconds | None = None


class StepOptions(Part):
    """Options for the backend, by operation."""

    create: Values = Field(default_factory=dict, repr=False)
    register_: Values = Field(default_factory=dict, alias="register", repr=False)
    install: Values = Field(default_factory=dict, repr=False)
    upgrade: Values = Field(default_factory=dict, repr=False)


_NO_OPTIONS = StepOptions()
"""One for all VNFs that have none: pydantic would copy it for each, and there may be ten thousand."""


class Vnf(Part):
    """A VNF with one execution environment.

    Args:
        charm: below the config's ``artifacts``, or ``ch:NAME``; None: no charm is installed.
        vdu: the VDU that is configured; None: the whole VNF.
        count: which replica of the VDU.
        kdu: the KDU that is configured, instead of a VDU.
        connector: name of the connector; None: the service's.
        machine: credentials of a machine that is there already, with ``hostname`` and ``username``; None: a new one.
        config: options of the charm.
        units: how many units.
        day1: primitives, run one after the other when the VNF is installed and related.
        after: VNFs whose Day-1 primitives have to be done before this one's begin.
        options: options for the backend.
    """

    charm: Name | None = None
    vdu: Name | None = None
    count: Annotated[int, Field(ge=0), Number] | None = None
    kdu: Name | None = None
    connector: Name | None = None
    machine: Annotated[dict[str, Any] | None, Field(repr=False)] = None
    config: Values = Field(default_factory=dict, repr=False)
    units: Annotated[int, Field(ge=1), Number] = 1
    day1: Annotated[list[Primitive], Listed] = Field(default_factory=list)
    after: Annotated[list[Name], Listed] = Field(default_factory=list)
    options: Annotated[StepOptions, Mapped] = Field(
        default_factory=lambda: _NO_OPTIONS, json_schema_extra={"default": _NO_OPTIONS.model_dump(by_alias=True)}
    )

    @property
    def host(self) -> str | None:
        """What its machine is known by, however its address is spelled; None: it has none of its own."""
        if self.machine is None:
            return None
        return same_host(str(self.machine.get("hostname")), self.machine.get("port"))

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.kdu is not None and (self.vdu is not None or self.count is not None):
            raise ValueError("kdu: expected neither vdu nor count beside it")
        if self.count is not None and self.vdu is None:
            raise ValueError("count: expected the vdu whose replica it says; name it")
        if self.charm is None and (self.config or self.day1):
            raise ValueError("charm: expected one, for config and day1 need it")
        return self


class Relation(Part):
    """Two endpoints that are related: ``[core:gateway, edge:upstream]``.

    Args:
        ends: two times a VNF's name and one of its charm's endpoints.
    """

    ends: tuple[tuple[str, str], tuple[str, str]]

    def __str__(self) -> str:
        return " - ".join(f"{vnf}:{endpoint}" for vnf, endpoint in self.ends)


def _relation(value: Any) -> Any:
    if not isinstance(value, list) or len(value) != 2:
        raise ValueError("expected a list of two ends, such as [core:gateway, edge:upstream]")
    ends = []
    for end in value:
        vnf, colon, endpoint = end.partition(":") if isinstance(end, str) else ("", "", "")
        if not colon or not vnf or not endpoint or "." in endpoint or "/" in endpoint:
            raise ValueError("expected a VNF and an endpoint at each end, such as core:gateway")
        ends.append((vnf, endpoint))
    return {"ends": tuple(ends)}


class Service(Part):
    """A network service.

    Args:
        ns: the ns_id.
        nsi: the network slice instance.
        connector: name of the connector of VNFs that name none; None: the config's default.
        vnfs: by name, which is the vnf_id.
        relations: pairs of endpoints.
    """

    ns: Name
    nsi: Name | None = None
    connector: Name | None = None
    vnfs: Annotated[dict[Annotated[str, AfterValidator(_name_of_vnf)], Vnf], Field(min_length=1)]
    relations: Annotated[list[Annotated[Relation, BeforeValidator(_relation)]], Listed] = Field(default_factory=list)
    _references: Mapping[str, frozenset[str]] = PrivateAttr(default_factory=dict)

    @property
    def references(self) -> Mapping[str, frozenset[str]]:
        """Where values stand that came by reference (``${env:NAME}``), by VNF: ``/config/hostname``."""
        return self._references

    def mark_references(self, places: Mapping[str, frozenset[str]]) -> None:
        """Note where values came by reference.

        Args:
            places: by VNF.
        """
        self._references = places

    def namespace(self, name: str) -> Namespace:
        """The namespace of a VNF's execution environment."""
        vnf = self.vnfs[name]
        if vnf.kdu is not None:
            return Namespace.for_kdu(self.ns, name, vnf.kdu, nsi_id=self.nsi)
        count = None if vnf.count is None else str(vnf.count)
        return Namespace(self.nsi, self.ns, name, vnf.vdu, count)

    @field_validator("vnfs")
    @classmethod
    def _check_after(cls, vnfs: dict[str, Vnf]) -> dict[str, Vnf]:
        for name, vnf in vnfs.items():
            for other in vnf.after:
                if other not in vnfs:
                    raise ValueError(f"{name}.after: there is no VNF {other!r}{instead(other, vnfs)}")
        if (waiting := _find_circle(vnfs)) is not None:
            raise ValueError(f"{waiting} comes after itself; take one of the `after` out")
        return vnfs

    @model_validator(mode="after")
    def _hosts_are_different(self) -> Self:
        owners: dict[tuple[str | None, str], str] = {}
        for name, vnf in self.vnfs.items():
            if vnf.host is None:
                continue
            owner = owners.setdefault((vnf.connector or self.connector, vnf.host), name)
            if owner != name:
                raise ValueError(f"VNF {name} has the host of VNF {owner}; expected a host of its own")
        return self

    @field_validator("relations")
    @classmethod
    def _relations_name_vnfs(cls, relations: list[Relation], info: ValidationInfo) -> list[Relation]:
        vnfs: Mapping[str, Vnf] = info.data.get("vnfs", {})
        for relation in relations:
            for name, _ in relation.ends:
                if vnfs and name not in vnfs:
                    raise ValueError(f"{relation}: there is no VNF {name!r}{instead(name, vnfs)}")
                if vnfs and vnfs[name].charm is None:
                    raise ValueError(f"{relation}: VNF {name!r} has no charm, and so no endpoint; name its charm")
        return relations

    @model_validator(mode="after")
    def _names_are_possible(self) -> Self:
        for name in self.vnfs:
            try:
                self.namespace(name)
            except BadArguments as error:
                raise ValueError(f"VNF {name}: {error.message}") from None
        return self


def _describe(schema: dict[str, Any]) -> None:
    """Have a class's docstring describe it and its properties, in words for those who write the file."""
    summary, _, arguments = schema.get("description", "").partition("\n\nArgs:\n")
    schema["description"] = summary
    for line in arguments.splitlines():
        name, _, text = line.strip().partition(": ")
        words = text.replace("``", "`").replace("; None: ", "; left out: ")
        schema["properties"][name.removesuffix("_")]["description"] = words[0].upper() + words[1:]


def ns_file_schema() -> dict[str, Any]:
    """The JSON schema of the NS file; a relation is a list of two texts there, which the model takes apart."""
    schema = Service.model_json_schema(by_alias=True)
    for described in (schema, *schema["$defs"].values()):
        _describe(described)
    end = {"type": "string", "pattern": "^[^:]+:[^:./]+$"}
    schema["$defs"]["Relation"] = {
        "title": "Relation",
        "description": "Two endpoints that are related: [core:gateway, edge:upstream].",
        "type": "array",
        "items": end,
        "minItems": 2,
        "maxItems": 2,
    }
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _find_circle(vnfs: Mapping[str, Vnf]) -> str | None:
    """A VNF that waits for itself; None where none does. VNFs that wait for none that is left are taken out."""
    waits = {name: len(set(vnf.after)) for name, vnf in vnfs.items()}
    behind: dict[str, list[str]] = {name: [] for name in vnfs}
    for name, vnf in vnfs.items():
        for other in set(vnf.after):
            behind[other].append(name)
    free = [name for name, count in waits.items() if not count]
    for name in free:  # it grows
        for other in behind[name]:
            waits[other] -= 1
            if not waits[other]:
                free.append(other)
    found = next((name for name, count in waits.items() if count), None)
    seen: set[str] = set()
    while found is not None and found not in seen:  # one that is left waits for one that is left, up to the circle
        seen.add(found)
        found = next(other for other in vnfs[found].after if waits[other])
    return found
