"""Two processes of the command bring up the same at once: one of them has it, and the other says why it has not."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import yaml
from support.commands import ended
from support.juju_k8s import PATIENT, options_of, sidecar
from support.killing import left_in

from vca_jujusim import SimulatedController


def write_service(folder: Path, controller: SimulatedController, ns: str, vnf: str) -> Path:
    """Write an NS file, and a config with a store of its own."""
    sidecar(folder / "charms")
    given = {**options_of(controller, **PATIENT), "cloud": "k8s"}
    config = {"artifacts": "charms", "connectors": {"pods": {"backend": "juju-k8s", "options": given}}}
    (folder / "vca.yaml").write_text(yaml.safe_dump(config))
    service = {"ns": ns, "vnfs": {vnf: {"charm": "dns", "day1": [{"run": "touch"}]}}}
    (folder / "service.yaml").write_text(yaml.safe_dump(service))
    return folder


async def check_one_has_it(controller: SimulatedController, names: dict[Path, str], reason: str) -> None:
    """Apply in all folders at once, and delete in all.

    Args:
        controller: where.
        names: of the NSs, by folder.
        reason: what those say who come too late.
    """
    codes, texts = zip(*await asyncio.gather(*(ended(one, "apply", "service.yaml") for one in names)), strict=True)
    assert sorted(code == 0 for code in codes) == [False, True], texts
    assert reason in next(text for code, text in zip(codes, texts, strict=True) if code != 0)
    counts = controller.counts.requests
    assert (counts["Application.Deploy"], counts["Action.EnqueueOperation"]) == (1, 1), texts
    has_it = list(names)[codes.index(0)]
    for folder in sorted(names, key=lambda one: one == has_it):  # those who have nothing delete nothing of it
        if names[folder] != names[has_it]:
            await ended(folder, "delete", names[folder], "--yes")
            assert left_in(controller), "who has nothing has deleted what another has"
    code, text = await ended(has_it, "delete", names[has_it], "--yes")
    assert (code, left_in(controller)) == (0, []), text


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        (("demo", "dns"), ("demo", "dns"), "day1: "),
        (("demo_1", "dns"), ("demo-1", "dns"), "would share the model demo-1-k8s; delete"),
    ],
    ids=["one NS", "names alike"],
)
async def test_of_two_applies_with_two_stores_one_has_it(
    controller: SimulatedController, tmp_path: Path, first: tuple[str, str], second: tuple[str, str], reason: str
) -> None:
    folders = {tmp_path / "first": first, tmp_path / "second": second}
    names = {write_service(folder, controller, *given): given[0] for folder, given in folders.items()}
    await check_one_has_it(controller, names, reason)


async def test_two_vnfs_whose_applications_are_one_are_not_both_made(
    controller: SimulatedController, tmp_path: Path
) -> None:
    first = write_service(tmp_path / "first", controller, "demo", "dns_1")
    second = write_service(tmp_path / "second", controller, "demo", "dns-1")
    await check_one_has_it(controller, {first: "demo", second: "demo"}, "would share the application app-vnf-dns-z1")


async def test_a_second_apply_with_one_store_waits_and_finds_all_done(
    controller: SimulatedController, tmp_path: Path
) -> None:
    folder = write_service(tmp_path / "ns", controller, "demo", "dns")
    codes, texts = zip(*await asyncio.gather(*(ended(folder, "apply", "service.yaml") for _ in "12")), strict=True)
    assert codes == (0, 0), texts
    assert sum("Nothing to do: NS demo was up already." in text for text in texts) == 1
    counts = controller.counts.requests
    assert (counts["Application.Deploy"], counts["Action.EnqueueOperation"]) == (1, 1), texts
    assert (await ended(folder, "delete", "demo", "--yes"))[0] == 0
    assert left_in(controller) == []
