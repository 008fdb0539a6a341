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
    """What there is of an NS.

    Args:
        ns: its ns_id.
        connectors: where it is, or where it was looked for.
        ees: VNF, ee_id and connector of each EE.
        is_kept: whether `vca apply` brought it up.
        is_all: whether all connectors could be asked for what they have.
        away: connectors that did not answer when they were asked.
        meant: which NS may have been meant, where there is nothing of this one.
    """

    ns: str
    connectors: list[str]
    ees: list[tuple[str, str, str]]
    is_kept: bool
    is_all: bool
    away: list[str]
    meant: str

    @property
    def is_nothing(self) -> bool:
        """Whether there is nothing, as far as is known."""
        return not self.ees and not self.is_kept

    def __str__(self) -> str:
        where = ", ".join(self.connectors)
        return f"There was nothing to delete: {where} has nothing of NS {self.ns}{self.meant or '.'}"


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
        if found.away:
            echo(f"note: not known is what {', '.join(found.away)} has: it does not answer", err=True)
        if state.json or not sys.stdin.isatty():
            raise BadArguments(f"--yes: there is no terminal to ask at; give it to delete NS {wanted}", ["--yes"])
        if found.is_nothing and found.is_all:
            echo(str(found))
            return
        _ask(f"Delete NS {wanted} with all its execution environments?")
    try:
        found = run_async(_delete(state, ns))
    except Interrupted as error:
        raise Interrupted(error.number, f"Stopped: run `vca delete {ns}` again, and it goes on from there.") from None
    if state.json:
        ees = [ee_id for _, ee_id, _ in found.ees]
        print_json({"deleted": None if found.is_nothing else wanted, "connectors": found.connectors, "ees": ees})
    elif found.is_nothing:
        echo(str(found))
    else:
        echo(f"NS {wanted} is deleted (on {', '.join(found.connectors)}).")


def _ask(question: str) -> None:
    try:
        agreed = typer.confirm(question)
    except typer.Abort:
        raise Interrupted(signal.SIGINT, "Stopped: nothing was deleted.") from None
    if not agreed:
        echo("Nothing was deleted.")
        raise typer.Exit(1)


async def _look(state: State, text: str) -> _Found:
    from vca_core.cli.services import find_ns

    async with state.vca(state.load()) as vca:
        return await _find(vca, await find_ns(vca, text))


async def _delete(state: State, text: str) -> _Found:
    from vca_core.cli.services import find_ns
    from vca_core.errors import BadArguments, VcaError
    from vca_core.service.ledger import COLLECTION

    async with state.vca(state.load()) as vca:
        ns = await find_ns(vca, text)
        found = await _find(vca, ns)
        # From here on nothing counts as done: this may be killed, and the NS be brought up again.
        await vca.store.set(COLLECTION, {"_id": f".{ns}"}, {"done": {}})
        failed: list[VcaError] = []
        for name in found.connectors:  # one that is away keeps nothing on the others
            try:
                await vca.connector(name).delete_namespace(f".{ns}")
            except BadArguments as error:
                meant = found.meant or "; another one has a model of this name"
                nothing = BadArguments(f"NS: {name} has nothing of NS {ns}{meant}", ["NS"])
                failed.append(nothing if found.is_nothing else error)
            except VcaError as error:
                failed.append(error)
        if failed:
            raise failed[0]
        await vca.store.delete(COLLECTION, {"_id": f".{ns}"})
        return found


async def _find(vca: Vca, ns: str) -> _Found:
    """What there is of an NS: what was brought up with `vca apply`, and what its connectors list."""
    from vca_core.cli.services import connectors_of_records
    from vca_core.errors import VcaConnectionError, VcaTimeoutError
    from vca_core.service.ledger import COLLECTION, check_operable, connectors_of
    from vca_core.suggestions import did_you_mean

    documents = await vca.store.find(COLLECTION, {"_id": f".{ns}"})
    for document in documents:
        check_operable(document)
    entries = {name: entry for document in documents for name, entry in document["vnfs"].items()}
    on = {vnf: (await vca.find_connector(entry.get("connector"))).name for vnf, entry in entries.items()}
    kept = {*on.values(), *(name for entry in entries.values() for name in connectors_of(entry) if name)}
    kept |= await connectors_of_records(vca, ns)
    # If the service's document was lost, it is not known which they are.
    names = sorted(kept if documents else {*kept, *vca.config.connectors})
    ees: dict[tuple[str, str], str] = {}  # two connectors may have one of the same ee_id
    for vnf, entry in entries.items():
        if entry.get("ee_id"):
            ees[on[vnf], entry["ee_id"]] = vnf
    connectors = [await vca.find_connector(name) for name in names]
    asked: list[str] = []
    away: list[str] = []
    for connector in connectors:
        if "list_execution_environments" not in connector.capabilities:
            continue
        try:
            listed = await connector.list_execution_environments(f".{ns}")
        except (VcaConnectionError, VcaTimeoutError):  # the delete fails there, and not on the others
            away.append(connector.name)
            continue
        asked.append(connector.name)
        for record in listed:
            vnf = (record.namespace.vnf_id if record.namespace else None) or ""
            ees.setdefault((connector.name, str(record.ee_id)), vnf)
    known = [] if documents else [str(document["ns"]) for document in await vca.store.find(COLLECTION)]
    rows = [(vnf, ee_id, name) for (name, ee_id), vnf in ees.items()]
    return _Found(ns, names, rows, bool(documents), asked == names, away, did_you_mean(ns, known))
