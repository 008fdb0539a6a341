"""``vca schema``: the JSON schema of the NS file."""

from __future__ import annotations

import typer

from vca_core.cli.output import print_json
from vca_core.cli.state import command


@command
def schema(context: typer.Context) -> None:
    """Print the JSON schema of the NS file, for editors."""
    from vca_core.service.ns_file import ns_file_schema  # commands import what they need

    del context
    print_json(ns_file_schema())
