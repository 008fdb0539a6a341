"""``vca status``: what is stored of the services."""

from __future__ import annotations

import asyncio
import signal
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vca_core.cli.output import console, echo, is_lively, is_output_lost, print_json, print_table
from vca_core.cli.state import Interrupted, State, code_of, command, run_async

if TYPE_CHECKING:
    from vca_core.vca import Vca

_TITLES = ("NS", "VNF", "EXECUTION ENVIRONMENT", "STATUS", "DETAIL", "AGE")


@command
def status(
    context: typer.Context,
    ns: Annotated[str | None, typer.Argument(help="Only this NS: demo, or .demo.")] = None,
    *,
    watch: Annotated[bool, typer.Option("--watch", help="Refresh each second, until Ctrl-C.")] = False,
    refresh: Annotated[bool, typer.Option("--refresh", help="Ask the backends first.")] = False,
) -> None:
    """Show the status of services that `vca apply` brought up."""
    try:
        code = run_async(_status(context.obj, ns, watch=watch, refresh=refresh))
    except Interrupted as error:
        if not watch or error.number != signal.SIGINT:  # with Ctrl-C a watch ends as it should
            raise
        return
    if code:
        raise typer.Exit(code)


async def _status(state: State, ns: str | None, *, watch: bool, refresh: bool) -> int:
    from vca_core.cli.services import find_ns, services
    from vca_core.errors import NotFound

    code = 0
    was_there = is_awaited = False
    async with state.vca(state.load()) as vca:
        while True:
            wanted = None if ns is None else await find_ns(vca, ns)
            try:
                found = await services(vca, wanted)
            except NotFound as error:
                if not watch or was_there:
                    raise
                if not is_awaited:
                    echo(f"Waiting: {state.clean_text(error.message)}", err=True)
                is_awaited = True
                await asyncio.sleep(1)
                continue
            was_there = True
            problems: _Problems = {}
            if refresh:
                problems, code = await _refresh(vca, found)
                found = await services(vca, wanted)
            _put(found, {**_gone(found), **problems})
            if watch and is_lively() and not state.json:
                console().clear()
            _tell(state, found)
            if not watch or is_output_lost():
                return 1 if any(_failures(service) for service in found) else code
            await asyncio.sleep(1)


_Problems = dict[tuple[str, str], tuple[str, str]]
"""By NS and VNF: a status, and a detail."""

_GONE = ("gone", "its backend does not list it; `vca apply` makes it again")


def _gone(found: list[dict[str, Any]]) -> _Problems:
    """EEs that were gone when somebody last asked; what is stored then is `unknown`, as documented."""
    from vca_core._tracking.environments import NOTHING_PRESENT
    from vca_core.status import DeploymentStatus

    stored = DeploymentStatus.UNKNOWN, NOTHING_PRESENT
    return {
        (service["ns"], name): _GONE
        for service in found
        for name, entry in service["vnfs"].items()
        if (entry.get("status"), entry.get("detailed-status")) == stored
    }


async def _refresh(vca: Vca, found: list[dict[str, Any]]) -> tuple[_Problems, int]:
    """Ask the backends; one EE that is gone, or one backend that does not answer, is not a reason to show nothing.

    Returns:
        What could not be found out, and why; the exit code for that.
    """
    from vca_core.errors import NotFound, VcaError

    problems: _Problems = {}
    code = 0
    for service in found:
        for name, entry in service["vnfs"].items():
            if not entry.get("ee_id"):
                continue
            try:
                connector = await vca.find_connector(entry.get("connector"))
                await connector.refresh_status(entry["ee_id"])
            except NotFound:
                problems[service["ns"], name] = _GONE
            except VcaError as error:
                problems[service["ns"], name] = ("unknown", error.message)
                code = max(code, code_of(error))
    await vca.flush(vca.config.timeouts.store_grace)
    return problems, code


def _put(found: list[dict[str, Any]], problems: _Problems) -> None:
    for service in found:
        for name, entry in service["vnfs"].items():
            if (service["ns"], name) in problems:
                entry["status"], entry["detailed-status"] = problems[service["ns"], name]


def _failures(service: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """What failed of a service: the VNF, what failed of it, and the status that stands there."""
    failed = [(name, "", entry) for name, entry in service["vnfs"].items() if entry.get("status") in ("failed", "gone")]
    for key, entry in service.get("operations", {}).items():
        if isinstance(entry, dict) and entry.get("status") == "failed":
            name, _, step = key.partition("/")
            failed.append((name, step, entry))
    return failed


def _tell(state: State, found: list[dict[str, Any]]) -> None:
    if state.json:
        print_json({"services": [_as_data(service) for service in found]})
        return
    if not found:
        echo("No service was brought up with `vca apply` in this store.")
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
    print_table(_TITLES, rows, spare=["AGE", "EXECUTION ENVIRONMENT"])
    for service in found:
        for name, step, entry in _failures(service):
            if step:
                echo(f"\n{service['ns']}/{name}: {step} failed: {_detail(entry)}")


def _as_data(service: dict[str, Any]) -> dict[str, Any]:
    failures = [
        {"vnf": name, "step": step, "detail": _detail(entry)} for name, step, entry in _failures(service) if step
    ]
    return {"ns": service["ns"], "vnfs": service["vnfs"], "failures": failures}


def _detail(entry: dict[str, Any]) -> str:
    """What is stored of a failed step, with arguments called as in the NS file."""
    detail = str(entry.get("detailed-status", ""))
    for argument, key in (("params_dict", "with"), ("primitive_name", "run")):
        if detail.startswith((f"{argument}.", f"{argument}:")):
            return key + detail.removeprefix(argument)
    return detail


def _age(since: str | None) -> str:
    if since is None:
        return ""
    seconds = max(0, int(time.time() - float(since)))
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"
