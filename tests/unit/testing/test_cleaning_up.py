"""What a check made is removed at its end, unless the system ends with the check."""

from __future__ import annotations

from pathlib import Path

import pytest

from vca_core.testing import Subject
from vca_core.testing.kit import open_kit
from vca_fake import Recorder


@pytest.mark.parametrize(("disposable", "asked"), [(False, ["delete_namespace"]), (True, [])])
async def test_a_system_of_its_own_is_left_as_it_is(tmp_path: Path, disposable: bool, asked: list[str]) -> None:
    recorder = Recorder()
    subject = Subject("fake", options={"recorder": recorder}, look=False, disposable=disposable)
    async with open_kit(subject, None, tmp_path) as kit:
        await kit.create(kit.namespace())
        await kit.create(kit.namespace("vnf2"))
    assert [name for name in recorder.operations() if name.startswith("delete")] == asked


async def test_each_ns_of_a_check_is_removed(tmp_path: Path) -> None:
    recorder = Recorder()
    async with open_kit(Subject("fake", options={"recorder": recorder}, look=False), None, tmp_path) as kit:
        await kit.create(kit.namespace())
        await kit.create(kit.namespace(ns="b"))
    assert recorder.operations().count("delete_namespace") == 2
