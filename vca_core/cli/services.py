"""What is known of services that were applied: read from the status store."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from vca_core.errors import BadArguments, NotFound

if TYPE_CHECKING:
    from vca_core.connector import Connector
    from vca_core.naming import Namespace
    from vca_core.vca import Vca


async def find_ns(vca: Vca, text: str) -> str:
    """Find the ns_id that a user means: ``demo``, ``.demo``, or ``slice.demo`` where `vca apply` knows the slice.

    Raises:
        BadArguments: it names more than an NS, or a slice that is not known.
    """
    from vca_core.service.ledger import COLLECTION

    namespace = parse_ns(text)
    if namespace.nsi_id is not None:
        known = await vca.store.find(COLLECTION, {"ns": namespace.ns_id})
        if all(service.get("nsi") != namespace.nsi_id for service in known):
            # Most who write a.b mean an NS with a VNF, or forgot the dot in front.
            raise BadArguments(
                f"NS: expected an NS such as {namespace.ns_id} or .{namespace.ns_id}; no NS of a slice "
                f"{namespace.nsi_id!r} is known: did you mean .{text}?",
                ["NS"],
            )
    if not namespace.is_ns:
        raise BadArguments(f"NS: expected an NS such as demo or .demo, got {text}, a part of one", ["NS"])
    return namespace.ns_id


def parse_ns(text: str) -> Namespace:
    """Read what a user gives for an NS; whether it is one is not looked at.

    Raises:
        BadArguments: it is not a namespace.
    """
    from vca_core.naming import Namespace  # commands import what they need

    if "/" in text:
        ns, _, vnf = text.partition("/")
        raise BadArguments(f"NS: expected an NS such as {ns or 'demo'}, got {text}, its VNF {vnf}", ["NS"])
    return Namespace.parse(text if "." in text else f".{text}")


async def services(vca: Vca, ns: str | None) -> list[dict[str, Any]]:
    """The documents of services.

    Args:
        vca: where the store is.
        ns: only that one's; None: all.

    Raises:
        NotFound: there is no service of that NS; says which there are.
    """
    from vca_core.service.ledger import COLLECTION
    from vca_core.suggestions import instead

    found = sorted(await vca.store.find(COLLECTION), key=lambda document: str(document["_id"]))
    wanted = [document for document in found if ns in (None, document["ns"])]
    if ns is not None and not wanted:
        there = instead(ns, [document["ns"] for document in found])
        raise NotFound(f"no NS {ns} was brought up with `vca apply` in this store{there}")
    return wanted


async def connectors_of_records(vca: Vca, ns: str) -> set[str]:
    """The names of the connectors that the records of an NS's EEs name."""
    from vca_core._tracking.place import COLLECTION
    from vca_core.naming import Namespace

    found: set[str] = set()
    for record in await vca.store.find(COLLECTION):
        try:
            namespace = Namespace.parse(record["namespace"])
        except (KeyError, BadArguments):  # not the record of an EE, or a damaged one
            continue
        if namespace.ns_id == ns:
            found.add(str(record["connector"]))
    return found


async def find_declared_secrets(vca: Vca, values: Mapping[str, Any]) -> list[str]:
    """Find the secrets among what EEs were given, by the names that their charms are known to declare secret.

    Args:
        vca: where the store is.
        values: what was given, by ee_id.
    """
    from vca_core._tracking.place import COLLECTION
    from vca_core.secrets import secrets_in

    found: list[str] = []
    for ee_id, given in values.items():
        for record in await vca.store.find(COLLECTION, {"ee_id": ee_id}):
            names = record.get("secret_names")
            found += secrets_in(given, frozenset(map(str, names)) if isinstance(names, list) else frozenset())
    return found


async def find_environment(vca: Vca, text: str) -> tuple[Connector, str]:
    """Find an execution environment by its ee_id, or as ``NS/VNF``.

    Raises:
        NotFound: there is no such VNF, or it has no execution environment yet.
    """
    from vca_core._tracking.place import COLLECTION
    from vca_core.naming import EeId
    from vca_core.suggestions import instead

    ns, slash, vnf = text.partition("/")
    if not slash:
        ee_id = str(EeId.parse(text, "EE"))
        known = await vca.store.find(COLLECTION, {"ee_id": ee_id})
        return await vca.find_connector(known[0]["connector"] if known else None), ee_id
    [service] = await services(vca, await find_ns(vca, ns))
    entry = service["vnfs"].get(vnf)
    if entry is None:
        raise NotFound(f"NS {ns} has no VNF {vnf!r}{instead(vnf, service['vnfs'])}")
    if not entry.get("ee_id"):
        raise NotFound(f"VNF {vnf} of NS {ns} has no execution environment yet; run `vca apply` again")
    return await vca.find_connector(entry.get("connector")), entry["ee_id"]
