"""Whatever comes at random is used or refused: with an error of the tree, which shows no value."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import stat
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.hostile import ground
from support.random_input import CANARY, EXAMPLES, NAMES, SCALARS, VALUES, holds, tried

from vca_core.charm import Action, check_params, read_charm
from vca_core.charm.expressions import is_whole
from vca_core.charm.ignoring import Ignored
from vca_core.config import load_config
from vca_core.errors import BadArguments, VcaError
from vca_core.hosts import parse_host
from vca_core.naming import CHARM_NAMES, EeId, Namespace
from vca_core.secrets import SecretValues, is_secret_name
from vca_core.service import References, plan, read_service
from vca_core.status import DeploymentStatus, Entity, EntityState, aggregate

pytestmark = pytest.mark.timeout(60 + EXAMPLES)

KEYWORDS = st.sampled_from([
    *("type", "enum", "const", "pattern", "patternProperties", "properties", "additionalProperties", "required"),
    *("items", "uniqueItems", "minItems", "maxLength", "multipleOf", "minimum", "exclusiveMinimum", "default"),
    *("format", "anyOf", "allOf", "oneOf", "not", "dependencies", "definitions", "$ref"),
    *("$schema", "$id", "description", "params"),
])  # fmt: skip
TYPES = st.sampled_from(["string", "integer", "number", "boolean", "array", "object", "null", "int", "str"])
PATTERNS = st.sampled_from(
    ["^([a-z]+)*$", "(a|b)*c", "(?=x)", "\\1", "[", "a{1000}", "^$", "\\p{L}", "(?i)x", "x" * 500]
)
SCHEMAS = st.recursive(
    VALUES | TYPES | PATTERNS,
    lambda below: st.dictionaries(KEYWORDS | NAMES, below, max_size=4) | st.lists(below, max_size=3),
    max_leaves=15,
)


def refusal(use: Callable[[], object]) -> str | None:
    """Say why something is refused; None: it is taken."""
    try:
        use()
    except BadArguments as error:
        return error.message
    return None


@tried()
@given(st.dictionaries(KEYWORDS, SCHEMAS, max_size=5), st.dictionaries(NAMES, VALUES, max_size=5))
def test_any_schema_checks_any_parameters(schema: dict[str, Any], params: dict[str, Any]) -> None:
    action = Action("run", {"type": "object", **schema})
    try:
        action.validator  # noqa: B018 - it is made when it is asked for
    except BadArguments:
        return
    with contextlib.suppress(BadArguments):
        check_params(action, params)


@tried()
@given(st.dictionaries(st.from_regex("[a-z]{1,9}", fullmatch=True), SCHEMAS, min_size=1, max_size=4), st.data())
def test_no_refusal_of_parameters_shows_a_value(properties: dict[str, Any], data: st.DataObject) -> None:
    params = data.draw(st.dictionaries(st.sampled_from(sorted(properties)), st.just(CANARY), min_size=1))
    message = refusal(lambda: check_params(Action("run", {"type": "object", "properties": properties}), params))
    assert CANARY not in (message or "") or holds(properties, CANARY)


@tried()
@given(NAMES | st.lists(NAMES, max_size=6).map(".".join))
def test_any_name_is_taken_as_it_is_or_refused(text: str) -> None:
    is_secret_name(text)
    with contextlib.suppress(ValueError):
        assert parse_host(parse_host(text)) == parse_host(text)
    with contextlib.suppress(BadArguments):
        assert str(EeId.parse(text)) == text
    if (message := refusal(lambda: Namespace.parse(text))) is not None:
        assert message.isprintable()
    else:
        namespace = Namespace.parse(text)
        assert Namespace.parse(str(namespace)) == namespace
        for name in (CHARM_NAMES.model(namespace), CHARM_NAMES.application(namespace.canonical)):
            assert len(name) <= 63


PARTS = st.sampled_from(["a", "A", "b", "lib", "Lib", "hooks", "..", ".", "", "a\x1b", "é", "x" * 300, "\u202e", "c d"])
MODES = st.sampled_from([0, *(kind | rights for kind in (stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK, stat.S_IFIFO, 0)
                              for rights in (0o644, 0o755, 0o4755, 0o1777, 0o2775, 0))])  # fmt: skip
MEMBERS = st.tuples(
    st.lists(PARTS, min_size=1, max_size=4).map("/".join), MODES, st.lists(PARTS, max_size=3).map("/".join)
)


@tried()
@given(st.lists(MEMBERS, max_size=8), st.binary(max_size=30), st.integers(0, 400))
def test_any_archive_is_refused_or_unpacks_within_its_folder(
    tmp_path_factory: pytest.TempPathFactory, members: list[tuple[str, int, str]], noise: bytes, at: int
) -> None:
    folder = tmp_path_factory.mktemp("fuzz")
    packed = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(packed, "w") as archive:
        warnings.simplefilter("ignore")  # of names that are there twice
        archive.writestr("metadata.yaml", "name: x")
        for name, mode, content in members:
            info = zipfile.ZipInfo(name or "-")
            info.create_system, info.external_attr = 3, mode << 16
            archive.writestr(info, content)
    intact = packed.getvalue()
    charm = folder / "x.charm"
    charm.write_bytes(intact)
    if (message := refusal(lambda: read_charm(charm))) is None:
        unpack(charm, folder / "out")
    charm.write_bytes(intact[:at] + noise + intact[at + len(noise) :])
    broken = refusal(lambda: read_charm(charm))
    assert f"{message}{broken}".isprintable()


def unpack(charm: Path, out: Path) -> None:
    """Unpack an archive as the simplest of programs would, which overwrites nothing and follows what is there."""
    out.mkdir()
    root = out.resolve()
    with zipfile.ZipFile(charm) as archive:
        for member in archive.infolist():
            mode, place = member.external_attr >> 16, out / member.filename
            if member.filename.endswith("/") or stat.S_ISDIR(mode):
                place.mkdir(parents=True, exist_ok=True)
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            if stat.S_ISLNK(mode):
                place.symlink_to(archive.read(member).decode())
            else:
                with place.open("xb") as file:
                    file.write(archive.read(member))
    for place in out.rglob("*"):
        assert Path(os.path.realpath(place)).is_relative_to(root)


KEYS = st.sampled_from(["connectors", "default", "store", "artifacts", "timeouts", "status", "limits", "references",
                        "extensions", "connector_providers", "ssh_key", "total", "backend", "options", "latency", "env",
                        "units", "name", "password"])  # fmt: skip
CONFIGS = st.recursive(
    SCALARS, lambda below: st.dictionaries(KEYS | NAMES, below, max_size=5) | st.lists(below, max_size=3)
)


@tried()
@given(st.dictionaries(KEYS, CONFIGS, max_size=5), st.dictionaries(KEYS, VALUES, max_size=3))
def test_any_config_is_taken_or_refused(given: dict[str, Any], options: dict[str, Any]) -> None:
    is_elsewhere = holds([given, options], CANARY)
    edge = {"backend": "fake", "options": {**options, "password": CANARY}}
    for config in (given, {**given, "connectors": {"edge": edge}}):
        message = refusal(lambda config=config: load_config(config, {}))  # type: ignore[misc]
        assert is_elsewhere or CANARY not in (message or "")


VNF_KEYS = ("charm", "vdu", "kdu", "count", "connector", "machine", "config", "units", "day1", "after", "options")
VNFS = st.fixed_dictionaries({}, optional={
    **dict.fromkeys(VNF_KEYS, VALUES),
    "charm": st.just("c") | NAMES,
    "after": st.lists(st.sampled_from("abcdef"), max_size=3),
    "units": st.integers(-1, 10**13),
    "machine": st.fixed_dictionaries({"hostname": NAMES, "username": NAMES}, optional={"port": SCALARS}),
    "day1": st.lists(st.fixed_dictionaries({"run": NAMES}, optional={"with": VALUES, "timeout": SCALARS}), max_size=3),
})  # fmt: skip
ENDS = st.lists(st.tuples(st.sampled_from("abcdef"), NAMES).map(":".join), min_size=1, max_size=3)


GLOBS = st.lists(
    st.sampled_from([*"ab-!]{},*?\\/z", "**", "/**/", "[", "[a-c]", "[!a]", "[ab]", "{a,b}", "é"]),
    min_size=1,
    max_size=8,
).map("".join)
PIECES = st.lists(st.sampled_from([*"ab-!]z", "é", "/"]), min_size=1, max_size=8)


@tried()
@given(GLOBS, PIECES.map("".join))
def test_any_line_of_an_ignoring_file_is_told_apart_rightly(line: str, name: str) -> None:
    """What is looked for before its expression is tried is in all that fits that."""
    try:
        ignored = Ignored([line])
    except BadArguments:
        return
    for rule in ignored._rules:
        for place in (f"/{name}", name.rpartition("/")[2]):
            if is_whole(rule.pattern, place):
                assert rule.first in place
                assert rule.second in place


@tried()
@given(
    st.dictionaries(st.sampled_from("abcdef") | NAMES, VNFS | VALUES, max_size=5), st.lists(ENDS | VALUES, max_size=3)
)
def test_any_service_is_planned_in_order_or_refused(vnfs: dict[str, Any], relations: list[Any]) -> None:
    try:
        planned = plan(read_service({"ns": "n", "vnfs": vnfs, "relations": relations}))
    except BadArguments:
        return
    waiting, done = planned.parts, set[str]()
    while waiting:
        free = [one for one in waiting if done.issuperset(one.needs)]
        assert free, "none waits for itself"
        done.update(one.key for one in free)
        waiting = [one for one in waiting if one.key not in done]
    place = {one.key: number for number, one in enumerate(planned.steps)}
    for step in planned.steps:
        assert all(place.get(need, -1) < place[step.key] for need in step.needs), "each is behind those it waits for"


PINS = {pin: References({"PIN": pin}, None) for pin in ("58264", "97135")}
WORDS = st.text("abcdefg/~-_", min_size=1, max_size=8)
PLAIN = st.recursive(
    WORDS | st.booleans() | st.none() | st.integers(0, 400),
    lambda below: st.dictionaries(WORDS, below, max_size=3) | st.lists(below, max_size=3),
)


@tried()
@given(st.dictionaries(WORDS, PLAIN, max_size=4), st.lists(WORDS, max_size=3), WORDS, st.integers(0, 3))
def test_no_digest_depends_on_a_short_secret(around: dict[str, Any], above: list[str], name: str, kind: int) -> None:
    kept = []
    for pin in ("58264", "97135"):
        value: Any = [pin, int(pin), f"at {pin}", f"http://me:{pin}@host"][kind] if kind else pin
        vnf: Any = {"charm": "c", "config": {**around, f"{name}Password": pin, "copy": [value]}}
        for key in above:
            vnf["config"] = {key: vnf["config"], "more": value}
        service = read_service({"ns": "n", "vnfs": {"a": vnf, "b": {**vnf, "config": {name: "${env:PIN}"}}}}, PINS[pin])
        for step in plan(service).steps:
            secret = step.inputs.find_secrets()
            sealable, _ = step.inputs.sealable(secret)
            assert pin not in str(sealable)
            kept.append((pin, step.key, step.inputs.digest(secret), secret))
    half = len(kept) // 2
    assert [one[1:] for one in kept[:half]] == [one[1:] for one in kept[half:]]


@tried()
@given(
    st.lists(st.tuples(st.sampled_from(["unit", "machine", "application", "action"]) | NAMES, NAMES, NAMES), max_size=6)
)
def test_any_status_means_one_of_five_words(told: list[tuple[str, str, str]]) -> None:
    states = [
        EntityState(Entity(kind, str(number)), native, detail) for number, (kind, native, detail) in enumerate(told)
    ]
    assert {state.meaning for state in states} <= set(DeploymentStatus)
    assert aggregate(states) in (*states, None)


@tried()
@given(st.lists(NAMES | st.text(min_size=4, max_size=40), max_size=5), st.text(max_size=60), st.text(max_size=60))
def test_no_text_holds_a_secret_once_it_is_scrubbed(secrets: list[str], before: str, after: str) -> None:
    values = SecretValues(secrets)
    for secret in secrets:
        for text in (f"{before}{secret}{after}", f"{before}{secret!r}{after}", json.dumps({before: secret + after})):
            scrubbed = values.scrub(text)
            assert values.scrub(scrubbed) == scrubbed
            if len(secret.strip()) >= 4 and secret.strip("* ") and values.scrub(secret) != secret:
                assert secret not in scrubbed


@tried(slower=10)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["touch", "fail", "config", "say-word", "nosuch"]) | NAMES,
            st.dictionaries(NAMES, VALUES, max_size=4),
            SCALARS,
        ),
        min_size=1,
        max_size=3,
    )
)
def test_any_call_ends_well_or_with_an_error_of_the_tree(
    tmp_path_factory: pytest.TempPathFactory, calls: list[tuple[str, dict[str, Any], Any]]
) -> None:
    async def run() -> None:
        async with ground(tmp_path_factory.mktemp("fuzz")) as on:
            for primitive, params, unit in calls:
                with contextlib.suppress(VcaError):
                    await on.connector.exec_primitive(on.ee_id, primitive, params, unit=unit)
            assert await on.connector.health()

    asyncio.run(run())
