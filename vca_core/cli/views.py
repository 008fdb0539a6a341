"""How `vca apply` shows what it is doing: lines where they are kept, a table that changes where a person watches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from vca_core.cli.output import echo
from vca_core.cli.tables import lay_out

if TYPE_CHECKING:
    from rich.live import Live
    from rich.text import Text

    from vca_core.service import Step, StepState


class View:
    """Shows nothing."""

    def on_step(self, step: Step, state: StepState, detail: str) -> None:
        """Learn of a change of a step."""

    def on_update_db(self, _: str, __: dict[str, Any], path: str, update: dict[str, Any]) -> None:
        """Learn of a status that was stored."""

    @contextmanager
    def show(self, steps: Sequence[Step]) -> Iterator[None]:
        """While this is entered, there is something to show."""
        del steps
        yield


class LineView(View):
    """A line for each change."""

    def on_step(self, step: Step, state: StepState, detail: str) -> None:
        """See `View.on_step`."""
        if state != "waiting":
            echo(f"{step.title}: {state}{f' ({detail})' if detail else ''}")

    def on_update_db(self, _: str, __: dict[str, Any], path: str, update: dict[str, Any]) -> None:
        """See `View.on_update_db`."""
        if path.startswith("vnfs."):
            fields = {key.removeprefix(path): value for key, value in update.items()}
            name = path.split(".")[1]
            echo(f"  {name}: {fields['status']} ({fields['entity-type']} {fields['VCA-status']})")


_COLOURS = {
    "running": "yellow",
    "done": "green",
    "kept": "dim",
    "failed": "red",
    "blocked": "red",
    "waiting": "dim",
    "stopped": "yellow",
}


class LiveView(View):
    """A table that changes: one line for each VNF, with the step it is at.

    Attributes:
        steps: those that are shown.
    """

    def __init__(self) -> None:
        self.steps: Sequence[Step] = ()
        self._states: dict[str, tuple[str, str]] = {}
        self._statuses: dict[str, str] = {}
        self._live: Live | None = None

    def on_step(self, step: Step, state: StepState, detail: str) -> None:
        """See `View.on_step`."""
        self._states[step.key] = (str(state), detail)
        self._redraw()

    def on_update_db(self, _: str, __: dict[str, Any], path: str, update: dict[str, Any]) -> None:
        """See `View.on_update_db`."""
        if path.startswith("vnfs."):
            self._statuses[path.split(".")[1]] = f"{update[f'{path}status']} ({update[f'{path}VCA-status']})"
            self._redraw()

    @contextmanager
    def show(self, steps: Sequence[Step]) -> Iterator[None]:
        """See `View.show`."""
        from rich.live import Live  # for those who look on

        from vca_core.cli.output import console

        self.steps = steps
        self._live = Live(console=console(), refresh_per_second=10)
        try:
            yield
        except BaseException:
            for step in steps:
                if self._state(step) in ("running", "waiting"):
                    self._states[step.key] = ("stopped", "")
            self._redraw()
            raise
        finally:
            self._live.stop()
            self._live = None

    def table(self, width: int) -> Text:
        """Make the table as it is now.

        Args:
            width: of the terminal.
        """
        from rich.text import Text

        states, rows = [], []
        for name in dict.fromkeys(name for step in self.steps for name in step.vnfs):
            steps = [step for step in self.steps if step.vnfs[0] == name]
            ended = sum(self._state(step) in ("done", "kept") for step in steps)
            open_steps = [step for step in steps if self._state(step) not in ("done", "kept")]
            urgent = [step for step in open_steps if self._state(step) != "waiting"]
            step = (urgent or open_steps or steps)[0]
            state = self._state(step) if open_steps else "done"
            title = step.title.removeprefix(f"{name}: ") if open_steps else ""
            states.append(state)
            rows.append((name, self._statuses.get(name, ""), f"{state} {title}", f"{ended}/{len(steps)}"))
        laid = lay_out(("VNF", "STATUS", "STEP", "DONE"), rows, width, spare=["STATUS", "DONE"])
        lines = [Text(line, style="bold") for line in laid.titles]
        for state, row in zip(states, laid.rows, strict=True):
            lines += map(Text, row)
            first = lines[-len(row)]
            if (at := first.plain.rfind(f" {state}")) >= 0:  # the step stands behind the status
                first.stylize(_COLOURS[state], at + 1, at + 1 + len(state))
        return Text("\n", no_wrap=True).join(lines)

    def _state(self, step: Step) -> str:
        return self._states.get(step.key, ("waiting", ""))[0]

    def _redraw(self) -> None:
        if self._live is not None:
            self._live.update(self.table(self._live.console.width))
            self._live.start(refresh=True)  # with the first step: until then another process may have the lease


def view_for(*, quiet: bool, lively: bool) -> View:
    """Choose how to show.

    Args:
        quiet: nothing is to be shown.
        lively: a person watches.
    """
    if quiet:
        return View()
    return LiveView() if lively else LineView()
