"""The options that all commands have: they may stand before the command's name or behind it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

Config = Annotated[
    Path | None,
    typer.Option(
        "--config", "-c", help="The config file; by default the one in VCA_CONFIG, or vca.yaml.", show_default=False
    ),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON document instead of tables and progress.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Log to stderr.")]
Debug = Annotated[bool, typer.Option("--debug", help="Log everything; show tracebacks.")]

Env = Annotated[list[str] | None, typer.Option("--env", metavar="NAME", help="A variable that the file may refer to.")]
AllowFiles = Annotated[
    list[Path] | None,
    typer.Option("--allow-files", metavar="DIR", help="A folder with files that it may refer to, besides its own."),
]
"""These two belong to commands that read files with references."""

_COMMON: Mapping[str, Any] = {"config": Config, "json": Json, "verbose": Verbose, "debug": Debug}


def signature_with_options(function: Callable[..., None]) -> inspect.Signature:
    """Give the signature of a command with the options that all have, but for those that it has itself."""
    signature = inspect.signature(function, eval_str=True)
    added = [
        inspect.Parameter(f"common_{name}", inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)
        for name, annotation in _COMMON.items()
        if name not in signature.parameters
        for default in [None if name == "config" else False]
    ]
    return signature.replace(parameters=[*signature.parameters.values(), *added])


def take_options(given: dict[str, Any]) -> dict[str, Any]:
    """Take the options that all commands have out of a command's arguments, by name; None where it has one itself."""
    return {name: given.pop(f"common_{name}", None) for name in _COMMON}
