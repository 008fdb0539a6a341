"""The NS file: what is taken, and what is said of each mistake, with its line."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import jsonschema
import pytest
import yaml

from vca_core.errors import BadArguments
from vca_core.service import References, Service, read_service
from vca_core.service.ns_file import ns_file_schema

DOCS = Path(__file__).parents[3] / "docs"
CANARY = "canary-value"
VNF = {"charm": "simple-router"}


def refusal(source: Any, references: References | None = None) -> str:
    with pytest.raises(BadArguments) as caught:
        read_service(source, references or References())
    assert CANARY not in str(caught.value)
    return str(caught.value)


def lines_of(function: Callable[[], object]) -> int:
    """How many lines of ours a call runs, each as often as it is run."""
    count = 0

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal count
        if "vca_core" not in frame.f_code.co_filename:
            return None
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        function()
    finally:
        sys.settrace(before)
    return count


def test_twice_as_many_primitives_take_twice_the_steps(tmp_path: Path) -> None:
    def steps(count: int) -> int:
        file = tmp_path / "ns.yaml"
        one = "    - {run: p, with: {a: 1}}\n"
        file.write_text(f"ns: n\nvnfs:\n  v:\n    charm: c\n    day1:\n{one * count}")
        return lines_of(lambda: read_service(file))

    steps(1)  # what is done once
    assert steps(400) < 2.2 * steps(200)


def test_the_example_is_read_and_named() -> None:
    service = read_service(DOCS / "examples" / "service" / "service.yaml")
    assert [str(service.namespace(name)) for name in service.vnfs] == [
        ".demo.core.vm-0",
        ".demo.edge.vm-0",
        ".demo.cache.vm-0",
    ]
    assert [str(relation) for relation in service.relations] == [
        "core:gateway - edge:upstream",
        "edge:gateway - cache:uplink",
    ]
    assert read_service(service) is service


def test_a_kdu_and_a_slice_are_named(tmp_path: Path) -> None:
    service = read_service({"ns": "n", "nsi": "s", "vnfs": {"v": {"kdu": "my-kdu"}}})
    assert str(service.namespace("v")) == "s.n.v.kdu:my-kdu"


def test_references_are_resolved_where_secrets_are(tmp_path: Path) -> None:
    (tmp_path / "password").write_text(CANARY)
    (tmp_path / "ns.yaml").write_text(
        "ns: n\nvnfs:\n  v:\n    charm: c\n    config: {password: '${file:password}'}\n"
        "    machine: {hostname: h, key: '${env:K}'}\n"
        "    options: {install: {a: '${env:K}'}}\n    day1: [{run: x, with: {p: ['${env:K}']}}]\n"
    )
    service = read_service(tmp_path / "ns.yaml", References({"K": CANARY}, {"K"}, {tmp_path}))
    vnf = service.vnfs["v"]
    assert vnf.machine is not None
    found = [vnf.config["password"], vnf.machine["key"], vnf.options.install["a"], vnf.day1[0].with_["p"][0]]
    assert found == [CANARY] * 4
    assert CANARY not in f"{service!r}{service!s}"


def with_resource(path: str) -> dict[str, Any]:
    return {"ns": "n", "vnfs": {"v": {"charm": "c", "options": {"install": {"resources": {"soft": path}}}}}}


@pytest.mark.parametrize("path", ["/etc/passwd", "~/.ssh/id_rsa", "../../secret", "in/../../out", "{folder}/../secret"])
def test_resources_from_elsewhere_are_not_read_for_an_author(tmp_path: Path, path: str) -> None:
    with pytest.raises(BadArguments, match=r"install\.resources\.soft: (expected a path|refers to the file)"):
        read_service(with_resource(path.format(folder=tmp_path)), References(folders={tmp_path}))


@pytest.mark.parametrize("path", ["soft.txt", "in/soft.txt", "registry.example.com/nginx:1", "{folder}/soft.txt"])
def test_resources_beside_the_charm_or_allowed_ones_are_taken(tmp_path: Path, path: str) -> None:
    given = path.format(folder=tmp_path)
    service = read_service(with_resource(given), References(folders={tmp_path}))
    assert service.vnfs["v"].options.install == {"resources": {"soft": given}}


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"vnfs": {"v": VNF}}, "ns: expected text, got nothing"),
        ({"ns": "n"}, "vnfs: expected a mapping, got nothing"),
        ({"ns": "n", "vnfs": {}}, "vnfs: "),
        ({"ns": "n", "vnfs": {"a.b": VNF}}, "without a colon, slash or dot"),
        ({"ns": "n", "vnfs": {"$a": VNF}}, "a $ in front"),
        ({"ns": "a.b", "vnfs": {"v": VNF}}, "without a dot"),
        ({"ns": "n", "vnfs": {"v": {"chrm": "c"}}}, "did you mean 'charm'"),
        ({"ns": "n", "vnfs": {"v": {"kdu": "k", "vdu": "d"}}}, "expected neither vdu nor count"),
        ({"ns": "n", "vnfs": {"v": {"count": 1}}}, "expected the vdu"),
        ({"ns": "n", "vnfs": {"v": {"config": {"a": 1}}}}, "charm: expected one"),
        ({"ns": "n", "vnfs": {"v": {**VNF, "units": 0}}}, "expected a number of at least 1, got 0"),
        ({"ns": "n", "vnfs": {"v": {**VNF, "units": True}}}, "v.units: expected a number, got True"),
        ({"ns": "n", "vnfs": {"v": {**VNF, "vdu": "d", "count": True}}}, "v.count: expected a number, got True"),
        ({"ns": "n", "vnfs": {"v": {**VNF, "day1": [{"run": "p", "timeout": True}]}}}, "timeout: expected a number"),
        ({"ns": "n", "vnfs": {"v": {**VNF, "config": CANARY}}}, "expected a mapping, got text"),
        ({"ns": "n", "vnfs": {"v": {**VNF, "after": ["w"]}}}, "v.after: there is no VNF"),
        ({"ns": "n", "vnfs": {"v": {**VNF, "after": ["w"]}, "w": {**VNF, "after": ["v"]}}}, "comes after itself"),
        ({"ns": "n", "vnfs": {"v": VNF}, "relations": [["v:a"]]}, "a list of two ends"),
        ({"ns": "n", "vnfs": {"v": VNF}, "relations": [["v:a", "va"]]}, "a VNF and an endpoint"),
        ({"ns": "n", "vnfs": {"vnf": VNF}, "relations": [["vnf:a", "vnv:b"]]}, "did you mean 'vnf'"),
        ({"ns": "n", "vnfs": {"v": VNF, "w": {}}, "relations": [["v:a", "w:b"]]}, "has no charm, and so no endpoint"),
        ([], "got a list"),
    ],
)  # fmt: skip
def test_each_mistake_is_reported(values: Any, said: str) -> None:
    assert said in refusal(values)


def test_a_list_with_nothing_in_it_is_empty(tmp_path: Path) -> None:
    (tmp_path / "ns.yaml").write_text("ns: n\nvnfs:\n  v:\n    charm: c\n    after:\n    day1:\nrelations:\n")
    service = read_service(tmp_path / "ns.yaml")
    assert (service.vnfs["v"].after, service.vnfs["v"].day1, service.relations) == ([], [], [])


def test_mistakes_are_reported_with_their_lines(tmp_path: Path) -> None:
    (tmp_path / "ns.yaml").write_text("ns: n\nvnfs:\n  v:\n    chrm: c\n    units: 0\n")
    message = refusal(tmp_path / "ns.yaml")
    assert "ns.yaml:4:5: vnfs.v.chrm" in message
    assert "ns.yaml:5:5: vnfs.v.units" in message
    (tmp_path / "empty.yaml").write_text("")
    assert "is empty; expected at least `vnfs`" in refusal(tmp_path / "empty.yaml")
    assert "variable ABSENT, which is not set" in refusal(referring("${env:ABSENT}"), References({}, {"ABSENT"}))


def referring(text: str) -> dict[str, Any]:
    return {"ns": "n", "vnfs": {"v": {**VNF, "config": {"a": text}}}}


def test_a_file_refers_to_nothing_that_is_not_allowed(tmp_path: Path) -> None:
    message = refusal(referring("${env:K}"), References({"K": CANARY}, {"L"}))
    assert "variable K, which this file may not see; allow it with `--env K`" in message
    (tmp_path / "secret").write_text(CANARY)
    (inside := tmp_path / "ns").mkdir()
    (inside / "link").symlink_to("../secret")
    for name in ("secret", "ns/link", "ns/../secret", "absent", "ns/\0"):
        message = refusal(referring(f"${{file:{tmp_path / name}}}"), References(folders=[inside]))
        assert "which this file may not see; allow its folder with `--allow-files DIR`" in message
        assert "may not see" in refusal(referring(f"${{file:{tmp_path / name}}}"))
    link = referring(f"${{file:{inside / 'link'}}}")
    assert read_service(link, References(folders=[inside, tmp_path])).vnfs["v"].config == {"a": CANARY}


@pytest.mark.parametrize("place", ["fifo", "/dev/zero", ".", "large"])
def test_a_reference_takes_small_regular_files_only(tmp_path: Path, place: str) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "large").write_bytes(b"x" * (64 * 1024 + 1))
    message = refusal(referring(f"${{file:{tmp_path / place}}}"), References(folders=None))
    assert (
        "expected a regular file" in message or "Is a directory" in message or "expected at most 65536 bytes" in message
    )


def test_the_published_schema_is_current_and_takes_the_example() -> None:
    schema = json.loads((DOCS / "reference" / "ns-file.schema.json").read_text())
    assert schema == ns_file_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    example = yaml.safe_load((DOCS / "examples" / "service" / "service.yaml").read_text())
    assert list(validator.iter_errors(example)) == []
    example["vnfs"]["core"]["chrm"] = 1
    example["relations"].append(["core"])
    assert len(list(validator.iter_errors(example))) == 3
    assert isinstance(Service.model_json_schema(), dict)


def test_vnfs_without_options_share_one_object() -> None:
    """There may be ten thousand, and each object takes time of Python's garbage collector."""
    vnfs = read_service({"ns": "n", "vnfs": {"a": {"charm": "c"}, "b": {"charm": "c"}}}).vnfs
    assert vnfs["a"].options is vnfs["b"].options


