"""Records the picture of `vca apply` in the README: `make picture`.

It brings the example service up on the fake and writes what a terminal shows on the way and at the end to
docs/examples/apply.svg.
"""

from __future__ import annotations

import asyncio
import io
import sys
from pathlib import Path

from rich.console import Console

from vca_core import Vca
from vca_core.cli.views import LiveView
from vca_core.service import Apply, Step, StepState, read_service

EXAMPLES = Path(__file__).parent.parent / "docs" / "examples"
PICTURE = EXAMPLES / "apply.svg"


async def record(console: Console) -> None:
    """Bring the service up, and print the table three times on the way."""
    view = LiveView()
    config = {
        "artifacts": str(EXAMPLES / "charms"),
        "connectors": {"edge": {"backend": "fake", "options": {"latency": 0.02}}},
    }

    def on_step(step: Step, state: StepState, detail: str) -> None:
        view.on_step(step, state, detail)
        if (step.key, state) in (("cache/create", "done"), ("edge/day1/0", "running")):
            console.print(view.table(console.width))
            console.print()

    console.print("[bold]$ vca apply service.yaml[/]")
    async with Vca.from_config(config, on_update_db=view.on_update_db, environ={}) as vca:
        apply = Apply(vca, read_service(EXAMPLES / "service" / "service.yaml"), on_step)
        view.steps = apply.steps
        await apply.run()
        await vca.flush(1)
    console.print(view.table(console.width))


def main() -> int:
    """Record the picture."""
    console = Console(record=True, width=92, file=io.StringIO(), force_terminal=True, color_system="standard")
    asyncio.run(record(console))
    PICTURE.write_text(console.export_svg(title="vca apply", unique_id="vca"), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
