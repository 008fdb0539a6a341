"""The kit's own charm, in two versions, and another one: they run on a real Juju, and do nothing but answer."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import yaml

from vca_core.testing import look
from vca_core.testing.subject import Charms

LIMITED = "lone"
"""An endpoint that requires what the one of `Charms.provides` provides, and takes a single relation."""

IMPLICIT = "juju-info"
"""The endpoint that every charm provides, though none declares it; `look.ABOUT` requires it."""

SPARE = "spare"
"""A folder of the charm with nothing in it."""

COUNTED = "counted"
"""A version of the charm whose hooks leave their names among the marks of `look`."""

RETYPED, NUMBER = "retyped", 7
"""Another one, whose option `label` is a whole number, and its default."""

SHARE = 0.25
"""The default that its option `share` has."""

_NAME = "vca-conformance"
# With hook tools or as plain programs, as `look`.
_HOOKS = ("start", "config-changed", "upgrade-charm")
_ACTIVE = "#!/bin/sh\nif command -v status-set >/dev/null; then status-set active ready; fi\n"
_UNWILLING = "#!/bin/sh\necho 'told to fail' >&2\nexit 1\n"
_UNWILLING_TO_FOLLOW = """\
#!/bin/sh
if command -v is-leader >/dev/null; then
    leader=$(is-leader --format=json)
else
    leader=$(python3 -S -E -c 'import json, sys; print(json.dumps(json.load(sys.stdin)["leader"]))')
fi
[ "$leader" = false ] || exit 0
echo 'told to fail' >&2
exit 1
"""
_ECHO = """\
#!/bin/sh
if command -v action-get >/dev/null; then exec action-set text="$(action-get text)"; fi
exec python3 -c 'import json, sys; print(json.dumps({"text": json.load(sys.stdin)["params"]["text"]}))'
"""
_NAP = """\
#!/bin/sh
if command -v action-get >/dev/null; then
    mark=$(action-get mark) seconds=$(action-get seconds) output=