def of_key(path: object) -> dict[str, Any]:
    return {"ns": "n", "vnfs": {"v": {"machine": {"hostname": "h", "username": "u", "private_key_path": path}}}}


def test_a_private_key_has_to_be_where_values_may_refer_to(tmp_path: Path) -> None:
    (tmp_path / "ns").mkdir()
    (tmp_path / "id").touch()
    (tmp_path / "ns" / "id").touch()
    (tmp_path / "ns" / "out").symlink_to("../id")
    (tmp_path / "ns" / "ns.yaml").write_text("")
    file = tmp_path / "ns" / "ns.yaml"
    for path in ("/dev/zero", "~/.ssh/id_ed25519", str(tmp_path / "id"), "../id", "out"):
        file.write_text(json.dumps(of_key(path)))
        message = refusal(file, References(folders={tmp_path / "ns"}))
        assert "machine.private_key_path: refers to the file" in message
        assert "which this file may not see; allow its folder with `--allow-files DIR`" in message
        assert "which this file may not see" in refusal(of_key(path))
    file.write_text(json.dumps(of_key("id")))
    machine = read_service(file, References(folders={tmp_path / "ns"})).vnfs["v"].machine
    assert machine is not None
    assert machine["private_key_path"] == str(tmp_path / "ns" / "id")


