"""Hostile input of about a megabyte, for each way into the framework: what `make fuzz` and `make bench` try."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vca_core import Connector, Vca
from vca_core.config import load_config
from vca_core.plain import MOST_VALUES
from vca_core.service import plan, read_service
from vca_fake.script import Script

_MEGABYTE = 1024 * 1024
_FITTING = _MEGABYTE - 1000  # room for the rest of the mapping
_MANY = MOST_VALUES - 100


def _nested(depth: int) -> Any:
    value: Any = []
    for _ in range(depth):
        value = [value]
    return value


def _in_text(value: Any, times: int) -> str:
    text = json.dumps(value)
    for _ in range(times):
        text = json.dumps({"a": text})
    return text


def _in_base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


_SECRET = "hunter2secret"

VALUES: Mapping[str, Mapping[str, Any]] = {
    "many values": {f"name-{number}": number for number in range(_MANY)},
    "too many values": {f"name-{number}": number for number in range(100_000)},
    "many lists": {"a": [[1] * 9 for _ in range(_MANY // 10)]},
    "a long text": {"a": "x y " * (_FITTING // 4)},
    "a long text that is not ASCII": {"a": "\u20ac" * _FITTING},
    "too long a text": {"a": "x" * 2 * _MEGABYTE},
    "a deep list": {"a": _nested(48)},
    "too deep a list": {"a": _nested(3_000)},
    "many secrets": {f"password-{number}": f"hunter{number}secret" for number in range(_MANY)},
    "some secrets": {f"password-{number}": f"hunter{number}secret" for number in range(480)},
    "a long secret": {"password": "%\"'\\" * (_FITTING // 4)},
    "a secret of many lines": {"password": "".join(f"line {number} of it\n" for number in range(50_000))},
    "a secret that just fits": {"password": "%\"'\\" * 16_000},
    "a secret of many letters": {"password": "\u0130\u00df" * 30_000},
    "a secret of backslashes": {"password": "\\" * 60_000},
    "a secret that is an object in texts in texts": {"password": _in_text({"password": "x1y2"}, 12)[:60_000]},
    "many URLs": {"a": "http://a:b@c?token=x& " * (_FITTING // 22)},
    "long names": {f"{number:04}{'n' * 90}": "x" for number in range(_MANY)},
    "a very long name": {"n" * _FITTING: "x"},
    "a very long secret name": {"password-" * (_FITTING // 9): "hunter2secret"},
    "almost URLs": {"a": "://a:" * (_FITTING // 5)},
    "an object in a text": {"a": "token: hunter2secret\n" + "".join(f"name-{n}: value {n}\n" for n in range(24_000))},
    "a large object in a text": {"a": json.dumps({"token": "hunter2", **{f"name-{n}": n for n in range(50_000)}})},
    "objects in texts in texts": {"a": _in_text({"token": "hunter2secret", "b": list(range(20_000))}, 5)},
    "a secret that is an object in a text": {"password": json.dumps({f"name-{n}": n for n in range(400)})},
}
"""For each argument that takes a mapping."""

TEXTS: Mapping[str, str] = {
    "a long text": "x y " * (_MEGABYTE // 4),
    "dots": "." * _MEGABYTE,
    "slashes": "a/" * (_MEGABYTE // 2),
    "dashes": "a-" * (_MEGABYTE // 2),
    "blanks": " " * _MEGABYTE,
    "lines": "\n" * _MEGABYTE,
    "not ASCII": "\u20ac" * _MEGABYTE,
    "braces": "{" * _MEGABYTE,
}
"""For each argument that takes a text."""

SAID: Mapping[str, str] = {
    "backslashes": "\\" * _MEGABYTE,
    "quotes": "\"'" * (_MEGABYTE // 2),
    "escapes": "\\x41" * (_MEGABYTE // 4),
    "escapes of half a character": "\\ud83d\\ude00" * (_MEGABYTE // 12),
    "escapes of escapes": "%2525252541" * (_MEGABYTE // 11),
    "escapes of terminals": "\x1b[31mx" * (_MEGABYTE // 6),
    "comments": "#\n" * (_MEGABYTE // 2) + "{a: 1}",
    "objects in texts in texts": json.dumps(_in_text({"password": "x1y2"}, 13)),
    "base64 in lines": "aHVudGVyLTQyLX\n" * (_MEGABYTE // 15),
    "base64 of base64": _in_base64(_in_base64("a text " * (_MEGABYTE // 16))),
    "a secret again and again": _SECRET * (_MEGABYTE // len(_SECRET)),
    "a secret in escapes": "%68unter2secret" * (_MEGABYTE // 15),
    "a secret that goes on": "hunter2secre" * (_MEGABYTE // 24) + "t" * (_MEGABYTE // 2),
}
"""What a system may say in a status, in an error and in answers, while a secret is known."""

ACTIONS: Mapping[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = {
    "patterns": (
        {"params": {f"a{number}": {"pattern": "^([a-z]+)*$"} for number in range(200)}},
        {f"a{number}": "a" * 5_000 + "!" for number in range(200)},
    ),
    "patterns of names": (
        {"patternProperties": {f"^(a|b){number}+$": {} for number in range(100)}},
        VALUES["many values"],
    ),
    "unique items": (
        {"params": {"a": {"uniqueItems": True}}},
        {"a": [{"id": number} for number in range(_MANY // 2)]},
    ),
    "unknown names": (
        {"params": {f"name-{number}": {} for number in range(100)}, "additionalProperties": False},
        {f"nam-{number}": 1 for number in range(_MANY)},
    ),
    "an enum": (
        {"params": {f"a{number}": {"enum": list(range(1_000))} for number in range(30)}},
        {f"a{number}": -1 for number in range(30)},
    ),
    "alternatives": (
        {"params": {"a": {"items": {"anyOf": [{"enum": [number]} for number in range(50)]}}}},
        {"a": list(range(_MANY))},
    ),
    "defaults": ({"params": {f"a{number}": {"default": list(range(40))} for number in range(900)}}, {}),
    "many parameters": (
        {"params": {f"name-{number}": {"type": "string"} for number in range(9_900)}},
        {f"name-{number}": "x" for number in range(9_900)},
    ),
    "long names": (
        {"params": {f"{number:04}{'n' * 90}": {"type": "string"} for number in range(9_900)}},
        {f"{number:04}{'n' * 90}": "x" for number in range(9_900)},
    ),
    "a very long name": ({"params": {"n" * 500_000: {"type": "string"}}}, {"n" * 500_000: "x"}),
    "a very long unknown name": ({"additionalProperties": False}, {"n" * 500_000: "x"}),
    "multiples": ({"params": {"a": {"items": {"multipleOf": 0.1}}}}, {"a": [10**299 + 1] * _MANY}),
}
"""Schemas of actions, each with parameters."""

CHARMS: Mapping[str, Mapping[str, Any]] = {
    "many actions": {f"action-{number}": {} for number in range(1_900)},
    "too many actions": {f"action-{number}": {} for number in range(24_000)},
    "many actions with parameters": {
        f"action-{number}": {"params": {"a": {"type": "string"}}} for number in range(600)
    },
    "actions of long names": {f"{number:04}{'n' * 900}": {} for number in range(1_000)},
}
"""Actions of charms that are installed, and one of which is run."""

FILES: Mapping[str, str] = {
    "many options": "\n".join(f"        option-{number}: value {number}" for number in range(24_000)),
    "aliases": "        l0: &l0 [x]\n"
    + "\n".join(f"        l{one}: &l{one} [{', '.join([f'*l{one - 1}'] * 10)}]" for one in range(1, 12)),
    "a long text": f"        a: '{'x y ' * 250_000}'",
    "escapes": '        a: "' + "\\x41" * 250_000 + '"',
    "lists": "        a: " + "[" * 900_000,
    "unknown keys": "\n".join(f"    key-{number}: 1" for number in range(24_000)),
    "dollars": f"        a: '{'$' * 900_000}'",
    "a reference without its end": f"        a: '${{env:{'a ' * 450_000}'",
    "beginnings of references": "        a: '" + "${env:" * 150_000 + "'",
    "blanks in a reference": f"        a: '${{{' ' * 450_000}env{' ' * 450_000}'",
    "comments": "# a comment\n" * 80_000,
    "dashes": "        a:\n" + "        - 1\n" * 90_000,
}
"""What stands below ``options`` of a config in YAML."""


@dataclass(frozen=True)
class Ground:
    """Where it is tried.

    Args:
        vca: a `Vca` on the fake.
        ee_id: of an EE with a charm.
        folder: where files may be written; charms stand in it.
    """

    vca: Vca
    ee_id: str
    folder: Path

    @property
    def connector(self) -> Connector:
        """The only connector."""
        return self.vca.connector()


Try = Callable[[Ground], Awaitable[object]]


def _charm(folder: Path, name: str, actions: Mapping[str, Any]) -> str:
    (folder / name).mkdir(exist_ok=True)
    (folder / name / "metadata.yaml").write_text("name: x\nsummary: s\ndescription: d\nseries: [jammy]\n")
    (folder / name / "dispatch").write_text("#!/bin/sh\n")
    (folder / name / "dispatch").chmod(0o755)
    (folder / name / "actions.yaml").write_text(json.dumps(actions))
    options = {name: {"type": "string"} for name in ("hostname", "ssh-password")}
    (folder / name / "config.yaml").write_text(json.dumps({"options": options}))
    return name


_LONG = "no way " * (_MEGABYTE // 7)


@asynccontextmanager
async def ground(folder: Path) -> AsyncIterator[Ground]:
    """An EE whose charm takes any parameters, on a fake whose actions ``say-...`` give and tell a megabyte."""
    script = Script()
    script.add("exec_primitive", primitive="say-much", result={"a": [_LONG[:1000]] * 1000})
    script.add("exec_primitive", primitive="say-many", result={"a": list(range(100_000))})
    script.add("exec_primitive", primitive="say-no", fail=_LONG)
    script.add("exec_primitive", primitive="say-word", statuses=[{"status": _LONG, "detail": _LONG}], result={})
    for number, text in enumerate(SAID.values()):
        statuses = [{"status": "maintenance", "detail": text}, {"status": "active", "detail": text}]
        script.add("exec_primitive", primitive=f"tell-{number}", statuses=statuses, result={"a": text})
        script.add("exec_primitive", primitive=f"refuse-{number}", fail={"message": text, "output": {"a": text}})
        answer = {"a": [text, text[:20_000], text[:10_000]]}
        script.add("get_metrics", namespace=f".said{number}", result=answer)
    options = {"latency": 0, "script": script}
    config = {"artifacts": str(folder), "connectors": {"edge": {"backend": "fake", "options": options}}}
    _charm(folder, "any", {"touch": {}, "fail": {}})
    async with Vca.from_config(config, environ={}) as vca:
        connector = vca.connector()
        ee_id, _ = await connector.create_execution_environment(".n.v", None)
        secrets = {"ssh-password": "hunter2secret"}
        await connector.install_configuration_sw(ee_id, "any", config=secrets)
        yield Ground(vca, ee_id, folder)


def _with_mapping(values: Mapping[str, Any]) -> dict[str, Try]:
    host = {"hostname": "h", "username": "u"}
    place = {"collection": "c", "path": "p"}
    return {
        "params_dict": lambda on: on.connector.exec_primitive(on.ee_id, "touch", values),
        "params_dict of a failure": lambda on: on.connector.exec_primitive(on.ee_id, "fail", values),
        "config": lambda on: on.connector.exec_primitive(on.ee_id, "config", {"params": values}),
        "config of install": lambda on: on.connector.install_configuration_sw(on.ee_id, "any", config=values),
        "options": lambda on: on.connector.create_execution_environment(".n.w", None, options=values),
        "credentials": lambda on: on.connector.register_execution_environment(".n.w", {**values, **host}, None),
        "filter": lambda on: on.connector.create_execution_environment(".n.w", {**place, "filter": {"_id": values}}),
        "definition": lambda on: asyncio.to_thread(
            load_config, {"connectors": {"edge": {"backend": "fake", "options": values}}}, {}
        ),
    }


def _with_text(text: str) -> dict[str, Try]:
    place = {"collection": "c", "filter": {"_id": "1"}, "path": "p"}
    return {
        "ee_id": lambda on: on.connector.exec_primitive(text, "touch", {}),
        "primitive_name": lambda on: on.connector.exec_primitive(on.ee_id, text, {}),
        "unit": lambda on: on.connector.exec_primitive(on.ee_id, "touch", {}, unit=text),
        "endpoint": lambda on: on.connector.add_relation(on.ee_id, text, on.ee_id, text),
        "artifact_path": lambda on: on.connector.install_configuration_sw(on.ee_id, text),
        "namespace": lambda on: on.connector.create_execution_environment(text, None),
        "vnf_id": lambda on: on.connector.create_execution_environment(f".n.{text}", None),
        "reuse_ee_id": lambda on: on.connector.create_execution_environment(".n.w", None, text),
        "listing": lambda on: on.connector.list_execution_environments(text),
        "status": lambda on: on.connector.get_status(text),
        "collection": lambda on: on.connector.create_execution_environment(".n.w", {**place, "collection": text}),
        "path": lambda on: on.connector.create_execution_environment(".n.w", {**place, "path": text}),
        "key of a filter": lambda on: on.connector.create_execution_environment(".n.w", {**place, "filter": {text: 1}}),
        "connector": lambda on: on.vca.find_connector(text),
    }


async def _run_action(on: Ground, actions: Mapping[str, Any], params: Mapping[str, Any]) -> None:
    name = _charm(on.folder, "hostile", {"run": actions})
    ee_id, _ = await on.connector.create_execution_environment(".n.h", None)
    try:
        await on.connector.install_configuration_sw(ee_id, name)
        await on.connector.exec_primitive(ee_id, "run", params)
    finally:
        await on.connector.delete_execution_environment(ee_id)


async def _install(on: Ground, actions: Mapping[str, Any]) -> None:
    name = _charm(on.folder, "large", actions)
    ee_id, _ = await on.connector.create_execution_environment(".n.l", None, artifact_path=name)
    try:
        await on.connector.install_configuration_sw(ee_id, name)
        await on.connector.exec_primitive(ee_id, next(iter(actions)))
        await on.connector.describe(ee_id)
        await on.connector.get_status(".n.l")
        await on.connector.exec_primitive(ee_id, "no-such-action")
    finally:
        await on.connector.delete_execution_environment(ee_id)


async def _read_file(on: Ground, options: str) -> None:
    head = "connectors:\n  edge:\n    backend: fake\n    options:\n"
    (on.folder / "vca.yaml").write_text(f"{head}{options}"[:_MEGABYTE])
    await asyncio.to_thread(load_config, on.folder / "vca.yaml", {})


async def _read_ns(on: Ground, vnfs: str) -> None:
    (on.folder / "ns.yaml").write_text(f"ns: n\nvnfs:\n{vnfs}"[:_MEGABYTE])
    await asyncio.to_thread(lambda: plan(read_service(on.folder / "ns.yaml")))


def tries() -> dict[str, Try]:
    """Everything, by a name that says what is given where."""
    found: dict[str, Try] = {}
    for kind, values in VALUES.items():
        found |= {f"{where}: {kind}": one for where, one in _with_mapping(values).items()}
    for kind, text in TEXTS.items():
        found |= {f"{where}: {kind}": one for where, one in _with_text(text).items()}
    for kind, (actions, params) in ACTIONS.items():
        found[f"schema: {kind}"] = lambda on, actions=actions, params=params: _run_action(on, actions, params)  # type: ignore[misc]
    for kind, actions in CHARMS.items():
        found[f"charm: {kind}"] = lambda on, actions=actions: _install(on, actions)  # type: ignore[misc]
    for kind, text in FILES.items():
        found[f"file: {kind}"] = lambda on, text=text: _read_file(on, text)  # type: ignore[misc]
    for kind, text in {
        "a chain": "\n".join(f"  v{one}: {{charm: c, after: [v{one + 1}]}}" for one in range(5_000)),
        "many behind a chain": "\n".join(
            [
                *(f"  v{one}: {{charm: c, after: [v{one + 1}]}}" for one in range(3_000)),
                "  v3000: {charm: c}",
                *(f"  w{one}: {{charm: c, day1: [run: p], after: [v0]}}" for one in range(3_000)),
            ]
        ),
        "many VNFs": "\n".join(f"  v{one}: {{charm: c}}" for one in range(9_000)),
    }.items():
        found[f"NS file: {kind}"] = lambda on, text=text: _read_ns(on, text)  # type: ignore[misc]
    for number, kind in enumerate(SAID):
        found[f"status: {kind}"] = lambda on, one=number: on.connector.exec_primitive(on.ee_id, f"tell-{one}", {})  # type: ignore[misc]
        found[f"error: {kind}"] = lambda on, one=number: on.connector.exec_primitive(on.ee_id, f"refuse-{one}", {})  # type: ignore[misc]
        found[f"answer: {kind}"] = lambda on, one=number: on.connector.get_metrics(f".said{one}")  # type: ignore[misc]
    for word in ("much", "many", "no", "word"):
        found[f"answer: say-{word}"] = lambda on, word=word: on.connector.exec_primitive(on.ee_id, f"say-{word}", {})  # type: ignore[misc]
    return found
