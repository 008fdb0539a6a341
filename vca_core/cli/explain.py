"""``vca explain``: what becomes of a namespace."""

from __future__ import annotations

from typing import Annotated

import typer

from vca_core.cli.output import echo, print_json
from vca_core.cli.state import State, command


@command
def explain(
    context: typer.Context,
    namespace: Annotated[str, typer.Argument(help="[<nsi-id>].<ns-id>[.<vnf-id>[.<vdu-id>[-<count>]]][@<ee>]")],
) -> None:
    """Show the parts of a namespace, and the names made of it."""
    from vca_core.naming import (  # commands import what they need
        CHARM_NAMES,
        Namespace,
        documented_application,
        format_model,
    )

    state: State = context.obj
    parsed = Namespace.parse(namespace)
    model, application = CHARM_NAMES.model(parsed), CHARM_NAMES.application(parsed)
    parts = {name: getattr(parsed, name) for name in ("nsi_id", "ns_id", "vnf_id", "vdu_id", "vdu_count", "ee")}
    reasons = []
    if model != format_model(parsed.ns_id):
        reasons.append(
            f"model: {format_model(parsed.ns_id)!r} is longer than {CHARM_NAMES.limit} characters, or has others than "
            "small letters, digits and inner dashes; it became a readable head and a digest"
        )
    documented = documented_application(parsed)
    if application != documented:
        reasons.append(
            f"application: {documented!r} is longer than {CHARM_NAMES.limit} characters, or has others than small "
            "letters, digits and dashes, or could be a VDU's; it became a readable head and a digest"
        )
    if parsed.nsi_id is not None:
        reasons.append(
            f"{parsed.nsi_id!r} is taken for the slice (nsi_id), which is in no name; did you mean .{namespace}?"
        )
    data = {"parts": parts, "model": model, "application": application, "ee_id": f"{model}.{application}.<locator>"}
    if state.json:
        print_json({**data, "why": reasons})
        return
    for name, value in parts.items():
        echo(f"{name:<12} {'(none)' if value is None else value}")
    for name in ("model", "application", "ee_id"):
        echo(f"{name:<12} {data[name]}")
    for reason in reasons:
        echo(f"\n{reason}")
