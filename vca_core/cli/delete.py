"""``vca delete``: deletes an NS."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from vca_core.cli.output import print_json
from vca_core.cli.state import State, command, run_async


@command
def delete(
    context: typer.Context,
    ns: Annotated[str, typer.Argument(help="The NS: demo, or .demo.")],
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete an NS with everything in it. What is not there is deleted already."""
    state: State = context.obj
    if not yes and not state.json and sys.stdin.isatty():
        typer.confirm(f"Delete NS {ns} with all its execution environments?", abort=True)
    connectors = run_async(_delete(state, ns))
    if state.json:
        print_json({"deleted": ns, "connectors": connectors})
    else:
        typer.echo(f"NS {ns} is deleted (on {', '.join(connectors)}).")


async def _delete(state: State, text: str) -> list[str]:
    from vca_core.cli.services import ns_of  # commands import what they need
    from vca_core.service.ledger import COLLECTION

    ns = ns_of(text)
    async with state.vca(state.load()) as vca:
        documents = await vca.store.find(COLLECTION, {"_id": f".{ns}"})
        named = {entry.get("connector") for document in documents for entry in document["vnfs"].values()}
        names = sorted({vca.config.connector_name(name) for name in named or {None}})
        for name in names:
            await vca.connector(name).delete_namespace(f".{ns}")
        await vca.store.delete(COLLECTION, {"_id": f".{ns}"})
        return names
