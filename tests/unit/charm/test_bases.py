"""What a charm runs on, in all the ways that were there to say it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from vca_core.charm import Base, Charm

Read = Callable[[dict[str, str]], Charm]
Refused = Callable[[dict[str, str]], str]

JAMMY = "{name: ubuntu, channel: '22.04'}"


@pytest.mark.parametrize(
    ("text", "bases"),
    [
        ("series: [bionic, xenial]", [Base("ubuntu", "18.04"), Base("ubuntu", "16.04")]),
        ("series: [eoan, lunar]", [Base("ubuntu", "19.10"), Base("ubuntu", "23.04")]),
        ("series: [centos7, kubernetes, win10]", [Base("centos", "7")]),
        ("", []),
    ],
)
def test_series_are_the_words_of_old_charms(read: Read, text: str, bases: list[Base]) -> None:
    assert read({"metadata.yaml": f"name: x\n{text}"}).bases == tuple(bases)


@pytest.mark.parametrize(
    ("text", "bases"),
    [
        (f"bases: [{JAMMY}]", [Base("ubuntu", "22.04")]),
        (f"bases: [{{build-on: [{JAMMY}]}}]", [Base("ubuntu", "22.04")]),
        (
            f"bases: [{{build-on: [{JAMMY}], run-on: [{{name: centos, channel: '7', architectures: [amd64]}}]}}]",
            [Base("centos", "7", ("amd64",))],
        ),
        ("base: ubuntu@24.04\nplatforms: {amd64: , arm64: }", [Base("ubuntu", "24.04", ("amd64", "arm64"))]),
        (
            "base: ubuntu@24.04\nplatforms: {x: {build-on: [amd64], build-for: [riscv64]}}",
            [Base("ubuntu", "24.04", ("riscv64",))],
        ),
        (
            "base: ubuntu@24.04\nplatforms: {x: {build-on: amd64, build-for: arm64}}",
            [Base("ubuntu", "24.04", ("arm64",))],
        ),
        ("base: ubuntu@24.04\nplatforms: {x: {build-on: [amd64]}}", [Base("ubuntu", "24.04", ("amd64",))]),
        ("base: ubuntu@24.04\nplatforms: {x: {build-on: amd64, build-for: [all]}}", [Base("ubuntu", "24.04")]),
        (
            "platforms: {'ubuntu@22.04:amd64': , 'ubuntu@24.04:amd64': , 'ubuntu@24.04:arm64': }",
            [Base("ubuntu", "22.04", ("amd64",)), Base("ubuntu", "24.04", ("amd64", "arm64"))],
        ),
        (
            "platforms: {x: {build-on: ['ubuntu@24.04:amd64'], build-for: ['ubuntu@22.04:all']}}",
            [Base("ubuntu", "22.04")],
        ),
        ("platforms: {ubuntu@24.04: }", [Base("ubuntu", "24.04")]),
        ("platforms: {amd64: }", []),
    ],
)
def test_charmcraft_has_its_own_ways(read: Read, text: str, bases: list[Base]) -> None:
    assert read({"charmcraft.yaml": f"name: x\n{text}"}).bases == tuple(bases)


def test_a_base_that_says_no_architecture_runs_on_all_of_them(read: Read) -> None:
    bases = f"bases: [{{name: ubuntu, channel: '22.04', architectures: [amd64]}}, {JAMMY}]"
    assert read({"charmcraft.yaml": f"name: x\n{bases}"}).bases == (Base("ubuntu", "22.04"),)


def test_packed_bases_count_before_build_bases_before_series(read: Read) -> None:
    files = {
        "metadata.yaml": "name: x\nseries: [bionic]",
        "charmcraft.yaml": "base: ubuntu@22.04\nplatforms: {amd64: }\nbases: []",
    }
    manifest = "analysis: {}\nbases: [{name: ubuntu, channel: 24.04/stable, architectures: [s390x]}]"
    charm = read({**files, "manifest.yaml": manifest})
    assert charm.bases == (Base("ubuntu", "24.04/stable", ("s390x",)),)
    assert charm.series == ("bionic",)


def test_without_a_manifest_platforms_count_before_series(read: Read) -> None:
    files = {
        "metadata.yaml": "name: x\nseries: [jammy]",
        "charmcraft.yaml": "base: ubuntu@24.04\nplatforms: {amd64: }",
    }
    assert read(files).bases == (Base("ubuntu", "24.04", ("amd64",)),)


def test_a_base_is_written_as_charmcraft_writes_it() -> None:
    assert str(Base("ubuntu", "22.04", ("amd64",))) == "ubuntu@22.04"


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("charmcraft.yaml", "bases: {}", "bases: expected a list"),
        ("charmcraft.yaml", "bases: [jammy]", "bases.0: expected a mapping"),
        ("charmcraft.yaml", "bases: [{name: ubuntu}]", "bases.0: expected a name and a channel, got no channel"),
        (
            "charmcraft.yaml",
            "bases: [{run-on: [{channel: '7'}]}]",
            "bases.0.run-on.0: expected a name and a channel, got no name",
        ),
        (
            "charmcraft.yaml",
            "bases: [{name: ubuntu, channel: 22.04}]",
            "bases.0.channel: expected text (put it in quotes), got a number: 22.04",
        ),
        (
            "charmcraft.yaml",
            "base: ubuntu\nplatforms: {amd64: }",
            "base: expected a base such as ubuntu@22.04, got 'ubuntu'",
        ),
        ("charmcraft.yaml", "base: 24.04\nplatforms: {amd64: }", "base: expected text"),
        ("charmcraft.yaml", "platforms: [amd64]", "platforms: expected a mapping"),
        ("charmcraft.yaml", "platforms: {'@24.04': }", "platforms.@24.04: expected a base such as ubuntu@22.04"),
        ("charmcraft.yaml", "platforms: {x: {build-for: [7]}}", "platforms.x.build-for.0: expected text"),
        ("charmcraft.yaml", "platforms: {x: {build-for: 7}}", "platforms.x.build-for: expected a list"),
        ("manifest.yaml", "bases: [{name: ubuntu, channel: ''}]", "bases.0.channel: expected text that is not empty"),
    ],
)
def test_what_is_malformed_is_reported_with_file_and_key(refused: Refused, file: str, text: str, message: str) -> None:
    assert refused({"metadata.yaml": "name: x", file: text}).startswith(f"{file}: {message}")
