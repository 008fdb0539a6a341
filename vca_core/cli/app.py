"""All commands, and what they have in common."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from vca_core.cli import (
    apply,
    backends,
    charm,
    config,
    conformance,
    delete,
    demo,
    doctor,
    explain,
    plugin,
    run,
    schema,
    status,
)
from vca_core.cli.options import Config, Debug, Json, Verbose
from vca_core.cli.output import echo, is_output_lost
from vca_core.cli.state import State
from vca_core.cli.usage import Commands

EPILOG = (
    "Exit codes: 0 done; 1 an operation or a check failed; 2 wrong usage, config or file; 3 a backend or the store was "
    "not reached, or a limit was hit: try again; 130 interrupted, 143 terminated."
)

_SETTINGS: dict[str, Any] = {"help_option_names": ["-h", "--help"]}

app = typer.Typer(
    name="vca",
    cls=Commands,
    help="Configure what a network orchestrator deployed: execution environments, charms, primitives.",
    epilog=EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings=_SETTINGS,
)


def _version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it
    if wanted:
        from importlib.metadata import version  # only this needs it

        echo(f"vca {version('vca-core')}")
        raise typer.Exit(int(is_output_lost()))


@app.callback()
def common(
    context: typer.Context,
    config: Config = None,
    *,
    json: Json = False,
    verbose: Verbose = False,
    debug: Debug = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Configure what a network orchestrator deployed: execution environments, charms, primitives."""
    del version  # its callback has done it
    config = config or Path(os.environ.get("VCA_CONFIG") or "vca.yaml")
    context.obj = State(config, json, 2 if debug else int(verbose))


COMMANDS: dict[str, Callable[..., None]] = {
    "demo": demo.demo,
    "apply": apply.apply,
    "status": status.status,
    "run": run.run,
    "delete": delete.delete,
    "backends": backends.backends,
    "explain": explain.explain,
    "charm": charm.charm,
    "conformance": conformance.conformance,
    "doctor": doctor.doctor,
    "schema": schema.schema,
}

for name, function in COMMANDS.items():
    app.command(name)(function)

configs = typer.Typer(help="Check the config.", no_args_is_help=True, rich_markup_mode=None)
configs.command("check")(config.check)
app.add_typer(configs, name="config")

plugins = typer.Typer(help="List plugins, and write new ones.", no_args_is_help=True, rich_markup_mode=None)
plugins.command("list")(plugin.show)
plugins.command("new")(plugin.new)
app.add_typer(plugins, name="plugin")


def help_of(words: Sequence[str]) -> str:
    """The help of a command, without what typer does to run one: it imports pydantic to convert the first value.

    Args:
        words: what was typed behind ``vca``, up to a ``--``.
    """
    command = typer.main.get_command(app)
    context = typer.Context(command, info_name="vca", **_SETTINGS)
    for word in words:
        below = getattr(command, "commands", {}).get(word)
        if below is not None:
            command, context = below, typer.Context(below, info_name=word, parent=context, **_SETTINGS)
    return command.get_help(context)
