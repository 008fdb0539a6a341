"""``vca demo``: the example service, in a folder of its own."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from vca_core.cli.apply import apply_file
from vca_core.cli.output import echo
from vca_core.cli.state import State, command
from vca_core.errors import BadArguments


@command
def demo(
    context: typer.Context,
    folder: Annotated[
        Path, typer.Option("--folder", help="The folder for the example; made if it does not exist.")
    ] = Path("vca-demo"),
) -> None:
    """Bring an example service up, on the fake backend.

    It has three VNFs with two charms. Its files are yours to change.
    """
    state: State = context.obj
    if not folder.exists():
        try:
            for part in ("charms", "service"):
                shutil.copytree(_examples() / part, folder / part, ignore=shutil.ignore_patterns("*.db*"))
        except OSError as error:
            shutil.rmtree(folder, ignore_errors=True)  # half of it would be taken for all the next time
            reason = error.args[0][0][2] if isinstance(error, shutil.Error) else error.strerror
            raise BadArguments(f"--folder: it cannot be written to {folder}: {reason}", ["--folder"]) from error
        if not state.json:
            echo(f"The example is in {folder}: charms, service/vca.yaml (the config), service/service.yaml.")
    service = folder / "service"
    apply_file(replace(state, config=service / "vca.yaml"), service / "service.yaml")


def _examples() -> Path:
    """The example's folder: in the wheel, or in the repository where the package is installed from there."""
    here = Path(__file__).parent
    shipped = here / "examples"
    return shipped if shipped.is_dir() else here.parents[1] / "docs" / "examples"