else
    given=$(
        python3 -S -E -c '
import json, sys

params = json.load(sys.stdin)["params"]
print(params["mark"], params["seconds"])
'
    )
    mark=${given% *} seconds=${given#* } output='{}'
fi
echo "$mark" >> .vca-conformance-looks
sleep "$seconds"
echo "$output"
"""
_FAIL = """\
#!/bin/sh
echo failed >> .vca-conformance-looks
if command -v action-set >/dev/null; then action-set tried=yes && exec action-fail 'told to fail'; fi
echo '{"tried": "yes"}'
echo 'told to fail' >&2
exit 1
"""
_OPTIONS: dict[str, Any] = {
    "label": {"type": "string", "default": "none", "description": "A text."},
    "count": {"type": "int", "default": 1, "description": "A whole number."},
    "share": {"type": "float", "default": 0.5, "description": "A number."},
    "flag": {"type": "boolean", "default": True, "description": "On or off."},
    "token": {"type": "string", "default": "", "description": "A secret, by its name."},
}
_ENDPOINTS: dict[str, Any] = {
    "provides": {"out": {"interface": _NAME}},
    "requires": {
        "into": {"interface": _NAME, "optional": True},
        LIMITED: {"interface": _NAME, "optional": True, "limit": 1},
        look.ABOUT: {"interface": IMPLICIT, "optional": True},
    },
}
_ACTIONS: dict[str, Any] = {
    "echo": {
        "description": "Give back a text.",
        "params": {"text": {"type": "string", "description": "The text."}},
        "required": ["text"],
        "additionalProperties": False,
    },
    "fail": {
        "description": "Fail, leaving an output behind.",
        "params": {"note": {"type": "string", "description": "Anything."}},
        "additionalProperties": False,
    },
    "nap": {
        "description": "Take some time.",
        "params": {
            "mark": {"type": "string", "description": "Tells this call apart from all others; one word."},
            "seconds": {"type": "string", "description": "How long."},
            "note": {"type": "string", "description": "Anything."},
        },
        "required": ["mark", "seconds"],
        "additionalProperties": False,
    },
    "look": look.SCHEMA,
}


def write_charms(folder: Path, kind: Literal["machine", "k8s"]) -> Charms:
    """Write the kit's charms, if they are not there.

    Args:
        folder: for them alone, and nobody else's; a check may add others.
        kind: what they are made for.
    """
    if not folder.exists():
        new = folder.with_name(f"{folder.name}.new")
        shutil.rmtree(new, ignore_errors=True)  # of a check that was ended
        _write_all(new, kind)
        new.rename(folder)
    return Charms(
        folder=folder,
        charm="first",
        upgraded="second",
        other="other",
        failing="failing",
        partly="partly",
        apart="apart",
        config={"label": "kit", "count": 2},
        wrong=("count", "not-a-number"),
        provides="out",
        requires="into",
    )


def _write_all(folder: Path, kind: str) -> None:
    _write(folder / "first", _NAME, kind, _OPTIONS)
    _write(
        folder / "second",
        _NAME,
        kind,
        _OPTIONS | {"added": {"type": "string", "default": "later"}},
        actions={**_ACTIONS, "echo-again": _ACTIONS["echo"]},
    )
    _write(folder / "failing", _NAME, kind, _OPTIONS, {"install": _UNWILLING})
    _write(folder / "partly", _NAME, kind, _OPTIONS, {"install": _UNWILLING_TO_FOLLOW})
    _write(folder / "apart", _NAME, kind, _OPTIONS, endpoints=("requires",))
    _write(folder / "other", f"{_NAME}-other", kind, _OPTIONS)
    counted = {hook: f"{_ACTIVE}echo {hook} >> .vca-conformance-looks\n" for hook in ("install", *_HOOKS)}
    _write(folder / COUNTED, _NAME, kind, _OPTIONS, counted)
    number = {"type": "int", "default": NUMBER, "description": "A whole number."}
    share = {**_OPTIONS["share"], "default": SHARE}
    _write(folder / RETYPED, _NAME, kind, {**_OPTIONS, "label": number, "share": share}, counted)


def pack(charm: Path, file: Path) -> None:
    """Pack a charm's folder into an archive, as charmcraft does. It reads files: in coroutines, in a thread.

    Args:
        charm: the folder.
        file: the archive, which is made.
    """
    with zipfile.ZipFile(file, "w") as archive:
        for path in sorted(charm.rglob("*")):
            member = zipfile.ZipInfo(str(path.relative_to(charm)) + ("/" if path.is_dir() else ""))
            member.create_system = 3  # Unix: what the modes mean
            member.external_attr = path.lstat().st_mode << 16
            content = b"" if path.is_dir() else path.read_bytes()
            archive.writestr(member, str(path.readlink()) if path.is_symlink() else content)


def _as_yaml(content: Mapping[str, Any]) -> str:
    return str(yaml.safe_dump(content, sort_keys=False))


def _write(
    folder: Path,
    name: str,
    kind: str,
    options: dict[str, Any],
    hooks: Mapping[str, str] = MappingProxyType({}),
    endpoints: Sequence[str] = tuple(_ENDPOINTS),
    actions: Mapping[str, Any] = MappingProxyType(_ACTIONS),
) -> None:
    metadata: dict[str, Any] = {
        "name": name,
        "summary": "Answers what the conformance kit asks.",
        "description": "Does nothing else.",
        "maintainer": "The VCA developers",
        **{role: _ENDPOINTS[role] for role in endpoints},
    }
    if kind == "k8s":
        metadata |= {"containers": {"workload": {"resource": "image"}}, "assumes": ["k8s-api"]}
        metadata["resources"] = {"image": {"type": "oci-image", "upstream-source": "busybox", "description": "Any."}}
        _put(folder / "manifest.yaml", _as_yaml({"bases": [{"name": "ubuntu", "channel": "22.04/stable"}]}))
    else:
        metadata["series"] = ["jammy", "noble"]
    for file, content in (("metadata", metadata), ("config", {"options": options}), ("actions", dict(actions))):
        _put(folder / f"{file}.yaml", _as_yaml(content))
    _put(folder / "actions" / "look", look.PROGRAM.replace("@CHARM@", folder.name), 0o755)
    for hook, program in {**dict.fromkeys(_HOOKS, _ACTIVE), **hooks}.items():
        _put(folder / "hooks" / hook, program, 0o755)
    _put(folder / "actions" / "echo", _ECHO, 0o755)
    _put(folder / "actions" / "nap", _NAP, 0o755)
    if "echo-again" in actions:  # as many charms have one program by several names
        (folder / "actions" / "echo-again").symlink_to("echo")
    _put(folder / "actions" / "fail", _FAIL, 0o755)
    (folder / SPARE).mkdir()


def _put(file: Path, text: str, mode: int = 0o644) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")
    file.chmod(mode)
