"""``vca backends``: lists what is installed."""

from __future__ import annotations

import typer

from vca_core.cli.output import echo, print_json, print_table
from vca_core.cli.state import State, command


@command
def backends(context: typer.Context) -> None:
    """List the backends, what each can do, or why it is broken."""
    from vca_core import list_backends  # commands import what they need

    state: State = context.obj
    found = list_backends()
    if state.json:
        print_json(
            {
                "backends": [
                    {
                        "name": info.name,
                        "distribution": info.distribution,
                        "version": info.version,
                        "api_version": info.api_version,
                        "capabilities": sorted(info.capabilities),
                        "ok": info.ok,
                        "reason": info.reason,
                    }
                    for info in found
                ]
            }
        )
        return
    print_table(
        ("BACKEND", "DISTRIBUTION", "VERSION", "API", "STATE", "CAPABILITIES"),
        [
            (
                info.name,
                info.distribution,
                info.version,
                info.api_version,
                "ok" if info.ok else "broken",
                f"{len(info.capabilities)}" if info.ok else "",
            )
            for info in found
        ],
        spare=["API", "CAPABILITIES", "DISTRIBUTION"],
    )
    for info in found:
        echo(f"\n{info.name}: {', '.join(sorted(info.capabilities)) if info.ok else info.reason}")