@pytest.mark.parametrize(
    ("vnf", "said"),
    [
        ("charm: '${env:K}'", "ns.yaml:3:10: vnfs.core.charm: expected the value itself, got a reference"),
        ("charm: x, vdu: '${file:k}'", "vnfs.core.vdu: expected the value itself"),
        ("charm: x, day1: [{run: '${env:K}', with: {}}]", "vnfs.core.day1.0.run: expected the value itself"),
        ("charm: x, config: {'${env:K}': 1}", "vnfs.core.config.${env:K}: expected a name, got a reference"),
        ("charm: x, config: {a: '${env:K'}", "ns.yaml:3:29: vnfs.core.config.a: expected a reference as"),
        ("charm: x, day1: [{run: x, with: {a: ['${ENV:K}']}}]", "day1.0.with.a.0: expected a reference as"),
    ],
)
def test_a_reference_that_is_not_replaced_is_refused(tmp_path: Path, vnf: str, said: str) -> None:
    file = tmp_path / "ns.yaml"
    file.write_text(f"ns: n\nvnfs:\n  core: {{{vnf}}}\n")
    assert said in refusal(file, References({"K": CANARY}, {"K"}))


def test_two_dollars_make_a_reference_text(tmp_path: Path) -> None:
    file = tmp_path / "ns.yaml"
    file.write_text(
        "ns: n\nvnfs: {core: {charm: x, config: {a: '$${env:K}'}, day1: [{run: x, with: {b: '$${file:}'}}]}}\n"
    )
    core = read_service(file).vnfs["core"]
    assert (core.config, core.day1[0].with_) == ({"a": "${env:K}"}, {"b": "${file:}"})
