"""``vca delete``: deletes an NS."""

from __future__ import annotations

import signal
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from vca_core.cli.output import echo, print_json, print_table
from vca_core.cli.state import Interrupted, State, command, run_async

if TYPE_CHECKING:
    from vca_core.vca import Vca


@dataclass(frozen=True)
class _Found:
    ns: str
    connectors: list[str]
    ees: list[tuple[str, str, str]]  # VNF, ee_id, connector
    is_kept: bool  # whether `vca apply` brought it up


@command
def delete(
    context: typer.Context,
    ns: Annotated[str, typer.Argument(help="The NS: demo, or .demo.")],
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask; required without a terminal.")] = False,
) -> None:
    """Delete an NS with everything in it. It shows what would go, and asks."""
    from vca_core.cli.services import parse_ns
    from vca_core.errors import BadArguments

    state: State = context.obj
    wanted = parse_ns(ns).ns_id
    if not yes:
        found = run_async(_look(state, ns))
        if found.ees and not state.json:
            echo(f"NS {wanted} has:\n")
            print_table(("VNF", "EXECUTION ENVIRONMENT", "CONNECTOR"), found.ees)
            echo("")
        if state.json or not sys.stdin.isatty():
            raise BadArguments(f"--yes: there is no terminal to ask at; give it to delete NS {wanted}", ["--yes"])
        _ask(f"Delete NS {wanted} with all its execution environments?")
    found = run_async(_delete(state, ns))
    if state.json:
        ees = [ee_id for _, ee_id, _ in found.ees]
        print_json({"deleted": wanted, "connectors": found.connectors, "ees": ees})
    elif found.ees or found.is_kept:
        echo(f"NS {wanted} is deleted (on {', '.join(found.connectors)}).")
    else:
        echo(f"There was nothing to delete: {', '.join(found.connectors)} has nothing of NS {wanted}.")


def _ask(question: str) -> None:
    try:
        agreed = typer.confirm(question)
    except typer.Abort:
        raise Interrupted(signal.SIGINT) from None
    if not agreed:
        echo("Nothing was deleted.")
        raise typer.Exit(1)


async def _look(state: State, text: str) -> _Found:
    from vca_core.cli.services import find_ns

    async with state.vca(state.load()) as vca:
        return await _find(vca, await find_ns(vca, text))


async def _delete(state: State, text: str) -> _Found:
    from vca_core.cli.services import find_ns
    from vca_core.service.ledger import COLLECTION

    async with state.vca(state.load()) as vca:
        ns = await find_ns(vca, text)
        found = await _find(vca, ns)
        # From here on nothing counts as done: this may be killed, and the NS be brought up again.
        await vca.store.set(COLLECTION, {"_id": f".{ns}"}, {"done": {}})
        for name in found.connectors:
            await vca.connector(name).delete_namespace(f".{ns}")
        await vca.store.delete(COLLECTION, {"_id": f".{ns}"})
        return found


async def _find(vca: Vca, ns: str) -> _Found:
    """What there is of an NS: what was brought up with `vca apply`, and what its connectors list."""
    from vca_core.service.ledger import COLLECTION

    documents = await vca.store.find(COLLECTION, {"_id": f".{ns}"})
    entries = {name: entry for document in documents for name, entry in document["vnfs"].items()}
    on = {vnf: (await vca.find_connector(entry.get("connector"))).name for vnf, entry in entries.items()}
    names = sorted(set(on.values()) or vca.config.connectors)  # if the store was lost, it is not known which
    ees: dict[str, tuple[str, str, str]] = {}
    for vnf, entry in entries.items():
        if entry.get("ee_id"):
            ees[entry["ee_id"]] = (vnf, entry["ee_id"], on[vnf])
    for name in names:
        connector = vca.connector(name)
        if "list_execution_environments" in connector.capabilities:
            for record in await connector.list_execution_environments(f".{ns}"):
                vnf = (record.namespace.vnf_id if record.namespace else None) or ""
                ees.setdefault(str(record.ee_id), (vnf, str(record.ee_id), name))
    return _Found(ns, names, list(ees.values()), bool(documents))
