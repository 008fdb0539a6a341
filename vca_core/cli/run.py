"""``vca run``: runs a primitive."""

from __future__ import annotations

import os
from typing import Annotated, Any

import typer

from vca_core.cli.output import echo, print_json, print_table
from vca_core.cli.state import State, command, run_async


@command
def run(
    context: typer.Context,
    ee: Annotated[str, typer.Argument(help="An ee_id, or NS/VNF of a service: demo/core.")],
    primitive: Annotated[str, typer.Argument(help="An action of its charm; config sets options.")],
    params: Annotated[list[str] | None, typer.Argument(help="Parameters: name=value, the value as in YAML.")] = None,
    unit: Annotated[str | None, typer.Option("--unit", help="The unit to run it on; else the leader.")] = None,
    timeout: Annotated[float | None, typer.Option("--timeout", help="Seconds in all.")] = None,
) -> None:
    """Run a primitive in an execution environment."""
    state: State = context.obj
    output = run_async(_run(state, ee, primitive, _parse(params or []), unit, timeout))
    if state.json:
        print_json({"output": output})
    elif isinstance(output, str):
        echo(output)
    else:
        print_table(("OUTPUT", ""), output.items())


async def _run(
    state: State, ee: str, primitive: str, params: dict[str, Any], unit: str | None, seconds: float | None
) -> dict[str, Any] | str:
    from vca_core.cli.services import environment  # commands import what they need

    async with state.vca(state.load()) as vca:
        connector, ee_id = await environment(vca, ee)
        return await connector.exec_primitive(ee_id, primitive, params, total_timeout=seconds, unit=unit)


def _parse(params: list[str]) -> dict[str, Any]:
    from vca_core.errors import BadArguments
    from vca_core.yaml_reader import parse

    parsed = {}
    for number, param in enumerate(params, start=1):
        name, equals, text = param.partition("=")
        if not equals or not name:
            raise BadArguments(f"parameter {number}: expected name=value", ["PARAMS"])
        try:
            parsed[name] = parse(name, os.fsencode(text)) if text else ""
        except BadArguments:
            raise BadArguments(f"the value of {name} is not YAML; put it in quotes", [f"PARAMS.{name}"]) from None
    return parsed
