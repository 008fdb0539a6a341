"""``vca charm``: what a charm says about itself."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vca_core.cli.output import echo, print_json, print_table
from vca_core.cli.state import State, command

if TYPE_CHECKING:
    from collections.abc import Callable

    from vca_core.charm import Action, Base, Charm


@command
def charm(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(help="A charm's folder, or a .charm file.")],
) -> None:
    """Show the actions, options, endpoints and bases of a charm.

    Mistakes are shown with file and key, and so are obstacles to an installation, such as sources that have to be
    packed first (charmcraft pack); the command exits with 1 then.
    """
    from pydantic import TypeAdapter  # commands import what they need

    from vca_core.charm import Charm, read_charm
    from vca_core.cli.state import print_error
    from vca_core.errors import BadArguments

    state: State = context.obj
    try:
        found = _with_obstacles(read_charm(path), path)
    except BadArguments as error:
        if not path.exists():  # wrong usage, and no finding about a charm
            raise
        print_error(state, error)
        raise typer.Exit(1) from None
    if state.json:
        print_json(TypeAdapter(Charm).dump_python(found, mode="json"))
    else:
        _tell(found)
    if found.obstacles:
        raise typer.Exit(1)


def _with_obstacles(charm: Charm, path: Path) -> Charm:
    """Add what the backends on Juju refuse beside that: what of it may not be in a charm, and what no EE here has.

    The option force of an installation may do without a base, without what the charm assumes, and with its profile.
    """
    from vca_core.charm.assumptions import JUJU, unmet_by_all
    from vca_core.charm.contents import check_contents
    from vca_core.charm.further import check_profile
    from vca_core.charm.places import check_made
    from vca_core.errors import BadArguments

    checks: list[Callable[[], object]] = [partial(check_contents, path), partial(check_profile, charm)]
    if not charm.is_kubernetes:
        checks.append(partial(check_made, charm))
    obstacles = list(charm.obstacles)
    if charm.subordinate:
        obstacles.append("it is a subordinate, which lives beside another charm and has no EE of its own")
    if charm.is_kubernetes and not charm.containers:
        obstacles.append("it has no containers, and Juju 3 does not run pod specs any more")
    for check in checks:
        try:
            check()
        except BadArguments as error:
            obstacles.append(error.message.partition(": ")[2])
    obstacles.extend(f"it assumes {one}, which no release of Juju {JUJU} has" for one in unmet_by_all(charm))
    return replace(charm, obstacles=tuple(obstacles))


def _tell(charm: Charm) -> None:
    echo(f"{charm.name}: {charm.summary}")
    places = [*(["Kubernetes"] if charm.is_kubernetes else []), *map(_base, charm.bases)]
    echo(f"runs on: {', '.join(places) or '(it does not say)'}")
    if "kubernetes" in charm.series:
        echo("its series kubernetes is for pod specs, which Juju 3 does not run any more")
    for obstacle in charm.obstacles:
        echo(f"cannot be installed as it is: {obstacle}")
    if charm.actions:
        echo("")
        print_table(
            ("ACTION", "PARAMETERS", ""),
            [(action.name, _params(action), _first(action.description)) for action in charm.actions.values()],
        )
    if charm.options:
        echo("")
        print_table(
            ("OPTION", "TYPE", "DEFAULT", ""),
            [(one.name, one.type, one.default, _first(one.description)) for one in charm.options.values()],
        )
    if charm.endpoints:
        echo("")
        print_table(
            ("ENDPOINT", "ROLE", "INTERFACE"),
            [(one.name, one.role, one.interface) for one in charm.endpoints.values()],
        )


def _base(base: Base) -> str:
    return f"{base} on {' and '.join(base.architectures)}" if base.architectures else str(base)


def _params(action: Action) -> str:
    def describe(name: str, schema: Any) -> str:
        kind = schema.get("type", "any") if isinstance(schema, dict) else "any"
        return f"{name}{'' if name in action.required else '?'}:{kind}"

    return " ".join(describe(name, schema) for name, schema in action.params.items())


def _first(text: str) -> str:
    return text.strip().partition("\n")[0]
