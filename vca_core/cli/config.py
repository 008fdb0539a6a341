"""``vca config check``: whether the config can be used, without connecting to anything."""

from __future__ import annotations

import typer

from vca_core.cli.output import echo, print_json, print_table
from vca_core.cli.state import State, command


@command
def check(context: typer.Context) -> None:
    """Check the config and what it names, without connecting.

    It looks at the options of connectors and extensions, at folders, keys and certificates.
    """
    from vca_core.errors import BadArguments  # commands import what they need

    state: State = context.obj
    config = state.load()
    vca = state.vca(config)
    for name in config.connectors:
        vca.connector(name)
    folder = config.artifacts_folder
    if folder is not None and not folder.is_dir():
        raise BadArguments(f"artifacts: there is no folder {folder}; make it, or name another one", ["artifacts"])
    rows = [
        (name, connector.backend, "default" if name == config.default else "")
        for name, connector in config.connectors.items()
    ]
    if state.json:
        print_json({"ok": True, "config": str(state.config), "connectors": [row[0] for row in rows]})
        return
    echo(f"{state.config} is fine.\n")
    print_table(("CONNECTOR", "BACKEND", ""), rows)
