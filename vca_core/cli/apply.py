"""``vca apply``: brings a whole service up, and goes on where an earlier run stopped."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vca_core.cli.options import AllowFiles, Env
from vca_core.cli.output import echo, is_lively, print_json, print_table
from vca_core.cli.state import Interrupted, State, code_of, command, run_async

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vca_core.config import VcaConfig
    from vca_core.service import Applied, Apply, Service, Step, StepState, Vnf
    from vca_core.service.lease import Holder

_MOST_NAMED = 5
"""Steps that a note names."""


@command
def apply(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The NS file: YAML or TOML.")],
    env: Env = None,
    allow_files: AllowFiles = None,
    day1: Annotated[
        str | None,
        typer.Option("--day1", help="If the store was lost: `done` skips Day-1 primitives, `again` runs them."),
    ] = None,
    *,
    build_again: Annotated[
        bool, typer.Option("--build-again", help="If the store was lost: make also what another connector has.")
    ] = False,
) -> None:
    """Bring a service up; a second run does what is missing.

    It creates execution environments, installs charms, relates them, and runs Day-1 primitives.
    """
    from vca_core.errors import BadArguments

    if day1 not in (None, "done", "again"):
        raise BadArguments(f"--day1: expected done or again, got {day1!r}", ["--day1"])
    apply_file(context.obj, file, day1, env or [], allow_files or [], build_again=build_again)


def apply_file(
    state: State,
    file: Path,
    day1: Any = None,
    env: Sequence[str] = (),
    allow_files: Sequence[Path] = (),
    *,
    build_again: bool = False,
) -> None:
    """Bring the service of a file up, and end with its exit code."""
    from vca_core.service import References, read_service

    config = state.load()
    references = References(os.environ, {*env, *config.references.env}, [file.absolute().parent, *allow_files])
    try:
        service = read_service(file, references)
    finally:  # what is wrong with the file may show what it refers to
        state.hide(references.taken)
    try:
        apply_run, applied = run_async(_apply(state, config, service, day1, build_again=build_again))
    except Interrupted as error:
        told = f"Interrupted. What was done is kept: run `vca apply {file}` again, and it goes on from there."
        raise Interrupted(error.number, told) from None
    if state.json:
        print_json(_as_data(state, service, apply_run, applied))
    else:
        _tell(state, service, apply_run, applied, file)
    if applied.errors:
        raise typer.Exit(max(3 if code_of(error) == 3 else 1 for error in applied.errors.values()))


async def _apply(
    state: State, config: VcaConfig, service: Service, day1: Any, *, build_again: bool
) -> tuple[Apply, Applied]:
    from vca_core.cli.services import find_declared_secrets
    from vca_core.cli.views import view_for
    from vca_core.service import Apply
    from vca_core.service.lease import GONE

    view = view_for(quiet=state.json, lively=is_lively())

    def report_waiting(holder: Holder) -> None:
        echo(
            f"Waiting for another `vca apply` of NS {service.ns} ({holder}): this one goes on when that one has ended, "
            f"or {GONE:g} s after it was killed. Ctrl-C gives up.",
            err=state.json,
        )

    def report_step(step: Step, step_state: StepState, detail: str) -> None:
        view.on_step(step, step_state, state.clean_text(detail))

    async with state.vca(config, view.on_update_db) as vca:
        apply_run = Apply(vca, service, report_step, report_waiting, day1=day1, build_again=build_again)
        state.hide(secret for step in apply_run.steps for secret in step.inputs.texts())
        with view.show(apply_run.steps):
            applied = await apply_run.run()
        values = {ee_id: _given(service.vnfs[name]) for name, ee_id in applied.ee_ids.items()}
        state.hide(await find_declared_secrets(vca, values))
        applied.outputs = state.clean(applied.outputs)
        return apply_run, applied


def _given(vnf: Vnf) -> list[Any]:
    """What a VNF's charm is given, also as it was written: that may be what it got."""
    from vca_core.written import spell

    return [vnf.model_dump(), spell(vnf.config), *(spell(primitive.with_) for primitive in vnf.day1)]


def _as_data(state: State, service: Service, apply_run: Apply, applied: Applied) -> dict[str, Any]:
    return {
        "ok": applied.is_complete,
        "ns": service.ns,
        "steps": [
            {"key": step.key, "title": step.title, "state": str(applied.states[step.key])} for step in apply_run.steps
        ],
        "ees": {
            name: {"ee_id": ee_id, "status": applied.statuses.get(name, "")} for name, ee_id in applied.ee_ids.items()
        },
        "outputs": applied.outputs,
        "changed_secrets": applied.changed_secrets,
        "unknown_secrets": applied.unknown_secrets,
        "left_out": [{"vnf": one.vnf, "ee_id": one.ee_id, "connector": one.connector} for one in applied.left_out],
        "notes": applied.notes,
        "errors": {key: state.clean_error(error) for key, error in applied.errors.items()},
    }


def _tell(state: State, service: Service, apply_run: Apply, applied: Applied, file: Path) -> None:
    outputs: dict[str, list[str]] = {}
    for step in apply_run.steps:
        if step.key in applied.outputs:
            run = service.vnfs[step.vnfs[0]].day1[step.number].run
            outputs.setdefault(step.vnfs[0], []).append(f"{run}: {applied.outputs[step.key]}")
    rows: list[tuple[str, str, str, str]] = []
    for name in service.vnfs:
        first, *more = outputs.get(name, [""])
        rows.append((name, applied.ee_ids.get(name, ""), applied.statuses.get(name, "").upper(), first))
        rows += [("", "", "", output) for output in more]
    echo("")
    print_table(("VNF", "EXECUTION ENVIRONMENT", "STATUS", "PRIMITIVES"), rows, spare=["EXECUTION ENVIRONMENT"])
    if applied.is_complete and all(state == "kept" for state in applied.states.values()):
        echo(f"\nNothing to do: NS {service.ns} was up already.")
    elif applied.is_complete:
        echo(f"\nNS {service.ns} is up.")
    for title in applied.changed_secrets:
        echo(
            f"\nnote: {title}: other secrets are given than when it was done, which `vca apply` does not apply: `vca "
            "run` sets options (the primitive config), and runs primitives; whether that was done since is not known",
            err=True,
        )
    if applied.unknown_secrets:
        named = applied.unknown_secrets[:_MOST_NAMED]
        if more := applied.unknown_secrets[_MOST_NAMED:]:
            named.append(f"and {len(more)} more")
        echo(
            f"\nnote: {'; '.join(named)}: whether their secrets have changed is not known: some are so short that "
            "nothing is kept of them, or they are too many",
            err=True,
        )
    for one in applied.left_out:
        echo(
            f"\nnote: {one}: put it back into the file, delete it through the API (delete_execution_environment), or "
            f"delete the whole NS: `vca delete {service.ns}`",
            err=True,
        )
    for note in applied.notes:
        echo(f"\nnote: {note}", err=True)
    titles = {step.key: step.title for step in apply_run.steps}
    for key, error in applied.errors.items():
        echo(f"\nerror: {titles[key]}: {state.clean_text(str(error))}", err=True)
        for name, value in state.clean(getattr(error, "output", {})).items():
            echo(f"  {name}: {value}", err=True)
    if applied.errors:
        echo(f"\nFix it, then run `vca apply {file}` again: it goes on from there.", err=True)
