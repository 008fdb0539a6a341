"""``vca status``: what is stored of the services."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vca_core.cli.output import console, print_json, print_table
from vca_core.cli.state import Interrupted, State, command, run_async

if TYPE_CHECKING:
    from vca_core.vca import Vca

_TITLES = ("NS", "VNF", "EXECUTION ENVIRONMENT", "STATUS", "DETAIL", "AGE")


@command
def status(
    context: typer.Context,
    ns: Annotated[str | None, typer.Argument(help="Only this NS: demo, or .demo.")] = None,
    *,
    watch: Annotated[bool, typer.Option("--watch", help="Look again each second, until Ctrl-C.")] = False,
    refresh: Annotated[bool, typer.Option("--refresh", help="Ask the backends first.")] = False,
) -> None:
    """Tell the status of services that were brought up with `vca apply`."""
    try:
        run_async(_status(context.obj, ns, watch=watch, refresh=refresh))
    except Interrupted:
        if not watch:
            raise


async def _status(state: State, ns: str | None, *, watch: bool, refresh: bool) -> None:
    from vca_core.cli.services import ns_of, services  # commands import what they need

    async with state.vca(state.load()) as vca:
        while True:
            found = await services(vca, None if ns is None else ns_of(ns))
            if refresh:
                await _refresh(vca, found)
                found = await services(vca, None if ns is None else ns_of(ns))
            if watch and not state.json:
                console().clear()
            _tell(state, found)
            if not watch:
                return
            await asyncio.sleep(1)


async def _refresh(vca: Vca, found: list[dict[str, Any]]) -> None:
    for service in found:
        for entry in service["vnfs"].values():
            if entry.get("ee_id"):
                await vca.connector(entry.get("connector")).refresh_status(entry["ee_id"])
    await vca.flush(vca.config.timeouts.store_grace)


def _tell(state: State, found: list[dict[str, Any]]) -> None:
    if state.json:
        print_json({"services": [{"ns": service["ns"], "vnfs": service["vnfs"]} for service in found]})
        return
    if not found:
        typer.echo("No service was brought up with `vca apply` in this store.")
        return
    rows = [
        (
            service["ns"],
            name,
            entry.get("ee_id"),
            str(entry.get("status", "")).upper(),
            entry.get("detailed-status"),
            _age(entry.get("status-time")),
        )
        for service in found
        for name, entry in service["vnfs"].items()
    ]
    print_table(_TITLES, rows)


def _age(since: str | None) -> str:
    if since is None:
        return ""
    seconds = max(0, int(time.time() - float(since)))
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"
