"""``vca config check``: whether the config can be used, without connecting to anything."""

from __future__ import annotations

import typer

from vca_core.cli.output import echo, print_json, print_table
from vca_core.cli.state import State, command


@command
def check(context: typer.Context) -> None:
    """Check the config and what it names, without connecting.

    It looks at the options of connectors, their providers and extensions, at folders, keys and certificates.
    """
    from vca_core.cli.named_files import problems_of_named_files  # commands import what they need
    from vca_core.errors import BadArguments

    state: State = context.obj
    config = state.load()
    vca = state.vca(config)
    for name in config.connectors:
        vca.connector(name)
    providers = [entry.name for entry in config.connector_providers]  # their options were checked with the rest
    problems = list(problems_of_named_files(config))
    if problems:
        message = "\n".join(f"{state.config}: {key}: {text}" for key, text in problems)
        raise BadArguments(message, [key for key, _ in problems])
    rows = [
        (name, connector.backend, "default" if name == config.default else "")
        for name, connector in config.connectors.items()
    ]
    if state.json:
        connectors = [row[0] for row in rows]
        print_json({"ok": True, "config": str(state.config), "connectors": connectors, "providers": providers})
        return
    echo(f"{state.config} is fine.\n")
    print_table(("CONNECTOR", "BACKEND", ""), rows)
    for name in providers:
        echo(f"Other connectors are looked up with the provider {name}.")
