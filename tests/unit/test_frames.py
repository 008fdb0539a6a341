"""Errors that leave the core hold no frames in which values stand: some log locals."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest

from vca_core.charm import Action, check_params
from vca_core.config import load_config
from vca_core.errors import BadArguments
from vca_core.service import read_service

CANARY = "canary-3b70f2"
ACTION = Action("touch", {"type": "object", "properties": {"n": {"type": "integer"}, "e": {"pattern": "^x$"}}})


def frames_of(error: BaseException) -> Iterator[dict[str, Any]]:
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is None:
            continue
        trace: TracebackType | None = one.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename != __file__:
                yield dict(trace.tb_frame.f_locals)
            trace = trace.tb_next
        waiting += [one.__cause__, one.__context__]


@pytest.mark.parametrize(
    "refused",
    [
        lambda: check_params(ACTION, {"n": CANARY}),
        lambda: check_params(ACTION, {"n": 1, "e": CANARY}),
        lambda: read_service({"ns": "n", "vnfs": {"v": {"config": {"password": CANARY}, "unknown": 1}}}),
        lambda: load_config({"connectors": {"e": {"backend": 1, "options": {"password": CANARY}}}}, {}),
    ],
)
def test_frames_of_errors_hold_no_values(refused: Callable[[], object]) -> None:
    with pytest.raises(BadArguments) as caught:
        refused()
    assert CANARY not in repr(list(frames_of(caught.value)))


def test_nor_do_those_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    for text in (f"ns: n\nvnfs: {{v: {{config: {{p: {CANARY}}}, u: 1}}}}\n", f"a: {CANARY}\nb: ["):
        file.write_text(text)
        for read in (read_service, load_config):
            with pytest.raises(BadArguments) as caught:
                read(file)
            assert CANARY not in repr(list(frames_of(caught.value)))
