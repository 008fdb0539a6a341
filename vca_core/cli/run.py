"""``vca run``: runs a primitive."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vca_core.cli.options import AllowFiles, Env
from vca_core.cli.output import echo, print_json, print_table
from vca_core.cli.state import State, command, run_async

if TYPE_CHECKING:
    from vca_core.config import VcaConfig


@command
def run(
    context: typer.Context,
    ee: Annotated[str, typer.Argument(help="An ee_id, or NS/VNF of a service: demo/core.")],
    primitive: Annotated[str, typer.Argument(help="An action of its charm; config sets options.")],
    params: Annotated[
        list[str] | None,
        typer.Argument(
            help="Parameters: name=value, in the type the charm declares. A value may be ${env:NAME} or ${file:PATH}."
        ),
    ] = None,
    params_file: Annotated[
        str | None,
        typer.Option("--params-file", metavar="FILE|-", help="Parameters by name, in YAML or JSON; -: standard input."),
    ] = None,
    env: Env = None,
    allow_files: AllowFiles = None,
    unit: Annotated[str | None, typer.Option("--unit", help="The unit to run it on; by default the leader.")] = None,
    timeout: Annotated[
        str | None, typer.Option("--timeout", metavar="SECONDS", help="How long it may take in all.")
    ] = None,
) -> None:
    """Run a primitive in an execution environment.

    Keep secrets off the command line: a value may refer to a variable or a file, and a file may hold all values.
    """
    from vca_core.cli.parameters import read_params_file, read_seconds, read_words  # commands import what they need
    from vca_core.secrets import secrets_in
    from vca_core.service import References
    from vca_core.written import keep_texts, spell

    state: State = context.obj
    seconds = None if timeout is None else read_seconds(timeout, "--timeout")
    config = state.load()
    typed = References(os.environ, None, None)
    try:
        given = read_words(params or [], typed)
    finally:
        state.hide(typed.taken)
    if params_file is not None:
        folder = Path.cwd() if params_file == "-" else Path(params_file).absolute().parent
        in_file = References(os.environ, {*(env or []), *config.references.env}, [folder, *(allow_files or [])])
        try:
            read = read_params_file(params_file, in_file)
        finally:
            state.hide(in_file.taken)
        given = keep_texts({**read, **given}, read)
    state.hide([*secrets_in(given), *secrets_in(spell(given))])
    output = state.clean(run_async(_run(state, config, ee, primitive, given, unit, seconds)))
    if state.json:
        print_json({"output": output})
    elif isinstance(output, str):
        echo(output)
    else:
        print_table(("OUTPUT", ""), output.items())


async def _run(
    state: State,
    config: VcaConfig,
    ee: str,
    primitive: str,
    params: dict[str, Any],
    unit: str | None,
    seconds: float | None,
) -> dict[str, Any] | str:
    from vca_core.cli.services import find_declared_secrets, find_environment
    from vca_core.errors import BadArguments, ExecutionError
    from vca_core.written import spell

    async with state.vca(config) as vca:
        connector, ee_id = await find_environment(vca, ee)
        state.hide(await find_declared_secrets(vca, {ee_id: [params, spell(params)]}))
        try:
            output = await connector.exec_primitive(ee_id, primitive, params, total_timeout=seconds, unit=unit)
        except BadArguments as error:
            error.rename({"params_dict": "parameters", "primitive_name": "primitive"})
            raise
        except ExecutionError as error:
            error.output = connector.scrub(error.output)
            raise
        cleaned: dict[str, Any] | str = connector.scrub(output)
        return cleaned
