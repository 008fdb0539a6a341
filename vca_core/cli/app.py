"""All commands, and what they have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

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
from vca_core.cli.state import State

EPILOG = (
    "Exit codes: 0 done; 1 an operation or a check failed; 2 wrong usage, config or file; 3 a backend or the store was "
    "not reached, or a limit was hit: try again; 130 interrupted, 143 terminated."
)

app = typer.Typer(
    name="vca",
    help="Configure what a network orchestrator deployed: execution environments, charms, primitives.",
    epilog=EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it
    if wanted:
        from importlib.metadata import version  # nobody else needs it

        typer.echo(f"vca {version('vca-core')}")
        raise typer.Exit


@app.callback()
def common(
    context: typer.Context,
    config: Annotated[
        Path | None, typer.Option("--config", "-c", envvar="VCA_CONFIG", help="The config file; else vca.yaml.")
    ] = None,
    *,
    json: Annotated[bool, typer.Option("--json", help="One JSON document instead of tables and progress.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log to stderr.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Log everything; show tracebacks.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Tell the version and end.")
    ] = False,
) -> None:
    """Configure what a network orchestrator deployed: execution environments, charms, primitives."""
    del version  # its callback has done it
    context.obj = State(config or Path("vca.yaml"), json, 2 if debug else int(verbose))


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

configs = typer.Typer(help="Look at the config.", no_args_is_help=True, rich_markup_mode=None)
configs.command("check")(config.check)
app.add_typer(configs, name="config")

plugins = typer.Typer(help="Write plugins.", no_args_is_help=True, rich_markup_mode=None)
plugins.command("new")(plugin.new)
app.add_typer(plugins, name="plugin")


def help_of(words: Sequence[str]) -> str:
    """The help of a command, without what typer does to run one: it imports pydantic to convert the first value.

    Args:
        words: what was typed behind ``vca``.
    """
    command = typer.main.get_command(app)
    context = typer.Context(command, info_name="vca")
    for word in words:
        below = getattr(command, "commands", {}).get(word)
        if below is not None:
            command, context = below, typer.Context(below, info_name=word, parent=context)
    return command.get_help(context)
